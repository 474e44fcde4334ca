"""What sounds and why, what has happened, and the story of one alert: by the API, and in words."""

from __future__ import annotations

import pytest
from lab.api import BEGAN, running
from lab.rows import row

from bridge.cli import look, story
from bridge.core import voices
from bridge.model.events import MetricSample, Source
from bridge.store import Batch


async def test_everything_that_sounds_is_told_with_its_cause(client):
    await client.fires("a", severity="warning", service="checkout")
    await client.fires("b", severity="critical")
    client.now[0] += 5.0
    sample = MetricSample(Source.MQTT, "cpu", 0.5, client.now[0], {"host": "x"}, client.now[0] - 1.0)
    await client.runtime.take([sample])
    client.now[0] += 2.0
    code, found = await client.get("sounding")
    assert code == 200
    assert [(a["fingerprint"], a["rule"], a["since"]) for a in found["alerts"]] == [
        ("b", "critical", BEGAN),
        ("a", "warning", BEGAN),
    ]
    [voice] = found["voices"]
    assert (voice["since"], voice["rule"], voice["sample"]) == (
        BEGAN + 5.0,
        "cpu",
        {"type": "cpu", "labels": {"host": "x"}, "value": 0.5, "source": "mqtt", "at": BEGAN + 4.0},
    )
    assert voice["controls"]["freq"] == 660.0
    assert found["bed"] == {"sound": "ambient", "since": BEGAN, "level": 1.0, "chord": 0.0}
    assert found["counts"] == {"alerts": 2, "voices": 1, "silent_alerts": 0, "silent_series": 0}


async def test_whatever_is_silent_says_why(client):
    await client.fires("rule", severity="none")
    await client.fires("taken", severity="warning")
    await client.post("ack", {"fingerprint": "taken", "by": "anna"})
    await client.fires("muted", severity="warning", service="db")
    await client.post("mute", {"match": ["service=db"]})
    await client.runtime.take([MetricSample(Source.HTTP, "cpu", 0.5, BEGAN, {"service": "db"})])
    for number in range(client.runtime.conductor.book.max_voices + 3):
        await client.runtime.take([MetricSample(Source.HTTP, "cpu", 0.5, BEGAN, {"host": f"{number}"})])
    _, found = await client.get("sounding")
    assert {a["fingerprint"]: a["why"] for a in found["silent"]["alerts"]} == {
        "taken": "acknowledged",
        "muted": "muted",
    } | ({"rule": "by_rule"} if found["counts"]["silent_alerts"] == 3 else {})
    whys = [s["why"] for s in found["silent"]["series"]]
    assert sorted(whys) == ["capped", "capped", "capped", "muted"]
    [line] = look.silent_lines(found)
    assert line.startswith("Silent: ")
    assert "1 alert, somebody has taken it on" in line
    assert "3 series, beyond the limit of voices" in line


async def test_series_that_are_silent_are_so_many_at_most_and_pass(client, monkeypatch):
    monkeypatch.setattr(voices, "SILENT", 5)
    await client.post("mute", {})
    for number in range(20):
        await client.runtime.take([MetricSample(Source.HTTP, "cpu", 0.5, BEGAN, {"host": f"{number}"})])
    _, found = await client.get("sounding")
    assert [s["sample"]["labels"]["host"] for s in found["silent"]["series"]] == [
        "19",
        "18",
        "17",
        "16",
        "15",
    ]
    client.now[0] += 61.0
    await client.runtime._tick(client.now[0])
    assert (await client.get("sounding"))[1]["silent"]["series"] == []


async def test_events_are_filtered_and_paged(client):
    await client.fires("a", "b", severity="warning", service="checkout")
    client.now[0] += 100.0
    await client.ends("a", severity="warning", service="checkout")
    await client.fires("c", severity="critical")
    _, found = await client.get("events")
    assert [(e["fingerprint"], e["status"]) for e in found["events"]] == [
        ("c", "firing"),
        ("a", "resolved"),
        ("b", "firing"),
        ("a", "firing"),
    ]
    assert found["before"] is None
    _, first = await client.get("events", limit=2)
    _, second = await client.get("events", limit=2, before=first["before"])
    assert first["events"] + second["events"] == found["events"]
    for query, expected in (
        ({"fingerprint": "a"}, ["a", "a"]),
        ({"service": "checkout"}, ["a", "b", "a"]),
        ({"severity": "critical"}, ["c"]),
        ({"since": "50s"}, ["c", "a"]),
        ({"since": str(BEGAN + 50)}, ["c", "a"]),
        ({"until": "2027-01-15T08:00:50Z"}, ["b", "a"]),
        ({"outcome": "played"}, []),
        ({"fingerprint": "a", "since": "50s"}, ["a"]),
    ):
        _, found = await client.get("events", **query)
        assert [e["fingerprint"] for e in found["events"]] == expected, query


@pytest.mark.parametrize(
    ("route", "query", "word"),
    [
        ("events", {"since": "yesterday"}, "since: 'yesterday' is no time; write unix seconds"),
        ("events", {"until": ""}, "until"),
        ("events", {"severity": "page"}, "severity"),
        ("events", {"outcome": "x"}, "outcome"),
        ("events", {"reason": "x"}, "reason"),
        ("events", {"limit": 0}, "limit"),
        ("events", {"limit": 501}, "limit"),
        ("events", {"before": 1 << 63}, "before"),
        ("events", {"host": "a"}, "host"),
        ("explain", {}, "fingerprint"),
        ("explain", {"fingerprint": ""}, "fingerprint"),
    ],
)
async def test_a_question_that_cannot_be_read_is_told(client, route, query, word):
    code, answer = await client.get(route, **query)
    assert (code, answer["ok"]) == (400, False)
    assert word in answer["error"]


async def test_a_story_has_what_came_what_people_did_and_how_it_stands(client):
    await client.fires("abc1", severity="critical", service="checkout")
    client.now[0] += 3.0
    await client.post("ack", {"fingerprint": "abc1", "by": "anna", "why": "mine"})
    code, found = await client.get("explain", fingerprint="abc")
    assert (code, found["fingerprint"], found["why_silent"]) == (200, "abc1", "acknowledged")
    assert [e["status"] for e in found["events"]] == ["firing"]
    assert [(d["what"], d["by"], d["why"]) for d in found["deeds"]] == [("ack", "anna", "mine")]
    assert found["firing"]["acknowledged"]["by"] == "anna"
    lines = story.story_lines(found, is_plain=True)
    assert "critical abc1 on checkout" in lines[0]
    assert "ack by anna" in lines[1]
    assert lines[-1].endswith("Nobody is reminded of it: somebody has taken it on.")
    client.now[0] += 100.0
    await client.ends("abc1", severity="critical", service="checkout")
    _, found = await client.get("explain", fingerprint="abc1")
    assert (found["firing"], [e["status"] for e in found["events"]]) == (None, ["firing", "resolved"])
    assert story.story_lines(found, is_plain=True)[-1] == "It does not fire now."


async def test_a_story_of_nobody_and_of_several(client):
    code, answer = await client.get("explain", fingerprint="a")
    assert (code, "'a'" in answer["error"]) == (404, True)
    await client.fires("a1", "a2", "a")
    code, found = await client.get("explain", fingerprint="a")
    assert (code, found["fingerprint"]) == (200, "a"), "the whole one is meant"
    await client.fires("b1", "b2")
    code, answer = await client.get("explain", fingerprint="b")
    assert code == 400
    assert "begins several: b1, b2; write more of it" in answer["error"]


async def test_the_story_outlives_a_restart_and_the_alert(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        await client.fires("a", severity="warning")
        await client.post("ack", {"by": "anna"})
        await client.ends("a", severity="warning")
    now[0] += 3600.0
    async with running(tmp_path, now) as client:
        _, found = await client.get("explain", fingerprint="a")
    assert [e["status"] for e in found["events"]] == ["firing", "resolved"]
    assert [d["by"] for d in found["deeds"]] == ["anna"]


async def test_where_the_store_cannot_be_read_it_is_told(client):
    (client.runtime.settings.data_dir / "singing-pager.db").unlink()
    for route, query in (("events", {}), ("explain", {"fingerprint": "a"})):
        code, answer = await client.get(route, **query)
        assert (code, answer["ok"]) == (503, False)
        assert "there is no store" in answer["error"]


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        (None, None, "the outcome is not known yet"),
        ("played", None, "sounded by page as critical"),
        ("assumed", None, "sent; whether it sounded is not known by page as critical"),
        ("suppressed", "flood", "not sounded, too much at once, it counts in the storm"),
    ],
)
def test_every_ending_has_words(outcome, reason, words):
    event = {"outcome": outcome, "reason": reason, "sound": "critical", "player": "page"}
    assert story.ending(event | {"ended": 1000.2, "received": 1000.0}) == words


async def test_a_row_without_its_texts_is_told_all_the_same(client):
    """An older version kept none of what had ended."""
    await client.fires("a", severity="warning")
    store = client.runtime.writes
    batch = row(Batch(), 77, "old")
    batch.statements.append(("UPDATE events SET body = x'' WHERE id = 77", ()))
    assert await store.commit(batch)
    _, found = await client.get("explain", fingerprint="old")
    assert "an alert on checkout" in story.story_lines(found, is_plain=True)[0]
