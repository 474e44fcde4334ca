"""The file and its writer thread. What it promises stands in `bridge.store`."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import queue
import sqlite3
import threading
import uuid
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model.errors import StoreError
from bridge.store import schema
from bridge.store.batch import weight
from bridge.store.retention import Retention, give_back, prune
from bridge.store.rows import Remembered, read

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.store.batch import Batch, Statement

FILE, LOCK = "singing-pager.db", "singing-pager.lock"
OWED = 200_000
"""Statements that are owed at most, as `weight` counts them, about 300 MB; what fails beyond is lost, as its sender was told."""
MAGIC = b"SQLite format 3\0"
ASIDE = 3
"""Damaged files that are kept; the oldest beyond is deleted."""
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class _DamagedError(Exception):
    """The file is not, or no longer, a store."""


class Store:
    """The store of one bridge. `open` first; `write` from any thread; `close` last."""

    def __init__(self, folder: Path) -> None:
        self.retention = Retention()
        """What `prune` keeps."""
        self.unpruned = False
        """Whether the last pruning left something for the next."""
        self.aside: str | None = None
        """Where the last damaged file was put; another one each time."""
        self._folder, self._path = folder, folder / FILE
        self._queue: queue.SimpleQueue[tuple[list[Statement], Future[None], float] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._held = contextlib.ExitStack()
        self._owed: list[Statement] = []
        self._gate = threading.Lock()
        self._closed = False
        self._inode = 0

    def open(self) -> Remembered:
        """Open or make the file and read what it remembers. A damaged one is put aside. Raises StoreError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock()
            try:
                remembered = self._begin()
            except (_DamagedError, ValueError, TypeError, KeyError):  # the last three: rows that are not ours
                self._put_aside()
                remembered = replace(self._begin(), aside=self.aside)
        except StoreError:
            self._held.close()
            raise
        except (OSError, sqlite3.Error, ValueError, TypeError, KeyError) as e:
            self._held.close()
            raise StoreError(
                f"{self._path}: cannot be used ({e}); set PAGER_DATA_DIR to a folder that can be written"
            ) from e
        self._thread.start()
        return remembered

    def write(self, batch: Batch) -> Future[None]:
        """Hand in writes; the future is done when they are safe, and fails with StoreError when they are not."""
        return self._hand_in(batch.all(), 0.0)

    def prune(self, now: float) -> Future[None]:
        """Delete what `retention` no longer keeps, some of it each time (`unpruned`: there is more); what is open stays."""
        return self._hand_in([], now)

    def close(self) -> None:
        """Commit what was handed in, then close. Safe to call on a store that never opened."""
        with self._gate:
            self._closed = True
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._held.close()

    def _hand_in(self, statements: list[Statement], prune_at: float) -> Future[None]:
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # a caller that gives up must not take the write back
        with self._gate:
            if self._closed:
                done.set_exception(StoreError("the store is closed"))
            else:
                self._queue.put((statements, done, prune_at))
        return done

    def _lock(self) -> None:
        lock = self._held.enter_context((self._folder / LOCK).open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{self._folder}: another bridge uses this folder; set PAGER_DATA_DIR (--data-dir) to one of its own"
            ) from None

    def _begin(self) -> Remembered:
        """Open the file, bring it up to date and read it. Raises _DamagedError where it is no store."""
        self._db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        try:
            self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file only
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA journal_size_limit = 67108864")
            schema.migrate(self._db)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('bridge', ?)", (uuid.uuid4().hex[:12],))
            remembered = read(self._db)
        except sqlite3.DatabaseError as e:
            self._db.close()
            if _damaged(e):
                raise _DamagedError(str(e)) from e
            raise
        except BaseException:
            self._db.close()
            raise
        self._inode = self._path.stat().st_ino
        self._held.callback(self._db.close)
        return remembered

    def _put_aside(self) -> None:
        """Keep a damaged file under another name, with what belongs to it."""
        now = dt.datetime.now(dt.UTC)
        to = self._path.with_name(f"{FILE}.damaged-{now:%Y%m%dT%H%M%S%fZ}")
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self._path.with_name(FILE + suffix).replace(to.with_name(to.name + suffix))
        self.aside = str(to)
        kept = sorted(self._folder.glob(f"{FILE}.damaged-*Z"))
        for old in kept[:-ASIDE]:
            for suffix in ("", "-wal", "-shm"):
                old.with_name(old.name + suffix).unlink(missing_ok=True)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[tuple[list[Statement], Future[None], float]]) -> None:
        told = [*self._owed, *(statement for statements, _, _ in group for statement in statements)]
        try:
            due = [at for _, _, at in group if at]
            self._still_there(look_inside=bool(due))
            self._db.execute("BEGIN IMMEDIATE")
            for sql, values in told:
                self._db.execute(sql, values)
            for now in due[-1:]:
                self.unpruned = prune(self._db, self.retention, now)
            self._db.execute("COMMIT")
        except (
            _DamagedError,
            OSError,
            sqlite3.Error,
            ValueError,
            OverflowError,
        ) as e:  # a value that SQLite cannot hold is no sqlite3.Error
            self._failed(e, told, [done for _, done, _ in group])
            return
        self._owed = []
        for _, done, _ in group:
            done.set_result(None)
        if due:
            with contextlib.suppress(sqlite3.Error):  # it is only room; the next pruning tries again
                give_back(self._db)

    def _failed(self, error: Exception, told: list[Statement], waiting: list[Future[None]]) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        if isinstance(error, _DamagedError) or _damaged(error):
            self._begin_anew()
        elif isinstance(error, sqlite3.OperationalError | OSError) and weight(told) <= OWED:
            self._owed = told
        for done in waiting:
            done.set_exception(StoreError(f"the store cannot be written: {error}"))

    def _begin_anew(self) -> None:
        """The file is lost while the bridge runs: a new one, into which the bridge writes what it knows."""
        self._owed, self._inode = [], 0
        self._db.close()
        # Where even that fails every write does, until the next try.
        with contextlib.suppress(OSError, sqlite3.Error, _DamagedError, StoreError, ValueError, KeyError):
            self._put_aside()
            self._begin()

    def _still_there(self, *, look_inside: bool) -> None:
        """SQLite goes on writing into a file that somebody has deleted, or overwritten where it need not read."""
        try:
            inode = self._path.stat().st_ino
        except OSError as e:
            raise _DamagedError(f"the file is gone ({e.strerror})") from e
        if inode != self._inode:
            raise _DamagedError("another file lies in its place")
        if look_inside:
            with self._path.open("rb") as file:
                if file.read(len(MAGIC)) not in {MAGIC, b""}:  # a new one lies in the WAL alone
                    raise _DamagedError("it is no store any more")


def _damaged(error: Exception) -> bool:
    return (
        isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
    )
