"""A store that is damaged, deleted or replaced is put aside, and a new one begins; what cannot be is told."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from lab.rows import WAIT, row

from bridge.model.errors import StoreError
from bridge.store import Batch, Store
from bridge.store.store import ASIDE


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
def test_a_row_that_is_not_ours_is_damage(opened, tmp_path, body):
    store, _ = opened()
    store.close()
    with sqlite3.connect(tmp_path / "singing-pager.db") as db:
        db.execute("INSERT INTO active VALUES ('f', 1, 'info', 'r', 1, ?, '')", (body,))
    db.close()
    _, found = opened()
    assert found.aside is not None
    assert found.active == []


def test_so_many_are_kept(opened, tmp_path):
    for _ in range(ASIDE + 2):
        (tmp_path / "singing-pager.db").write_bytes(b"garbage" * 1000)
        opened()[0].close()
    assert len(aside(tmp_path)) == ASIDE


def deleted(path):
    path.unlink()


def replaced(path):
    other = path.with_name("other")
    other.write_bytes(b"")
    other.replace(path)


def overwritten(path):
    with path.open("r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    path.with_name(path.name + "-wal").write_bytes(b"")


@pytest.mark.parametrize("harm", [deleted, replaced, overwritten])
def test_what_is_lost_while_it_runs_is_begun_anew(opened, tmp_path, harm):
    store, _ = opened()
    store.write(row(Batch(), 1)).result(WAIT)
    harm(tmp_path / "singing-pager.db")
    # What was overwritten shows at the next pruning at the latest.
    failed = [w.exception(WAIT) for w in (store.write(row(Batch(), 2)), store.prune(1.0))]
    assert any(isinstance(why, StoreError) for why in failed)
    assert store.aside is not None
    store.write(row(Batch(), 3)).result(WAIT)
    assert [o.id for o in opened()[1].open] == [3]


def test_nothing_waits_for_ever_where_no_new_one_can_begin(opened, tmp_path, monkeypatch):
    store, _ = opened()

    def nowhere(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "_put_aside", nowhere)
    (tmp_path / "singing-pager.db").unlink()
    for number in (1, 2, 3):
        with pytest.raises(StoreError):
            store.write(row(Batch(), number)).result(WAIT)
    assert any(t.name == "store" for t in threading.enumerate())
    monkeypatch.undo()
    with pytest.raises(StoreError):  # this one finds the file gone, and begins anew
        store.write(row(Batch(), 4)).result(WAIT)
    store.write(row(Batch(), 5)).result(WAIT)
