"""A store that is damaged, deleted or replaced is put aside, and a new one begins; what cannot be is told."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading

import pytest
from lab.rows import WAIT, event, row

from bridge.core.engine import Active
from bridge.core.mutes import Mute
from bridge.model.errors import StoreError
from bridge.store import Batch, schema
from bridge.store.file import ASIDE


def aside(folder):
    return sorted(p.name for p in folder.glob("singing-pager.db.damaged-*Z"))


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_store_is_put_aside(opened, tmp_path, content):
    (tmp_path / "singing-pager.db").write_bytes(content)
    store, found = opened()
    [kept] = aside(tmp_path)
    assert (tmp_path / kept).read_bytes() == content
    assert found.aside == str(tmp_path / kept)
    assert (found.next_id, found.active) == (1, [])
    store.write(row(Batch(), 1)).result(WAIT)
    _, again = opened()
    assert ([o.id for o in again.open], again.aside) == ([1], None)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'{"source": "x"}'])
def test_a_row_that_nothing_can_be_made_of_takes_no_other_away(opened, tmp_path, body):
    store, _ = opened()
    batch = row(row(Batch(), 1), 2, "f2")
    batch.fires(Active(event(), 1.0, "info", "r", audible=True))
    batch.statements.append(("UPDATE events SET body = ? WHERE id = 2", (body,)))
    store.write(batch).result(WAIT)
    store.close()
    with sqlite3.connect(tmp_path / "singing-pager.db") as db:
        db.execute("INSERT INTO active VALUES ('f', 1, 'info', 'r', 1, ?, '')", (body,))
    db.close()
    _, found = opened()
    assert (found.aside, aside(tmp_path)) == (None, [])
    assert [a.event.fingerprint for a in found.active] == ["f1"]
    assert ([o.id for o in found.open], found.unreadable, found.illegible) == ([1], 2, (2,))


def test_a_mute_of_any_text_comes_back(opened):
    store, _ = opened()
    texts = ['a="x\\ny"', 'b="\n"', "c=~[\\d]+"]
    mute = Mute.of("m", texts, criticals=False, by="", why="", at=1.0, until=9e9)
    batch = Batch()
    batch.mute(mute)
    store.write(batch).result(WAIT)
    assert opened()[1].mutes == [mute]


def test_the_database_of_another_program_is_put_aside(opened, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "singing-pager.db")) as db:
        db.executescript("CREATE TABLE events (id INTEGER PRIMARY KEY); CREATE TABLE meta (key TEXT)")
    _, found = opened()
    assert found.aside == str(tmp_path / aside(tmp_path)[0])


def test_one_that_was_deleted_or_emptied_before_the_start_is_told(opened, tmp_path):
    opened()[0].close()
    for harm in (lambda path: path.unlink(), lambda path: path.write_bytes(b"")):
        harm(tmp_path / "singing-pager.db")
        store, found = opened()
        assert (found.aside, aside(tmp_path)) == ("", [])
        store.close()
    assert opened()[1].aside is None


def test_so_many_are_kept(opened, tmp_path):
    for _ in range(ASIDE + 2):
        (tmp_path / "singing-pager.db").write_bytes(b"garbage" * 1000)
        opened()[0].close()
    assert len(aside(tmp_path)) == ASIDE


def deleted(path):
    path.unlink()


def cut_off(path):
    os.truncate(path, 0)


def log_deleted(path):
    path.with_name(path.name + "-wal").unlink()


def log_cut_off(path):
    os.truncate(path.with_name(path.name + "-wal"), 0)


def replaced(path):
    other = path.with_name("other")
    other.write_bytes(b"")
    other.replace(path)


def overwritten(path):
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    path.with_name(path.name + "-wal").write_bytes(b"")


@pytest.mark.parametrize("harm", [deleted, cut_off, log_deleted, log_cut_off, replaced, overwritten])
def test_what_is_lost_while_it_runs_is_begun_anew(opened, tmp_path, harm):
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    harm(tmp_path / "singing-pager.db")
    # What was overwritten shows at the next pruning at the latest.
    failed = [w.exception(WAIT) for w in (store.write(row(Batch(), 2)), store.prune(1.0))]
    assert any(isinstance(why, StoreError) for why in failed)
    assert (store.file.lost, store.forgot) == (1, True)
    with pytest.raises(StoreError, match="forgotten something"):
        store.write(row(Batch(), 3)).result(WAIT)
    store.write_whole(row(Batch(), 4)).result(WAIT)
    store.write(row(Batch(), 5)).result(WAIT)
    assert [o.id for o in opened()[1].open] == [4, 5]


def test_nothing_waits_for_ever_and_nothing_kept_is_lost_where_no_new_one_can_begin(
    opened, tmp_path, monkeypatch
):
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    (tmp_path / "singing-pager.db").write_bytes(b"garbage" * 2000)

    def full(_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(schema, "migrate", full)
    for number in range(2, 12):
        with pytest.raises(StoreError):
            store.write(row(Batch(), number)).result(WAIT)
        with pytest.raises(StoreError):
            store.prune(1.0).result(WAIT)
    assert any(t.name == "store" for t in threading.enumerate())
    [kept] = [name for name in aside(tmp_path) if name.endswith("Z")]
    assert (tmp_path / kept).read_bytes() == b"garbage" * 2000
    monkeypatch.undo()
    store.write_whole(row(Batch(), 20)).result(WAIT)
    assert [o.id for o in opened()[1].open] == [20]
    assert store.file.lost == 1


def test_what_is_owed_beyond_its_bound_is_written_whole(opened, monkeypatch):
    monkeypatch.setattr("bridge.store.store.OWED", 5)
    store, _ = opened()

    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(store.file, "check", full)
    for number in range(1, 20):
        with pytest.raises(StoreError):
            store.write(row(Batch(), number)).result(WAIT)
    assert (store.forgot, store._owed) == (True, [])
    monkeypatch.undo()
    with pytest.raises(StoreError, match="forgotten something"):
        store.write(Batch()).result(WAIT)
    whole = Batch()
    whole.forget_state()
    whole.fires(Active(event(), 1.0, "info", "r", audible=True))
    store.write_whole(whole).result(WAIT)
    store.write(row(Batch(), 50)).result(WAIT)
    _, found = opened()
    assert ([a.event.fingerprint for a in found.active], [o.id for o in found.open]) == (["f1"], [50])


def test_what_can_never_be_written_takes_no_other_with_it(opened):
    """Items that come together are one transaction; where one of them is bad, each is its own."""
    store, _ = opened()
    bad = Batch()
    bad.statements.append(("INSERT INTO publishes VALUES (?,?,?)", (1, "\ud800", b"")))
    hold = threading.Event()
    write = store._write

    def slow(*told):
        hold.wait(WAIT)
        write(*told)

    store._write = slow
    futures = [store.write(b) for b in (row(Batch(), 1), row(Batch(), 2), bad, row(Batch(), 3))]
    hold.set()
    assert [f.exception(WAIT) is None for f in futures] == [True, True, False, True]
    assert [o.id for o in opened()[1].open] == [1, 2, 3]


def test_looking_after_the_file_keeps_its_locks(opened, tmp_path):
    """Another program that opens and closes it must not think that it was the last."""
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    store.prune(1.0).result(WAIT)
    script = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute('SELECT * FROM meta').fetchall(); db.close()"
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "singing-pager.db")], check=True, timeout=60)
    assert (tmp_path / "singing-pager.db-wal").stat().st_size > 0
    store.write(row(Batch(), 2)).result(WAIT)
    assert store.file.lost == 0
