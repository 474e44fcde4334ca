"""Reading a store beside the bridge that writes it, or without one: the ledger, the events, the story of an alert.

Nothing here writes. Every function opens the file for itself, so it may run in any thread and any program.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bridge.model.errors import StoreError
from bridge.store import schema
from bridge.store.file import FILE
from bridge.store.rows import event, sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bridge.model.events import Event

PART = 2000
"""Rows of the journal that are read at once."""
PAGE = 500
"""Events that one question is answered with at most; one more may be read, to know whether there are more."""
_COLUMNS = (
    *("id", "received", "source", "fingerprint", "status", "severity", "service", "rule", "sound"),
    *("outcome", "reason", "ended", "player", "body"),
)
_DEED = ("id", "at", "what", "fingerprint", "by", "why", "until", "about")
_FILTERS = {
    "fingerprint": "fingerprint = ?",
    "service": "service = ?",
    "severity": "severity = ?",
    "outcome": "ifnull(outcome, 'open') = ?",
    "reason": "reason = ?",
    "since": "received >= ?",
    "until": "received < ?",
    "before": "id < ?",
}


@dataclass(frozen=True, slots=True)
class Count:
    """How many events of a kind (`alert`, `sample`, `rejected`) and source ended so. `rows` are still there."""

    kind: str
    source: str
    outcome: str
    reason: str
    count: int
    pruned: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The books of one store. They add up when `problems` is empty.

    Then all that was stored as come has an outcome or is open, and there are as many rows as were counted. What a sender
    was told to send again (503) came with that: it is in the books once it could be stored.
    """

    received: dict[tuple[str, str], int]
    counts: list[Count]
    open: dict[tuple[str, str], int]
    problems: list[str]


@contextlib.contextmanager
def _reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The store of a folder, for reading. Raises StoreError."""
    path = folder / FILE
    if not path.is_file():
        raise StoreError(f"{path}: there is no store; set PAGER_DATA_DIR (--data-dir) to the bridge's folder")
    with contextlib.ExitStack() as held:
        try:
            db = held.enter_context(contextlib.closing(_open(path)))
            _readable(db, path)
            yield db
        except sqlite3.Error as e:
            raise StoreError(f"{path}: cannot be read ({e})") from e


def _readable(db: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError where this program cannot read it."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if not schema.ours(db) or not version:
        raise StoreError(
            f"{path}: this is no store of a bridge; set PAGER_DATA_DIR (--data-dir) to its folder"
        )
    if version > schema.VERSION:
        raise StoreError(f"{path}: written by a newer version (schema {version}); use that one")
    if version < schema.VERSION:
        raise StoreError(
            f"{path}: written by an older version (schema {version}); `singing-pager serve` of this one brings it up to date"
        )


def _open(path: Path) -> sqlite3.Connection:
    # The second is for a folder in which nothing can be written; it would not see what lies in the WAL alone.
    wal = path.with_name(path.name + "-wal")
    modes = ["mode=ro"] if wal.is_file() and wal.stat().st_size else ["mode=ro", "mode=ro&immutable=1"]
    for mode in modes:
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?{mode}", uri=True, isolation_level=None, timeout=10.0
        )
        try:
            db.execute("BEGIN")  # one state of the file, whatever a bridge writes meanwhile
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            db.close()
            continue
        return db
    raise StoreError(
        f"{path}: cannot be read; ask as the bridge's user, or as one who may write in that folder"
    )


def ledger(folder: Path) -> Ledger:
    """The books, and whether they add up. Raises StoreError."""
    with _reading(folder) as db:
        received = {(kind, source): n for kind, source, n in db.execute("SELECT * FROM received")}
        counts = [
            Count(*row) for row in db.execute("SELECT * FROM tally ORDER BY kind, source, outcome, reason")
        ]
        rows = "SELECT source, outcome, ifnull(reason, ''), count(*) FROM events GROUP BY 1, 2, 3"
        kept = {(source, outcome, reason): n for source, outcome, reason, n in db.execute(rows)}
    still = {("alert", source): n for (source, outcome, _), n in kept.items() if outcome is None}
    return Ledger(received, counts, still, [*_sums(received, counts, still), *_rows(counts, kept)])


def _sums(
    received: dict[tuple[str, str], int], counts: list[Count], still: dict[tuple[str, str], int]
) -> Iterator[str]:
    """Received is played, assumed and suppressed together, and what is open."""
    for key in sorted({*received, *still, *((c.kind, c.source) for c in counts)}):
        ended = sum(c.count for c in counts if (c.kind, c.source) == key)
        came, waits = received.get(key, 0), still.get(key, 0)
        if came != ended + waits:
            yield f"{key[0]}s of {key[1]}: {came} came, {ended} ended and {waits} are open, that is {ended + waits}"


def _rows(counts: list[Count], kept: dict[tuple[str, str | None, str], int]) -> Iterator[str]:
    """What has rows is counted as often as it has rows, those that were deleted included."""
    told = {
        (c.source, c.outcome, c.reason): c for c in counts if c.kind == "alert" and c.reason != "duplicate"
    }
    for key in sorted({*told, *((s, o, r) for s, o, r in kept if o is not None)}):
        count, pruned = (told[key].count, told[key].pruned) if key in told else (0, 0)
        rows = kept.get(key, 0)
        if count != rows + pruned:
            said = " ".join(word for word in key if word)
            yield f"alerts of {said}: {count} are counted, {rows} are there and {pruned} were deleted"


def events(folder: Path, *, limit: int = PAGE, **wanted: Any) -> list[dict[str, Any]]:
    """Events, the newest first, at most `limit` and PAGE + 1. `wanted`: any of _FILTERS; None is no filter. Raises StoreError."""
    asked = {name: value for name, value in wanted.items() if value is not None}
    where = " AND ".join(_FILTERS[name] for name in asked) or "1"
    sql = f"SELECT {', '.join(_COLUMNS)} FROM events WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 # names of ours
    with _reading(folder) as db:
        return [_shown(row) for row in db.execute(sql, (*asked.values(), min(limit, PAGE + 1)))]


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    """A row with the texts of its alert; an older version kept none."""
    found = dict(zip(_COLUMNS, row, strict=True))
    body = found.pop("body")
    alert = event(body) if body else None
    return found | {
        "labels": dict(alert.labels) if alert else {},
        "annotations": dict(alert.annotations) if alert else {},
        "starts_at": alert.starts_at if alert else None,
        "ends_at": alert.ends_at if alert else None,
        "value": alert.value if alert else None,
    }


def called(folder: Path, prefix: str, limit: int = 21) -> list[str]:
    """Fingerprints of the store that begin so, at most `limit`. Raises StoreError."""
    sql = "SELECT DISTINCT fingerprint FROM events WHERE fingerprint >= ? AND fingerprint < ? ORDER BY 1 LIMIT ?"
    with _reading(folder) as db:
        return [row[0] for row in db.execute(sql, (prefix, prefix + chr(0x10FFFF), limit))]


def deeds(
    folder: Path,
    fingerprint: str | None = None,
    limit: int = PAGE,
    since: float = -math.inf,
    until: float = math.inf,
) -> list[dict[str, Any]]:
    """What people did, the newest first: about one alert, with '' what is about no single one, with None all of it.

    Times are unix seconds, both ends are in. `about` is what it was done to. Raises StoreError.
    """
    sql = f"SELECT {', '.join(_DEED)} FROM deeds WHERE at >= ? AND at <= ?"  # noqa: S608 # names of ours
    sql += " AND fingerprint = ?" if fingerprint is not None else ""
    whose = () if fingerprint is None else (fingerprint,)
    with _reading(folder) as db:
        rows = db.execute(f"{sql} ORDER BY id DESC LIMIT ?", (since, until, *whose, limit))
        found = [dict(zip(_DEED, row, strict=True)) for row in rows]
    return [deed | {"about": orjson.loads(deed["about"])} for deed in found]


def journal(folder: Path, since: float | None = None, until: float | None = None) -> Iterator[Event | None]:
    """Alerts and samples of the store in the order in which they came; None for a row of an older version without its text.

    Times are unix seconds: from `since`, before `until`. Read in parts, so that whoever takes long to look at them holds
    nothing up. Raises StoreError.
    """
    end = until if until is not None else math.inf
    last: tuple[float, int, int] = (since if since is not None else -math.inf, -1, -1)
    while True:
        with _reading(folder) as db:
            rows = db.execute(
                _JOURNAL, {"received": last[0], "kind": last[1], "id": last[2], "end": end}
            ).fetchall()
        for row in rows:
            received, kind, number, body, source, *rest = row
            last = received, kind, number
            if kind:
                yield sample(received, source, *rest)
            else:
                yield event(body) if body else None
        if len(rows) < PART:
            return


def begin(folder: Path, since: float, seconds: float, most: int) -> float:
    """From when on to read what was before `since`: so many seconds, and of each kind at most so many rows. Raises StoreError."""
    found = since - seconds
    with _reading(folder) as db:
        for table in ("events", "samples"):
            row = db.execute(
                f"SELECT received FROM {table} WHERE received < ? AND received >= ? ORDER BY received DESC LIMIT 1 OFFSET ?",  # noqa: S608 # names of ours
                (since, found, most - 1),
            ).fetchone()
            found = found if row is None else max(found, row[0])
    return found


def _part(kind: int, columns: str, table: str) -> str:
    """One kind of rows after the last one that was read."""
    return f"""SELECT * FROM (SELECT received, {kind} AS kind, id, {columns} FROM {table}
      WHERE received >= :received AND received < :end AND (received, {kind}, id) > (:received, :kind, :id)
      ORDER BY received, id LIMIT {PART})"""  # noqa: S608 # names of ours


_JOURNAL = f"""{_part(0, "body, NULL, NULL, NULL, NULL, NULL", "events")}
  UNION ALL {_part(1, "NULL, source, type, value, labels, at", "samples")} ORDER BY 1, 2, 3 LIMIT {PART}"""
