"""The chords of the ambient bed: how many metrics are off at once, from an open fifth to a dark cluster."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from lab import measure, renders

from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Set

pytestmark = pytest.mark.system

CHORDS = {
    0: [110, 165, 220, 330],
    1: [110, 165, 220, 247.5, 330],
    2: [110, 132, 165, 220, 330],
    3: [110, 130.8, 155.6, 185, 311.1],
    4: [110, 123.5, 155.6, 185, 207.7],
}
"""Hz, at the default 220: fifth and octaves; B beside A; A minor; A diminished; A, B, D sharp, F sharp, G sharp."""


@cache
def held(chord: float, **params: float) -> renders.Sound:
    """The bed in that chord for 16 s."""
    return renders.voice("ambient", 24, chord=chord, **params)


def _tones(chord: float) -> list[measure.Partial]:
    """Its partials, those that beat about one place taken together."""
    found = measure.partials(*held(chord), below=-20)
    groups = itertools.groupby(found, key=lambda partial: round(24 * np.log2(partial.freq / 110)))
    return [max(group, key=lambda partial: partial.level) for _, group in groups]


@pytest.mark.parametrize("chord", CHORDS)
def test_its_tones(chord):
    assert [tone.freq for tone in _tones(float(chord))] == pytest.approx(CHORDS[chord], rel=0.005)


def test_dissonance_rises_with_every_metric_that_is_off():
    found = [measure.roughness(_tones(float(chord))) for chord in CHORDS]
    assert all(after > 1.1 * before for before, after in itertools.pairwise(found))


def test_chords_are_as_loud_as_each_other():
    levels = [measure.integrated(*held(float(chord))) for chord in CHORDS]
    assert max(levels) - min(levels) < 1


@pytest.mark.parametrize(("chord", "heard"), [(0.4, 0.0), (2.6, 3.0)])
def test_between_two_chords_is_the_nearer_one(chord, heard):
    assert (held(chord)[0] == held(heard)[0]).all()


@pytest.mark.parametrize(("before", "after"), [(0.0, 4.0), (4.0, 0.0)])
def test_a_chord_glides(before, after):
    """One tone has to go from 330 to 208 Hz or back: for a second and more it is seen between, where no tone rests."""
    events = [(0.0, Set("b", "ambient", {"chord": before})), (8.0, Set("b", "ambient", {"chord": after}))]
    x, rate = renders.played(events, 14)
    windows = [x[int(t * rate) :][: rate // 2] for t in np.arange(7.0, 13.0, 0.25)]
    between = [measure.level_near(window, rate, 276.0, semitones=2.2) > -80 for window in windows]
    assert not between[0]
    assert not any(between[-8:])
    assert sum(between) >= 4
    assert measure.largest_step(x) <= 0.002
    assert measure.clicks(x, rate) <= 1e-4


@pytest.mark.parametrize("chord", CHORDS)
def test_no_tone_is_where_a_cue_begins(chord):
    for sound in ("info", "warning", "critical"):
        freq = SOUNDS[sound].control("freq").default
        x, rate = renders.wet(sound)
        cue = measure.level_near(measure.cut(x, rate, measure.pulses(x, rate)[0]), rate, freq)
        for anomaly in (0.0, 1.0):
            bed = measure.level_near(*held(float(chord), anomaly=anomaly, vol=1.0), freq)
            assert bed <= cue - 20, (sound, anomaly)
