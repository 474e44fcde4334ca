"""Mute for everyone and quiet on one player: what they keep silent, what they do not, and that they end."""

from __future__ import annotations

import asyncio
import json

import pytest
from lab.api import BEGAN, running

from bridge.core.mutes import MOST
from bridge.core.voices import LABELS, LETTERS
from bridge.model.events import MetricSample, Outcome, Reason, Source
from bridge.sinks.browser import BrowserPlayer, Sheet
from bridge.store import books
from bridge.store.file import File


@pytest.fixture
def page(client):
    """A page that listens and says of every cue that it sounded."""
    player = BrowserPlayer(1, client.runtime.room.answered, Sheet())
    player.listening = True
    client.runtime.room.join(player)
    return player


def heard(page):
    """Sounds that were sent to the page since the last look; the page has played them."""
    found = []
    for message in map(json.loads, page.waiting()):
        if message["type"] == "play":
            page.acknowledged(message["id"], "played")
            found.append(message["sound"])
    return found


async def pass_time(client, seconds, step=0.25):
    """Time passes, with its ticks."""
    end = client.now[0] + seconds
    while client.now[0] < end:
        client.now[0] += step
        await client.runtime._tick(client.now[0])


async def last_event(client):
    """How the newest event ended; that is written after it was heard."""
    async with asyncio.timeout(10):
        while True:
            [event] = (await client.get("events", limit=1))[1]["events"]
            if event["outcome"] is not None:
                return event["outcome"], event["reason"]


async def test_what_is_muted_is_known_and_not_heard(client, page):
    code, answer = await client.post("mute", {"match": ['service="db"'], "by": "anna", "why": "upgrade"})
    assert code == 200
    assert answer["mute"] | {"id": ""} == {
        "id": "",
        "fingerprint": "",
        "name": "",
        "match": ['service="db"'],
        "include_critical": False,
        "by": "anna",
        "why": "upgrade",
        "at": BEGAN,
        "until": BEGAN + 1800.0,
    }
    await client.fires("a", severity="warning", service="db")
    assert heard(page) == []
    assert await last_event(client) == (Outcome.SUPPRESSED, Reason.MUTED)
    await client.fires("b", severity="warning", service="web")
    await client.fires("c", severity="critical", service="db")
    assert heard(page) == ["warning", "critical"]
    found = await client.status()
    assert {a["fingerprint"]: a["muted"] is not None for a in found["firing"]} == {
        "a": True,
        "b": False,
        "c": False,
    }
    assert (found["cadence"]["muted"], found["mutes"]) == (True, [answer["mute"]])
    silent = (await client.get("sounding"))[1]["silent"]["alerts"]
    assert [(a["fingerprint"], a["why"]) for a in silent] == [("a", "muted")]


async def test_when_it_ends_what_still_fires_is_told_at_once(client, page):
    await client.post("mute", {"all": True, "for": "10m"})
    await client.fires("a", severity="info")
    await pass_time(client, 590.0, 1.0)
    assert {"info", "digest"}.isdisjoint(heard(page))
    await pass_time(client, 11.0, 0.25)
    assert heard(page).count("digest") == 1
    assert (await client.status())["mutes"] == []
    _, answer = await client.post("mute", {"fingerprint": "a"})
    await pass_time(client, 1.0)
    await client.post("unmute", {"id": answer["mute"]["id"]})
    await pass_time(client, 60.0)
    assert heard(page).count("digest") == 1


async def test_the_heartbeat_says_that_something_is_muted(client, page):
    async def seconds():
        await pass_time(client, 25.0)
        plays = [told for told in map(json.loads, page.waiting()) if told["type"] == "play"]
        return {told["params"]["second"] for told in plays if told["sound"] == "heartbeat"}

    plain = await seconds()
    await client.post("mute", {"match": ["a=b"]})
    muted = await seconds()
    await client.post("unmute", {})
    assert await seconds() == plain
    assert len(plain) == len(muted) == 1
    assert plain != muted


async def test_criticals_only_where_it_is_said(client, page):
    await client.fires("a", severity="critical")
    assert heard(page) == ["critical"]
    code, answer = await client.post("mute", {"fingerprint": "a"})
    assert (code, "include_critical" in answer["error"]) == (400, True)
    code, _ = await client.post("mute", {"fingerprint": "a", "include_critical": True})
    assert code == 200
    await pass_time(client, 60.0)
    assert "critical" not in heard(page)
    await client.fires("b", severity="critical")
    assert heard(page) == ["critical"], "the mute is of the other one"


async def test_a_mute_of_one_alert_is_of_no_other_and_copies_no_labels(tmp_path):
    now, huge = [BEGAN], {f"l{n}": "x" * 4000 for n in range(100)}
    async with running(tmp_path, now) as client:
        await client.fires("a", severity="warning", **huge)
        await client.fires("ab", severity="warning", **huge, more="y")
        code, answer = await client.post("mute", {"fingerprint": "a", "by": "anna", "why": "a test"})
        assert (code, len(str(answer)) < 1000) == (200, True)
        assert (answer["mute"]["fingerprint"], answer["mute"]["name"], answer["mute"]["match"]) == (
            "a",
            "a",
            [],
        )
        found = await client.status()
        muted = {one["fingerprint"]: one["muted"] for one in found["firing"]}
        assert muted["ab"] is None
        assert muted["a"] == {k: answer["mute"][k] for k in ("id", "by", "why", "until")}
    async with running(tmp_path, now) as client:
        assert (await client.status())["mutes"] == [answer["mute"]]
        silent = (await client.get("sounding"))[1]["silent"]["alerts"]
        assert [(one["fingerprint"], one["why"]) for one in silent] == [("a", "muted")]
        await client.ends("a", severity="warning", **huge)
        assert [(m["fingerprint"], m["name"]) for m in (await client.status())["mutes"]] == [("a", "")]
        told = (await client.get("explain", fingerprint="a"))[1]["deeds"]
        assert [(d["what"], d["fingerprint"], d["why"]) for d in told] == [("mute", "a", "a test")]


async def test_an_alert_that_comes_while_a_mute_is_being_made_is_muted_too(client, monkeypatch):
    """Matching with what fires already lets others have their turn."""
    monkeypatch.setattr("bridge.core.mutes.SLICE", 1)
    await client.fires(*(f"a{n}" for n in range(20)), severity="warning", service="db")
    async with asyncio.TaskGroup() as group:
        made = group.create_task(client.post("mute", {"match": ["service=db"]}))
        await asyncio.sleep(0)
        group.create_task(client.fires("late", severity="warning", service="db"))
    assert made.result()[0] == 200
    assert all(one["muted"] for one in (await client.status())["firing"])


async def test_it_holds_over_a_restart_and_is_written_down(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        await client.post("mute", {"match": ["service=db"], "by": "anna", "why": "upgrade"})
        await client.post("mute", {"match": ["service=web"], "for": "1m"})
    now[0] += 120.0
    async with running(tmp_path, now) as client:
        await client.runtime._tick(now[0])
        [mute] = (await client.status())["mutes"]
        assert mute["match"] == ["service=db"]
        await client.fires("a", severity="warning", service="db")
        await client.fires("b", severity="warning", service="web")
        _, found = await client.get("events", outcome="suppressed", reason="muted")
        assert [e["fingerprint"] for e in found["events"]] == ["a"]
        code, answer = await client.post("unmute", {"id": mute["id"], "by": "bob"})
        assert (code, answer["unmuted"]) == (200, [mute["id"]])
    assert [(d["what"], d["by"]) for d in books.deeds(tmp_path) if d["what"] != "start"] == [
        ("unmute", "bob"),
        ("mute over", ""),
        ("mute", ""),
        ("mute", "anna"),
    ]


async def test_a_voice_is_muted_too_and_comes_back(client):
    async def cpu():
        await client.runtime.take(
            [MetricSample(Source.HTTP, "cpu", 0.5, client.now[0], {"host": "a"}, client.now[0])]
        )
        return [v["sound"] for v in (await client.status())["voices"]]

    assert await cpu() == ["cpu"]
    await client.post("mute", {"match": ["host=a"], "for": "1m"})
    await pass_time(client, 1.0)
    assert (await client.status())["voices"] == []
    [series] = (await client.get("sounding"))[1]["silent"]["series"]
    assert (series["why"], series["rule"], series["last"]) == ("muted", "cpu", BEGAN), (
        "before its next sample"
    )
    assert await cpu() == []
    [series] = (await client.get("sounding"))[1]["silent"]["series"]
    assert (series["why"], series["sample"]["labels"]) == ("muted", {"host": "a"})
    client.now[0] += 61.0
    await client.runtime._tick(client.now[0])
    assert await cpu() == ["cpu"]


async def test_of_the_labels_of_a_sample_so_many_are_shown(client):
    huge = {"host": "h" * 4000} | {f"l{n}": "x" * 4000 for n in range(100)}
    kinds = {"cpu": 0.5, "metric": 0.5}
    await client.runtime.take(
        [MetricSample(Source.HTTP, kind, x, BEGAN, huge | {"kind": kind}, BEGAN) for kind, x in kinds.items()]
    )
    await client.post("mute", {"match": [f"host={'h' * 500}"], "for": "1m"})
    await client.post("mute", {"all": True, "for": "1m"})
    _, before = await client.get("sounding")
    await pass_time(client, 1.0)
    _, after = await client.get("sounding")
    for found in (before["voices"], after["silent"]["series"]):
        assert len(found) == len(kinds)
        for one in found:
            labels = one["sample"]["labels"]
            assert len(labels) == LABELS
            assert labels["host"] == "h" * (LETTERS - 1) + "…"
    assert len((await client.http.get("/api/v1/sounding")).content) < 20_000
    kept = client.runtime.voices.silent.values()
    assert max(len(str(one.sample.labels)) for one in kept) < 2 * LABELS * LETTERS


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("mute", {"all": True, "for": "9h"}, "for: '9h' is longer than 8h; write 30m or 2h"),
        ("mute", {"all": True, "for": "0s"}, "for: '0s' is no time up to 8h"),
        ("mute", {"all": True, "for": "forever"}, "up to 8h"),
        ("mute", {"all": True, "for": ""}, "up to 8h"),
        ("mute", {}, "give one of `match`, `fingerprint`"),
        ("mute", {"match": []}, "give one of"),
        ("mute", {"all": False}, "give one of"),
        ("mute", {"all": True, "match": ["a=b"]}, "give one of"),
        ("mute", {"fingerprint": "f1", "match": ["a=b"]}, "give one of"),
        ("mute", {"all": True, "fingerprint": "f1"}, "give one of"),
        ("mute", {"all": 1}, "all"),
        ("mute", {"match": ["  "]}, "there is no matcher in it"),
        ("mute", {"match": ["{}"]}, "there is no matcher in it"),
        ("mute", {"match": ["a=b", "{ }"]}, "cannot be read"),
        ("mute", {"match": [""]}, "match"),
        ("mute", {"match": ["a=\x1b[2J"]}, "cannot be printed"),
        ("mute", {"match": ["a=b\nc=d"]}, "cannot be printed"),
        ("mute", {"match": ["a=b," * 20 + "a=b"]}, "21 matchers; one mute has 20"),
        ("mute", {"match": ["=~("]}, "match"),
        ("mute", {"match": "a=b"}, "match"),
        ("mute", {"match": ["a=~("]}, "match"),
        ("mute", {"match": [f"a{n}=b" for n in range(21)]}, "match"),
        ("mute", {"include_critical": 1}, "include_critical"),
        ("mute", {"why": "a\nb"}, "why"),
        ("mute", {"x": 1}, "x"),
        ("unmute", {"id": ""}, "id"),
        ("quiet", {}, "player"),
        ("quiet", {"player": "browser-1", "for": "9h"}, "longer than 8h"),
        ("unquiet", {"player": 5}, "player"),
    ],
)
async def test_what_is_no_such_object_is_refused(client, path, body, word):
    code, answer = await client.post(path, body)
    assert (code, answer["ok"]) == (400, False)
    assert word in answer["error"]
    assert (await client.status())["mutes"] == []


async def test_what_is_not_there_is_not_found(client):
    for path, body in (
        ("mute", {"fingerprint": "gone"}),
        ("unmute", {"id": "gone"}),
        ("quiet", {"player": "gone"}),
        ("unquiet", {"player": "gone"}),
    ):
        code, answer = await client.post(path, body)
        assert (code, answer["ok"], "gone" in answer["error"]) == (404, False, True)


async def test_there_are_so_many_at_most(client):
    for _ in range(MOST):
        assert (await client.post("mute", {"all": True}))[0] == 200
    code, answer = await client.post("mute", {"all": True})
    assert (code, "end one first" in answer["error"]) == (409, True)
    _, answer = await client.post("unmute", {})
    assert len(answer["unmuted"]) == MOST


async def test_a_quiet_player_hears_nothing_and_then_what_stands(client, page):
    other = BrowserPlayer(2, client.runtime.room.answered, Sheet())
    other.listening = True
    client.runtime.room.join(other)
    await pass_time(client, 1.0)
    code, answer = await client.post("quiet", {"player": page.name, "by": "anna", "why": "a call"})
    assert (code, answer["until"]) == (200, client.now[0] + 600.0)
    heard(page)
    heard(other)
    await client.fires("a", severity="critical")
    assert (heard(page), heard(other)) == ([], ["critical"])
    assert await last_event(client) == (Outcome.PLAYED, None), "the other one sounded it"
    [mine] = [p for p in (await client.status())["players"] if p["name"] == page.name]
    assert (mine["audible"], mine["quiet"]["by"], mine["quiet"]["why"]) == (False, "anna", "a call")
    await client.post("ack", {})
    await client.fires("b", severity="warning")
    heard(other)
    await pass_time(client, 601.0, 1.0)
    assert "digest" in heard(page), "what it has missed, when its time is over"
    assert "digest" not in heard(other)


async def test_where_the_only_player_is_quiet_nobody_hears(client, page):
    await client.post("quiet", {"player": page.name})
    assert "Nobody hears this yet" in (await client.status())["hears"]
    await client.fires("a", severity="critical")
    await pass_time(client, 20.0, 1.0)  # SuperCollider is waited for
    assert await last_event(client) == (Outcome.SUPPRESSED, Reason.NO_LISTENER)
    _, answer = await client.post("unquiet", {"player": page.name})
    assert answer["hears"] == "Heard by 1 browser."
    await client.fires("b", severity="critical")
    assert "critical" in heard(page)


async def test_quiet_is_of_the_player_and_not_of_its_connection(tmp_path):
    """A page that connects anew is the same page; a bridge that starts anew knows it."""
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        page = BrowserPlayer(1, client.runtime.room.answered, Sheet())
        page.listening, page.identity = True, "page:anna"
        client.runtime.room.join(page)
        await client.post("quiet", {"player": page.name, "for": "1h"})
    async with running(tmp_path, now) as client:
        page = BrowserPlayer(7, client.runtime.room.answered, Sheet())
        page.listening, page.identity = True, "page:anna"
        client.runtime.room.join(page)
        assert not page.audible
        await pass_time(client, 3601.0, 10.0)
        assert page.audible
    assert books.ledger(tmp_path).problems == []


async def say_who(client, page, name):
    """What the `listening` frame does."""
    await client.runtime.duty.named(page, name)
    page.listening = True
    client.runtime.room.hush(client.runtime.conductor.standing())


async def test_quiet_that_was_given_before_the_page_said_who_it_is_goes_with_it(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        page = BrowserPlayer(1, client.runtime.room.answered, Sheet())
        client.runtime.room.join(page)
        await client.post("quiet", {"player": page.name, "for": "1h", "by": "anna"})
        await say_who(client, page, "p1")
        assert not page.audible
    async with running(tmp_path, now) as client:
        page = BrowserPlayer(5, client.runtime.room.answered, Sheet())
        client.runtime.room.join(page)
        await say_who(client, page, "p1")
        assert not page.audible


async def test_quiet_of_a_page_without_a_name_hushes_no_other_after_a_restart(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        page = BrowserPlayer(1, client.runtime.room.answered, Sheet())
        client.runtime.room.join(page)
        await say_who(client, page, "")
        await client.post("quiet", {"player": page.name, "for": "1h"})
        assert not page.audible
    async with running(tmp_path, now) as client:
        other = BrowserPlayer(1, client.runtime.room.answered, Sheet())
        client.runtime.room.join(other)
        await say_who(client, other, "")
        assert other.audible


async def test_a_page_cannot_call_itself_as_the_engine(client, page):
    engine = client.runtime.sclang
    await say_who(client, page, engine.name)
    await client.post("quiet", {"player": page.name})
    assert (page.hushed, engine.hushed) == (True, False)
    await client.post("unquiet", {"player": page.name})
    await client.post("quiet", {"player": "supercollider"})
    assert (page.hushed, engine.hushed) == (False, True)


async def test_what_came_in_a_short_quiet_is_told_at_its_end(client, page):
    await pass_time(client, 1.0)
    await client.post("quiet", {"player": page.name, "for": "5s"})
    await client.fires("a", severity="critical")
    heard(page)
    await pass_time(client, 6.0)
    assert "digest" in heard(page)


async def test_one_that_is_not_quiet_is_told_so_and_nothing_is_written(client, page):
    code, answer = await client.post("unquiet", {"player": page.name})
    assert (code, answer["was_quiet"]) == (200, False)
    told = books.deeds(client.runtime.settings.data_dir, None)
    assert all(deed["what"] != "unquiet" for deed in told)


async def test_what_people_say_while_nothing_can_be_stored_holds_and_they_are_told(client, page, monkeypatch):
    await client.fires("a", severity="critical")

    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(File, "check", broken)
    said = [
        await client.post("ack", {"by": "anna"}),
        await client.post("mute", {"match": ["a=b"]}),
        await client.post("quiet", {"player": page.name}),
        await client.post("watch", {"on": False}),
        await client.post("unack", {}),
        await client.post("unmute", {}),
        await client.post("unquiet", {"player": page.name}),
    ]
    assert [(code, answer["stored"]) for code, answer in said] == [(200, False)] * 7
    monkeypatch.undo()
    _, answer = await client.post("ack", {"by": "anna"})
    assert answer["stored"] is True


async def test_quiet_follows_a_page_that_changes_its_name_in_the_store_too(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        page = BrowserPlayer(1, client.runtime.room.answered, Sheet())
        client.runtime.room.join(page)
        await say_who(client, page, "a")
        await client.post("quiet", {"player": page.name, "for": "1h"})
        await say_who(client, page, "b")
        assert not page.audible
    async with running(tmp_path, now) as client:
        assert list(client.runtime.room.quiets) == ["page:b"]
