"""The bridge's own troubles are alerts: heard once, in the ledger, and over when the trouble is."""

from __future__ import annotations

import pytest
from lab.api import BEGAN, running

from bridge.model.errors import StoreError
from bridge.model.events import MetricSample, Reason, Source
from bridge.runtime import notices, runtime, upkeep
from bridge.store import Batch, books
from bridge.store.file import File
from bridge.store.store import Store


async def tick(client, seconds=1.0):
    client.now[0] += seconds
    await client.runtime._tick(client.now[0])
    for task in list(client.runtime._background):
        await task


async def firing(client):
    return {a["fingerprint"]: a["summary"] for a in (await client.status())["firing"]}


async def test_what_can_never_be_read_is_heard_once_for_each_route(client):
    for _ in range(5):
        answer = await client.http.post("/alert", content=b"{")
        assert answer.status_code == 400
    await tick(client)
    found = await firing(client)
    assert list(found) == ["SingingPagerUnreadable:/alert"]
    assert (
        "127.0.0.1 sends to /alert what cannot be read: this is no JSON"
        in found["SingingPagerUnreadable:/alert"]
    )
    _, answer = await client.get("events", service="singing-pager")
    assert [e["source"] for e in answer["events"]] == ["bridge"]
    assert client.runtime.metrics.unreadable.labels("/alert")._value.get() == 5


async def test_a_part_that_cannot_be_read_is_heard_and_the_rest_taken(client):
    answer = await client.http.post("/alert", json={"alerts": [{"labels": {"alertname": "A"}}, 5]})
    assert (answer.status_code, len(answer.json()["rejected"])) == (200, 1)
    await tick(client)
    assert len(await firing(client)) == 2


async def test_a_sample_that_cannot_be_read_is_told_to_its_sender_alone(client):
    assert (await client.http.post("/metric", content=b"{")).status_code == 400
    await tick(client)
    assert await firing(client) == {}


async def test_it_is_over_when_no_more_comes(client):
    await client.http.post("/alert", content=b"{")
    await tick(client)
    await tick(client, notices.UNREADABLE_LASTS - 10)
    await client.http.post("/alert", content=b"{")  # it goes on, and is not heard again
    await tick(client)
    await tick(client, 100.0)
    assert len(await firing(client)) == 1
    await tick(client, notices.UNREADABLE_LASTS)
    await tick(client)
    assert await firing(client) == {}
    assert client.runtime.metrics.events.labels("bridge", "suppressed", Reason.DUPLICATE)._value.get() == 1


async def test_a_store_that_cannot_be_written_is_said_aloud_until_it_can(client, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(File, "check", lambda *_, **__: broken())
    alert = {"alerts": [{"labels": {"alertname": "A", "severity": "critical"}}]}
    for _ in range(3):  # what Alertmanager does with a 503
        answer = await client.http.post("/alert", json=alert)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert client.runtime.metrics.cues.labels("critical", "event")._value.get() == 1, "it sounds once"
    await tick(client)
    assert "SingingPagerStore" in await firing(client)
    found = await client.status()
    assert (found["store"]["ok"], (await client.http.get("/-/ready")).status_code) == (False, 503)
    monkeypatch.undo()
    await tick(client, upkeep.AGAIN + 1)
    await tick(client)
    await tick(client)
    assert "SingingPagerStore" not in await firing(client)
    assert (await client.http.post("/alert", json=alert)).status_code == 200
    await client.runtime.writes.commit(Batch())
    assert books.ledger(client.runtime.settings.data_dir).problems == []


async def test_a_damaged_store_is_said_aloud_and_what_is_known_is_written_into_the_new_one(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        await client.fires("a", severity="critical")
        await client.post("ack", {"by": "anna"})
        await client.post("mute", {"match": ["x=y"]})
        (tmp_path / "singing-pager.db").unlink()
        answer = await client.http.post("/alert", json={"alerts": [{"labels": {"alertname": "B"}}]})
        assert answer.status_code == 503
        await tick(client)
        await tick(client)
        found = await firing(client)
        assert {"a", "SingingPagerStoreDamaged"} <= set(found)
        assert ".damaged-" in (await client.status())["store"]["aside"]
    async with running(tmp_path, now) as client:
        found = await client.status()
        assert {"a", "SingingPagerStoreDamaged"} <= {a["fingerprint"] for a in found["firing"]}
        assert [a["acknowledged"]["by"] for a in found["firing"] if a["fingerprint"] == "a"] == ["anna"]
        assert [m["match"] for m in found["mutes"]] == [["x=y"]]
        await tick(client, notices.DAMAGED_LASTS + 1)
        await tick(client)
        assert "SingingPagerStoreDamaged" not in await firing(client)
    assert books.ledger(tmp_path).problems == []


async def test_one_that_was_damaged_before_the_start_is_said_aloud(tmp_path):
    (tmp_path / "singing-pager.db").write_bytes(b"garbage" * 1000)
    async with running(tmp_path) as client:
        await tick(client)
        assert "SingingPagerStoreDamaged" in await firing(client)
        assert (await client.http.get("/-/ready")).status_code == 200


async def test_so_much_waits_for_the_store_at_most(client, monkeypatch):
    monkeypatch.setattr(runtime, "PENDING", 0)
    answer = await client.http.post("/alert", json={"alerts": [{"labels": {"alertname": "A"}}]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await client.http.post("/metric", json={"type": "cpu", "value": 1})).status_code == 503
    monkeypatch.undo()
    assert (await client.http.post("/metric", json={"type": "cpu", "value": 1})).status_code == 200


def test_one_of_this_folder_alone(tmp_path):
    store = Store(tmp_path)
    store.open()
    with pytest.raises(StoreError, match="another bridge"):
        Store(tmp_path).open()
    store.close()


async def test_samples_that_wait_for_a_store_that_hangs_are_so_many_at_most(client, monkeypatch):
    monkeypatch.setattr(runtime, "PENDING", 5)
    client.runtime.writes._ending = True  # as while a write is on its way
    for number in range(20):
        client.now[0] += 2.0
        sample = MetricSample(Source.HTTP, "cpu", number / 20, client.now[0])
        assert await client.runtime.take([sample])
    waiting = client.runtime.writes._endings
    assert len(waiting.statements) == 5
    assert sum(waiting.counts.values()) == 20, "all are counted"
    client.runtime.writes._ending = False
    with client.runtime.writes.later():
        pass
    await tick(client)
    assert books.ledger(client.runtime.settings.data_dir).received["sample", "http"] == 20


async def test_alerts_with_wrong_credentials_are_heard_once(client):
    for _ in range(3):
        answer = await client.http.post("/alert", json={}, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
    await client.http.post("/metric", json={}, headers={"Authorization": "Bearer wrong"})
    await client.http.get("/alert", headers={"Authorization": "Bearer wrong"})
    await tick(client)
    assert list(await firing(client)) == ["SingingPagerRefused"]


async def test_nobody_outside_takes_the_name_of_a_trouble(client):
    for name in ("SingingPagerRefused", "SingingPagerUnreadable:/alert"):
        alert = {"fingerprint": name, "labels": {"alertname": "A", "n": name}, "status": "firing"}
        await client.http.post("/alert", json={"alerts": [alert]})
    found = await firing(client)
    assert len(found) == 2
    assert not any(fp.startswith("SingingPager") for fp in found)


async def test_a_disk_that_fills_in_a_flood_is_heard(client, monkeypatch):
    await client.fires(*(f"f{n}" for n in range(100)), severity="warning")
    monkeypatch.setattr(File, "check", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    await client.http.post("/alert", json={"alerts": [{"labels": {"alertname": "A"}}]})
    before = client.runtime.metrics.cues.labels("warning", "event")._value.get()
    await tick(client, 0.25)
    await tick(client, 0.25)
    assert client.runtime.metrics.cues.labels("warning", "event")._value.get() == before + 1
