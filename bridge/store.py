"""What must survive: who the bridge is, what fires, how events ended, what waits for the broker.

SQLite in WAL mode, one file, one writer thread. Everything that is handed in while a commit runs goes into the
next one, so a burst costs few commits. A write is safe once its future is done (`synchronous=NORMAL`: it survives
the death of the bridge; the last moments before a power cut may be lost).

A write that fails because the file cannot be written now (locked, disk full) is owed: the next write, also an empty
one, brings it along. What the bridge knows by then and decides upon is so never missing from what it remembers.
"""

from __future__ import annotations

import contextlib
import fcntl
import queue
import sqlite3
import threading
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from bridge.core.acks import Ack
from bridge.core.engine import LATE, Active
from bridge.model.errors import StoreError
from bridge.model.events import AlertEvent, Outcome, Reason, Source, Status

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 2
KEPT_EVENTS = 100_000
"""Ended events that are kept; older ones are deleted."""
OWED = 200_000
"""Statements that are owed at most, about 100 MB; what fails beyond is lost, as its sender was told."""
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, received REAL NOT NULL, source TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status TEXT NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL, sound TEXT NOT NULL,
  outcome TEXT, reason TEXT, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS events_open ON events (id) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS active (
  fingerprint TEXT PRIMARY KEY, since REAL NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL,
  audible INTEGER NOT NULL, body BLOB NOT NULL, onset TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS ended (fingerprint TEXT PRIMARY KEY, at REAL NOT NULL, starts_at REAL);
CREATE TABLE IF NOT EXISTS publishes (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS who (service TEXT PRIMARY KEY, slot INTEGER NOT NULL, seen REAL NOT NULL);
CREATE TABLE IF NOT EXISTS acks (
  fingerprint TEXT PRIMARY KEY, severity TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
  at REAL NOT NULL, until REAL NOT NULL, covers TEXT NOT NULL);
"""

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class OpenRow:
    """One event that is stored and has no outcome yet."""

    id: int
    event: AlertEvent
    severity: str
    sound: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a store knows when it is opened."""

    bridge: str
    next_id: int
    next_publish: int
    active: list[Active]
    ended: list[tuple[str, float, float | None]]
    watchdog: float | None
    open: list[OpenRow]
    publishes: list[tuple[int, str, bytes]]
    who: list[tuple[str, int, float]]
    acks: list[Ack]
    watch_off: tuple[float, str] | None
    """Since when the watch is off, and who switched it."""


@dataclass(slots=True)
class Batch:
    """Writes that belong together; they are committed whole or not at all."""

    statements: list[Statement] = field(default_factory=list)

    def event(  # one row has this many columns
        self,
        event_id: int,
        event: AlertEvent,
        *,
        severity: str,
        rule: str,
        sound: str,
        outcome: Outcome | None,
        reason: Reason | None,
    ) -> None:
        """A new event; without an outcome it is open."""
        row = (event_id, event.received, event.source, event.fingerprint, event.status, severity, rule, sound)
        sql = "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?)"
        self.statements.append((sql, (*row, outcome, reason, _body(event) if outcome is None else b"")))

    def outcome(self, event_id: int, outcome: Outcome, reason: Reason | None) -> None:
        """How an open event ended."""
        sql = "UPDATE events SET outcome = ?, reason = ?, body = x'' WHERE id = ?"
        self.statements.append((sql, (outcome, reason, event_id)))

    def fires(self, row: Active) -> None:
        """An alert fires, or what is known of one that fires has changed."""
        sql = "INSERT OR REPLACE INTO active VALUES (?,?,?,?,?,?,?)"
        body = _body(row.event)
        values = (row.event.fingerprint, row.since, row.severity, row.rule, row.audible, body, row.onset)
        self.statements.append((sql, values))

    def ended(self, fingerprint: str, at: float, starts_at: float | None) -> None:
        """An alert fires no more: it ended at `at` (unix seconds). Late messages of it are told by its start."""
        self.statements.append(("DELETE FROM active WHERE fingerprint = ?", (fingerprint,)))
        self.statements.append(("INSERT OR REPLACE INTO ended VALUES (?,?,?)", (fingerprint, at, starts_at)))

    def watchdog(self, at: float) -> None:
        """The Watchdog was heard at `at` (unix seconds)."""
        self.statements.append(("INSERT OR REPLACE INTO meta VALUES ('watchdog', ?)", (repr(at),)))

    def watch(self, off_since: float | None, by: str) -> None:
        """The watch was switched: off since `off_since` (unix seconds), or on."""
        if off_since is None:
            self.statements.append(("DELETE FROM meta WHERE key = 'watch_off'", ()))
        else:
            sql = "INSERT OR REPLACE INTO meta VALUES ('watch_off', ?)"
            self.statements.append((sql, (orjson.dumps([off_since, by]).decode(),)))

    def who(self, service: str, slot: int, seen: float) -> None:
        """A service has a slot and was heard of at `seen` (unix seconds)."""
        self.statements.append(("INSERT OR REPLACE INTO who VALUES (?,?,?)", (service, slot, seen)))

    def nobody(self, service: str) -> None:
        """A service gave its slot up."""
        self.statements.append(("DELETE FROM who WHERE service = ?", (service,)))

    def ack(self, ack: Ack) -> None:
        """An acknowledgement holds."""
        row = (ack.fingerprint, ack.severity, ack.by, ack.why, ack.at, ack.until, "\n".join(ack.covers))
        self.statements.append(("INSERT OR REPLACE INTO acks VALUES (?,?,?,?,?,?,?)", row))

    def unack(self, fingerprint: str) -> None:
        """An acknowledgement holds no more."""
        self.statements.append(("DELETE FROM acks WHERE fingerprint = ?", (fingerprint,)))

    def publish(self, publish_id: int, topic: str, payload: bytes) -> None:
        """A message that waits for the broker."""
        self.statements.append(("INSERT INTO publishes VALUES (?,?,?)", (publish_id, topic, payload)))

    def published(self, publish_id: int) -> None:
        """The broker has the message, or it was given up."""
        self.statements.append(("DELETE FROM publishes WHERE id = ?", (publish_id,)))

    def prune(self, before: int, now: float) -> None:
        """Forget ended events with ids below `before`, ends that no late message can meet any more, lapsed acknowledgements."""
        self.statements.append(("DELETE FROM ended WHERE at < ?", (now - LATE,)))
        self.statements.append(("DELETE FROM acks WHERE until <= ?", (now,)))
        self.statements.append(("DELETE FROM events WHERE id < ? AND outcome IS NOT NULL", (before,)))


class Store:
    """The store of one bridge. `open` first; `write` from any thread; `close` last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._queue: queue.SimpleQueue[tuple[list[Statement], Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._held = contextlib.ExitStack()
        self._owed: list[Statement] = []
        self._gate = threading.Lock()
        self._closed = False

    def open(self) -> Remembered:
        """Open or make the file and read what it remembers. Raises StoreError."""
        path = self._folder / "singing-pager.db"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock()
            connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db = self._held.enter_context(contextlib.closing(connection))
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._migrate()
            remembered = self._read()
        except StoreError:
            self._held.close()
            raise
        except (
            OSError,
            sqlite3.Error,
            ValueError,
            TypeError,
            KeyError,
        ) as e:  # the last three: rows that are not ours
            self._held.close()
            raise StoreError(
                f"{path}: cannot be used ({e}); set PAGER_DATA_DIR to a folder that can be written"
            ) from e
        self._thread.start()
        return remembered

    def write(self, batch: Batch) -> Future[None]:
        """Hand in writes; the future is done when they are safe, and fails with StoreError when they are not."""
        done: Future[None] = Future()
        done.set_running_or_notify_cancel()  # a caller that gives up must not take the write back
        with self._gate:
            if self._closed:
                done.set_exception(StoreError("the store is closed"))
            else:
                self._queue.put((batch.statements, done))
        return done

    def close(self) -> None:
        """Commit what was handed in, then close. Safe to call on a store that never opened."""
        with self._gate:
            self._closed = True
            self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self._held.close()

    def _lock(self) -> None:
        lock = self._held.enter_context((self._folder / "singing-pager.lock").open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{self._folder}: another bridge uses this folder; set PAGER_DATA_DIR (--data-dir) to one of its own"
            ) from None

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StoreError(f"{self._folder}: written by a newer version (schema {version}); use that one")
        self._db.executescript(_TABLES)
        if version == 1:
            self._db.execute("ALTER TABLE active ADD COLUMN onset TEXT NOT NULL DEFAULT ''")
        self._db.execute(f"PRAGMA user_version = {SCHEMA}")

    def _read(self) -> Remembered:
        rows = self._db.execute("SELECT since, severity, rule, audible, body, onset FROM active")
        active = [
            Active(_event(body), since, severity, rule, bool(audible), onset)
            for since, severity, rule, audible, body, onset in rows
        ]
        rows = self._db.execute(
            "SELECT id, body, severity, sound FROM events WHERE outcome IS NULL ORDER BY id"
        )
        waiting = [OpenRow(i, _event(body), severity, sound) for i, body, severity, sound in rows]
        publishes = self._db.execute("SELECT id, topic, payload FROM publishes ORDER BY id").fetchall()
        ended = self._db.execute("SELECT fingerprint, at, starts_at FROM ended ORDER BY at").fetchall()
        watchdog = self._db.execute("SELECT value FROM meta WHERE key = 'watchdog'").fetchone()
        watch_off = self._db.execute("SELECT value FROM meta WHERE key = 'watch_off'").fetchone()
        acks = self._db.execute("SELECT fingerprint, severity, by, why, at, until, covers FROM acks")
        return Remembered(
            bridge=self._identity(),
            next_id=1 + (self._db.execute("SELECT max(id) FROM events").fetchone()[0] or 0),
            next_publish=1 + (publishes[-1][0] if publishes else 0),
            active=active,
            ended=ended,
            watchdog=float(watchdog[0]) if watchdog else None,
            open=waiting,
            publishes=publishes,
            who=self._db.execute("SELECT service, slot, seen FROM who ORDER BY service").fetchall(),
            acks=[_ack(*row) for row in acks],
            watch_off=tuple(orjson.loads(watch_off[0])) if watch_off else None,
        )

    def _identity(self) -> str:
        sql = "INSERT OR IGNORE INTO meta VALUES ('bridge', ?)"
        self._db.execute(sql, (uuid.uuid4().hex[:12],))
        return str(self._db.execute("SELECT value FROM meta WHERE key = 'bridge'").fetchone()[0])

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

    def _commit(self, group: list[tuple[list[Statement], Future[None]]]) -> None:
        told = [*self._owed, *(statement for statements, _ in group for statement in statements)]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for sql, values in told:
                self._db.execute(sql, values)
            self._db.execute("COMMIT")
        except (
            sqlite3.Error,
            ValueError,
            OverflowError,
        ) as e:  # a value that SQLite cannot hold is no sqlite3.Error
            self._roll_back()
            if isinstance(e, sqlite3.OperationalError) and len(told) <= OWED:
                self._owed = told
            for _, done in group:
                done.set_exception(StoreError(f"the store cannot be written: {e}"))
            return
        self._owed = []
        for _, done in group:
            done.set_result(None)

    def _roll_back(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _ack(  # noqa: PLR0917 # a row of that table
    fingerprint: str, severity: str, by: str, why: str, at: float, until: float, covers: str
) -> Ack:
    return Ack(fingerprint, severity, by, why, at, until, tuple(covers.split("\n")) if covers else ())


def _body(event: AlertEvent) -> bytes:
    return orjson.dumps(
        {
            "source": event.source,
            "fingerprint": event.fingerprint,
            "status": event.status,
            "labels": dict(event.labels),
            "received": event.received,
            "annotations": dict(event.annotations),
            "starts_at": event.starts_at,
            "ends_at": event.ends_at,
            "value": event.value,
            "one_shot": event.one_shot,
            "expires_at": event.expires_at,
            "cluster": event.cluster,
            "receiver": event.receiver,
        }
    )


def _event(body: bytes) -> AlertEvent:
    fields = orjson.loads(body)
    fields["source"], fields["status"] = Source(fields["source"]), Status(fields["status"])
    return AlertEvent(**fields)
