"""Mutes: what they take, that criticals are heard all the same, and that each of them ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from core.events import BOOK, NOW
from lab.day import Ear, alert

from bridge.core.matchers import Matcher, MatcherError
from bridge.core.mutes import EACH, LONGEST, MATCHERS, MOST, SLACK, Look, Mute, Mutes
from bridge.core.quiet import Quiet
from bridge.model.commands import Why
from bridge.model.events import Status


def mute(ident="m", texts=(), *, criticals=False, at=NOW, lasts=1800.0, fingerprint=""):
    said = {"criticals": criticals, "by": "anna", "why": "", "fingerprint": fingerprint}
    return Mute.of(ident, texts, **said, at=at, until=at + lasts)


def test_all_of_its_matchers_must_hold():
    found = mute(texts=['service="checkout"', "zone=~eu-.*"])
    assert found.takes({"service": "checkout", "zone": "eu-1"}, "warning")
    assert not found.takes({"service": "checkout", "zone": "us-1"}, "warning")
    assert not found.takes({"zone": "eu-1"}, "warning")


def test_without_any_it_is_everything_but_criticals():
    assert [mute().takes({}, severity) for severity in ("info", "warning", "critical")] == [True, True, False]
    assert mute(criticals=True).takes({"a": "b"}, "critical")


def test_a_matcher_that_is_none_is_refused():
    for text in ('service="', "", "  ", "{}", "{ }"):
        with pytest.raises(MatcherError):
            mute(texts=["a=b", text])


def test_of_one_alert_it_takes_that_alone_whatever_labels_another_has():
    found = mute(fingerprint="f1")
    assert found.takes({"a": "b"}, "warning", "f1")
    assert not found.takes({"a": "b"}, "critical", "f1")
    assert not found.takes({"a": "b"}, "warning", "f2")
    assert not found.takes({"a": "b"}, "info"), "a sample has no fingerprint"


@pytest.mark.parametrize(
    ("later", "holds"), [(0.0, True), (1799.0, True), (1800.0, False), (-SLACK / 2, True), (-LONGEST, False)]
)
def test_it_ends_and_no_clock_makes_it_longer(later, holds):
    mutes = Mutes()
    mutes.add(mute())
    assert (mutes.of("f1", {}, "warning", NOW + later) is not None) is holds
    assert (mutes.passing({}, "warning", NOW + later) is not None) is holds
    assert [m.id for m in mutes.lapsed(NOW + later)] == ([] if holds else ["m"])
    assert bool(mutes) is holds


def test_there_are_so_many_at_most_and_every_change_is_another_version():
    mutes = Mutes()
    versions = {mutes.version}
    for number in range(MOST):
        assert mutes.add(mute(str(number)))
        versions.add(mutes.version)
    assert not mutes.add(mute("more"))
    assert mutes.end("0")
    versions.add(mutes.version)
    assert not mutes.end("0")
    assert len(versions) == MOST + 2


def test_there_are_so_many_matchers_at_most():
    with pytest.raises(MatcherError):
        mute(texts=["a=b"] * (EACH + 1))
    mutes = Mutes()
    for number in range(MATCHERS // EACH):
        assert mutes.add(mute(str(number), ["a=b"] * EACH))
    assert not mutes.add(mute("more", ["a=b"]))
    assert mutes.add(mute("all"))


def test_what_is_remembered_is_what_matching_gives():
    """Alerts and mutes come and go in every order; each time everything is asked, and matched anew beside."""
    mutes, active = Mutes(), {}
    given = [
        mute("a", ["service=x"]),
        mute("b", criticals=True),
        mute("c", fingerprint="f2"),
        mute("d", ["zone=~e.*", "service!=y"]),
    ]

    def agrees():
        mutes.keep(active)
        for fingerprint, (labels, severity) in active.items():
            anew = mutes.passing(labels, severity, NOW, fingerprint)
            assert mutes.of(fingerprint, labels, severity, NOW) is anew

    for turn in range(60):
        name = f"f{turn % 7}"
        if turn % 5 == 4:
            active.pop(name, None)
        else:
            severity = ("info", "warning", "critical")[turn % 3]
            active[name] = ({"service": "xyz"[turn % 2 + turn % 3 // 2], "zone": "eu"}, severity)
        if turn % 2:
            one = given[turn % 4]
            assert mutes.end(one.id) or mutes.add(one)
        agrees()
    assert len(mutes._known) <= len(active)


@pytest.fixture
def tried(monkeypatch):
    """How often a matcher of a mute has looked at labels; those of the rule book ask for no service."""
    count, matches = [0], Matcher.matches

    def counted(self, labels):
        count[0] += self.name == "service"
        return matches(self, labels)

    monkeypatch.setattr(Matcher, "matches", counted)
    return count


@pytest.mark.parametrize("alerts", [10, 300])
def test_an_alert_is_matched_when_it_comes_and_not_again(tried, alerts):
    ear = Ear()
    conductor = ear.conductor
    for number in range(alerts):
        ear.tell(alert(f"f{number}", "warning"))
    conductor.mutes.add(mute("first", ["service=~f1.*"]))
    ear.wait(1.0)
    look = Look(mute("m", ["service=~f.*"]))
    assert sum(1 for _ in look.slices(conductor.engine.active.values())) == alerts // 200
    before = tried[0]
    assert conductor.mutes.add(look.mute, look)
    assert tried[0] == before, "the look has matched them"
    assert conductor.open(ear.now) == []
    ear.tell(alert("late", "warning"))
    for _ in range(5):
        conductor.engine.version += 1
        conductor.open(ear.now)
        assert [conductor.mute_of(a, ear.now) for a in conductor.engine.active.values()].count(None) == 1
    conductor.mutes.end("m")
    assert len(conductor.open(ear.now)) > 1
    assert tried[0] - before == 2, "one alert that came, two mutes: however many fire"


def digests(ear, since=0.0):
    """(seconds from the start, place of the worst severity, how many more) of the digests."""
    return [
        (at, cue.params["worst"], cue.params["count"])
        for at, cue in ear.heard
        if cue.why is Why.DIGEST and at >= since
    ]


def test_when_its_time_is_over_one_digest_tells_what_is_open_again():
    ear = Ear()
    ear.tell(alert("heard", "critical"))
    ear.acknowledge("heard")
    ear.tell(alert("other", "warning"))
    ear.conductor.mutes.add(mute("m", ["service=~a|b|c"], lasts=600.0))
    ear.conductor.mutes.add(mute("n", ["service=c"]))
    for name in ("a", "b", "c"):
        assert ear.tell(alert(name, "info" if name == "a" else "warning")) == "muted"
    ear.wait(3000.0)
    assert digests(ear) == [(600.0, 1.0, 1.0), (1800.0, 1.0, 0.0)], "a and b; then c"
    assert [at for at, sound in ear.cues() if sound == "warning"] == [0.0, 900.0], "the other one's reminder"


@pytest.mark.parametrize("still_fires", [True, False])
def test_nothing_is_told_of_what_is_not_open_by_that(still_fires):
    ear = Ear()
    ear.conductor.mutes.add(mute(lasts=60.0))
    ear.tell(alert("a", "info"))
    ear.tell(alert("c", "critical"))
    ear.wait(30.0)
    ear.acknowledge("c")
    if still_fires:
        ear.acknowledge("a")
    else:
        ear.tell(alert("a", "info", status=Status.RESOLVED))
    ear.wait(300.0)
    assert digests(ear) == []


def test_a_critical_that_was_open_all_along_is_not_told_again():
    ear = Ear()
    ear.tell(alert("c", "critical"))
    ear.conductor.mutes.add(mute(lasts=60.0))
    ear.wait(300.0)
    assert digests(ear) == []


def test_what_becomes_critical_is_heard():
    ear = Ear()
    ear.conductor.mutes.add(mute())
    assert ear.tell(alert("a", "warning")) == "muted"
    ear.wait(1.0)
    assert ear.conductor.open(ear.now) == []
    assert ear.tell(alert("a", "critical")) == "critical"
    ear.wait(2.0)
    assert len(ear.conductor.open(ear.now)) == 1
    mutes, labels = Mutes(), {"a": "b"}  # a new rule book may call the same labels critical
    mutes.add(mute())
    found = [mutes.of("f1", labels, severity, NOW) is None for severity in ("info", "critical", "info")]
    assert found == [False, True, False]


def test_the_digest_is_the_reminder_of_the_warnings_that_it_tells():
    ear = Ear()
    ear.conductor.mutes.add(mute(lasts=600.0))
    ear.tell(alert("a", "warning"))
    ear.wait(3000.0)
    assert ear.cues() == [(600.0, "digest")]


def test_in_quiet_hours_their_end_tells_it():
    evening = datetime(2026, 7, 1, 22, 0, tzinfo=UTC).timestamp()
    ear = Ear(replace(BOOK, quiet=Quiet(ZoneInfo("UTC"), 22 * 60, 23 * 60)), evening, quickly=True)
    ear.conductor.mutes.add(mute(at=evening, lasts=600.0))
    ear.tell(alert("a", "info"))
    ear.wait(2 * 3600.0)
    assert digests(ear) == [(3600.0, 0.0, 0.0)]


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_where_the_clock_jumps_a_day_everything_says_the_same(jump):
    """What people said is over, for the reminders and for who asks."""
    ear = Ear()
    for name in ("a", "b", "c"):
        ear.tell(alert(name, "warning"))
    ear.acknowledge("a")
    ear.conductor.mutes.add(mute(texts=["service=b"]))
    ear.wait(1.0)
    assert [a.event.fingerprint for a in ear.conductor.open(ear.now)] == ["c"]
    now = ear.now + jump
    ear.conductor.tick(now)
    assert {a.event.fingerprint for a in ear.conductor.open(now)} == {"a", "b", "c"}
    active = ear.conductor.engine.active
    assert [ear.conductor.why_silent(active[name], now) for name in ("a", "b", "c")] == [None, None, None]
    assert not ear.conductor.acks.given
    assert not ear.conductor.mutes
