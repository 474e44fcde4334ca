"""The tables of the store, and how an older file becomes one of today.

The books are kept by the database itself: triggers count a row when it comes, when it ends and when it is deleted, so
no way of writing can forget to. What has no row (duplicates, samples, what cannot be read) is counted by `Batch.count`.

| table | one row is |
| --- | --- |
| `events` | an alert's message that was no duplicate; without `outcome` it is open |
| `received`, `tally` | how many came of a kind and source; how many ended how, and how many rows of these are deleted since |
| `samples` | the newest sample of a voice, at most one a second |
| `active`, `ended` | what fires; what ended lately |
| `acks`, `mutes`, `quiets`, `deeds` | what people said, and the history of it |
| `publishes` | what waits for the broker |
| `who`, `meta` | who sings how; who the bridge is, its watch |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model.errors import StoreError

if TYPE_CHECKING:
    import sqlite3

VERSION = 3
TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY, received REAL NOT NULL, source TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status TEXT NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL, sound TEXT NOT NULL,
  outcome TEXT, reason TEXT, body BLOB NOT NULL,
  service TEXT NOT NULL DEFAULT '', ended REAL, player TEXT NOT NULL DEFAULT '');
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
CREATE TABLE IF NOT EXISTS mutes (
  id TEXT PRIMARY KEY, matchers TEXT NOT NULL, criticals INTEGER NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
  at REAL NOT NULL, until REAL NOT NULL, fingerprint TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS quiets (
  player TEXT PRIMARY KEY, by TEXT NOT NULL, why TEXT NOT NULL, at REAL NOT NULL, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS deeds (
  id INTEGER PRIMARY KEY, at REAL NOT NULL, what TEXT NOT NULL, fingerprint TEXT NOT NULL, by TEXT NOT NULL,
  why TEXT NOT NULL, until REAL, about TEXT NOT NULL DEFAULT '{}');
CREATE TABLE IF NOT EXISTS samples (
  id INTEGER PRIMARY KEY, received REAL NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL, value REAL NOT NULL,
  labels TEXT NOT NULL, at REAL);
CREATE TABLE IF NOT EXISTS received (
  kind TEXT NOT NULL, source TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (kind, source)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
  kind TEXT NOT NULL, source TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
  count INTEGER NOT NULL, pruned INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, source, outcome, reason)) WITHOUT ROWID;
"""
_INDEXES = """
CREATE INDEX IF NOT EXISTS events_received ON events (received);
CREATE INDEX IF NOT EXISTS events_fingerprint ON events (fingerprint, id);
CREATE INDEX IF NOT EXISTS deeds_fingerprint ON deeds (fingerprint, id);
CREATE INDEX IF NOT EXISTS samples_received ON samples (received);
"""
ENDED = """INSERT INTO tally VALUES ('alert', NEW.source, NEW.outcome, ifnull(NEW.reason, ''), 1, 0)
  ON CONFLICT DO UPDATE SET count = count + 1;"""
_BOOKS = """
CREATE TRIGGER IF NOT EXISTS events_came AFTER INSERT ON events BEGIN
  INSERT INTO received VALUES ('alert', NEW.source, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER IF NOT EXISTS events_ended_at_once AFTER INSERT ON events WHEN NEW.outcome IS NOT NULL BEGIN
  (ended)
END;
CREATE TRIGGER IF NOT EXISTS events_ended AFTER UPDATE OF outcome ON events
WHEN OLD.outcome IS NULL AND NEW.outcome IS NOT NULL BEGIN
  (ended)
END;
CREATE TRIGGER IF NOT EXISTS events_pruned AFTER DELETE ON events WHEN OLD.outcome IS NOT NULL BEGIN
  UPDATE tally SET pruned = pruned + 1 WHERE kind = 'alert' AND source = OLD.source
    AND outcome = OLD.outcome AND reason = ifnull(OLD.reason, '');
END;
"""
_FROM_2 = """
ALTER TABLE events ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN ended REAL;
ALTER TABLE events ADD COLUMN player TEXT NOT NULL DEFAULT '';
INSERT INTO received SELECT 'alert', source, count(*) FROM events GROUP BY source;
INSERT INTO tally SELECT 'alert', source, outcome, ifnull(reason, ''), count(*), 0
  FROM events WHERE outcome IS NOT NULL GROUP BY source, outcome, ifnull(reason, '');
"""
"""The books of an older file begin with the rows that it still has."""


_FIRST = {"meta", "events", "active"}
"""Tables that every version has."""


def ours(db: sqlite3.Connection) -> bool:
    """Whether it is empty, or a store of ours of any version."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return True
    columns = {row[1] for row in db.execute("PRAGMA table_info(events)")}
    return tables >= _FIRST and "outcome" in columns and db.execute("PRAGMA user_version").fetchone()[0] > 0


def migrate(db: sqlite3.Connection) -> None:
    """Make or bring up to date the tables, as one transaction: a bridge that is killed meanwhile begins again. Raises StoreError."""
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise StoreError(f"the store was written by a newer version (schema {version}); use that one")
    statements = ["BEGIN IMMEDIATE;", TABLES]
    if version == 1:
        statements.append("ALTER TABLE active ADD COLUMN onset TEXT NOT NULL DEFAULT '';")
    if version in {1, 2}:
        statements.append(_FROM_2)
    statements += [_INDEXES, _BOOKS.replace("(ended)", ENDED), f"PRAGMA user_version = {VERSION};", "COMMIT;"]
    try:
        db.executescript("".join(statements))
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
