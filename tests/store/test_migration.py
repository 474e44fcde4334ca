"""A store of an older version becomes one of today, in one step, and what fires comes along."""

from __future__ import annotations

import sqlite3

import pytest
from lab.rows import WAIT, event, row

from bridge.model.errors import StoreError
from bridge.model.events import Outcome
from bridge.store import Batch, Store, books, schema
from bridge.store.rows import body

FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY, received REAL NOT NULL, source TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status TEXT NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL, sound TEXT NOT NULL,
  outcome TEXT, reason TEXT, body BLOB NOT NULL);
CREATE TABLE active (
  fingerprint TEXT PRIMARY KEY, since REAL NOT NULL, severity TEXT NOT NULL, rule TEXT NOT NULL,
  audible INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE ended (fingerprint TEXT PRIMARY KEY, at REAL NOT NULL, starts_at REAL);
CREATE TABLE publishes (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL);
PRAGMA user_version = 1;
"""
"""As the first version made it; the second had `onset` in `active`, and the tables `who` and `acks`."""
SECOND = """
ALTER TABLE active ADD COLUMN onset TEXT NOT NULL DEFAULT '';
CREATE TABLE who (service TEXT PRIMARY KEY, slot INTEGER NOT NULL, seen REAL NOT NULL);
CREATE TABLE acks (
  fingerprint TEXT PRIMARY KEY, severity TEXT NOT NULL, by TEXT NOT NULL, why TEXT NOT NULL,
  at REAL NOT NULL, until REAL NOT NULL, covers TEXT NOT NULL);
PRAGMA user_version = 2;
"""


def older(folder, version):
    db = sqlite3.connect(folder / "singing-pager.db")
    db.executescript(FIRST + (SECOND if version == 2 else ""))
    kept = body(event())
    db.execute("INSERT INTO meta VALUES ('bridge', 'abcdef012345')")
    onset = ", 'e7'" if version == 2 else ""
    db.execute(f"INSERT INTO active VALUES ('f1', 999, 'critical', 'r', 1, ?{onset})", (kept,))
    columns = "id, received, source, fingerprint, status, severity, rule, sound, outcome, reason, body"
    for number, outcome, reason, text in (
        (1, "played", None, b""),
        (2, "suppressed", "flood", b""),
        (3, None, None, kept),
    ):
        values = (number, 1000.0, "alertmanager", "f1", "firing", "critical", "r", "critical")
        db.execute(f"INSERT INTO events ({columns}) VALUES ({'?,' * 10}?)", (*values, outcome, reason, text))
    db.commit()
    db.close()


@pytest.mark.parametrize("version", [1, 2])
def test_it_is_taken_over_and_its_books_begin_with_its_rows(opened, tmp_path, version):
    older(tmp_path, version)
    store, found = opened()
    assert found.bridge == "abcdef012345"
    assert [(a.event.fingerprint, a.onset) for a in found.active] == [("f1", "e7" if version == 2 else "")]
    assert [o.id for o in found.open] == [3]
    assert (found.who, found.acks, found.mutes, found.watch_off) == ([], [], [], None)
    end = Batch()
    end.outcome(3, Outcome.PLAYED, None, 1001.0, "page")
    store.write(end).result(WAIT)
    ledger = books.ledger(tmp_path)
    assert (ledger.received, ledger.open, ledger.problems) == ({("alert", "alertmanager"): 3}, {}, [])
    assert [(c.outcome, c.reason, c.count) for c in ledger.counts] == [("played", "", 2), ("suppressed", "flood", 1)]  # fmt: skip
    assert [e["outcome"] for e in books.events(tmp_path)] == ["played", "suppressed", "played"]


def test_one_that_breaks_off_changes_nothing(tmp_path, monkeypatch):
    older(tmp_path, 2)
    monkeypatch.setattr(schema, "_INDEXES", "CREATE INDEX broken ON nothing (at all);")
    store = Store(tmp_path)
    with pytest.raises(StoreError):
        store.open()
    store.close()
    monkeypatch.undo()
    again = Store(tmp_path)
    assert [o.id for o in again.open().open] == [3]
    again.close()
    assert not list(tmp_path.glob("*.damaged-*")), "it was no damage"


def test_the_books_of_a_new_one_are_empty(opened, tmp_path):
    opened()
    found = books.ledger(tmp_path)
    assert (found.received, found.counts, found.open, found.problems) == ({}, [], {}, [])


def test_what_is_no_store_of_this_version_is_not_read(opened, tmp_path):
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    store.close()
    with sqlite3.connect(tmp_path / "singing-pager.db") as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(StoreError, match="brings it up to date"):
        books.ledger(tmp_path)
