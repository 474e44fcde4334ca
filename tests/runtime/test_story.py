"""What sounds and why, what has happened, and the story of one alert: by the API, and in words."""

from __future__ import annotations

import pytest
from lab.api import BEGAN, running
from lab.rows import row

from bridge import __version__
from bridge.cli import look, story
from bridge.core import voices
from bridge.core.acks import LASTS
from bridge.model.events import MetricSample, Source
from bridge.store import Batch, books


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
    assert found["counts"] == {"alerts": 2, "voices": 1, "silent_alerts": {}, "silent_series": {}}


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
    } | ({"rule": "by_rule"} if "by_rule" in found["counts"]["silent_alerts"] else {})
    whys = [s["why"] for s in found["silent"]["series"]]
    assert sorted(whys) == ["capped", "capped", "capped", "muted"]
    [line] = look.silent_lines(found)
    assert line.startswith("Silent: ")
    assert "; 1 is muted" in line
    assert "3 series are beyond the limit of voices; 1 is muted." in line


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
    assert lines[-1] == (
        "It has fired for 3 s, by rule critical. Nobody is reminded of it: "
        f"anna has taken it on until {look.clock(BEGAN + 3.0 + LASTS)} (mine)."
    )
    client.now[0] += 100.0
    await client.ends("abc1", severity="critical", service="checkout")
    _, found = await client.get("explain", fingerprint="abc1")
    assert (found["firing"], [e["status"] for e in found["events"]]) == (None, ["firing", "resolved"])
    lines = story.story_lines(found, is_plain=True)
    assert "critical abc1 on checkout resolved: " in lines[2]
    assert lines[3].endswith(" ack over, of anna: it was resolved")
    assert lines[-1] == "It does not fire now."


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
    assert [(d["what"], d["by"]) for d in found["deeds"]] == [("ack", "anna"), ("ack over", "")]


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


async def muted(client, **body):
    code, answer = await client.post("mute", body)
    assert code == 200
    return answer["mute"]["id"]


async def told(client, fingerprint):
    """The story: (what each deed says, its lines)."""
    code, found = await client.get("explain", fingerprint=fingerprint)
    assert code == 200
    deeds = [(d["what"], d["about"].get("id") or d["about"].get("player", "")) for d in found["deeds"]]
    return deeds, story.story_lines(found, is_plain=True)


async def test_the_story_has_the_mute_that_took_it_whenever_it_was_given_and_no_other(client):
    early = await muted(client, match=["service=db"], by="root", why="upgrade")
    ended = await muted(client, match=["service=db"])
    await client.post("unmute", {"id": ended})
    client.now[0] += 60.0
    await client.fires("a", severity="warning", service="db")
    await client.fires("c", severity="critical", service="db")
    await client.fires("other", severity="warning", service="web")
    client.now[0] += 60.0
    await muted(client, fingerprint="other")
    late = await muted(client, all=True, include_critical=True)
    await client.post("unmute", {"id": early, "by": "bob"})
    deeds, lines = await told(client, "a")
    assert deeds == [("mute", early), ("mute", late), ("unmute", early)]
    assert (
        f"mute of service=db, not criticals [{early}] by root, until {story.stamp(BEGAN + 1800)}: upgrade"
        in lines[0]
    )
    assert lines[1].split("(from ")[0].endswith("not sounded, it is muted here [a] ")
    assert lines[3].endswith(f" unmute of service=db, not criticals [{early}] by bob")
    assert lines[-1].endswith(
        f"Nobody is reminded of it: it is muted here until {look.clock(BEGAN + 1920)} [{late}]."
    )
    assert (await told(client, "c"))[0] == [("mute", late)]
    client.now[0] += 60.0
    await client.ends("a", severity="warning", service="db")
    client.now[0] += 60.0
    await muted(client, match=["service=db"])
    assert (await told(client, "a"))[0] == deeds, "what comes after its end is of others"


async def test_however_much_others_do_its_own_deeds_are_told_and_a_cut_is_said(client, monkeypatch):
    monkeypatch.setattr(books, "PAGE", 50)
    await client.fires("a", severity="warning")
    await client.post("ack", {"fingerprint": "a", "by": "anna"})
    batch = Batch()
    for number in range(120):
        batch.deed(
            BEGAN + number, "mute", "", "bob", "", BEGAN + 900, about={"id": f"m{number}", "match": []}
        )
    assert await client.runtime.writes.commit(batch)
    client.now[0] += 200.0
    deeds, lines = await told(client, "a")
    assert deeds[0] == ("ack", "")
    assert (deeds[1], deeds[-1], len(deeds)) == (("mute", "m70"), ("mute", "m119"), 51)
    assert lines[0] == "There is more than is told here: this is the newest of it."
    await client.fires("b", severity="warning")
    client.now[0] += 1000.0
    await client.ends("b", severity="warning")
    monkeypatch.setattr("bridge.web.story.LOOKED_AT", 10)
    assert (await client.get("explain", fingerprint="b"))[1]["cut"] is True
    monkeypatch.undo()
    assert (await client.get("explain", fingerprint="b"))[1]["cut"] is False


async def test_a_quiet_player_is_told_where_a_cue_of_it_came_meanwhile(client):
    async def quiet(what, **more):
        assert (await client.post(what, {"player": "supercollider", **more}))[0] == 200

    await quiet("quiet", by="anna")
    client.now[0] += 10.0
    await client.fires("a", severity="warning")
    client.now[0] += 10.0
    await quiet("unquiet", by="anna")
    client.now[0] += 10.0
    await quiet("quiet", by="bob")
    client.now[0] += 10.0
    name = client.runtime.sclang.name
    deeds, lines = await told(client, "a")
    assert deeds == [("quiet", name), ("unquiet", name)]
    assert f" quiet of {name} by anna, until " in lines[0]
    assert lines[2].endswith(f" unquiet of {name} by anna"), "nothing follows where nobody said why"


async def test_an_end_by_hand_says_who_and_why(client):
    await client.fires("a", severity="warning")
    await client.post("fire", {"severity": "info"})
    client.now[0] += 5.0
    code, answer = await client.post("resolve", {"fingerprint": "a", "by": "anna", "why": "a test"})
    assert (code, answer["resolved"]) == (200, ["a"])
    _, found = await client.get("explain", fingerprint="a")
    assert [(d["what"], d["by"], d["why"]) for d in found["deeds"]] == [("resolve", "anna", "a test")]
    assert [e["source"] for e in found["events"]] == ["alertmanager", "resolve"]
    _, answer = await client.post("resolve", {"by": "anna"})
    [trial] = answer["resolved"]
    _, found = await client.get("explain", fingerprint=trial)
    assert [e["source"] for e in found["events"]] == ["fire", "fire"]
    assert [d["what"] for d in found["deeds"]] == ["resolve"]
    code, answer = await client.post("resolve", {"fingerprint": "a", "by": "x" * 129})
    assert (code, "by" in answer["error"]) == (400, True)


async def test_what_ends_by_itself_is_told_with_its_reason(client):
    mute = await muted(client, match=["alertname=a"], **{"for": "10m"})
    await client.fires("a", severity="warning")
    await client.post("ack", {"fingerprint": "a", "by": "anna"})
    client.now[0] += 60.0
    await client.fires("a", severity="critical")
    await client.post("ack", {"fingerprint": "a", "by": "bob"})
    client.now[0] += LASTS + 90.0
    await client.runtime._tick(client.now[0])
    await client.runtime.writes.commit(Batch())
    _, found = await client.get("explain", fingerprint="a")
    assert [(d["what"], d["why"], d["about"].get("of")) for d in found["deeds"]] == [
        ("mute", "", None),
        ("ack", "", None),
        ("ack over", "it became critical", "anna"),
        ("ack", "", None),
        ("mute over", "", None),
        ("ack over", "its time is over", "bob"),
    ]
    assert [d["at"] - BEGAN for d in found["deeds"]] == [0.0, 0.0, 60.0, 60.0, 600.0, 60.0 + LASTS]
    lines = story.story_lines(found, is_plain=True)
    assert any(" a became critical (it was warning): " in line for line in lines)
    assert any(f" mute over of alertname=a, not criticals [{mute}]" in line for line in lines)
    assert lines[-1].startswith("It has fired for 4 h, by rule critical.")


async def test_a_start_of_the_bridge_is_told_between(tmp_path):
    now = [BEGAN]
    async with running(tmp_path, now) as client:
        await client.fires("a", severity="warning")
    now[0] += 60.0
    async with running(tmp_path, now) as client:
        client.now[0] += 60.0
        await client.ends("a", severity="warning")
        _, lines = await told(client, "a")
        await client.fires("later", severity="warning")
        assert (await told(client, "later"))[0] == []
    assert len(lines) == 4
    assert f" the bridge started (version {__version__})" in lines[1]


def test_a_summary_stands_apart():
    event = {"annotations": {"summary": "93 % busy"}, "source": "alertmanager", "rule": "r"}
    assert story._from(event) == " (from alertmanager, rule r): 93 % busy"


def test_a_mute_whose_matchers_were_too_long_to_keep_says_so():
    about = {"id": "m1", "match": ["a=1"], "include_critical": True, "cut": True}
    said = "a=1, further matchers that are too long to be kept, also criticals [m1]"
    assert story._about(about) == f" of {said}"
    assert story._about(about | {"match": []}) == f" of {said.removeprefix('a=1, ')}"


async def test_sums_of_what_is_silent_count_all_of_it(client, monkeypatch):
    monkeypatch.setattr("bridge.runtime.sounding.LISTED", 5)
    await muted(client, match=["service=db"])
    await client.fires(*(f"m{n}" for n in range(12)), severity="warning", service="db")
    await client.fires("taken", severity="warning")
    await client.post("ack", {"fingerprint": "taken"})
    await client.fires("i", severity="info")
    await client.fires("w", severity="warning")
    _, found = await client.get("sounding")
    assert len(found["silent"]["alerts"]) == 5
    assert found["counts"]["silent_alerts"] == {"muted": 12, "acknowledged": 1}
    assert look.silent_lines(found) == ["Silent: 12 alerts are muted; 1 is acknowledged."]
    assert {a["fingerprint"]: a["reminded"] for a in found["alerts"]} == {"i": False, "w": True}


def test_of_series_the_newest_are_known_and_that_is_said():
    counts = {"silent_alerts": {}, "silent_series": {"muted": 700, "capped": 300}}
    assert look.silent_lines({"counts": counts}) == [
        "Silent: 700 of the newest 1,000 series are muted; 300 are beyond the limit of voices."
    ]


async def test_a_page_that_is_full_has_no_next_one_unless_there_is_more(client):
    await client.fires("a", "b", severity="warning")
    assert (await client.get("events", limit=2))[1]["before"] is None
    _, found = await client.get("events", limit=1)
    assert ([e["fingerprint"] for e in found["events"]], found["before"]) == (["b"], found["events"][0]["id"])
