"""The writer thread of a store. What it promises stands in `bridge.store`."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.model.errors import StoreError
from bridge.store.batch import weight
from bridge.store.file import DamagedError, File, damaged
from bridge.store.retention import Retention, give_back, prune, too_large

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.store.batch import Batch, Statement
    from bridge.store.rows import Remembered

OWED = 20_000
"""Statements that are owed at most, as `weight` counts them; each try writes them again. Beyond, the store has forgotten."""
PRUNINGS = 50
"""Prunings after one commit at most, where the file has become too large."""
_REFUSED = (DamagedError, OSError, sqlite3.Error, ValueError, OverflowError)
"""What a write may end in: a value that SQLite cannot hold is no sqlite3.Error."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing to do, and who waits for it. `prune_at` is unix seconds, 0 for nothing to prune."""

    statements: list[Statement]
    done: Future[None]
    prune_at: float = 0.0
    whole: bool = False


class Store:
    """The store of one bridge. `open` first; `write` from any thread; `close` last."""

    def __init__(self, folder: Path) -> None:
        self.retention = Retention()
        """What `prune` keeps."""
        self.unpruned = False
        """Whether the last pruning left something for the next."""
        self.forgot = False
        """Whether something is missing from it that the bridge knows: nothing is safe until `write_whole`."""
        self.file = File(folder)
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._owed: list[Statement] = []
        self._failing = False
        self._gate = threading.Lock()
        self._closed = False

    def open(self) -> Remembered:
        """Open or make the file and read what it remembers. A damaged one is put aside. Raises StoreError."""
        remembered = self.file.begin()
        self._thread.start()
        return remembered

    def write(self, batch: Batch) -> Future[None]:
        """Hand in writes; the future is done when they are safe, and fails with StoreError when they are not."""
        return self._hand_in(_Item(batch.all(), _waiting()))

    def write_whole(self, batch: Batch) -> Future[None]:
        """Hand in all that the bridge knows, for a store that has forgotten some of it."""
        return self._hand_in(_Item(batch.all(), _waiting(), whole=True))

    def prune(self, now: float) -> Future[None]:
        """Delete what `retention` no longer keeps, some of it each time (`unpruned`: there is more); what is open stays."""
        return self._hand_in(_Item([], _waiting(), prune_at=now))

    def close(self) -> None:
        """Commit what was handed in, then close. Safe to call on a store that never opened."""
        with self._gate:
            self._closed = True
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self.file.close()

    def _hand_in(self, item: _Item) -> Future[None]:
        with self._gate:
            if self._closed:
                item.done.set_exception(StoreError("the store is closed"))
            else:
                self._queue.put(item)
        return item.done

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

    def _commit(self, group: list[_Item]) -> None:
        """Write a group in one transaction; where one item of it can never be written, each in its own."""
        told = [*self._owed, *(statement for item in group for statement in item.statements)]
        whole = any(item.whole for item in group)
        try:
            self._able(whole=whole)
            self._write(told, max(item.prune_at for item in group))
        except _REFUSED as e:
            self._roll_back()
            if len(group) > 1 and not _later(e):
                for item in group:
                    self._commit([item])
                return
            self._failed(e, told, whole=whole)
            why = StoreError(f"the store cannot be written: {e}")
            for item in group:
                item.done.set_exception(why)
            return
        self._owed, self._failing = [], False
        self.forgot = self.forgot and not whole
        for item in group:
            item.done.set_result(None)
        self._make_room()

    def _able(self, *, whole: bool) -> None:
        """Raises where nothing can be written, or would be safe."""
        if not self.file.ready and not self.file.begin_anew():
            raise OSError("the file was lost, and a new one cannot be made now")
        self.file.check(look_inside=whole or self._failing)
        if self.forgot and not whole:
            raise OSError("it has forgotten something, which is written first")

    def _write(self, statements: list[Statement], prune_at: float) -> None:
        db = self.file.db
        if prune_at:
            self.file.check(look_inside=True)
        db.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            db.execute(sql, values)
        if prune_at:
            self.unpruned = prune(db, self.retention, prune_at)
        db.execute("COMMIT")
        self.file.note()

    def _make_room(self) -> None:
        """A file that has become too large loses its oldest now, and gives what is free back."""
        db = self.file.db
        with contextlib.suppress(sqlite3.Error):  # it is only room; the next pruning tries again
            turns = 0
            while turns < PRUNINGS and too_large(db, self.retention.size):
                turns += 1
                db.execute("BEGIN IMMEDIATE")
                prune(db, self.retention, 0.0)
                db.execute("COMMIT")
            if (given := give_back(db)) is not None:
                self.unpruned = self.unpruned or given
            if turns or given is not None:
                self.file.note()
        self._roll_back()

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self.file.ready and self.file.db.in_transaction:
                self.file.db.execute("ROLLBACK")

    def _failed(self, error: Exception, told: list[Statement], *, whole: bool) -> None:
        self._failing = True
        if isinstance(error, DamagedError) or damaged(error):
            self._owed, self.forgot = [], True
            self.file.begin_anew()
        elif self.forgot or whole:
            self._owed = []
        elif _later(error):
            self._owed = told
            if weight(told) > OWED:
                self._owed, self.forgot = [], True


def _later(error: Exception) -> bool:
    """Whether the same may be written at another time."""
    return isinstance(error, sqlite3.OperationalError | OSError | DamagedError) or damaged(error)


def _waiting() -> Future[None]:
    done: Future[None] = Future()
    done.set_running_or_notify_cancel()  # a caller that gives up must not take the write back
    return done
