"""What the store forgets: what is older than it is to be kept, and the oldest where there is too much."""

# ruff: noqa: S608 # tables, columns and numbers in the statements are ours

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

CHUNK = 20_000
"""Rows that one pruning deletes at most, so that no intake waits for it long."""
FREE, AT_ONCE = 256, 5_000
"""Pages of 4 KiB that may lie free, and that are given back at once."""
_ROW = 150
"""Bytes of a row beside its longest column, with its places in the indexes."""
_LONGEST = {"events": "body", "samples": "labels", "deeds": "why || about"}
_ENDED = "outcome IS NOT NULL"
_TABLES = {"events": ("received", _ENDED), "samples": ("received", "1"), "deeds": ("at", "1")}
"""By table: the column of its time, and what may be deleted. An open event stays."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much: seconds that ended events are kept, bytes that the file may use."""

    seconds: float = 30 * 86400.0
    size: int = 256 << 20


def prune(db: sqlite3.Connection, keep: Retention, now: float) -> bool:
    """Delete what is no longer kept, at most CHUNK rows. `now` is unix seconds. Whether there may be more to delete."""
    left = CHUNK
    for table, (when, ended) in _TABLES.items():
        left -= _delete(db, table, f"{when} < {now - keep.seconds!r} AND {ended} ORDER BY {when}", left)
    if left and used(db) > keep.size:
        left -= _shrink(db, left)
        return used(db) > keep.size and left < CHUNK
    return not left


def too_large(db: sqlite3.Connection, size: int) -> bool:
    """Whether it holds more than so many bytes."""
    return used(db) > size


def give_back(db: sqlite3.Connection) -> bool | None:
    """Give what is free in the file back to the disk, outside a transaction. Whether there is more of it; None for nothing.

    Some free pages stay: the next rows take them.
    """
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0]) - FREE
    if free <= 0:
        return None
    # A script, because `execute` takes one step, and each step frees one page.
    db.executescript(f"PRAGMA incremental_vacuum({min(free, AT_ONCE)})")
    return free > AT_ONCE


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)


def _shrink(db: sqlite3.Connection, most: int) -> int:
    """Delete the oldest tenth of what takes the most room, so that samples never push out what rang, nor the reverse."""
    counts = {t: db.execute(f"SELECT count(*) FROM {t} WHERE {_TABLES[t][1]}").fetchone()[0] for t in _TABLES}
    room = {t: counts[t] * (_ROW + _length(db, t)) for t in _TABLES}
    largest = max(room, key=lambda table: room[table])
    return _delete(db, largest, f"{_TABLES[largest][1]} ORDER BY id", min(most, 1 + counts[largest] // 10))


def _length(db: sqlite3.Connection, table: str) -> float:
    """Bytes of the longest column of a row, by the newest and the oldest ones."""
    column = _LONGEST[table]
    ends = [
        f"SELECT * FROM (SELECT length({column}) n FROM {table} ORDER BY id {way} LIMIT 200)"
        for way in ("", "DESC")
    ]
    found = db.execute(f"SELECT avg(n) FROM ({' UNION ALL '.join(ends)})").fetchone()[0]
    return float(found or 0.0)


def _delete(db: sqlite3.Connection, table: str, which: str, most: int) -> int:
    """Delete at most so many rows; how many it were."""
    rows = f"SELECT id FROM {table} WHERE {which} LIMIT {most}"
    return max(0, db.execute(f"DELETE FROM {table} WHERE id IN ({rows})").rowcount)
