"""The whole core on a simulated clock: what is heard when, as plain lists, and what holds whatever comes.

Times are seconds from the start; the clock goes in steps of 0.25 s, as the runtime's does.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from core.events import BOOK, sample
from hypothesis import given, settings
from hypothesis import strategies as st
from lab.day import BEGAN, STEP, Ear, alert

from bridge.core.acks import FLATLINE
from bridge.core.bed import SUNK
from bridge.core.conductor import ALTERED, Conductor
from bridge.core.flood import alarms
from bridge.core.matchers import parse
from bridge.core.quiet import Quiet
from bridge.core.scaling import Scale
from bridge.core.watch import Expectation
from bridge.core.who import PLACE
from bridge.model.commands import Play, Release, Set, Why
from bridge.model.events import Reason, Status

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = replace(BOOK, quiet=Quiet(BERLIN, 22 * 60, 7 * 60))


def over(name, severity="critical", **labels):
    return alert(name, severity, status=Status.RESOLVED, **labels)


def watchdog():
    return alert("watchdog", "none", alertname="Watchdog")


def evening(text="2026-07-01 21:50"):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def beats(ear):
    return [(at, cue.params["second"]) for at, cue in ear.heard if cue.why is Why.HEARTBEAT]


@pytest.fixture
def ear():
    return Ear()


# Onset, reminders, escalation, acknowledgement.


def test_a_critical_from_its_onset_to_its_end(ear):
    ear.play([(1, alert("shop", "critical")), (100, over("shop"))], 1000)
    assert ear.cues() == [
        (1, "critical"),
        *((1 + i, "critical") for i in range(15, 91, 15)),
        (100, "resolved"),
    ]
    reminders = [cue for _, cue in ear.heard if cue.why is Why.REMINDER]
    assert [cue.id for cue in reminders] == [f"e1.r{n}" for n in range(1, 7)]
    assert {cue.fingerprint for cue in reminders} == {"shop"}


def test_a_reminder_sounds_as_its_onset_did(ear):
    ear.play([(0, alert("shop", "critical"))], 15)
    onset, reminder = (cue for _, cue in ear.heard if cue.sound == "critical")
    assert reminder.params == onset.params


def test_a_warning_is_reminded_of_once_and_an_info_never():
    ear = Ear(quickly=True)
    ear.play([(0, alert("a", "warning")), (1, alert("b", "info"))], 7200)
    assert ear.cues() == [(0, "warning"), (1, "info"), (900, "warning")]


def test_an_escalation_of_the_same_alert_sounds_and_is_reminded_of_as_a_new_critical(ear):
    ear.play([(0, alert("a", "warning")), (5000, alert("a", "critical"))], 5061)
    assert ear.cues(since=1000) == [(at, "critical") for at in (5000, 5015, 5030, 5045, 5060)]


def test_a_warning_that_was_an_info_is_not_reminded_of_at_once():
    ear = Ear(quickly=True)
    ear.play([(0, alert("a", "info")), (5000, alert("a", "warning"))], 8000)
    assert ear.cues() == [(0, "info"), (5000, "warning"), (5900, "warning")]


def test_what_is_acknowledged_is_not_reminded_of_until_that_lapses():
    ear = Ear(quickly=True)
    ear.play([(0, alert("a", "critical"))], 20)
    assert ear.acknowledge("a")
    assert not ear.acknowledge("a")
    ear.wait(15_000)
    assert ear.cues() == [(0, "critical"), (15, "critical"), (14_420, "critical"), (14_720, "critical")]


def test_an_acknowledgement_ends_when_the_alert_becomes_worse_ends_or_fires_anew(ear):
    ear.tell(alert("a", "warning"))
    ear.acknowledge("a")
    ear.wait(10)
    assert ear.tell(alert("a", "critical")) == "critical"
    assert ear.conductor.acks.given == {}
    ear.acknowledge("a")
    ear.wait(40)
    assert ear.tell(over("a")) == "resolved"
    assert ear.conductor.acks.given == {}
    ear.wait(60)
    ear.tell(alert("a", "critical"))
    ear.wait(75)
    assert ear.cues(since=50) == [(60, "critical"), (75, "critical")]


def test_a_repeat_keeps_the_acknowledgement(ear):
    ear.tell(alert("a", "critical"))
    ear.acknowledge("a")
    ear.wait(60)
    assert ear.tell(alert("a", "critical")) == "duplicate"
    assert "a" in ear.conductor.acks.given


def test_one_that_is_acknowledged_leaves_the_stream_to_the_others(ear):
    ear.play([(0, alert("a", "critical")), (5, alert("b", "critical"))], 10)
    ear.acknowledge("a")
    ear.wait(60)
    assert {cue.fingerprint for _, cue in ear.heard if cue.why is Why.REMINDER} == {"b"}


def test_a_sound_of_its_own_is_what_is_reminded_with():
    rule = replace(BOOK.alert_rule({"severity": "critical"}), sound="info", params={"freq": 500.0})
    own = Ear(replace(BOOK, alerts=(rule,)))
    own.play([(0, alert("a", "critical"))], 15)
    assert [
        (at, cue.sound, cue.severity, cue.params["freq"]) for at, cue in own.heard if cue.fingerprint
    ] == [
        (0, "info", "critical", 500.0),
        (15, "info", "critical", 500.0),
    ]


def test_a_cue_that_is_longer_than_the_distance_of_reminders_is_not_overlaid():
    rule = replace(BOOK.alert_rule({"severity": "critical"}), params={"dur": 20.0})
    slow = Ear(replace(BOOK, alerts=(rule,)))
    slow.play([(0, alert("a", "critical"))], 70)
    assert slow.cues() == [(0, "critical"), (20, "critical"), (40, "critical"), (60, "critical")]


def test_what_comes_next_is_told(ear):
    ear.wait(0)
    assert ear.conductor.next_reminder(ear.now) is None
    ear.tell(alert("a", "critical"))
    ear.wait(1)
    assert ear.conductor.next_reminder(ear.now) == BEGAN + 15


# Flapping.


def flaps(ear, times, severity="warning"):
    told = []
    for at in times:
        ear.wait(at)
        told += [ear.tell(alert("a", severity))]
        ear.wait(at + 2)
        told += [ear.tell(over("a", severity))]
    return told


def test_the_fourth_onset_is_one_flapping_cue_and_then_silence(ear):
    assert flaps(ear, range(0, 300, 50)) == [
        *["warning", "resolved"] * 3, "flapping", "flapping", *["flapping", "flapping"] * 2
    ]  # fmt: skip
    assert [sound for _, sound in ear.cues()].count("flapping") == 1
    assert ear.cues()[-1] == (150, "flapping")
    assert ear.reasons == {"flapping": 5}


def test_after_ten_minutes_in_one_state_it_is_an_alert_again(ear):
    flaps(ear, range(0, 300, 50))
    ear.wait(252 + 599)
    assert "a" in ear.conductor.cadence.flapping.since
    ear.wait(252 + 600)
    assert ear.tell(alert("a", "warning")) == "warning"


def test_while_it_flaps_it_is_not_reminded_of_and_afterwards_it_is(ear):
    flaps(ear, [0, 10, 20], "critical")
    ear.wait(40)
    assert ear.tell(alert("a", "critical")) == "flapping"
    ear.wait(639.75)
    assert ear.cues(since=40) == [(40, "flapping"), (340, "critical")], (
        "seldom, but a critical is never forgotten"
    )
    ear.wait(940)
    assert ear.cues(since=341) == [(640, "critical"), (940, "critical")], (
        "held for ten minutes, and still open"
    )


def test_a_critical_is_heard_although_it_flapped_as_a_warning(ear):
    flaps(ear, [0, 10, 20, 30])
    ear.wait(40)
    assert ear.tell(alert("a", "warning")) == "flapping"
    assert ear.tell(alert("a", "critical")) == "critical"
    ear.wait(44)
    assert ear.tell(over("a")) == "flapping"
    assert ear.tell(alert("a", "critical")) == "flapping"


def test_the_cue_of_a_flapping_critical_keeps_no_other_critical_back(ear):
    flaps(ear, [0, 10, 20], "critical")
    ear.wait(40)
    ear.tell(alert("a", "critical"))
    assert ear.tell(alert("b", "critical")) == "critical"


# Flood.


def test_ten_thousand_infos_and_a_critical_among_them():
    ear = Ear()
    told = [ear.tell(alert(f"i{i}", "info")) for i in range(5000)]
    assert ear.tell(alert("c", "critical")) == "critical", "from that very call"
    told += [ear.tell(alert(f"j{i}", "info")) for i in range(5000)]
    assert told == ["info"] * 6 + ["flood"] * 9994
    ear.wait(14)
    assert ear.cues()[6:] == [(0, "critical"), (2, "storm")]
    assert ear.conductor.cadence.flood.counted == 0
    assert ear.heard[-1][1].params["density"] == 40 or ear.heard[-2][1].params["density"] == 40


def test_five_criticals_at_once(ear):
    told = [ear.tell(alert(f"c{i}", "critical")) for i in range(5)]
    assert told == ["critical", *["flood"] * 4]
    ear.wait(75)
    assert ear.cues() == [(0, "critical"), (2, "storm"), *((at, "critical") for at in (15, 30, 45, 60, 75))]
    reminded = [cue.fingerprint for _, cue in ear.heard if cue.why is Why.REMINDER]
    assert reminded[:4] == ["c1", "c2", "c3", "c4"], "first those of which only the storm has told"


def test_a_reminder_comes_before_a_storm_that_is_due_with_it(ear):
    ear.play([(0, alert("a", "critical")), *((14, alert(f"i{i}", "info")) for i in range(8))], 20)
    assert [(at, sound) for at, sound in ear.cues() if sound != "info"] == [
        (0, "critical"),
        (15, "critical"),
        (17, "storm"),
    ]


def test_many_that_are_mended_at_once_are_three_cues_and_a_storm(ear):
    for i in range(30):
        ear.tell(alert(f"w{i}", "warning"))
    ear.wait(100)
    told = [ear.tell(over(f"w{i}", "warning")) for i in range(30)]
    assert told == ["resolved"] * 3 + ["flood"] * 27
    ear.wait(120)
    assert ear.cues(since=50) == [(100, "resolved")] * 3 + [(101, "storm")]


def test_a_flood_that_the_rule_book_switches_off():
    ear = Ear(replace(BOOK, flood=False))
    assert {ear.tell(alert(f"c{i}", "critical")) for i in range(20)} == {"critical"}
    ear.wait(10)
    assert len(ear.cues()) == 20


# Quiet hours and digests.


def test_in_quiet_hours_only_criticals_are_heard_and_one_digest_after_them():
    ear = Ear(NIGHT, evening(), quickly=True)
    ear.play([(0, alert("w", "warning")), (599.75, alert("x", "warning"))], 600)
    assert [ear.tell(alert(n, s)) for n, s in (("y", "warning"), ("i", "info"))] == ["quiet_hours"] * 2
    assert ear.tell(over("x", "warning")) == "quiet_hours"
    assert ear.tell(alert("c", "critical")) == "critical"
    ear.wait(620)
    assert ear.tell(over("c", "critical")) == "resolved", "whoever was woken wants to know"
    ear.wait(9.25 * 3600)
    night = ear.cues(since=600)
    assert night == [(600, "critical"), (615, "critical"), (620, "resolved"), (9 * 3600 + 600, "digest")]
    digest = ear.heard[[cue.sound for _, cue in ear.heard].index("digest")][1]
    assert (digest.params["worst"], digest.params["count"], digest.params["freq"]) == (1, 2, 660)


def test_after_quiet_hours_the_digest_is_all_that_is_told_of_old_warnings():
    ear = Ear(NIGHT, evening(), quickly=True)
    ear.play([(0, alert("w", "warning"))], 24 * 3600)
    assert ear.cues() == [(0, "warning"), (9 * 3600 + 600, "digest")]


def test_where_nothing_stands_there_is_no_digest():
    ear = Ear(NIGHT, evening(), quickly=True)
    ear.play([(700, alert("w", "warning")), (800, over("w", "warning"))], 24 * 3600)
    assert ear.cues() == []
    assert ear.reasons == {"quiet_hours": 2}


@pytest.mark.parametrize(
    ("alerts", "worst", "count", "freq"),
    [
        (["info"], 0, 0, 440),
        (["info", "warning"], 1, 1, 660),
        (["critical", "info", "info"], 2, 2, 880),
        (["warning"] * 40, 1, 5, 660),
    ],
)
def test_a_digest_tells_the_worst_and_how_many_more(ear, alerts, worst, count, freq):
    for i, severity in enumerate(alerts):
        ear.tell(alert(f"a{i}", severity))
    digest = ear.conductor.digest(ear.now)
    assert (digest.sound, digest.why) == ("digest", Why.DIGEST)
    assert (digest.params["worst"], digest.params["count"], digest.params["freq"]) == (worst, count, freq)


def test_what_is_acknowledged_or_silent_is_in_no_digest(ear):
    assert ear.conductor.digest(ear.now) is None
    ear.tell(alert("a", "critical"))
    ear.tell(alert("b", "none"))
    ear.acknowledge("a")
    assert ear.conductor.digest(ear.now) is None


def test_a_digest_from_time_to_time_where_that_is_set():
    ear = Ear(replace(BOOK, digest_every=3600.0), quickly=True)
    ear.play([(0, alert("a", "info"))], 3 * 3600)
    assert ear.cues() == [(0, "info"), (3600, "digest"), (7200, "digest"), (10800, "digest")]


def test_no_such_digest_in_quiet_hours():
    ear = Ear(replace(NIGHT, digest_every=3600.0), evening(), quickly=True)
    ear.play([(0, alert("a", "info"))], 10.5 * 3600)
    assert ear.cues() == [(0, "info"), (33_000, "digest"), (36_000, "digest")]


# Heartbeat, watch, flatline.


def test_a_heartbeat_every_twenty_seconds(ear):
    ear.wait(100)
    assert beats(ear) == [(at, 0.0) for at in range(0, 101, 20)]


def test_the_heartbeat_is_altered_while_the_watch_is_off_or_in_quiet_hours(ear):
    ear.wait(30)
    ear.conductor.watch.switch(on=False, by="ann", now=ear.now)
    ear.wait(50)
    ear.conductor.watch.switch(on=True, by="ann", now=ear.now)
    ear.wait(60)
    assert beats(ear) == [(0, 0.0), (20, 0.0), (40, ALTERED), (60, 0.0)]
    night = Ear(NIGHT, evening("2026-07-01 21:59:30"))
    night.wait(60)
    assert beats(night) == [(0, 0.0), (20, 0.0), (40, ALTERED), (60, ALTERED)]


def missed(ear, until):
    """A Watchdog at 0 and none after it."""
    ear.wait(0)
    ear.tell(watchdog())
    ear.wait(until)
    return [at for at, sound in ear.cues() if sound == "flatline"]


def test_a_flatline_two_minutes_after_the_last_watchdog_and_no_heartbeat_in_it(ear):
    began = 120.25
    assert missed(ear, 2000) == [began, *(began + i for i in range(60, 601, 60)), began + 1200, began + 1800]
    assert max(at for at, _ in beats(ear)) == 120
    assert ear.conductor.flatline_since == BEGAN + began


def test_it_ends_with_the_next_watchdog_and_the_heartbeat_is_back_at_once(ear):
    missed(ear, 200)
    ear.tell(watchdog())
    ear.wait(300)
    assert [sound for _, sound in ear.cues(since=200)] == []
    assert [at for at, _ in beats(ear) if at > 120][:2] == [200.25, 220.25]
    assert ear.conductor.flatline_since is None


def test_a_flatline_that_is_acknowledged_is_quiet_for_an_hour_and_no_heartbeat_belies_it(ear):
    missed(ear, 130)
    assert ear.conductor.acks.flatline(["watchdog"], "ann", "", ear.now)[1]
    ear.wait(5000)
    assert [at for at, _ in ear.cues(since=130)] == [3730, 4330, 4930]
    assert max(at for at, _ in beats(ear)) == 120


def test_an_acknowledged_flatline_sounds_again_when_more_is_missing():
    ear = Ear(replace(BOOK, expected=(Expectation("boiler", 300.0, "temperature"),)))
    missed(ear, 130)
    ear.conductor.acks.flatline(["watchdog"], "ann", "", ear.now)
    ear.wait(400)
    assert [at for at, _ in ear.cues(since=130)] == [300.25, 360.25]


def test_whatever_is_missing_there_is_no_heartbeat():
    ear = Ear(replace(BOOK, expected=(Expectation("boiler", 30.0, "temperature"),)))
    ear.wait(75)
    ear.measure("temperature", 20.0)
    ear.wait(100)
    assert [at for at, _ in beats(ear)] == [0, 20, 75.25, 95.25]


def test_a_flatline_that_was_mended_and_comes_again_is_not_acknowledged(ear):
    missed(ear, 130)
    ear.conductor.acks.flatline(["watchdog"], "ann", "", ear.now)
    ear.wait(200)
    assert FLATLINE in ear.conductor.acks.given
    ear.tell(watchdog())
    ear.wait(400)
    assert [at for at, _ in ear.cues(since=130)] == [320.25, 380.25]
    assert FLATLINE not in ear.conductor.acks.given


def test_a_restart_alone_does_not_end_the_acknowledgement_of_a_flatline(ear):
    missed(ear, 130)
    given, _ = ear.conductor.acks.flatline(["watchdog"], "ann", "", ear.now)
    again = Ear(began=ear.now)
    again.conductor.acks.restore([given])
    again.conductor.watch.watchdog = again.conductor.engine.watchdog_last = BEGAN
    again.wait(3700)
    assert again.cues() == [(3600, "flatline")]


def test_no_flatline_while_the_watch_is_off(ear):
    ear.wait(0)
    ear.tell(watchdog())
    ear.conductor.watch.switch(on=False, by="ann", now=ear.now)
    ear.wait(1000)
    assert ear.cues() == []
    ear.conductor.watch.switch(on=True, by="ann", now=ear.now)
    ear.wait(1130)
    assert ear.cues() == [(1120.25, "flatline")]


def test_no_alerts_is_never_no_input():
    ear = Ear(quickly=True)
    ear.wait(86_400)
    assert ear.cues() == []


WEST = Expectation("west", 60.0, None, tuple(parse('cluster="west"')))


@pytest.mark.parametrize(
    ("event", "sign"),
    [
        (alert("x", "critical", cluster="west"), True),
        (alert("x", "none", cluster="west"), True),
        (alert("x", "critical", cluster="east"), False),
        (over("x", "critical", cluster="west"), False),
        (replace(alert("x", "critical", cluster="west"), retained=True), False),
    ],
)
def test_what_is_expected_must_come_and_neither_end_nor_be_an_old_one(event, sign):
    ear = Ear(replace(BOOK, expected=(WEST,)))
    ear.wait(50)
    ear.tell(event)
    ear.tell(event)
    ear.wait(130)
    assert next(at for at, sound in ear.cues() if sound == "flatline") == (110.25 if sign else 60.25)


def test_a_sample_that_is_expected_is_a_sign_although_no_rule_sounds_it():
    silent = replace(BOOK.metrics[0], sound="silent", type=None)
    ear = Ear(replace(BOOK, metrics=(silent,), expected=(Expectation("boiler", 60.0, "temperature"),)))
    ear.wait(50)
    ear.measure("temperature", 20.0)
    ear.wait(110)
    assert ear.cues() == []


# The bed.


def test_the_bed_sinks_after_ten_calm_minutes_and_is_back_with_an_alert(ear):
    ear.wait(0)
    for at in range(0, 700, 20):
        ear.wait(at)
        ear.measure("cpu", 0.5)
    assert [(at, s.params["level"]) for at, s in ear.told if s.id == "ambient"] == [(600, SUNK)]
    ear.tell(alert("a", "info"))
    ear.wait(680.25)
    assert ear.told[-1][1].params["level"] == ear.conductor.bed.level == 1.0


def test_jitter_leaves_it_sunk_and_a_jump_does_not(ear):
    for at in range(0, 1000, 20):
        ear.wait(at)
        ear.measure("cpu", 0.5 + 0.02 * (at % 40 > 0))
    assert ear.conductor.bed.level == SUNK
    ear.measure("cpu", 0.9)
    assert {s.params["level"] for at, s in ear.told if at == 980 and s.id == "ambient"} == {1.0}


def test_it_stays_up_while_something_stands_and_sinks_once_that_is_acknowledged(ear):
    ear.tell(alert("a", "warning"))
    ear.wait(1500)
    assert ear.conductor.bed.level == 1.0
    ear.acknowledge("a")
    ear.wait(2100.5)
    assert ear.conductor.bed.level == SUNK


def test_the_end_of_an_alert_that_was_acknowledged_brings_it_back(ear):
    ear.tell(alert("a", "warning"))
    ear.acknowledge("a")
    ear.wait(700)
    assert ear.conductor.bed.level == SUNK
    ear.tell(over("a", "warning"))
    ear.wait(700.25)
    assert ear.conductor.bed.level == 1.0


def test_a_series_that_is_gone_is_released_and_told_no_more(ear):
    ear.wait(0)
    ear.measure("cpu", 0.5)
    ear.wait(61)
    assert [(at, c) for at, c in ear.told if isinstance(c, Release)] == [(60.25, Release("cpu"))]
    assert [s.id for s in ear.conductor.standing()] == ["ambient"]


def test_several_that_are_off_are_one_voicing():
    off = replace(BOOK.metrics[0], type=None, params={"anomaly": Scale("linear", 0, 1, 0, 1)})
    wrong = Ear(replace(BOOK, metrics=(off,)))
    for machine, value in (("a", 0.8), ("b", 0.6), ("c", 0.1)):
        wrong.measure("cpu", value, instance=machine)
    standing = {s.id: s.params for s in wrong.conductor.standing()}
    assert standing.pop("ambient")["chord"] == wrong.conductor.bed.chord == 2
    assert sorted(p["anomaly"] for p in standing.values()) == pytest.approx([0.025, 0.3, 0.8])


def test_a_new_rule_book_takes_over_what_goes_on(ear):
    ear.play([(0, alert("a", "critical"))], 10)
    ear.conductor.swap(replace(BOOK, digest_every=600.0, expected=(Expectation("x", 30.0, "y"),)), ear.now)
    ear.wait(41)
    assert ear.cues() == [(0, "critical"), (15, "critical"), (30, "critical"), (40.25, "flatline")]


# Whatever comes.

NAMES = st.sampled_from("abcdefgh")
SEVERITIES = st.sampled_from(["critical", "critical", "warning", "info"])
GAPS = st.sampled_from([0, 0, 0, 0.25, 0.5, 1, 1.5, 2, 3.75, 7, 15, 61, 301])
ACTIONS = st.one_of(
    st.tuples(st.just("fires"), NAMES, SEVERITIES),
    st.tuples(st.just("ends"), NAMES, SEVERITIES),
    st.tuples(st.just("once"), NAMES, SEVERITIES),
    st.tuples(st.just("flood"), st.sampled_from([3, 9, 40]), SEVERITIES),
    st.tuples(st.just("ack"), NAMES, st.none()),
    st.tuples(st.just("unack"), NAMES, st.none()),
    st.tuples(st.just("watchdog"), st.none(), st.none()),
)
STORIES = st.lists(st.tuples(GAPS, ACTIONS), min_size=3, max_size=40)


class Story(Ear):
    """An ear that keeps every verdict: (after, event's severity, change, reason or None, whether a critical sounded)."""

    def __init__(self, **how):
        super().__init__(**how)
        self.verdicts = []

    def tell(self, event):
        before = self.conductor.cadence.flood.sounding(self.now)
        flapping = event.fingerprint in self.conductor.cadence.flapping.since
        word = super().tell(event)
        self.verdicts.append((self.at, event, word, before, flapping))
        return word


def lived(story):
    """The story told to a conductor, and a quiet hour after it."""
    ear = Story(quickly=True)
    for count, (gap, (what, name, severity)) in enumerate(story):
        ear.wait(ear.at + gap)
        if what == "fires":
            ear.tell(alert(name, severity))
        elif what == "ends":
            ear.tell(over(name, severity))
        elif what == "once":
            ear.tell(replace(alert(name, severity), one_shot=True))
        elif what == "flood":
            for i in range(name):
                ear.tell(alert(f"{count}-{i}", severity))
        elif what == "ack" and name in ear.conductor.engine.active:
            ear.acknowledge(name)
        elif what == "unack":
            ear.conductor.acks.end(name)
        elif what == "watchdog":
            ear.tell(watchdog())
    ear.wait(ear.at + 400)
    return ear


STORY_SETTINGS = settings(max_examples=60, deadline=None)


@STORY_SETTINGS
@given(STORIES)
def test_reminders_are_never_closer_than_fifteen_seconds(story):
    times = [at for at, cue in lived(story).heard if cue.why is Why.REMINDER]
    assert all(later - earlier >= 15 for earlier, later in pairwise(times))


@STORY_SETTINGS
@given(STORIES)
def test_one_critical_sounds_at_a_time_and_none_is_lost(story):
    ear = lived(story)
    spans = [(at, at + cue.params["dur"]) for at, cue in ear.heard if alarms(cue)]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    onsets = {cue.id for _, cue in ear.heard if alarms(cue) and cue.why is Why.EVENT}
    for number, (_, event, word, sounding, flapping) in enumerate(ear.verdicts, 1):
        if event.labels["severity"] != "critical" or event.status is Status.RESOLVED:
            continue
        assert word in {"critical", "flood", "flapping", "duplicate"}
        assert (f"e{number}" in onsets) == (word == "critical")
        assert sounding or word != "flood", "only another critical keeps one back"
        assert flapping or word != Reason.FLAPPING or f"e{number}" in {c.id for _, c in ear.heard}


@STORY_SETTINGS
@given(STORIES)
def test_an_ear_is_given_no_more_than_it_can_take(story):
    events = [(at, cue) for at, cue in lived(story).heard if cue.why is Why.EVENT]
    others = [at for at, cue in events if not alarms(cue) and cue.sound != "resolved"]
    ends = [at for at, cue in events if cue.sound == "resolved"]
    for times, most in ((others, 6), (ends, 3)):
        assert all(later - first >= 10 for first, later in zip(times, times[most:], strict=False))


def _alarm(event):
    return event.labels["severity"] == "critical" and event.status is Status.FIRING


@STORY_SETTINGS
@given(STORIES)
def test_every_event_of_a_flood_is_told_by_a_storm_in_time(story):
    ear = lived(story)
    reminders = [
        (at, at + cue.params["dur"]) for at, cue in ear.heard if alarms(cue) and cue.why is Why.REMINDER
    ]
    floods = [
        at
        for at, event, word, _, _ in ear.verdicts
        if word == "flood"
        # A critical that a reminder keeps back has a reminder of its own instead.
        and not (_alarm(event) and any(begin <= at < end for begin, end in reminders))
    ]
    storms = [at for at, cue in ear.heard if cue.why is Why.STORM]
    critical = [(at, at + cue.params["dur"]) for at, cue in ear.heard if alarms(cue)]
    for at in floods:
        anew = all(at - before > 40 for before in [*floods, *storms] if before < at)
        due = at + (1 if anew else 300)
        while any(begin <= due < end for begin, end in critical):
            due += STEP
        assert min(storm for storm in storms if storm > at) <= due
    assert len(storms) <= sum(word == "flood" for _, _, word, _, _ in ear.verdicts)
    assert ear.conductor.cadence.flood.counted == 0


@STORY_SETTINGS
@given(STORIES)
def test_the_same_events_ask_for_the_same(story):
    one, two = lived(story), lived(story)
    assert one.heard == two.heard
    assert one.told == two.told
    assert [v[2] for v in one.verdicts] == [v[2] for v in two.verdicts]


@STORY_SETTINGS
@given(STORIES)
def test_every_message_is_accounted_for_and_every_cue_has_an_id_of_its_own(story):
    ear = lived(story)
    played = [cue for _, cue in ear.heard if cue.why is Why.EVENT]
    assert len(played) + ear.reasons.total() == len(ear.verdicts)
    ids = [cue.id for _, cue in ear.heard]
    assert len(set(ids)) == len(ids)
    assert set(ear.reasons) <= {str(reason) for reason in Reason}


@given(st.lists(st.tuples(st.sampled_from(["cpu", "memory", "x"]), st.floats(0, 1)), max_size=20))
def test_what_was_told_is_what_stands(samples):
    """A player that took every command holds exactly what `standing` says, the ambient bed apart until it is told."""
    conductor, held = Conductor(BOOK, BEGAN), {}
    for i, (kind, value) in enumerate(samples):
        now = BEGAN + 40 * i
        heard = conductor.sample(sample(kind, value), now)
        for command in [*conductor.voiced({heard.command.id}, now), *conductor.tick(now + 1)]:
            if isinstance(command, Set):
                held[command.id] = command
            elif isinstance(command, Release):
                del held[command.id]
    assert {c.id: c for c in conductor.standing() if c.id != "ambient" or "ambient" in held} == held


def test_the_warning_of_a_critical_that_somebody_has_taken_on_is_not_reminded_of():
    ear = Ear(quickly=True)
    same = {"alertname": "DiskFull", "service": "db"}
    ear.tell(alert("w", "warning", **same))
    ear.wait(5)
    ear.tell(alert("c", "critical", **same))
    ear.acknowledge("c")
    ear.wait(3600)
    assert ear.cues() == [(0, "warning"), (5, "critical")]


def test_what_only_measures_takes_no_motif_from_what_alarms():
    conductor = Conductor(BOOK, BEGAN)
    for i in range(40):
        conductor.sample(sample("x", 0.5, labels={"instance": f"host-{i}"}), BEGAN)
    assert {abs(voice.params["pan"]) <= PLACE for voice in conductor.voiced((), BEGAN)} == {True}
    assert conductor.who.table() == []
    conductor.alert(alert("host-1", "info"), "e1", BEGAN)
    assert [found.service for found in conductor.who.table()] == ["host-1"]


def test_a_critical_that_comes_and_goes_all_night_is_told_of_all_night():
    ear = Ear(quickly=True)
    story = [
        (150 * i + off, say("loop", "critical")) for i in range(48) for off, say in ((0, alert), (90, over))
    ]
    ear.play(story, 7200)
    times = [at for at, cue in ear.heard if cue.why is not Why.HEARTBEAT]
    assert max(later - earlier for earlier, later in pairwise(times)) <= 600
    assert len(times) < 50


def test_a_flood_of_criticals_does_not_starve_the_storm(ear):
    ear.play([(i / 4, alert(f"c{i}", "critical")) for i in range(240)], 62)
    storms = [at for at, cue in ear.heard if cue.why is Why.STORM]
    assert storms[0] <= 4.25
    assert all(later - earlier <= 12.5 for earlier, later in pairwise(storms))


def test_a_warning_beside_one_that_is_outranked_is_reminded_of():
    ear = Ear(quickly=True)
    ear.tell(alert("w", "warning", service="db"))
    ear.tell(alert("c", "critical", service="db"))
    ear.acknowledge("c")
    ear.wait(5)
    ear.tell(alert("other", "warning"))
    ear.wait(1000)
    assert ear.cues(since=6) == [(905, "warning")]


def test_a_reload_does_not_put_the_regular_digest_off(ear):
    regular = replace(BOOK, digest_every=3600.0)
    ear = Ear(regular, quickly=True)
    ear.tell(alert("a", "info"))
    for i in range(1, 4):
        ear.wait(3000 * i)
        ear.conductor.swap(replace(regular), BEGAN + 3000 * i)
    assert ear.cues(since=1) == [(3600, "digest"), (7200, "digest")]


DAY = 86_400.0


def _fired_anew(conductor, now):
    event = replace(alert("a", "critical", at=now), starts_at=BEGAN - 5)
    return conductor.alert(event, "again", now).play is not None


def _is_missed(conductor, now):
    return any(cue.sound == "flatline" for i in range(200) for cue in _plays(conductor.tick(now + i)))


def _beats_on(conductor, now):
    return sum(cue.sound == "heartbeat" for i in range(100) for cue in _plays(conductor.tick(now + i))) >= 4


def _is_reminded_of(conductor, now):
    conductor.alert(alert("w", "warning", at=now), "w", now)
    return any(cue.sound == "warning" for i in range(1000) for cue in _plays(conductor.tick(now + i)))


def _lets_voices_go(conductor, now):
    return any(isinstance(c, Release) for i in range(0, 100, 5) for c in conductor.tick(now + i))


def _plays(commands):
    return [c for c in commands if isinstance(c, Play)]


@pytest.mark.parametrize("back", [-3600.0, -DAY])
@pytest.mark.parametrize("still", [_fired_anew, _is_missed, _is_reminded_of, _lets_voices_go])
def test_where_the_clock_goes_back_nothing_waits_for_the_old_time(still, back):
    conductor = Conductor(BOOK, BEGAN)
    conductor.alert(alert("Watchdog", "none", alertname="Watchdog"), "w", BEGAN)
    conductor.alert(replace(alert("a", "critical"), starts_at=BEGAN - 5), "e1", BEGAN)
    conductor.alert(replace(over("a"), starts_at=BEGAN - 5), "e2", BEGAN + 1)
    for i in range(0, 100, 5):
        conductor.sample(sample("cpu", 0.5), BEGAN + 2 + i)
        conductor.tick(BEGAN + 2 + i)
    assert still(conductor, BEGAN + 110 + back)


@pytest.mark.parametrize("back", [-3600.0, -DAY])
def test_where_the_clock_goes_back_the_heart_beats_on(back):
    conductor = Conductor(BOOK, BEGAN)
    conductor.tick(BEGAN)
    assert _beats_on(conductor, BEGAN + back)
