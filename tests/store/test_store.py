"""The store: safe when it says so, whole when it is opened again, and never a thread that is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from lab.rows import WAIT, event, row

from bridge.core.acks import Ack
from bridge.core.engine import Active
from bridge.core.mutes import Mute
from bridge.model.errors import StoreError
from bridge.model.events import Outcome, Reason
from bridge.store import Batch, Store, books
from bridge.store.file import FILE

NOBODY = 65534


def test_a_new_store_knows_nothing_and_who_it_is(opened):
    _, first = opened()
    assert (first.next_id, first.next_publish, first.active, first.open, first.publishes) == (
        1,
        1,
        [],
        [],
        [],
    )
    _, second = opened()
    assert first.bridge == second.bridge
    assert len(first.bridge) == 12


def test_everything_comes_back(opened):
    store, _ = opened()
    full = event(annotations={"s": "t"}, starts_at=1.5, value=0.25, expires_at=7.5, raw={"x": 1})
    batch = Batch()
    batch.fires(Active(full, 999.0, "critical", "r", audible=True))
    batch.event(41, full, severity="critical", rule="r", sound="critical", outcome=None, reason=None)
    row(batch, 42, "f2", Outcome.SUPPRESSED, Reason.DUPLICATE)
    batch.publish(7, "alerts/critical", b"\0\xff")
    store.write(batch).result(WAIT)
    _, found = opened()
    (active,) = found.active
    assert (active.event.labels, active.event.annotations, active.event.value) == (
        {"a": "ü\0+#/"},
        {"s": "t"},
        0.25,
    )
    assert (active.since, active.severity, active.rule, active.audible) == (999.0, "critical", "r", True)
    assert (active.event.starts_at, active.event.expires_at, active.event.raw) == (1.5, 7.5, {})
    assert [(o.id, o.event.fingerprint, o.severity, o.sound) for o in found.open] == [
        (41, "f1", "critical", "critical")
    ]
    assert found.publishes == [(7, "alerts/critical", b"\0\xff")]
    assert (found.next_id, found.next_publish) == (43, 8)


def test_links_come_back_and_a_row_of_before_them_has_none(opened, tmp_path):
    links = {"source": "https://a.example/"}
    store, _ = opened()
    batch = row(Batch(), 1, links=links)
    batch.fires(Active(event(links=links), 1.0, "info", "r", audible=True))
    store.write(batch).result(WAIT)
    store, found = opened()
    assert [a.event.links for a in found.active] == [links]
    assert [o.event.links for o in found.open] == [links]
    assert [e["links"] for e in books.events(tmp_path)] == [links]
    store.close()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        for table in ("active", "events"):
            db.execute(f"UPDATE {table} SET body = CAST(json_remove(CAST(body AS TEXT), '$.links') AS BLOB)")
        db.commit()
    _, found = opened()
    assert ([a.event.links for a in found.active], [o.event.links for o in found.open]) == ([{}], [{}])
    assert found.unreadable == 0
    assert [e["links"] for e in books.events(tmp_path)] == [{}]


def test_what_ends_is_gone(opened):
    store, _ = opened()
    batch = row(Batch(), 1)
    batch.fires(Active(event(), 1.0, "info", "r", audible=False))
    batch.publish(1, "t", b"x")
    store.write(batch).result(WAIT)
    end = Batch()
    end.outcome(1, Outcome.PLAYED, None)
    end.ended("f1", 5.0, 1.0)
    end.watchdog(7.5)
    end.published(1)
    store.write(end).result(WAIT)
    _, found = opened()
    assert (found.active, found.open, found.publishes, found.next_id) == ([], [], [], 2)
    assert (found.ended, found.watchdog) == ([("f1", 5.0, 1.0)], 7.5)


def test_an_alert_that_changes_is_one_row(opened):
    store, _ = opened()
    for severity in ("info", "critical"):
        batch = Batch()
        batch.fires(Active(event(), 1.0, severity, "r", audible=True))
        store.write(batch).result(WAIT)
    assert [a.severity for a in opened()[1].active] == ["critical"]


def test_ends_that_no_late_message_can_meet_are_forgotten(opened):
    store, _ = opened()
    batch = Batch()
    batch.ended("old", 1.0, None)
    batch.ended("new", 100.0, 90.0)
    batch.lapse(100.0)
    store.write(batch).result(WAIT)
    assert opened()[1].ended == [("new", 100.0, 90.0)]


def test_a_batch_is_whole_or_not_at_all(opened):
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    twice = row(Batch(), 2)
    row(twice, 1)  # the id is taken
    with pytest.raises(StoreError, match="cannot be written"):
        store.write(twice).result(WAIT)
    store.write(row(Batch(), 3)).result(WAIT)
    assert [o.id for o in opened()[1].open] == [1, 3]


@pytest.mark.parametrize("value", ["\ud800", 2**70, object()])
def test_a_value_that_sqlite_cannot_hold_fails_its_write_and_no_thread(opened, value):
    store, _ = opened()
    batch = Batch()
    batch.statements.append(("INSERT INTO publishes VALUES (?,?,?)", (1, value, b"")))
    with pytest.raises(StoreError):
        store.write(batch).result(WAIT)
    store.write(row(Batch(), 1)).result(WAIT)


def test_what_could_not_be_written_comes_along_with_the_next_write(opened, tmp_path):
    store, _ = opened()
    store.file.db.execute("PRAGMA busy_timeout = 20")
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        for number in (1, 2):
            with pytest.raises(StoreError, match="locked"):
                store.write(row(Batch(), number)).result(WAIT)
        other.rollback()
    store.write(Batch()).result(WAIT)
    assert [o.id for o in opened()[1].open] == [1, 2]


def test_what_can_never_be_written_is_not_tried_again(opened):
    store, _ = opened()
    batch = row(Batch(), 1)
    row(batch, 1)
    with pytest.raises(StoreError):
        store.write(batch).result(WAIT)
    store.write(row(Batch(), 2)).result(WAIT)
    assert [o.id for o in opened()[1].open] == [2]


def test_many_threads_write_and_every_future_is_done(opened):
    store, _ = opened()
    futures = []

    def write(first):
        futures.extend(store.write(row(Batch(), first + i, f"f{first + i}")) for i in range(200))

    threads = [threading.Thread(target=write, args=(1 + 200 * n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for future in futures:
        future.result(WAIT)
    assert len(opened()[1].open) == 1000


def test_what_was_handed_in_is_committed_before_it_closes(opened):
    store, _ = opened()
    futures = [store.write(row(Batch(), i)) for i in range(1, 100)]
    store.close()
    assert all(future.done() and future.exception() is None for future in futures)
    assert opened()[1].next_id == 100


def test_a_write_after_closing_fails_instead_of_waiting_for_ever(opened):
    store, _ = opened()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.write(Batch()).result(WAIT)
    store.close()


def test_a_caller_that_gives_up_does_not_take_its_write_back(opened):
    store, _ = opened()
    future = store.write(row(Batch(), 1))
    assert not future.cancel()
    future.result(WAIT)


KILLED = """
import os, signal, sys
from pathlib import Path
from bridge.model.events import AlertEvent, Source, Status
from bridge.store import Batch, Store, books
from bridge.store.file import FILE
store = Store(Path(sys.argv[1]))
store.open()
for i in range(1, 51):
    batch = Batch()
    event = AlertEvent(Source.MQTT, f"f{i}", Status.FIRING, {}, 1.0)
    batch.event(i, event, severity="info", rule="r", sound="info", outcome=None, reason=None)
    store.write(batch).result(20)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_is_done_survives_a_kill(tmp_path, opened):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert [o.id for o in opened()[1].open] == list(range(1, 51))


def test_one_folder_is_one_bridges(opened, tmp_path):
    opened()
    with pytest.raises(StoreError, match=r"another bridge uses this folder; set PAGER_DATA_DIR"):
        Store(tmp_path).open()


def test_a_folder_that_is_none(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="set PAGER_DATA_DIR to a folder that can be written"):
        Store(tmp_path / "file").open()
    store = Store(tmp_path / "file" / "below")
    with pytest.raises(StoreError):
        store.open()
    store.close()


@pytest.fixture
def nobody():
    """Root writes everywhere: as root the test is `nobody` for its while."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(was)


@pytest.mark.usefixtures("nobody")
def test_a_folder_that_cannot_be_written():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o500)
        with pytest.raises(StoreError, match="cannot be used"):
            Store(folder).open()


def test_a_newer_schema_is_left_alone(opened, tmp_path):
    store, _ = opened()
    store.close()
    with sqlite3.connect(tmp_path / "singing-pager.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    newer = Store(tmp_path)
    with pytest.raises(StoreError, match="newer version"):
        newer.open()
    newer.close()


def test_mutes_quiet_players_and_words_come_back_until_their_time_is_over(opened):
    store, first = opened()
    assert (first.mutes, first.quiets) == ([], [])
    texts = ('service="a"', "x=~b|c")
    mine = Mute.of("m1", texts, criticals=True, by="Ann", why="", at=10.0, until=9000.0)
    batch = Batch()
    batch.mute(mine)
    batch.mute(Mute.of("m2", (), criticals=False, by="", why="", at=10.0, until=4000.0))
    batch.mute(Mute.of("m3", (), criticals=False, by="", why="", at=10.0, until=9000.0))
    of_one = Mute.of("m4", (), fingerprint="f1", criticals=False, by="", why="", at=10.0, until=9000.0)
    batch.mute(of_one)
    batch.unmute("m3")
    batch.quiet("page-1", "Ann", "call", 10.0, 9000.0)
    batch.quiet("page-2", "", "", 10.0, 4000.0)
    batch.quiet("page-3", "", "", 10.0, 9000.0)
    batch.unquiet("page-3")
    batch.meta("word", "said")
    batch.lapse(5000.0)
    store.write(batch).result(WAIT)
    _, found = opened()
    assert found.mutes == [mine, of_one]
    assert found.mutes[0].takes({"service": "a", "x": "c"}, "critical")
    assert found.quiets == [("page-1", "Ann", "call", 10.0, 9000.0)]
    assert found.meta["word"] == "said"


def test_who_sings_acknowledgements_and_the_watch_come_back(opened):
    store, first = opened()
    assert (first.who, first.acks, first.watch_off) == ([], [], None)
    mine = Ack("f1", "critical", "Ann ü", "a\nb", 1000.0, 9000.0)
    flat = Ack("flatline", "warning", "", "", 1000.0, 4600.0, ("boiler", "watchdog"))
    batch = Batch()
    batch.who("checkout", 7, 1.5)
    batch.who("search", 3, 2.5)
    batch.nobody("search")
    batch.ack(mine)
    batch.ack(flat)
    batch.ack(Ack("f2", "info", "", "", 1.0, 2.0))
    batch.unack("f2")
    batch.watch(123.5, "Ann")
    store.write(batch).result(WAIT)
    store, found = opened()
    assert (found.who, found.watch_off) == ([("checkout", 7, 1.5)], (123.5, "Ann"))
    assert sorted(found.acks, key=lambda ack: ack.fingerprint) == [mine, flat]
    batch = Batch()
    batch.watch(None, "")
    batch.lapse(5000.0)
    store.write(batch).result(WAIT)
    _, found = opened()
    assert (found.acks, found.watch_off) == ([mine], None), "what has lapsed is forgotten"
