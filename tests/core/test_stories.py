"""Which deeds of everybody belong to the story of one alert."""

from __future__ import annotations

from bridge.core.stories import Life, belong


def event(at, status="firing", **labels):
    return {
        "received": at,
        "ended": at,
        "status": status,
        "severity": "warning",
        "labels": labels,
        "reason": None,
    }


def deed(number, at, what, *, until=None, **about):
    return {"id": number, "at": at, "what": what, "until": until, "about": about, "by": "", "why": ""}


def told(deeds, silences=()):
    life = Life.of(
        "f1", [event(100.0, service="db"), event(200.0, "resolved", service="db")], 900.0, firing=False
    )
    newest_first = sorted(deeds, key=lambda d: -d["id"])
    return [d["id"] for d in reversed(belong(life, newest_first, silences))]


def mute(number, at, until, match, **more):
    return deed(number, at, "mute", until=until, id=f"m{number}", match=match, include_critical=False, **more)


def test_a_mute_that_took_it_is_told_whenever_it_was_given():
    assert told([mute(1, 50.0, 5000.0, ["service=db"])]) == [1]
    assert told([mute(1, 150.0, 5000.0, ["service=db"])]) == [1]


def test_a_mute_of_others_or_of_another_time_is_not():
    assert told([mute(1, 50.0, 5000.0, ["service=web"])]) == []
    assert told([mute(1, 10.0, 60.0, ["service=db"])]) == []
    assert told([mute(1, 300.0, 5000.0, ["service=db"])]) == []


def test_the_end_of_a_silence_is_told_where_that_silence_took_it():
    ends = [deed(1, 150.0, "unsilence", silence="s1"), deed(2, 160.0, "unsilence", silence="s2")]
    assert told(ends) == []
    assert told(ends, {"s2"}) == [2]
