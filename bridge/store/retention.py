"""What the store forgets: what is older than it is to be kept, and the oldest where there is too much."""

# ruff: noqa: S608 # tables, columns and numbers in the statements are ours

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

CHUNK = 20_000
"""Rows that one pruning deletes at most, so that no intake waits for it long."""
_TABLES = {
    "events": ("received", "outcome IS NOT NULL"),
    "samples": ("received", "1"),
    "deeds": ("at", "1"),
}
"""By table: the column of its time, and what may be deleted. An open event stays."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much: seconds that ended events are kept, bytes that the file may use."""

    seconds: float = 30 * 86400.0
    size: int = 256 << 20


def prune(db: sqlite3.Connection, keep: Retention, now: float) -> None:
    """Delete what is no longer kept, at most CHUNK rows of a table. `now` is unix seconds."""
    for table, (when, ended) in _TABLES.items():
        old = f"SELECT id FROM {table} WHERE {when} < ? AND {ended} ORDER BY {when} LIMIT {CHUNK}"
        db.execute(f"DELETE FROM {table} WHERE id IN ({old})", (now - keep.seconds,))
    if used(db) > keep.size:
        _shrink(db)


def give_back(db: sqlite3.Connection) -> None:
    """Give what is free in the file back to the disk, at most 1,000 pages; outside a transaction."""
    # A script, because `execute` takes one step, and each step frees one page.
    db.executescript("PRAGMA incremental_vacuum(1000)")


def used(db: sqlite3.Connection) -> int:
    """Bytes of the file that hold something."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)


def _shrink(db: sqlite3.Connection) -> None:
    """Delete the oldest tenth of every table."""
    for table, (_, ended) in _TABLES.items():
        count = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        old = f"SELECT id FROM {table} WHERE {ended} ORDER BY id LIMIT {min(CHUNK, 1 + count // 10)}"
        db.execute(f"DELETE FROM {table} WHERE id IN ({old})")
