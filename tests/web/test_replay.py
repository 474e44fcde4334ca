"""What came once, as a performance that a page plays by itself."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest
from lab.api import BEGAN, running
from starlette.exceptions import HTTPException
from web_door import CONTROL, FAR, READ

from bridge.core import programme
from bridge.core.playback import BED, Happening
from bridge.core.rules import Rule
from bridge.model.catalogue import SOUNDS, Sound
from bridge.model.commands import Play, Release, Set
from bridge.model.events import AlertEvent, MetricSample, Source, Status
from bridge.web import replay
from bridge.web.stage import WAITING, Stage


@pytest.fixture
async def client(tmp_path):
    async with running(tmp_path) as found:
        yield found


async def measured(client, value, **labels):
    await client.runtime.take([MetricSample(Source.MQTT, "cpu", value, client.now[0], labels)])


async def heard(client, **query):
    """The answer, once the store has written everything."""
    await asyncio.sleep(0.05)
    return await client.get("replay", **query)


def done(found, do, **words):
    return [c for c in found["commands"] if c["do"] == do and all(c.get(k) == w for k, w in words.items())]


def cues(found):
    return [(c["at"], c["sound"]) for c in done(found, "play", why="event")]


async def test_what_came_is_heard_at_its_time(client):
    await measured(client, 0.5)
    client.now[0] += 10.0
    await client.fires("a", severity="critical", service="checkout")
    client.now[0] += 20.0
    await client.ends("a", severity="critical", service="checkout")
    code, found = await heard(client, since=BEGAN, until=BEGAN + 60)
    assert code == 200
    assert (found["zero"], found["speed"], found["length"]) == (BEGAN, 1.0, 35.0)
    assert cues(found) == [(10.0, "critical"), (30.0, "resolved")]
    assert done(found, "set", id="ambient")[0] == {
        "at": 0.0,
        "do": "set",
        "id": "ambient",
        "sound": "ambient",
        "params": dict(BED.params),
    }
    assert done(found, "set", sound="cpu")[0]["params"]["freq"] == 660.0
    assert [(c["at"], c["text"]) for c in found["captions"]] == [
        (10.0, "critical: a, checkout"),
        (30.0, "resolved: a, checkout"),
    ]
    assert found["outcomes"] == {"played": 3}


async def test_speed_compresses_captions_as_well(client):
    await client.fires("a", severity="warning")
    client.now[0] += 600.0
    await client.ends("a", severity="warning")
    _, found = await heard(client, since=BEGAN - 60, until=BEGAN + 1000, speed=60)
    assert found["zero"] == BEGAN
    assert [c["at"] for c in found["captions"]] == pytest.approx([0.0, 10.0])
    assert found["length"] == pytest.approx(15.0)


async def test_voices_that_stand_before_it_sound_from_the_first_moment(client):
    await measured(client, 0.9)
    await client.fires("old", severity="warning")
    client.now[0] += 20.0
    await client.fires("new", severity="info")
    _, found = await heard(client, since=BEGAN + 10, until=BEGAN + 60)
    assert found["zero"] == BEGAN + 10
    assert next(c["at"] for c in done(found, "set", sound="cpu")) == 0.0
    assert cues(found) == [(10.0, "info")]
    assert [c["alertname"] for c in found["captions"]] == ["new"]
    assert found["outcomes"] == {"played": 1}


async def test_a_stretch_without_an_event_is_an_empty_performance(client):
    await client.fires("a", severity="warning")
    code, found = await heard(client, since=BEGAN + 10, until=BEGAN + 60)
    assert (code, found) == (200, programme.nothing(BEGAN + 10, 1.0))


async def test_a_test_alert_is_heard_too(client):
    await client.post("fire", {"severity": "critical", "service": "checkout", "for": "10s"})
    client.now[0] += 30.0
    await client.fires("a", severity="info")
    _, found = await heard(client, until=BEGAN + 60)
    assert [sound for _, sound in cues(found)] == ["critical", "resolved", "info"]
    assert found["captions"][0]["text"] == "critical: SingingPagerTest, checkout"


async def test_a_sign_of_life_whose_repeats_have_no_row_raises_no_flatline(client):
    await client.fires("Watchdog", severity="none")
    await client.fires("a", severity="warning")
    client.now[0] += 300.0
    await client.ends("a", severity="warning")
    _, found = await heard(client, since=BEGAN, until=BEGAN + 400)
    assert done(found, "play", sound="flatline") == []
    assert done(found, "play", sound="heartbeat")


async def test_annotations_are_never_told(client):
    event = AlertEvent(
        Source.GRAFANA,
        "a",
        Status.FIRING,
        {"alertname": "A" * 200, "severity": "warning"},
        BEGAN,
        {"summary": "secret"},
    )
    await client.runtime.take([event])
    await asyncio.sleep(0.05)
    answer = await client.http.get("/api/v1/replay")
    assert "secret" not in answer.text
    assert len(answer.json()["captions"][0]["alertname"]) == 128


async def test_what_is_too_long_is_refused_with_the_speed_that_will_do(client):
    await client.fires("a", severity="warning")
    client.now[0] += 6000.0
    await client.ends("a", severity="warning")
    code, answer = await heard(client, since=BEGAN, speed=2)
    assert (code, answer["ok"]) == (400, False)
    assert "make it shorter or raise speed to at least 11" in answer["error"]
    code, found = await heard(client, since=BEGAN, speed=11)
    assert code == 200
    assert found["length"] <= programme.LONGEST


async def test_too_many_events_are_refused(client, monkeypatch):
    monkeypatch.setattr(replay, "MOST", 3)
    await client.fires("a", "b", "c", severity="warning")
    assert (await heard(client))[0] == 200
    await client.fires("d", severity="warning")
    code, answer = await heard(client)
    assert code == 400
    assert "more than 3 events" in answer["error"]


async def test_of_what_was_before_only_the_newest_is_read(client, monkeypatch):
    monkeypatch.setattr(replay, "MOST_BEFORE", 2)
    for name in "abc":
        await client.fires(name, severity="warning")
        client.now[0] += 1.0
    await asyncio.sleep(0.05)
    found = replay._events(client.runtime.settings.data_dir, BEGAN + 10, BEGAN + 20)
    assert [event.fingerprint for event in found] == ["b", "c"]
    found = replay._events(client.runtime.settings.data_dir, BEGAN + 3601.5, BEGAN + 4000)
    assert [event.fingerprint for event in found] == ["c"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": ""}, "until"),
        ({"since": BEGAN, "until": BEGAN - 1}, "since: is after until"),
        ({"speed": 0.5}, "speed"),
        ({"speed": 3601}, "speed"),
        ({"speed": "nan"}, "speed"),
        ({"fast": 1}, "fast"),
    ],
)
async def test_a_question_that_cannot_be_read_is_told(client, query, word):
    code, answer = await client.get("replay", **query)
    assert (code, answer["ok"]) == (400, False)
    assert word in answer["error"]


async def test_replaying_changes_nothing(client):
    await client.fires("a", severity="critical", service="new")
    conductor = client.runtime.conductor
    before = (dict(conductor.engine.active), dict(conductor.who.slots), client.runtime.intake.next_id)
    assert (await heard(client))[0] == 200
    assert before == (dict(conductor.engine.active), dict(conductor.who.slots), client.runtime.intake.next_id)


async def test_the_bridge_answers_while_one_is_made_and_makes_one_at_a_time():
    stage, go, at_once = Stage(), threading.Event(), []

    def work():
        at_once.append(1)
        go.wait(10)
        assert len(at_once) == 1
        at_once.pop()
        return {}

    waiting = [asyncio.create_task(stage.answer(work)) for _ in range(WAITING + 1)]
    await asyncio.sleep(0.05)  # the loop goes on
    with pytest.raises(HTTPException) as refused:
        await stage.answer(work)
    assert (refused.value.status_code, refused.value.headers["Retry-After"]) == (503, "5")
    go.set()
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
    assert (await stage.answer(dict)).body == b"{}"


def test_a_voice_is_set_once_in_a_tenth_of_a_second_and_own_sounds_are_left_to_others():
    commands = [
        (0.0, Set("cpu", "cpu", {"freq": 1.0})),
        (0.04, Set("cpu", "cpu", {"freq": 2.0})),
        (0.05, Set("x", "own", {})),
        (0.06, Play("a", "bell", {"vol": 1.0, "pan": 0.4}, "warning")),
        (0.12, Set("cpu", "cpu", {"freq": 3.0})),
        (0.15, Release("cpu")),
    ]
    found = programme.told(commands)
    assert [(c["at"], c["do"]) for c in found] == [
        (0.04, "set"),
        (0.06, "play"),
        (0.12, "set"),
        (0.15, "release"),
    ]
    assert (found[1]["sound"], found[1]["params"]["pan"]) == ("warning", 0.4)


async def test_an_own_cue_of_the_rule_book_becomes_its_severitys(client):
    own = Sound("bell", "cue", "a bell", SOUNDS["info"].controls)
    book = client.runtime.engine.book
    book = replace(book, alerts=(Rule("x", (), "bell", "critical"),), sounds={**SOUNDS, "bell": own})
    event = AlertEvent(Source.GRAFANA, "a", Status.FIRING, {}, BEGAN)
    found = programme.stretch([event], book, BEGAN, BEGAN, 1.0)
    assert cues(found) == [(0.0, "critical")]
    assert found["captions"][0]["text"] == "critical"
    assert programme.caption(Happening(0.0, event, "info", heard=False), book)["heard"] is False


async def test_it_needs_the_right_to_read(door, secrets):
    it = await door(**secrets, http_host="0.0.0.0")
    assert await it.status("GET", "/api/v1/replay", peer=FAR, host="127.0.0.1") == 401
    for token in (READ, CONTROL):
        assert await it.status("GET", "/api/v1/replay", peer=FAR, host="127.0.0.1", token=token) == 200


async def test_a_store_that_cannot_be_read_is_told(client, monkeypatch, tmp_path):
    monkeypatch.setattr(
        client.runtime, "settings", replace(client.runtime.settings, data_dir=tmp_path / "nowhere")
    )
    answer = await client.http.get("/api/v1/replay")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)
