"""The ledger adds up by itself, is told when somebody has meddled with it, and is read without a bridge."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
from pathlib import Path

import pytest
from lab.rows import WAIT, event, row

from bridge.core.acks import Ack
from bridge.model.errors import StoreError
from bridge.model.events import MetricSample, Outcome, Reason, Source
from bridge.store import Batch, Retention, books, retention
from bridge.store.retention import used


def told(folder):
    found = books.ledger(folder)
    counts = {(c.kind, c.source, c.outcome, c.reason): c.count for c in found.counts}
    return found.received, counts, found.open, found.problems


def test_every_way_to_come_and_to_end_is_counted(opened, tmp_path):
    store, _ = opened()
    batch = row(Batch(), 1)
    row(batch, 2, "f2")
    row(batch, 3, "f3", Outcome.SUPPRESSED, Reason.FLOOD)
    batch.came("alert", Source.ALERTMANAGER, 5)
    batch.came("sample", Source.MQTT, 7)
    batch.came("rejected", Source.HTTP)
    batch.count("alert", Source.ALERTMANAGER, Outcome.SUPPRESSED, Reason.DUPLICATE, 5)
    batch.count("sample", Source.MQTT, Outcome.PLAYED, None, 7)
    batch.count("rejected", Source.HTTP, Outcome.SUPPRESSED, Reason.INVALID)
    store.write(batch).result(WAIT)
    end = Batch()
    end.outcome(1, Outcome.PLAYED, None, 1001.0, "page")
    end.outcome(1, Outcome.SUPPRESSED, Reason.NO_LISTENER, 1002.0)  # the second word does not count
    end.outcome(77, Outcome.PLAYED, None, 1.0)  # nor does one on nothing
    store.write(end).result(WAIT)
    assert told(tmp_path) == (
        {("alert", "alertmanager"): 8, ("rejected", "http"): 1, ("sample", "mqtt"): 7},
        {
            ("alert", "alertmanager", "played", ""): 1,
            ("alert", "alertmanager", "suppressed", "duplicate"): 5,
            ("alert", "alertmanager", "suppressed", "flood"): 1,
            ("rejected", "http", "suppressed", "invalid"): 1,
            ("sample", "mqtt", "played", ""): 7,
        },
        {("alert", "alertmanager"): 1},
        [],
    )


def test_what_was_not_committed_is_not_counted(opened, tmp_path):
    store, _ = opened()
    twice = row(Batch(), 1)
    row(twice, 1)
    twice.came("sample", Source.HTTP)
    twice.count("sample", Source.HTTP, Outcome.PLAYED, None)
    with pytest.raises(StoreError):
        store.write(twice).result(WAIT)
    assert told(tmp_path) == ({}, {}, {}, [])


@pytest.mark.parametrize(
    ("meddling", "word"),
    [
        ("DELETE FROM received", "alerts of alertmanager: 0 came"),
        ("UPDATE tally SET count = count + 1", "4 are counted, 3 are there"),
        ("DROP TRIGGER events_pruned; DELETE FROM events WHERE id = 2", "3 are counted, 2 are there"),
        ("DROP TRIGGER events_came; INSERT INTO events SELECT 9, received, source, fingerprint, status, severity, rule, sound, NULL, NULL, body, service, NULL, '' FROM events LIMIT 1", "3 came, 3 ended and 1 are open"),
    ],
)  # fmt: skip
def test_what_does_not_add_up_is_told(opened, tmp_path, meddling, word):
    store, _ = opened()
    batch = Batch()
    for number in (1, 2, 3):
        row(batch, number, f"f{number}", Outcome.PLAYED)
    store.write(batch).result(WAIT)
    store.close()
    assert books.ledger(tmp_path).problems == []
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as db:
        db.executescript(meddling)
    assert any(word in problem for problem in books.ledger(tmp_path).problems)


def test_a_folder_without_a_store_is_told(tmp_path):
    with pytest.raises(StoreError, match=r"there is no store; set PAGER_DATA_DIR"):
        books.ledger(tmp_path)
    (tmp_path / "singing-pager.db").write_bytes(b"no store" * 1000)
    with pytest.raises(StoreError, match="cannot be read"):
        books.ledger(tmp_path)


def test_it_is_read_where_nothing_can_be_written(opened, tmp_path):
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    store.close()
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.geteuid() != 0:
            assert not os.access(tmp_path, os.W_OK)
        assert books.ledger(tmp_path).received == {("alert", "alertmanager"): 1}
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_it_is_read_while_a_bridge_writes(opened, tmp_path):
    store, _ = opened()
    futures = [store.write(row(Batch(), i, f"f{i}", Outcome.PLAYED)) for i in range(1, 300)]
    while not futures[-1].done():
        assert books.ledger(tmp_path).problems == []
    assert books.ledger(tmp_path).received == {("alert", "alertmanager"): 299}


def test_events_are_found_by_every_filter(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    for number in range(1, 11):
        row(batch, number, f"f{number % 2}", received=1000.0 + number)
    store.write(batch).result(WAIT)
    end = Batch()
    end.outcome(3, Outcome.SUPPRESSED, Reason.NO_LISTENER, 1004.0)
    store.write(end).result(WAIT)

    def ids(**wanted):
        return [e["id"] for e in books.events(tmp_path, **wanted)]

    assert ids() == list(range(10, 0, -1))
    assert ids(limit=2) == [10, 9]
    assert ids(limit=2, before=9) == [8, 7]
    assert ids(fingerprint="f1") == [9, 7, 5, 3, 1]
    assert ids(since=1009.0) == [10, 9]
    assert ids(until=1002.0) == [1]
    assert ids(outcome="suppressed") == ids(reason="no_listener") == [3]
    assert ids(outcome="open", fingerprint="f1") == [9, 7, 5, 1]
    assert (ids(service="checkout"), ids(service="other")) == (ids(), [])
    assert (ids(severity="critical"), ids(severity="info")) == (ids(), [])
    [shown] = books.events(tmp_path, reason="no_listener")
    assert (shown["labels"], shown["ended"], shown["received"]) == ({"a": "ü\0+#/"}, 1004.0, 1003.0)


def test_fingerprints_are_found_by_their_first_letters(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    for number, name in enumerate(("abc", "abd", "b%", "b_"), 1):
        row(batch, number, name)
    store.write(batch).result(WAIT)
    assert books.called(tmp_path, "ab") == ["abc", "abd"]
    assert (books.called(tmp_path, "b%"), books.called(tmp_path, "%")) == (["b%"], [])


def test_what_people_did_is_told_of_their_alert_and_of_the_room(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    batch.ack(Ack("f1", "critical", "anna", "", 1.0, 2.0))
    batch.deed(1.0, "ack", "f1", "anna", "mine", 2.0)
    batch.deed(2.0, "mute", "", "bob", "everything", 3.0)
    batch.deed(3.0, "ack", "f2", "carl", "", 4.0)
    store.write(batch).result(WAIT)
    assert [d["by"] for d in books.deeds(tmp_path)] == ["carl", "bob", "anna"]
    assert [d["by"] for d in books.deeds(tmp_path, "f1")] == ["anna"]
    assert [d["by"] for d in books.deeds(tmp_path, "")] == ["bob"]
    assert [d["by"] for d in books.deeds(tmp_path, since=2.0, until=2.0)] == ["bob"]
    assert [d["by"] for d in books.deeds(tmp_path, limit=2)] == ["carl", "bob"]


def test_a_deed_says_what_it_was_about_in_few_bytes(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    batch.deed(1.0, "quiet", "", "anna", "", 2.0, about={"player": "Küche"})
    match = ["a=" + "x" * 300, "b=" + "ü" * 300, "c=1"]
    batch.deed(2.0, "mute", "", "ü" * 500, "ü" * 5000, 3.0, about={"id": "m1", "match": match})
    store.write(batch).result(WAIT)
    long, brief = books.deeds(tmp_path)
    assert brief["about"] == {"player": "Küche"}
    assert long["about"] == {"id": "m1", "match": match[:1], "cut": True}
    assert long["why"].endswith("ü...")
    assert sum(len(str(value).encode()) for value in long.values()) < 1024


def test_the_journal_is_in_the_order_of_time(opened, tmp_path):
    store, _ = opened()
    batch = row(Batch(), 1, received=1000.0)
    row(batch, 2, "f2", received=1002.0)
    batch.sample(MetricSample(Source.HTTP, "cpu", 0.5, 1001.0, {"x": "ü"}, 1000.9))
    store.write(batch).result(WAIT)
    found = list(books.journal(tmp_path))
    assert [e.received for e in found] == [1000.0, 1001.0, 1002.0]
    assert found[1] == MetricSample(Source.HTTP, "cpu", 0.5, 1001.0, {"x": "ü"}, 1000.9)
    assert [e.received for e in books.journal(tmp_path, 1001.0, 1002.0)] == [1001.0]


def test_what_is_old_goes_and_the_books_stay(opened, tmp_path):
    store, _ = opened()
    batch = row(Batch(), 1, received=100.0)  # open: it stays, however old
    for number in range(2, 50):
        row(batch, number, f"f{number}", Outcome.PLAYED, received=100.0 + number)
    batch.sample(MetricSample(Source.HTTP, "cpu", 0.5, 100.0))
    batch.deed(100.0, "ack", "f1", "anna", "", None)
    store.write(batch).result(WAIT)
    store.retention = Retention(seconds=900.0)
    store.prune(1040.0).result(WAIT)
    assert [e["id"] for e in books.events(tmp_path)] == [*range(49, 39, -1), 1]
    assert (list(books.journal(tmp_path, 0.0, 101.0)), books.deeds(tmp_path)) == ([event(received=100.0)], [])
    found = books.ledger(tmp_path)
    assert (found.received, found.problems) == ({("alert", "alertmanager"): 49}, [])
    assert [(c.count, c.pruned) for c in found.counts] == [(48, 38)]


def test_a_store_that_is_too_large_loses_its_oldest(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    for number in range(1, 2001):
        row(batch, number, f"f{number}", Outcome.PLAYED, annotations={"s": "x" * 2000})
    store.write(batch).result(WAIT)
    store.retention = Retention(seconds=1e9, size=2 << 20)
    end = time.monotonic() + 60
    assert store.unpruned is False
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as db:
        while used(db) > 2 << 20:
            assert time.monotonic() < end
            store.prune(2000.0).result(WAIT)
    ids = [e["id"] for e in books.events(tmp_path)]
    assert ids[0] == 2000
    assert books.ledger(tmp_path).problems == []
    for _ in range(10):  # what is free goes back to the disk, a little at a time
        store.prune(2000.0).result(WAIT)
    store.close()
    assert Path(tmp_path / "singing-pager.db").stat().st_size < 3 << 20


def test_many_samples_never_push_out_what_rang(opened, tmp_path):
    store, _ = opened()
    batch = row(Batch(), 1, outcome=Outcome.PLAYED)
    for number in range(20_000):
        labels = {"instance": "web-1:9100", "job": "node"}
        batch.sample(MetricSample(Source.HTTP, "cpu", 0.5, 1000.0 + number, labels, 1000.0 + number))
    store.write(batch).result(WAIT)
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as db:
        size = used(db)
        store.retention = Retention(seconds=1e9, size=size // 2)
        turns = 0
        store.unpruned = True
        while store.unpruned:
            turns += 1
            assert turns < 100
            store.prune(30_000.0).result(WAIT)
        db.execute("BEGIN")  # one state of the file: what is free goes back to the disk meanwhile
        assert used(db) <= size // 2
    kept = list(books.journal(tmp_path))
    assert kept[0].received == 1000.5, "the alert is there"
    assert kept[-1].received == 20_999.0, "and the newest samples"


def test_what_is_due_is_deleted_in_parts(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 10)
    store, _ = opened()
    batch = Batch()
    for number in range(1, 26):
        row(batch, number, f"f{number}", Outcome.PLAYED, received=100.0)
    store.write(batch).result(WAIT)
    left = []
    for _ in range(3):
        store.prune(1e8).result(WAIT)
        left.append((len(books.events(tmp_path)), store.unpruned))
    assert left == [(15, True), (5, True), (0, False)]


def test_what_came_and_never_ended_is_told(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    batch.came("sample", Source.HTTP, 3)
    batch.count("sample", Source.HTTP, Outcome.PLAYED, None, 2)
    store.write(batch).result(WAIT)
    assert books.ledger(tmp_path).problems == ["samples of http: 3 came, 2 ended and 0 are open, that is 2"]


def test_a_burst_cannot_make_the_file_larger_than_it_may_be(opened, tmp_path):
    store, _ = opened()
    store.retention = Retention(size=8 << 20)
    futures = []
    for number in range(1, 301):
        futures.append(
            store.write(row(Batch(), number, f"f{number}", Outcome.PLAYED, annotations={"s": "x" * 200_000}))
        )
        if number % 10 == 0:
            futures[-1].result(WAIT)
            assert (tmp_path / "singing-pager.db").stat().st_size < 24 << 20, "60 MB have come"
    end = time.monotonic() + 60
    while (tmp_path / "singing-pager.db").stat().st_size > 10 << 20:
        assert time.monotonic() < end
        store.prune(1.0).result(WAIT)
    found = books.ledger(tmp_path)
    assert (found.received, found.problems) == ({("alert", "alertmanager"): 300}, [])


def test_what_people_did_is_bounded_too(opened, tmp_path):
    store, _ = opened()
    store.retention = Retention(size=2 << 20)
    for _ in range(40):
        batch = Batch()
        for number in range(200):
            batch.deed(float(number), "mute", "", "anna", "x" * 256, None, about={"match": ["y" * 400]})
        store.write(batch).result(WAIT)
    store.prune(1.0).result(WAIT)
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as db:
        db.execute("BEGIN")
        assert used(db) < 3 << 20


def test_whoever_reads_the_journal_slowly_holds_nothing_up(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    for number in range(1, 5001):
        row(batch, number, received=float(number))
    store.write(batch).result(WAIT)
    reading = books.journal(tmp_path)
    assert next(reading).received == 1.0
    busy, _, _ = store.file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0, "no reader stands in the way"
    assert [e.received for e in reading] == [float(n) for n in range(2, 5001)]


def test_events_of_one_moment_are_all_in_the_journal(opened, tmp_path):
    store, _ = opened()
    batch = Batch()
    for number in range(1, 4502):
        row(batch, number, received=7.0)
        batch.sample(MetricSample(Source.HTTP, "cpu", float(number), 7.0))
    store.write(batch).result(WAIT)
    found = list(books.journal(tmp_path))
    assert len(found) == 9002
    assert [s.value for s in found[4501:]] == [float(n) for n in range(1, 4502)]


@pytest.mark.parametrize(
    ("meddling", "words"),
    [
        ("PRAGMA user_version = 99", "written by a newer version"),
        ("PRAGMA user_version = 1", "written by an older version"),
        ("PRAGMA user_version = 0", "this is no store of a bridge"),
    ],
)
def test_why_it_cannot_be_read_is_told_apart(opened, tmp_path, meddling, words):
    opened()[0].close()
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as db:
        db.execute(meddling)
    with pytest.raises(StoreError, match=words):
        books.ledger(tmp_path)
