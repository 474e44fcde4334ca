"""The meters of `synthdefs check` agree with the library that the project's own sounds are measured with."""

from __future__ import annotations

import array
import math

import numpy as np
import pytest
from lab import measure

from bridge.core import loudness

RATE = loudness.RATE
T = np.arange(2 * RATE) / RATE
NOISE = np.random.default_rng(1).standard_normal(len(T)).clip(-3, 3)
SOUNDS = {
    "sine": 0.2 * np.sin(2 * np.pi * 997 * T),
    "high": 0.3 * np.sin(2 * np.pi * 12000 * T + math.pi / 4),
    "low": 0.4 * np.sin(2 * np.pi * 60 * T),
    "noise": 0.1 * NOISE,
    "struck": np.exp(-6 * T) * np.sin(2 * np.pi * 5000 * T) / 2,
    "short": np.where(T < 0.1, 0.3, 0) * np.sin(2 * np.pi * 440 * T),
}


def stereo(wave):
    return [array.array("f", wave), array.array("f", wave / 2)]


@pytest.mark.parametrize("wave", SOUNDS.values(), ids=SOUNDS)
def test_momentary_loudness(wave):
    """The library's filters stand 0.04 LU below the tables of BS.1770-4 at 48 kHz."""
    found = loudness.momentary(stereo(wave))
    assert found == pytest.approx(measure.momentary(np.stack([wave, wave / 2], 1), RATE), abs=0.1)


def test_the_reference_of_the_standard():
    """BS.1770-4: a sine of 997 Hz at full scale in one channel is -3.01 LUFS."""
    assert loudness.momentary([list(np.sin(2 * np.pi * 997 * T))]) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("wave", SOUNDS.values(), ids=SOUNDS)
def test_true_peak(wave):
    assert loudness.true_peak(stereo(wave)) == pytest.approx(measure.true_peak(wave), abs=0.15)


def test_the_wave_between_the_samples_counts():
    """Samples at 45 degrees of a sine of a quarter of the rate stand 3 dB below its peak."""
    wave = 0.5 * np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4) * np.hanning(4800)
    assert loudness.decibels(loudness.peak([list(wave)])) == pytest.approx(-9.03, abs=0.05)
    assert loudness.true_peak([list(wave)]) == pytest.approx(-6.02, abs=0.1)


def test_silence():
    nothing = [[0.0] * 1000] * 2
    assert loudness.momentary(nothing) == loudness.true_peak(nothing) == loudness.SILENCE
    assert loudness.onset(nothing) == loudness.peak(nothing) == 0


def test_an_onset_is_looked_at_where_the_sound_begins():
    late = [0.0] * 5000 + [0.4] * 100 + [0.0] * 3000 + [0.9] * 100
    assert loudness.onset([late, [0.0] * len(late)]) == pytest.approx(0.4)
    assert loudness.onset([[i / 1000 for i in range(500)]]) == pytest.approx(0.001)
    assert loudness.onset([[0.7] * 100]) == 0, "what begins at the first sample of all has no step before it"


def test_what_cannot_be_heard_is_cut_off():
    channels = [[0.0] * 10 + [0.5] + [0.0] * 10, [0.0] * 12 + [0.2] + [1e-6] * 8]
    assert loudness.audible(channels) == [[0.5, 0, 0], [0, 0, 0.2]]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_found(bad):
    assert loudness.finite([[0.1, 0.2], [0.3]])
    assert not loudness.finite([[0.1, 0.2], [0.3, bad]])
    assert not loudness.finite([[math.inf, -math.inf]])
