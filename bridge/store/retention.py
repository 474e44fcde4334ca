"""What the store forgets: what is older than it is to be kept, and the oldest where there is too much."""

# ruff: noqa: S608 # tables, columns and numbers in the statements are ours

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

CHUNK = 20_000
"""Rows that one pruning deletes at most, so that no intake waits for it long."""
SAMPLE = 90
"""Bytes that a sample takes, with its place in the index: measured, of one with two labels."""
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
        left -= _shrink(db, keep.size, left)
        return used(db) > keep.size and left < CHUNK
    return not left


def give_back(db: sqlite3.Connection) -> None:
    """Give what is free in the file back to the disk, at most 1,000 pages; outside a transaction."""
    # A script, because `execute` takes one step, and each step frees one page.
    db.executescript("PRAGMA incremental_vacuum(1000)")


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)


def _shrink(db: sqlite3.Connection, size: int, most: int) -> int:
    """Delete the oldest: of samples while they have more than half of the room, so that they never push out what rang."""
    samples = db.execute("SELECT count(*) FROM samples").fetchone()[0]
    if samples * SAMPLE > size // 2:
        return _delete(db, "samples", "1 ORDER BY id", min(most, 1 + samples // 10))
    events = db.execute(f"SELECT count(*) FROM events WHERE {_ENDED}").fetchone()[0]
    if not events:
        return _delete(db, "samples", "1 ORDER BY id", most)
    deeds = db.execute("SELECT count(*) FROM deeds").fetchone()[0]
    _delete(db, "deeds", "1 ORDER BY id", min(most, deeds // 10))
    return _delete(db, "events", f"{_ENDED} ORDER BY id", min(most, 1 + events // 10))


def _delete(db: sqlite3.Connection, table: str, which: str, most: int) -> int:
    """Delete at most so many rows; how many it were."""
    rows = f"SELECT id FROM {table} WHERE {which} LIMIT {most}"
    return max(0, db.execute(f"DELETE FROM {table} WHERE id IN ({rows})").rowcount)
