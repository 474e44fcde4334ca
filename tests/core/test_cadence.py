"""Each row of the cadence's tables by itself, at its boundaries. Times are seconds after NOW."""

from __future__ import annotations

import math

import pytest
from core.events import NOW, fires
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.cadence import CRITICAL, FLATLINE, WELL, Beat, Cadence, Reminders, Stream
from bridge.core.engine import Active
from bridge.core.flood import LONG, STORM, Flapping, Flood, alarms, density, next_due
from bridge.model.commands import Play, Why


def cue(sound="warning", severity=None, fingerprint="f", **params):
    known = sound if sound in {"critical", "warning", "info"} else "info"
    return Play("e1", sound, params, severity or known, fingerprint)


def active(name, after, severity="critical", raised=None):
    return Active(
        fires(name, severity), NOW + after, severity, severity, audible=True, onset=name, raised=raised
    )


def sounding(stages, until):
    """When a stream that begins at 0 sounds again, up to `until`."""
    times, last = [], 0.0
    while (last := next_due(stages, 0.0, last)) <= until:
        times.append(last)
    return times


# Stages.


@pytest.mark.parametrize(
    ("stages", "until", "times"),
    [
        (CRITICAL, 120, [15, 30, 45, 60, 75, 90, 105, 120]),
        (CRITICAL, 600, [*range(15, 121, 15), *range(180, 601, 60)]),
        (CRITICAL, 1800, [*range(15, 121, 15), *range(180, 601, 60), 900, 1200, 1500, 1800]),
        (FLATLINE, 600, [60, 120, 180, 240, 300, 360, 420, 480, 540, 600]),
        (FLATLINE, 3000, [*range(60, 601, 60), 1200, 1800, 2400, 3000]),
        (STORM, 60, [10, 20, 30, 40, 50, 60]),
        (STORM, 1200, [*range(10, 61, 10), *range(120, 601, 60), 900, 1200]),
    ],
)
def test_a_stream_grows_slower(stages, until, times):
    assert sounding(stages, until) == times


@pytest.mark.parametrize("stages", [CRITICAL, FLATLINE, STORM])
@given(age=st.floats(0, 1e6))
def test_the_older_the_rarer(stages, age):
    assert next_due(stages, 0.0, age) - age >= stages[0][1] - 1e-6
    assert next_due(stages, 0.0, age + 1) >= next_due(stages, 0.0, age)


# Which cues are those of criticals.


@pytest.mark.parametrize(
    ("sound", "severity", "so"),
    [
        ("critical", "critical", True),
        ("own", "critical", True),
        ("resolved", "critical", False),
        ("flapping", "critical", False),
        ("warning", "warning", False),
        ("storm", "warning", False),
    ],
)
def test_what_is_the_cue_of_a_critical(sound, severity, so):
    assert alarms(cue(sound, severity)) is so


# Flapping.


def onsets(flapping, *times, severity="warning"):
    return [flapping.onset("f", severity, NOW + at) for at in times]


@pytest.mark.parametrize(
    ("times", "flaps"),
    [
        ((0, 10, 20), [False] * 3),
        ((0, 10, 20, 30), [False, False, False, True]),
        ((0, 200, 400, 600), [False, False, False, True]),
        ((0, 200, 400, 600.25), [False] * 4),
        ((0, 300, 600, 900, 1200), [False] * 5),
        ((0, 500, 550, 601, 700), [False, False, False, False, True]),
        ((0, 10, 20, 30, 40), [False, False, False, True, False]),
    ],
)
def test_a_fourth_onset_within_ten_minutes_begins_it_once(times, flaps):
    assert onsets(Flapping(), *times) == flaps


@pytest.mark.parametrize(("held", "flaps"), [(599.75, True), (600, False)])
def test_it_lasts_until_one_state_was_held_for_ten_minutes(held, flaps):
    flapping = Flapping()
    onsets(flapping, 0, 1, 2, 3)
    assert flapping.changed("f", None, NOW + 100)
    flapping.settle(NOW + 100 + held)
    assert ("f" in flapping.since) is flaps
    assert flapping.changed("f", "warning", NOW + 100 + held) is flaps


def test_after_it_three_more_onsets_are_onsets():
    flapping = Flapping()
    onsets(flapping, 0, 1, 2, 3)
    flapping.settle(NOW + 603)
    assert onsets(flapping, 604, 605, 606, 607) == [False, False, False, True]


def test_an_alert_that_does_not_flap_is_let_through_and_each_is_counted_by_itself():
    flapping = Flapping()
    for name in "abcd":
        assert not flapping.onset(name, "info", NOW)
        assert not flapping.changed(name, "info", NOW)
    assert flapping.since == {}


def test_one_that_becomes_worse_while_it_flaps_is_news_once():
    flapping = Flapping()
    onsets(flapping, 0, 1, 2, 3)
    told = [
        flapping.changed("f", severity, NOW + 4)
        for severity in ("warning", "critical", None, "critical", "info")
    ]
    assert told == [True, False, True, True, True]


def test_the_fourth_onset_is_no_flapping_when_it_is_worse_than_those_before():
    flapping = Flapping()
    assert onsets(flapping, 0, 1, 2) == [False] * 3
    assert onsets(flapping, 3, severity="critical") == [False]
    assert onsets(flapping, 4) == [True]
    assert flapping.changed("f", "critical", NOW + 5), "it was heard as that already"


def test_another_version_when_others_flap():
    flapping = Flapping()
    onsets(flapping, 0, 1, 2)
    assert flapping.version == 0
    onsets(flapping, 3, 4)
    assert flapping.version == 1
    flapping.settle(NOW + 603)
    assert flapping.version == 2


def test_alerts_without_number_are_not_remembered():
    flapping = Flapping()
    for i in range(10_100):
        flapping.onset(f"f{i}", "info", NOW)
    assert len(flapping._onsets) == 10_000


# Flood: what is admitted.


def admitted(flood, *cues):
    """`cues` are (after, sound): which of them sound."""
    return [flood.admit(cue(sound, dur=2.0), NOW + at) for at, sound in cues]


def test_six_onsets_in_ten_seconds_and_the_seventh_counts():
    flood = Flood()
    assert admitted(flood, *[(i, "warning") for i in range(8)]) == [True] * 6 + [False] * 2
    assert flood.counted == 2
    assert admitted(flood, (9.75, "info"), (10, "info"), (10.5, "info"), (11, "info")) == [
        False,
        True,
        False,
        True,
    ]


def test_three_resolutions_in_ten_seconds_and_they_take_no_place_of_onsets():
    flood = Flood()
    assert admitted(flood, *[(i, "resolved") for i in range(5)]) == [True] * 3 + [False] * 2
    assert admitted(flood, *[(5, "warning")] * 7) == [True] * 6 + [False]
    assert admitted(flood, (9.75, "resolved"), (10, "resolved")) == [False, True]


@pytest.mark.parametrize(("after", "sounds"), [(0, False), (1.75, False), (2, True), (60, True)])
def test_one_critical_at_a_time(after, sounds):
    flood = Flood()
    assert admitted(flood, (0, "critical"), (after, "critical")) == [True, sounds]
    assert flood.counted == (not sounds)


def test_a_reminder_of_a_critical_counts_as_its_cue():
    flood = Flood()
    flood.critical(cue("critical", dur=3.0), NOW)
    assert admitted(flood, (2.75, "critical"), (3, "critical")) == [False, True]


def test_a_critical_is_never_kept_back_by_others():
    flood = Flood()
    assert admitted(flood, *[(0, "info")] * 1000, (0, "critical")) == [True] * 6 + [False] * 994 + [True]


def test_the_end_and_the_flapping_of_a_critical_keep_no_critical_back():
    flood = Flood()
    assert flood.admit(cue("flapping", "critical", dur=1.2), NOW)
    assert flood.admit(cue("resolved", "critical", dur=0.6), NOW)
    assert flood.admit(cue("critical"), NOW)


def test_where_the_clock_goes_back_a_critical_is_not_kept_back_for_hours():
    flood = Flood()
    assert admitted(flood, (7200, "critical"), (0, "critical")) == [True, True]
    told = admitted(flood, *[(7200, "info")] * 7, (0, "info"))
    assert told == [True] * 4 + [False] * 3 + [True]
    assert flood.storm(NOW + 3) == 3


# Flood: when a storm tells of it.


def storms(flood, counts, until, step=0.25):
    """With so many events counted at each time: (after, how many) of every storm."""
    told, left = [], sorted(counts.items())
    for i in range(int(until / step) + 1):
        now = i * step
        while left and left[0][0] <= now:
            at, count = left.pop(0)
            for _ in range(count):
                flood._count(NOW + at)
        if count := flood.storm(NOW + now):
            told.append((now, count))
    return told


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({}, []),
        ({0: 5}, [(1, 5)]),
        ({0: 5, 0.5: 2}, [(1, 7)]),
        ({0: 5, 1.25: 2}, [(1, 5), (11, 2)]),
        ({0: 1, 11: 1}, [(1, 1), (12, 1)]),
        ({0: 1, 31.25: 1}, [(1, 1), (32.25, 1)]),
    ],
)
def test_a_storm_comes_a_second_after_and_then_every_ten(counts, told):
    assert storms(Flood(), counts, 60) == told


def test_while_a_flood_lasts_its_storms_grow_rarer():
    counts = dict.fromkeys(range(1500), 1)
    told = storms(Flood(), counts, 1500)
    assert [at for at, _ in told] == [1, 11, 21, 31, 41, 51, 61, *range(121, 602, 60), 901, 1201]
    assert sum(count for _, count in told) == 1202


@pytest.mark.parametrize(("pause", "again"), [(30, 361), (31, 333)])
def test_a_flood_is_over_after_half_a_minute_of_nothing(pause, again):
    """The next one begins with its storm at once; a shorter pause goes on where it was."""
    counts = dict.fromkeys(range(302), 1) | {301 + pause: 1}
    told = storms(Flood(), counts, 500)
    assert told[-1] == (again, 1)


@pytest.mark.parametrize(
    ("critical_at", "dur", "storm_at"), [(-1.5, 2, 1), (0, 2, 2), (0.75, 2, 2.75), (0, 9, 9)]
)
def test_a_storm_waits_for_the_cue_of_a_critical(critical_at, dur, storm_at):
    flood = Flood()
    flood.critical(cue("critical", dur=dur), NOW + critical_at)
    assert storms(flood, {0: 3}, 20) == [(storm_at, 3)]


@pytest.mark.parametrize(("count", "grains"), [(1, 4), (10, 13.8), (100, 26.6), (1023, 40), (10**6, 40)])
def test_how_dense_a_storm_is(count, grains):
    assert density(count) == pytest.approx(grains, abs=0.05)


# Reminders.


def reminded(reminders, criticals=(), warnings=(), *, until, since=0.0, step=0.25):
    """When, and of which."""
    told = []
    for i in range(int((until - since) / step) + 1):
        at = since + i * step
        known = [[a for a in alerts if a.severe_since <= NOW + at] for alerts in (criticals, warnings)]
        if (found := reminders.due(*known, NOW + at)) is not None:
            told.append((at, found.onset))
    return told


def test_a_critical_is_reminded_of_ever_more_rarely():
    told = reminded(Reminders(NOW), [active("a", 0)], until=1500)
    assert [at for at, _ in told] == [*range(15, 121, 15), *range(180, 601, 60), 900, 1200, 1500]


def test_several_criticals_are_reminded_of_in_turn_as_one_stream():
    told = reminded(Reminders(NOW), [active("a", 0), active("b", 0), active("c", 0)], until=120)
    assert told == [(15, "b"), (30, "c"), (45, "a"), (60, "b"), (75, "c"), (90, "a"), (105, "b"), (120, "c")]


def test_those_of_which_only_a_storm_has_told_come_first():
    reminders = Reminders(NOW)
    for name in "cd":
        reminders.missed(name, soon=False)
    told = reminded(reminders, [active(name, 0) for name in "abcd"], until=60)
    assert [name for _, name in told[:2]] == ["c", "d"]
    assert {name for _, name in told} == {"a", "d", "c"} | {told[3][1]}


def test_what_was_missed_is_forgotten_with_its_stream():
    reminders = Reminders(NOW)
    reminders.missed("a", soon=False)
    assert reminded(reminders, [], until=1) == []
    told = reminded(reminders, [active("a", 2), active("b", 2)], until=17, since=2)
    assert told == [(17, "b")]


def test_a_cue_puts_the_next_reminder_off_and_does_not_make_the_stream_young():
    reminders = Reminders(NOW)
    old = active("a", 0)
    reminded(reminders, [old], until=800)
    reminders.critical(NOW + 800)
    told = reminded(reminders, [old, active("b", 800)], until=1500, since=800)
    assert [at for at, _ in told] == [1100, 1400]


def test_a_new_stream_is_young():
    reminders = Reminders(NOW)
    reminded(reminders, [active("a", 0)], until=3600)
    reminded(reminders, [], until=3700, since=3600)
    reminders.critical(NOW + 3700)
    told = reminded(reminders, [active("b", 3700)], until=3731, since=3700)
    assert [at for at, _ in told] == [3715, 3730]


def test_what_was_less_severe_before_is_young_as_what_it_is():
    told = reminded(Reminders(NOW), [active("a", -5000, raised=NOW)], until=60)
    assert [at for at, _ in told] == [15, 30, 45, 60]


def test_after_a_restart_the_stream_is_as_old_as_its_alert_and_waits_its_time():
    told = reminded(Reminders(NOW), [active("a", -5000)], until=700)
    assert [at for at, _ in told] == [300, 600]
    told = reminded(Reminders(NOW), [active("a", -100)], until=100)
    assert [at for at, _ in told] == [15, 30, 90]


@pytest.mark.parametrize(
    ("warnings", "times"),
    [
        ([0], [(900, "w0")]),
        ([0, 300, 899], [(900, "w0")]),
        ([0, 900.25], [(900, "w0"), (1800.25, "w900.25")]),
        ([0, 901, 1100], [(900, "w0"), (1801, "w901")]),
        ([], []),
    ],
)
def test_a_warning_is_reminded_of_once_and_one_covers_all_that_stand(warnings, times):
    alerts = [active(f"w{at}", at, "warning") for at in warnings]
    assert reminded(Reminders(NOW), (), alerts, until=4000) == times


def test_a_warning_that_was_less_before_counts_from_when_it_became_one():
    told = reminded(Reminders(NOW), (), [active("w", -5000, "warning", raised=NOW + 5)], until=2000, since=5)
    assert told == [(905, "w")]


@pytest.mark.parametrize(("age", "times"), [(899, [1]), (900, []), (5000, [])])
def test_after_a_restart_a_warning_whose_time_is_over_is_not_reminded_of_again(age, times):
    told = reminded(Reminders(NOW), (), [active("w", -age, "warning")], until=2000)
    assert [at for at, _ in told] == times


def test_while_a_critical_stands_warnings_wait():
    reminders, warning = Reminders(NOW), active("w", 0, "warning")
    told = reminded(reminders, [active("c", 0)], [warning], until=1000)
    assert {name for _, name in told} == {"c"}
    assert reminded(reminders, [], [warning], until=2000, since=1000) == [(1000, "w")]


def test_reminders_are_fifteen_seconds_apart_also_of_other_severities():
    reminders = Reminders(NOW)
    assert reminded(reminders, [active("c", 885)], [active("w", 0, "warning")], until=900)[-1] == (900, "c")
    assert reminded(reminders, [], [active("w", 0, "warning")], until=1000, since=900.25) == [(915, "w")]


def test_a_digest_covers_warnings():
    reminders, warning = Reminders(NOW), active("w", 0, "warning")
    reminders.digest(NOW + 850)
    assert reminded(reminders, (), [warning], until=3000, since=850) == []
    assert reminded(reminders, (), [warning, active("v", 851, "warning")], until=3000, since=851) == [
        (1751, "v")
    ]


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6), st.lists(st.integers(0, 2000), max_size=4))
def test_what_is_told_to_come_next_comes_then(criticals, warnings):
    reminders = Reminders(NOW)
    alerts = [active(f"c{i}", at) for i, at in enumerate(sorted(criticals))]
    others = [active(f"w{i}", at, "warning") for i, at in enumerate(sorted(warnings))]
    for at in range(2001, 3000):
        promised = reminders.at(alerts, others)
        found = reminders.due(alerts, others, NOW + at)
        assert (found is not None) == (promised <= NOW + at)


def test_nothing_stands_nothing_comes_next():
    assert Reminders(NOW).at([], []) is None


def test_where_the_clock_goes_back_the_stream_is_not_younger_for_longer():
    reminders = Reminders(NOW)
    reminded(reminders, [active("a", 0)], until=1500)
    told = [at for at in range(-7200, -3600, 5) if reminders.due([active("a", 0)], [], NOW + at) is not None]
    assert len(told) == 1 + 8 + 8 + 9
    assert told[0] == -7200


# The flatline's stream.


def flat(stream, until, *, since=0.0, missing=("watchdog",), silenced=False):
    times = [since + i / 4 for i in range(int((until - since) * 4) + 1)]
    return [at for at in times if stream.due(missing, NOW + at, silenced=silenced)]


def test_a_flatline_sounds_at_once_and_grows_rarer():
    assert flat(Stream(), 3000) == [0, *range(60, 601, 60), 1200, 1800, 2400, 3000]


def test_while_it_is_acknowledged_its_time_runs_on():
    stream = Stream()
    assert flat(stream, 100) == [0, 60]
    assert flat(stream, 3700, since=100.25, silenced=True) == []
    assert flat(stream, 5000, since=3700.25) == [3700.25, 4300.25, 4900.25]


@pytest.mark.parametrize(
    ("well", "times"), [(WELL - 10, [1590]), (WELL + 1, [1000 + WELL + 1, 1060 + WELL + 1])]
)
def test_once_all_was_well_for_long_enough_it_begins_anew(well, times):
    stream = Stream()
    assert flat(stream, 1000)[-1] == 600
    assert flat(stream, 1000 + well, since=1000.25, missing=()) == []
    assert flat(stream, 1810 if well < WELL else 1100 + well, since=1000 + well) == times


def test_an_input_that_limps_does_not_shout():
    """A Watchdog every 5 minutes, by Alertmanager's default `group_interval`, is missing for 3 of them."""
    stream = Stream()
    heard = []
    for began in range(0, 7200, 300):
        heard += flat(stream, began + 179.75, since=began)
        assert not flat(stream, began + 299.75, since=began + 180, missing=())
    assert len(heard) == 17, "and not 72"


def test_what_is_missing_in_addition_is_told_at_once():
    stream = Stream()
    flat(stream, 1300)
    assert flat(stream, 1400, since=1301, missing=("watchdog", "boiler")) == [1301]
    assert flat(stream, 1900, since=1401, missing=("boiler",)) == []


@pytest.mark.parametrize("back", [0.5, 30, 7200])
def test_where_the_clock_goes_back_a_flatline_is_no_machine_gun(back):
    stream = Stream()
    flat(stream, 100)
    assert len(flat(stream, 120 - back, since=100 - back)) <= 1


# Even times.


def test_a_beat_is_even_and_begins_at_once():
    beat = Beat()
    assert [at for at in range(0, 100, 1) if beat.due(NOW + at, 20)] == [0, 20, 40, 60, 80]


def test_a_beat_that_has_a_first_time_waits_for_it():
    beat = Beat(NOW + 50)
    assert [at for at in range(0, 200, 1) if beat.due(NOW + at, 60)] == [50, 110, 170]


def test_where_the_clock_goes_back_a_beat_goes_on():
    beat = Beat()
    beat.due(NOW, 20)
    assert [at for at in range(-100, -50) if beat.due(NOW + at, 20)] == [-100, -80, -60]


# Both together.


@pytest.mark.parametrize(
    ("sound", "severity", "reason"),
    [
        ("critical", "critical", None),
        ("resolved", "critical", None),
        ("warning", "warning", "quiet_hours"),
        ("resolved", "warning", "quiet_hours"),
        ("flapping", "warning", "quiet_hours"),
        ("info", "info", "quiet_hours"),
    ],
)
def test_quiet_hours_let_through_what_is_critical(sound, severity, reason):
    cadence = Cadence(NOW)
    assert cadence.admit(cue(sound, severity), NOW, quiet=True) == reason
    assert cadence.admit(cue(sound, severity), NOW + 30, quiet=False) is None
    assert cadence.flood.counted == 0


def test_without_a_flood_everything_sounds():
    cadence = Cadence(NOW)
    told = [
        cadence.admit(cue(sound), NOW, quiet=False, flood=False)
        for sound in ["info", "critical", "resolved"] * 50
    ]
    assert told == [None] * 150
    assert cadence.flood.storm(NOW + 60) == 0


def test_a_critical_that_sounds_puts_the_reminder_off_and_one_that_does_not_comes_first():
    cadence = Cadence(NOW - math.inf)
    alerts = [active(name, 0) for name in "abc"]
    assert cadence.admit(cue("critical", fingerprint="a"), NOW, quiet=False) is None
    assert cadence.admit(cue("critical", fingerprint="c"), NOW, quiet=False) == "flood"
    assert reminded(cadence.reminders, alerts, until=20) == [(15, "c")]


# More at once than an ear can take, for long.


def heard(flood, every, until, sound="warning"):
    times = [i * every for i in range(int(until / every))]
    return [at for at in times if flood.admit(cue(sound), NOW + at)]


def test_in_a_long_flood_no_onset_sounds_until_it_is_over():
    flood = Flood()
    assert heard(flood, 1, 3600)[-1] < LONG + 20
    assert flood.admit(cue("critical"), NOW + 3600), "a critical always does"
    assert flood.admit(cue("warning"), NOW + 3620)


def test_what_an_ear_can_take_is_never_too_long():
    assert len(heard(Flood(), 2, 3600)) == 1800


def test_a_critical_that_a_reminder_covers_is_reminded_of_soon():
    cadence = Cadence(NOW)
    reminder = Play("e1.r1", "critical", {"dur": 2.0}, "critical", "a", Why.REMINDER)
    first = active("a", 0)
    assert cadence.reminders.due([first], [], NOW + 3600) is first
    cadence.flood.critical(reminder, NOW + 3600)
    assert cadence.admit(cue("critical", fingerprint="b"), NOW + 3601, quiet=False) == "flood"
    assert not cadence.flood.counted, "a reminder tells it, no storm"
    both = [first, active("b", 3601)]
    assert cadence.reminders.at(both, []) == NOW + 3615
    assert cadence.reminders.due(both, [], NOW + 3614.75) is None
    assert cadence.reminders.due(both, [], NOW + 3615) is both[1]
    assert cadence.reminders.at(both, []) == NOW + 3915
