"""Events become commands at their times: lists in, lists out, no clock and no SuperCollider."""

from __future__ import annotations

from dataclasses import replace

import pytest
from events import BOOK, NOW, ends, fires, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.playback import BED, FADE, STEP, perform, take, to_score
from bridge.core.score import score
from bridge.model.commands import Play, Release, Set


def heard(*events, **part):
    """The performance of these events."""
    return perform(take(events, **part), BOOK)


def cues(performance):
    """The cues of messages: heartbeats and reminders left out."""
    return [(at, c.sound) for at, c in performance.commands if isinstance(c, Play) and c.why == "event"]


def voice(performance, name):
    return [(at, c) for at, c in performance.commands if isinstance(c, Set | Release) and c.id == name]


def measured(at, value=0.5, **fields):
    return replace(sample(value=value, **fields), received=at)


def test_it_begins_with_the_bed_as_an_engine_does():
    assert heard(fires()).commands[0] == (0.0, BED)


def test_a_cue_sounds_at_the_time_of_its_event():
    performance = heard(measured(NOW), fires(at=NOW + 3.1), ends(at=NOW + 8.8))
    assert cues(performance) == [(pytest.approx(3.1), "critical"), (pytest.approx(8.8), "resolved")]
    assert performance.length == pytest.approx(13.8)


def test_time_runs_on_between_events():
    """A critical that nobody ends is reminded of, and the bridge gives its sign of life."""
    performance = heard(fires(), measured(NOW + 70))
    reminders = [at for at, c in performance.commands if isinstance(c, Play) and c.why == "reminder"]
    beats = [at for at, c in performance.commands if isinstance(c, Play) and c.sound == "heartbeat"]
    assert reminders == [pytest.approx(15.0 * n, abs=2 * STEP) for n in range(1, 5)]
    assert beats == [pytest.approx(20.0 * n, abs=STEP) for n in range(4)]


def test_a_series_that_goes_is_released():
    performance = heard(measured(NOW), measured(NOW + 1), fires("info", "info", at=NOW + 100))
    assert [type(c) for _, c in voice(performance, "cpu")][-1] is Release
    assert voice(performance, "cpu")[-1][0] == pytest.approx(61, abs=2 * STEP)


def test_events_out_of_order_are_put_in_order_and_those_of_one_time_keep_theirs():
    shuffled = heard(ends(at=NOW + 9), fires(), fires("b", "info"))
    ordered = heard(fires(), fires("b", "info"), ends(at=NOW + 9))
    assert shuffled == ordered
    assert cues(ordered)[:2] == [(0.0, "critical"), (0.0, "info")]


def test_cues_that_begin_together_share_their_level():
    together = heard(*(fires(f"f{i}", "warning") for i in range(3)))
    volumes = [c.params["vol"] for _, c in together.commands if isinstance(c, Play) and c.sound == "warning"]
    alone = next(c for _, c in heard(fires("f0", "warning")).commands if isinstance(c, Play))
    assert volumes == pytest.approx([alone.params["vol"] / 3] * 3)


def test_at_another_speed_the_events_come_closer_and_the_cadence_stays():
    """As though it had happened within that time: the cues and the reminders keep their distance."""
    slow = heard(fires(), ends(at=NOW + 600), speed=10)
    assert cues(slow) == [(0.0, "critical"), (pytest.approx(60.0), "resolved")]
    reminders = [at for at, c in slow.commands if isinstance(c, Play) and c.why == "reminder"]
    assert reminders == [pytest.approx(15.0 * n, abs=2 * STEP) for n in range(1, 4)]
    assert slow.length == pytest.approx(65.0)


def test_at_another_speed_the_times_inside_an_event_move_with_it():
    """Else a start would lie in the future of the compressed clock, and order nothing."""
    at = NOW + 600
    late = fires(at=at + 1, starts_at=NOW)
    events = [fires(starts_at=NOW), ends(at=at, starts_at=NOW, ends_at=at), late]
    assert heard(*events, speed=10).outcomes == heard(*events).outcomes == {"played": 2, "expired": 1}
    delayed = replace(measured(at), at=at - 5)
    moved = take([measured(NOW), delayed], speed=10).events[1]
    assert (moved.received, moved.at) == pytest.approx((NOW + 60, NOW + 59.5))


def test_a_part_knows_what_happened_before_it():
    before = [measured(NOW, 0.1), measured(NOW + 1, 0.9), fires(at=NOW + 2)]
    part = heard(*before, ends(at=NOW + 12), since=NOW + 10)
    assert cues(part) == [(pytest.approx(2.0), "resolved")]
    [(at, cpu)] = [(at, c) for at, c in voice(part, "cpu") if at == 0]
    assert cpu.params["freq"] == pytest.approx(440 + 440 * 0.9)
    assert at == 0
    assert part.outcomes == {"played": 1}
    assert part.length == pytest.approx(7.0)


def test_a_voice_that_ended_before_the_part_is_not_in_it():
    part = heard(measured(NOW), fires("i", "info", at=NOW + 200), since=NOW + 150)
    assert voice(part, "cpu") == []


def test_what_comes_after_the_part_is_left_out():
    assert cues(heard(fires(), ends(at=NOW + 9), until=NOW + 8)) == [(0.0, "critical")]


@pytest.mark.parametrize("part", [{"since": NOW + 1}, {"until": NOW - 1}])
def test_a_part_without_an_event_is_refused(part):
    with pytest.raises(ValueError, match="no event"):
        take([fires()], **part)


def test_nothing_at_all_is_refused():
    with pytest.raises(ValueError, match="no event"):
        take([])


def test_every_event_is_accounted_for():
    events = [fires(), fires(at=NOW + 1), measured(NOW + 1), measured(NOW + 1, 0.6), ends("none", at=NOW + 2)]
    outcomes = heard(*events).outcomes
    assert outcomes == {"played": 2, "duplicate": 2, "superseded": 1}
    assert outcomes.total() == len(events)


def test_a_test_alert_resolves_itself():
    performance = heard(fires(expires_at=NOW + 5), measured(NOW + 10))
    assert cues(performance) == [(0.0, "critical"), (pytest.approx(5.0, abs=STEP), "resolved")]


def test_the_score_fades_out_at_its_end_and_holds_the_rest_as_it_is():
    performance = heard(measured(NOW), fires(at=NOW + 1))
    data = to_score(performance)
    assert data.startswith(score(performance.commands, performance.length - FADE))
    assert data.count(b"/n_set\0\0,isf") == data.count(b"gate") == 1


def test_without_a_tail_there_is_still_room_for_the_fade():
    performance = heard(fires(), fires("b", at=NOW + 2), tail=0.0)
    assert performance.length == pytest.approx(2 + 2 * FADE)
    assert to_score(performance)
    assert all(at <= 2 + FADE for at, _ in performance.commands)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 40)), min_size=1, max_size=12),
    st.sampled_from([0.5, 1.0, 7.0]),
)
def test_any_events_give_the_same_score_each_time(told, speed):
    events = [(fires if on else ends)(name, "warning", at=NOW + at) for name, on, at in told]
    part = take(events, speed=speed)
    performance = perform(part, BOOK)
    assert performance.outcomes.total() == len(events)
    times = [at for at, _ in performance.commands]
    assert times == sorted(times)
    assert times[0] == 0
    assert to_score(performance) == to_score(perform(part, BOOK))
