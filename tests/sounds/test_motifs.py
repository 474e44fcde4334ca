"""Who is singing: the motifs bend the later pulses and change nothing else of an alert."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lab import measure
from lab.patterns import PATTERNS, departures
from lab.renders import cue, dry, dry_cue

from bridge.core.who import MOTIFS
from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

INTERVALS = {"critical": (0, 1, 2, 1, 2, 0, 1, 2, 1, 2), "warning": (0, 1, 2)}
"""Which note of (freq, second, third) each pulse has."""

EVERY = [(sound, second, third) for sound in INTERVALS for second, third in MOTIFS]


@cache
def _in_the_room(sound: str, second: float, third: float) -> tuple[float, list[float]]:
    """With the reverb: the level in LUFS, and how much is left in each gap."""
    x, rate = cue(sound, second=second, third=third)
    return measure.momentary(x, rate), measure.gap_levels(x, rate, measure.pulses(x, rate))


@pytest.mark.parametrize(("sound", "second", "third"), EVERY)
def test_each_pulse_has_its_note_and_the_rhythm_stays(sound, second, third):
    x, rate = dry_cue(sound, second=second, third=third)
    assert departures(PATTERNS[sound], (x, rate)) == []
    found = measure.pulses(x, rate)
    freq, notes = SOUNDS[sound].control("freq").default, (0, second, third)
    heard = [12 * np.log2(measure.first_partial(x, rate, pulse) / freq) for pulse in found]
    assert heard == pytest.approx([notes[i] for i in INTERVALS[sound]], abs=0.15)
    assert all(0.010 <= pulse.rise <= 0.2 * pulse.length for pulse in found)
    assert measure.largest_step(x) <= 0.1


@pytest.mark.parametrize(("sound", "second", "third"), EVERY)
def test_with_the_reverb_the_gaps_stay_open(sound, second, third):
    _, gaps = _in_the_room(sound, second, third)
    assert len(gaps) == len(INTERVALS[sound]) - 1
    assert all(level < 0.12 for level in gaps)


def test_identity_does_not_change_the_level():
    criticals = [_in_the_room("critical", *motif)[0] for motif in ((0.0, 0.0), *MOTIFS)]
    warnings = [_in_the_room("warning", *motif)[0] for motif in ((0.0, 0.0), *MOTIFS)]
    assert all(-20 <= level <= -16 for level in criticals)
    assert max(warnings) <= min(criticals) - 2


def test_an_altered_heartbeat_has_another_second_note():
    x, rate = dry("heartbeat", second=-5.0)
    assert departures(PATTERNS["heartbeat"], (x, rate)) == []
    first, second = (measure.first_partial(x, rate, pulse) for pulse in measure.pulses(x, rate))
    assert 12 * np.log2(second / first) == pytest.approx(-5, abs=0.2)


@pytest.mark.parametrize("second", [-12.0, -5.0, 3.0, 12.0])
def test_an_altered_heartbeat_stays_soft(second):
    assert measure.momentary(*cue("heartbeat", second=second)) <= -42
