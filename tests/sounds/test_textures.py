"""The cues that tell more than one thing: the storm how many, the digest how bad and how many, and two that sway."""

from __future__ import annotations

import numpy as np
import pytest
from lab import measure
from lab.patterns import DIGESTS, PATTERNS, TICK, Pattern, departures
from lab.renders import cue, dry, dry_cue, wet

pytestmark = pytest.mark.system

DENSITIES = (2.0, 4.0, 8.0, 16.0, 24.0, 32.0)
PAUSE, LIGHT = (200, 300), (60, 90)
"""In ms: between the pulses of a digest and its ticks, and the ticks themselves."""


@pytest.mark.parametrize("density", [*DENSITIES, 40.0])
def test_a_storm_is_one_texture(density):
    found = measure.pulses(*dry("storm", density=density))
    assert [pulse.length >= 1 for pulse in found] == [True]
    assert found[0].rise >= 0.010
    assert measure.largest_step(wet("storm", density=density)[0]) <= 0.1


@pytest.mark.parametrize("density", [*DENSITIES, 40.0])
def test_a_storm_is_low(density):
    x, rate = dry("storm", density=density)
    low, high = PATTERNS["storm"].first
    assert low <= measure.first_partial(x, rate, measure.pulses(x, rate)[0]) <= high
    for part in np.array_split(x[int(0.25 * rate) : int(1.4 * rate)], 5):
        strongest = max(measure.partials(part, rate), key=lambda partial: partial.level)
        assert low <= strongest.freq <= high


def test_a_storm_tells_how_many():
    counts = [len(measure.strikes(*dry("storm", density=density))) for density in DENSITIES]
    assert counts == pytest.approx([1.5 * density for density in DENSITIES], rel=0.15, abs=1)
    assert len(measure.strikes(*dry("storm", density=40.0))) > counts[-1]


def test_a_storm_is_never_louder_than_a_warning():
    levels = [measure.momentary(*wet("storm", density=density)) for density in (*DENSITIES, 40.0)]
    assert max(levels) <= measure.momentary(*wet("warning"))
    assert max(levels) - min(levels) <= 2  # how many is told by number, not by force


def test_flapping_sways_between_two_tones():
    x, rate = dry("flapping")
    tones = [p.freq for p in measure.partials(x, rate) if p.level > -6]
    assert len(tones) == 2
    assert all(330 <= tone <= 500 for tone in tones)
    assert 3 <= 12 * np.log2(tones[1] / tones[0]) <= 5
    heard = [_stronger(x, rate, 0.2 + 0.17 * i, tones) for i in range(6)]
    assert heard == [0, 1, 0, 1, 0, 1]


def _stronger(x: np.ndarray, rate: int, at: float, tones: list[float]) -> int:
    """Which of two tones is the stronger in the 0.12 s after a strike."""
    part = x[int((at + 0.02) * rate) : int((at + 0.14) * rate)]
    return int(np.argmax([measure.level_near(part, rate, tone) for tone in tones]))


def test_flatline_holds_its_tone_still():
    x, rate = dry("flatline")
    held = measure.pulses(x, rate)[0]
    parts = np.array_split(measure.cut(x, rate, held)[rate // 10 : -rate // 10], 4)
    levels = [measure.level_near(part, rate, 220) for part in parts]
    assert max(levels) - min(levels) <= 1
    assert all(
        measure.partials(part, rate, below=-12)[0].freq == pytest.approx(220, rel=0.01) for part in parts
    )


def test_flatline_ends_in_the_rhythm_of_the_warning():
    three, held = measure.pulses(*dry("warning")), measure.pulses(*dry("flatline"))
    assert measure.spacings(held[1:]) == pytest.approx(measure.spacings(three), abs=0.02)
    assert [p.length for p in held[1:]] == pytest.approx([p.length for p in three], abs=0.02)


@pytest.mark.parametrize("count", range(6))
@pytest.mark.parametrize("worst", DIGESTS)
def test_a_digest_is_the_worst_and_a_tick_for_each_other(worst, count):
    main, ticks = DIGESTS[worst], (LIGHT,) * count
    gaps = () if count == 0 else (PAUSE, *(TICK,) * (count - 1))
    x, rate = dry_cue("digest", worst=float(worst), count=float(count))
    assert departures(Pattern((*main.lengths, *ticks), (*main.spacings, *gaps), main.first), (x, rate)) == []
    found = measure.pulses(x, rate)
    firsts = [measure.first_partial(x, rate, pulse) for pulse in found]
    low, high = main.first
    assert all(low <= first <= high for first in firsts[: len(main.lengths)])
    assert firsts[len(main.lengths) :] == pytest.approx([555] * count, rel=0.01)
    assert all(0.010 <= pulse.rise <= 0.2 * pulse.length for pulse in found)
    assert found[-1].end - 0.2 <= 2


@pytest.mark.parametrize("worst", DIGESTS)
def test_a_digest_is_no_louder_than_a_warning_and_leaves_its_gaps_open(worst):
    x, rate = cue("digest", worst=float(worst), count=5.0)
    assert measure.momentary(x, rate) <= measure.momentary(*wet("warning"))
    assert all(level < 0.12 for level in measure.gap_levels(x, rate, measure.pulses(x, rate)))


@pytest.mark.parametrize(("given", "heard"), [(0.4, 3), (0.6, 4), (2.4, 5), (4.6, 8)])
def test_a_digest_counts_in_whole_numbers(given, heard):
    assert len(measure.pulses(*dry_cue("digest", count=given))) == heard


@pytest.mark.parametrize("freq", [440.0, 880.0])
def test_a_digest_is_at_the_pitch_it_is_given(freq):
    x, rate = dry_cue("digest", freq=freq)
    assert measure.first_partial(x, rate, measure.pulses(x, rate)[0]) == pytest.approx(freq, rel=0.01)
