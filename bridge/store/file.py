"""The file of a store: begun, looked after, and put aside where it is damaged.

SQLite notices what it reads. A file that was deleted, replaced, cut off or overwritten is written on without a word, so
`check` compares what lies there with what this program left.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import sqlite3
import uuid
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from bridge.model.errors import StoreError
from bridge.store import schema
from bridge.store.rows import Remembered, read

if TYPE_CHECKING:
    from pathlib import Path

FILE, LOCK = "singing-pager.db", "singing-pager.lock"
MAGIC = b"SQLite format 3\0"
ASIDE = 3
"""Damaged files that are kept; the oldest beyond is deleted."""
_SUFFIXES = ("", "-wal", "-shm")
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class DamagedError(Exception):
    """The file is not, or no longer, this store."""


class File:
    """The file in one folder, which is this bridge's alone. `begin` first, `close` last."""

    def __init__(self, folder: Path) -> None:
        self.db: sqlite3.Connection
        self.ready = False
        """Whether there is a file to write into."""
        self.lost = 0
        """How often a file was lost in this run."""
        self.kept = ""
        """Where the last one was put; empty where nothing of it was left."""
        self._folder, self._path = folder, folder / FILE
        self._lock: IO[str] | None = None
        self._eye: IO[bytes] | None = None
        self._left: dict[str, tuple[int, int]] = {}
        self._to_put_aside = False

    def begin(self) -> Remembered:
        """Open or make it, and read what it remembers. A damaged one is put aside. Raises StoreError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            was_here = self._lock_folder()
            if was_here and (not self._path.exists() or not self._path.stat().st_size):
                return self._instead()
            try:
                remembered = self._open()
            except DamagedError:
                return self._instead()
        except (OSError, sqlite3.Error) as e:
            self.close()
            raise StoreError(
                f"{self._path}: cannot be used ({e}); set PAGER_DATA_DIR to a folder that can be written"
            ) from e
        except BaseException:
            self.close()
            raise
        return remembered

    def begin_anew(self) -> bool:
        """Put aside what is damaged and make a new one; False where that cannot be done now: try again."""
        if self.ready:
            self._to_put_aside = True
            self._close()
        try:
            if self._to_put_aside:
                self._put_aside()
            self._open()
        except (OSError, sqlite3.Error, DamagedError, StoreError):
            if not self._to_put_aside:
                self._remove()  # what is there was made just now and holds nothing
            return False
        return True

    def check(self, *, look_inside: bool) -> None:
        """Raises DamagedError where it is no longer what this program left there."""
        for suffix, (inode, size) in self._left.items():
            found = self._stat(suffix)
            if found is None:
                raise DamagedError(f"{FILE}{suffix} is gone")
            if found[0] != inode:
                raise DamagedError(f"another file lies in the place of {FILE}{suffix}")
            if found[1] < size:
                raise DamagedError(f"{FILE}{suffix} was cut off")
        if look_inside and self._eye is not None and os.pread(self._eye.fileno(), len(MAGIC), 0) != MAGIC:
            raise DamagedError(f"{FILE} was overwritten")

    def note(self) -> None:
        """Remember how it was left: after every commit."""
        found = {suffix: self._stat(suffix) for suffix in ("", "-wal")}
        # One that is gone already stays in the list, so that the next check finds it missing.
        self._left |= {suffix: left for suffix, left in found.items() if left is not None}

    def close(self) -> None:
        """Close it, and give the folder back."""
        self._close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _close(self) -> None:
        if self.ready:
            self.db.close()
        self.ready = False
        # Only now: where a process closes any handle of a file, it gives up SQLite's locks on it as well.
        if self._eye is not None:
            self._eye.close()
            self._eye = None

    def _lock_folder(self) -> bool:
        """Take the folder. Whether a store was made here before: then one that is not there has been deleted."""
        lock = self._lock = (self._folder / LOCK).open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{self._folder}: another bridge uses this folder; set PAGER_DATA_DIR (--data-dir) to one of its own"
            ) from None
        lock.seek(0)
        return bool(lock.read(1))

    def _instead(self) -> Remembered:
        self._put_aside()
        return replace(self._open(), aside=self.kept)

    def _open(self) -> Remembered:
        """Raises DamagedError where it is no store."""
        self.db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
        try:
            _must_be_ours(self.db)
            self.db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file only
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self.db.execute("PRAGMA journal_size_limit = 67108864")
            schema.migrate(self.db)
            self.db.execute("INSERT OR IGNORE INTO meta VALUES ('bridge', ?)", (uuid.uuid4().hex[:12],))
            remembered = read(self.db)
            self._eye = self._path.open("rb")  # kept open: see _close
            self.db.execute(
                "PRAGMA wal_checkpoint(PASSIVE)"
            ).fetchall()  # a new one shall not lie in the WAL alone
        except sqlite3.DatabaseError as e:
            self.db.close()
            if damaged(e):
                raise DamagedError(str(e)) from e
            raise
        except BaseException:
            self.db.close()
            raise
        self.ready = True
        self._mark()
        self.note()
        return remembered

    def _mark(self) -> None:
        """Say in the lock's file that a store is here."""
        with contextlib.suppress(OSError):
            if self._lock is not None and not os.fstat(self._lock.fileno()).st_size:
                self._lock.write("a store is here\n")
                self._lock.flush()

    def _put_aside(self) -> None:
        """Keep a damaged file under another name, with what belongs to it; nothing is kept of one that is gone or empty."""
        now = dt.datetime.now(dt.UTC)
        to = self._path.with_name(f"{FILE}.damaged-{now:%Y%m%dT%H%M%S%fZ}")
        there = [s for s in _SUFFIXES if (found := self._stat(s)) is not None and found[1] and s != "-shm"]
        if there:
            for suffix in _SUFFIXES:
                with contextlib.suppress(FileNotFoundError):
                    self._path.with_name(FILE + suffix).replace(to.with_name(to.name + suffix))
        else:
            self._remove()
        self.lost += 1
        self.kept = str(to) if there else ""
        self._to_put_aside = False
        self._left = {}
        self._forget_older()

    def _forget_older(self) -> None:
        stems = sorted({found.name.partition("Z")[0] for found in self._folder.glob(f"{FILE}.damaged-*")})
        for stem in stems[:-ASIDE]:
            for suffix in _SUFFIXES:
                (self._folder / f"{stem}Z{suffix}").unlink(missing_ok=True)

    def _remove(self) -> None:
        for suffix in _SUFFIXES:
            with contextlib.suppress(OSError):
                self._path.with_name(FILE + suffix).unlink(missing_ok=True)

    def _stat(self, suffix: str) -> tuple[int, int] | None:
        try:
            found = self._path.with_name(FILE + suffix).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size


def damaged(error: Exception) -> bool:
    """Whether SQLite says that the file itself is bad."""
    return (
        isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED
    )


def _must_be_ours(db: sqlite3.Connection) -> None:
    if not schema.ours(db):
        raise DamagedError("it is the database of another program")
