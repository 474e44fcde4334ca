"""The bed as one: it sinks when all is calm, is back at a change, and several metrics off are one voicing."""

from __future__ import annotations

import math

import pytest
from core.events import NOW
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.bed import AMBIENT, CALM, MOVES, SUNK, Bed
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Set


def cpu(voice="cpu", **params):
    return Set(voice, "cpu", SOUNDS["cpu"].defaults() | params)


def network(voice="network", **params):
    return Set(voice, "network", SOUNDS["network"].defaults() | params)


def level(bed, voices, after, *, quiet=True):
    bed.update(voices, NOW + after, quiet=quiet)
    return bed.level


@pytest.fixture
def bed():
    """One voice, from the first moment on."""
    bed = Bed(NOW)
    bed.update([cpu()], NOW, quiet=True)
    return bed


def test_the_numbers_of_the_requirement():
    assert CALM == 600.0
    assert pytest.approx(10 ** (-12 / 20), abs=2e-3) == SUNK


def test_it_sinks_after_ten_calm_minutes_with_every_voice(bed):
    assert level(bed, [cpu()], CALM - 0.25) == 1.0
    told = bed.update([cpu()], NOW + CALM, quiet=True)
    assert {(s.id, s.params["level"]) for s in told} == {("cpu", SUNK), (AMBIENT, SUNK)}
    assert bed.update([cpu()], NOW + CALM + 0.25, quiet=True) == []


def test_while_something_fires_it_does_not_sink_and_afterwards_has_its_time(bed):
    assert level(bed, [cpu()], 10 * CALM, quiet=False) == 1.0
    assert level(bed, [cpu()], 11 * CALM - 0.25) == 1.0
    assert level(bed, [cpu()], 11 * CALM) == SUNK


def test_anything_that_happens_brings_it_back_at_once(bed):
    assert level(bed, [cpu()], CALM) == SUNK
    bed.changed(NOW + CALM + 1)
    told = bed.update([cpu()], NOW + CALM + 1, quiet=True)
    assert {s.params["level"] for s in told} == {1.0}


@pytest.mark.parametrize("voices", [[], [cpu(), network()], [network()]])
def test_a_voice_that_comes_or_goes_is_a_change(bed, voices):
    assert level(bed, [cpu()], CALM) == SUNK
    assert level(bed, voices, CALM + 1) == 1.0


@pytest.mark.parametrize(
    ("voice", "change"),
    [
        (cpu(freq=440 * 2 ** (4.01 / 12)), True),
        (cpu(freq=440 * 2 ** (3.99 / 12)), False),
        (cpu(freq=440 / 2 ** (4.01 / 12)), True),
        (cpu(vol=0.71), True),
        (cpu(vol=0.31), False),
        (cpu(anomaly=0.11), True),
        (cpu(anomaly=0.09), False),
        (cpu(pan=0.6), False),
    ],
)
def test_a_sample_is_a_change_when_an_ear_notices(bed, voice, change):
    assert level(bed, [cpu()], CALM) == SUNK
    assert level(bed, [voice], CALM + 1) == (1.0 if change else SUNK)


@pytest.mark.parametrize(
    ("rate", "change"), [(2.01, True), (1.99, False), (0.49, True), (0.51, False), (0.0, True)]
)
def test_a_pulse_is_a_change_by_half_or_double(rate, change):
    bed = Bed(NOW)
    bed.update([network(rate=1.0)], NOW, quiet=True)
    assert level(bed, [network(rate=1.0)], CALM) == SUNK
    assert level(bed, [network(rate=rate)], CALM + 1) == (1.0 if change else SUNK)


def test_a_slow_drift_is_a_change_once_it_is_far_from_where_it_rested(bed):
    """Each step alone is too small to notice; the sum of them is not."""
    changes = []
    for i in range(60):
        before = bed._changed
        bed.update([cpu(freq=440 * 2 ** (i / 60))], NOW + CALM + 20 * i, quiet=True)
        if bed._changed != before:
            changes.append(i)
    assert changes == [21, 42]


@given(st.lists(st.tuples(st.floats(-0.99, 0.99), st.floats(-0.049, 0.049)), min_size=30, max_size=60))
def test_jitter_never_brings_it_back(jitter):
    bed = Bed(NOW)
    levels = []
    for i, (semitones, step) in enumerate(jitter):
        voice = cpu(freq=440 * 2 ** (semitones / 12), vol=0.5 + step, anomaly=0.05 + step)
        levels.append(level(bed, [voice], i * 60.0))
    assert levels[:10] == [1.0] * 10
    assert set(levels[10:]) == {SUNK}


@pytest.mark.parametrize(
    ("anomalies", "chord"),
    [
        ([], 0),
        ([0.29, 0.2, 0.0], 0),
        ([0.3], 1),
        ([0.3, 0.29], 1),
        ([0.5, 0.3], 2),
        ([1.0, 0.3, 0.3], 3),
        ([1.0] * 4, 4),
        ([1.0] * 9, 4),
    ],
)
def test_the_chord_tells_how_many_are_off(anomalies, chord):
    bed = Bed(NOW)
    told = bed.update([cpu(f"c{i}", anomaly=a) for i, a in enumerate(anomalies)], NOW, quiet=True)
    assert [s.params["chord"] for s in told if s.id == AMBIENT] == ([chord] if chord else [])
    assert bed.chord == chord


def test_the_chord_goes_back_when_they_are_mended():
    bed = Bed(NOW)
    bed.update([cpu(anomaly=1.0)], NOW, quiet=True)
    told = bed.update([cpu(anomaly=0.0)], NOW + 1, quiet=True)
    assert {s.id: s.params.get("chord") for s in told} == {"cpu": None, AMBIENT: 0.0}
    assert bed.chord == 0


def test_the_worst_is_whole_and_each_further_one_half_of_it():
    voices = [cpu("b", anomaly=0.8), cpu("a", anomaly=0.4), cpu("c", anomaly=1.0), network(anomaly=0.8)]
    told = Bed(NOW).update(voices, NOW, quiet=True)
    assert [(s.id, s.params["anomaly"]) for s in told if s.id != AMBIENT] == [
        ("c", 1.0), ("b", 0.4), ("network", 0.2), ("a", 0.05)
    ]  # fmt: skip


def test_a_sound_without_these_controls_is_left_as_it_is():
    own = Set("own", "own", {"vol": 0.4})
    (told,) = Bed(NOW).update([own], NOW, quiet=True)
    assert told == own


def test_only_what_changed_is_told_and_what_was_touched_always():
    bed = Bed(NOW)
    first = bed.update([cpu(), network()], NOW, quiet=True)
    assert [s.id for s in first] == ["cpu", "network"]
    assert bed.update([cpu(), network()], NOW + 1, quiet=True) == []
    assert [s.id for s in bed.update([cpu(), network()], NOW + 1, quiet=True, always={"cpu"})] == ["cpu"]
    assert [s.id for s in bed.update([cpu(), network(rate=1.1)], NOW + 1, quiet=True)] == ["network"]


def test_what_stands_is_what_was_told_and_the_ambient_bed_always():
    bed = Bed(NOW)
    assert bed.standing() == [Set(AMBIENT, AMBIENT, SOUNDS[AMBIENT].defaults())]
    bed.update([cpu(anomaly=0.5), network()], NOW, quiet=True)
    assert {s.id: s.params.get("chord") for s in bed.standing()} == {
        AMBIENT: 1.0,
        "cpu": None,
        "network": None,
    }
    bed.forget("cpu")
    assert {s.id for s in bed.standing()} == {AMBIENT, "network"}


def test_where_the_clock_goes_back_it_is_not_sunk_for_good(bed):
    assert level(bed, [cpu()], -5000) == 1.0
    assert level(bed, [cpu()], -5000 + CALM) == SUNK


def test_the_controls_that_count_are_controls_of_voices():
    names = {control.name for sound in SOUNDS.values() if sound.kind == "voice" for control in sound.controls}
    assert MOVES.keys() <= names


@pytest.mark.parametrize(("count", "share"), [(1, 1.0), (7, 1.0), (28, 0.5), (84, math.sqrt(7 / 84))])
def test_many_voices_are_together_no_louder_than_seven(bed, count, share):
    told = bed.update([network(f"n{i}") for i in range(count)], NOW, quiet=True)
    (found,) = {s.params["level"] for s in told if s.sound == "network"}
    assert found == pytest.approx(share)
