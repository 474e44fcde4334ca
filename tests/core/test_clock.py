"""A clock that jumps by a day, either way, while everything is going on; and nights in which the clocks change.

Each runs the real runtime with its store, on a clock of the test: what is heard in the hour after the jump.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from core.events import BOOK, ends, fires
from lab.day import Ear
from lab.still import BEGAN, Still

from bridge.core.conductor import Conductor
from bridge.core.quiet import Quiet
from bridge.model.commands import Why
from bridge.model.events import MetricSample, Source
from bridge.runtime.trials import trial

DAY = 86_400.0
BOTH = pytest.mark.parametrize("jump", [DAY, -DAY])


@pytest.fixture
def still(tmp_path):
    found = Still(tmp_path)
    yield found
    found.close()


def jump_by(still, seconds):
    """The clock jumps, and what was heard before is forgotten; the time after it."""
    still.now += seconds
    still.ear.heard.clear()
    still.tick()
    return still.now


def watchdog(still):
    still.take(fires("watchdog", "none", at=still.now, labels={"alertname": "Watchdog"}))


def cpu(still, value=0.5):
    still.take(MetricSample(Source.HTTP, "cpu", value, still.now))


def heard(still, since, why):
    return [at for at, cue in still.ear.heard if at >= since and cue.why is why]


def gaps(times):
    return [after - before for before, after in pairwise(times)]


@BOTH
def test_a_critical_is_reminded_of_as_before_and_not_at_once_for_all_the_time(still, jump):
    still.take(fires(at=still.now))
    still.wait(45)
    assert len(heard(still, BEGAN, Why.REMINDER)) == 3
    since = jump_by(still, jump)
    still.wait(3600)
    reminders = heard(still, since, Why.REMINDER)
    assert min(gaps(reminders)) >= 15
    assert max(gaps([since, *reminders, still.now])) <= 300.25
    assert len([at for at in reminders if at < since + 10]) <= 1
    assert len(reminders) <= 1 + 8 + 8 + 10


@BOTH
def test_a_warning_is_reminded_of_once(still, jump):
    still.take(fires(severity="warning", at=still.now))
    still.wait(10)
    since = jump_by(still, jump)
    still.wait(3600)
    reminders = heard(still, since, Why.REMINDER)
    assert len(reminders) == 1
    assert reminders[0] <= since + 900.25


@BOTH
def test_what_comes_after_it_sounds_and_ends(still, jump):
    still.take(fires("old", at=still.now, starts_at=still.now))
    still.wait(30)
    since = jump_by(still, jump)
    still.wait(5)  # a critical that comes while a reminder sounds has its own reminder
    now = still.now
    still.take(fires("new", at=now, starts_at=now))
    still.take(ends("new", at=now, ends_at=now), ends("old", at=now, ends_at=now))
    assert not still.runtime.engine.active
    assert [cue.sound for at, cue in still.cues(since=since) if cue.why is Why.EVENT] == [
        "critical",
        "resolved",
        "resolved",
    ]
    still.wait(40)
    still.take(fires("new", at=still.now, starts_at=still.now))
    assert "new" in still.runtime.engine.active


@BOTH
def test_an_acknowledgement_and_a_mute_hold_for_no_longer_than_was_meant(still, jump):
    still.take(fires(at=still.now), fires("other", at=still.now))
    still.do(still.runtime.duty.acknowledge("f1", "ann", ""))
    still.do(still.runtime.duty.mute(['service="other"'], 3600, criticals=True, by="ann", why=""))
    since = jump_by(still, jump)
    assert len(still.runtime.conductor.open(still.now)) == 2
    still.wait(60)
    reminders = heard(still, since, Why.REMINDER)
    assert reminders
    assert min(gaps(reminders), default=15) >= 15


@BOTH
def test_an_alert_that_flaps_settles(still, jump):
    for i in range(4):
        still.take(fires(at=still.now, starts_at=still.now), ends(at=still.now + 1, ends_at=still.now + 1))
        still.wait(1 + i)
    for _ in range(4):
        still.wait(40)
        still.take(fires(at=still.now, starts_at=still.now))
        still.wait(2)
        still.take(ends(at=still.now, ends_at=still.now))
    assert still.runtime.conductor.cadence.flapping.since
    now = jump_by(still, jump)
    assert not still.runtime.conductor.cadence.flapping.since
    still.take(fires(at=now, starts_at=now))
    assert still.ear.heard[-1][1].sound == "critical"


@BOTH
def test_a_test_alert_ends(still, jump):
    still.take(trial({"alertname": "T", "severity": "critical"}, 60.0, "", still.now))
    jump_by(still, jump)
    still.wait(61)
    assert not still.runtime.engine.active


@BOTH
def test_a_voice_goes_and_comes_again(still, jump):
    cpu(still)
    still.wait(1)
    jump_by(still, jump)
    assert "cpu" not in still.ear.voices, "nobody knows whether it is measured still"
    cpu(still, 0.7)
    assert still.runtime.voices.sounding["cpu"].sample.value == 0.7
    still.wait(30)
    assert "cpu" in still.ear.voices


@BOTH
def test_the_heart_beats_on_and_nothing_is_missed_that_could_not_have_come(still, jump):
    for _ in range(4):
        watchdog(still)
        still.wait(30)
    since = jump_by(still, jump)
    for _ in range(20):
        still.wait(15)
        watchdog(still)
        still.wait(15)
    assert heard(still, since, Why.FLATLINE) == []
    beats = heard(still, since, Why.HEARTBEAT)
    assert max(gaps([since, *beats, still.now])) <= 35, "at most the time until the next Watchdog more"


@BOTH
def test_what_stays_away_after_it_is_missed_and_that_is_no_storm(still, jump):
    watchdog(still)
    still.wait(30)
    since = jump_by(still, jump)
    still.wait(3600)
    flat = heard(still, since, Why.FLATLINE)
    assert since + 120 <= flat[0] <= since + 121
    assert min(gaps(flat)) >= 60
    assert len(flat) <= 11 + 6


@BOTH
def test_a_storm_goes_on_in_its_rhythm(still, jump):
    for i in range(60):
        still.take(fires(f"w{i}", "warning", at=still.now))
        still.wait(0.25)
    since = jump_by(still, jump)
    for i in range(60):
        still.take(fires(f"x{i}", "warning", at=still.now))
        still.wait(0.25)
    still.wait(120)
    assert 1 <= len(heard(still, since, Why.STORM)) <= 4


@BOTH
def test_a_cue_that_nobody_answers_is_closed(still, jump):
    still.ear.answers = False
    still.take(fires(at=still.now))
    jump_by(still, jump)
    assert not still.runtime.writes.open


def test_a_day_forwards_and_a_day_back_end_where_they_began(still):
    """As a clock that is set wrong and set right again."""
    still.take(fires(at=still.now))
    watchdog(still)
    still.wait(30)
    for by in (DAY, -DAY, -DAY, DAY):
        jump_by(still, by)
        still.wait(5)
    since = still.now
    still.ear.heard.clear()
    for _ in range(11):
        watchdog(still)
        still.wait(30)
    assert 1 <= [cue.sound for _, cue in still.cues(since=since)].count("critical") <= 3, "it is a day old"
    assert heard(still, since, Why.FLATLINE) == []


def test_what_ended_with_a_start_in_the_future_may_come_again(still):
    """Found by the state machine: the clock goes back by a minute while it fires."""
    still.take(fires(at=still.now, starts_at=still.now))
    jump_by(still, -61)
    still.take(ends(at=still.now, ends_at=still.now))
    still.wait(5)
    still.take(fires(at=still.now, starts_at=still.now))
    assert "f1" in still.runtime.engine.active


def test_a_cue_of_a_time_that_comes_again_keeps_no_critical_back():
    """Found by the state machine: an hour back, into the two seconds in which another one had sounded."""
    conductor = Conductor(BOOK, BEGAN)
    conductor.tick(BEGAN)
    assert conductor.alert(fires("first", at=BEGAN), "a", BEGAN).play
    conductor.acks.alert("first", "critical", "ann", "", BEGAN)
    conductor.tick(BEGAN + 3600)
    conductor.tick(BEGAN + 1)
    assert conductor.alert(fires("second", at=BEGAN + 1), "b", BEGAN + 1).play


def test_nothing_that_fires_began_in_the_future():
    conductor = Conductor(BOOK, BEGAN)
    conductor.alert(fires("a", "warning", at=BEGAN), "a", BEGAN)
    conductor.tick(BEGAN)
    version = conductor.engine.version
    conductor.tick(BEGAN - DAY)
    assert conductor.engine.active["a"].since == BEGAN - DAY
    assert conductor.engine.version != version
    conductor.tick(BEGAN - 2 * DAY)
    assert conductor.engine.active["a"].since == BEGAN - 2 * DAY


# Clocks that change by the season


@pytest.mark.parametrize(
    ("zone", "evening", "hours"),
    [
        ("Europe/Berlin", "2026-03-27", 9.0),
        ("Europe/Berlin", "2026-03-28", 8.0),
        ("Europe/Berlin", "2026-10-24", 10.0),
        ("Australia/Sydney", "2026-10-03", 8.0),
        ("Australia/Sydney", "2026-04-04", 10.0),
        ("Australia/Sydney", "2026-06-01", 9.0),
        ("Australia/Lord_Howe", "2026-10-03", 8.5),
        ("Australia/Lord_Howe", "2026-04-04", 9.5),
    ],
)
def test_a_quiet_night_ends_once_and_with_one_digest(zone, evening, hours):
    """From ten to seven on the clocks there; a warning at midnight is told in the morning, a critical at once."""
    there = ZoneInfo(zone)
    began = datetime.fromisoformat(f"{evening} 21:00").replace(tzinfo=there).timestamp()
    ear = Ear(replace(BOOK, quiet=Quiet(there, 22 * 60, 7 * 60)), began, quickly=True)
    ear.wait(3 * 3600.0)
    assert ear.tell(fires("w", "warning", at=ear.now)) == "quiet_hours"
    assert ear.tell(fires("c", "critical", at=ear.now)) == "critical"
    ear.acknowledge("c")
    ear.wait(14 * 3600.0)
    digests = [at for at, cue in ear.heard if cue.why is Why.DIGEST]
    assert digests == [3600.0 * (1 + hours)]
    assert not [at for at, cue in ear.heard if cue.severity == "warning" and at < digests[0]]


@pytest.mark.parametrize(
    ("zone", "evening", "first", "again"),
    [
        ("Europe/Berlin", "2026-10-24", "2026-10-25 02:15", True),
        ("Europe/Berlin", "2026-03-28", "2026-03-29 03:15", False),
        ("Australia/Sydney", "2026-04-04", "2026-04-05 02:15", True),
    ],
)
def test_a_rest_within_the_hour_that_is_there_twice_holds_twice_and_the_one_that_is_left_out_never(
    zone, evening, first, again
):
    there = ZoneInfo(zone)
    quiet = Quiet(there, 2 * 60, 2 * 60 + 30)
    began = datetime.fromisoformat(f"{evening} 23:00").replace(tzinfo=there).timestamp()
    minutes = [began + 60 * i for i in range(8 * 60) if quiet.holds(began + 60 * i)]
    assert len(minutes) == (60 if again else 0)
    when = datetime.fromisoformat(first).replace(tzinfo=there)
    assert quiet.holds(when.timestamp()) is again
    assert quiet.holds(when.replace(fold=1).timestamp()) is again
