"""The cues as an ear gets them: rendered offline from the committed synthdefs and measured."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from lab import measure
from lab.patterns import PATTERNS, TONAL, departures
from lab.renders import dry, dry_cue, wet

from bridge.model.catalogue import SEVERITIES, SOUNDS

pytestmark = pytest.mark.system


def test_every_cue_of_the_catalogue_has_a_pattern():
    assert list(PATTERNS) == [sound.id for sound in SOUNDS.values() if sound.kind == "cue"]


@pytest.mark.parametrize("sound", PATTERNS)
def test_pulses_are_those_of_the_pattern(sound):
    assert departures(PATTERNS[sound], dry(sound)) == []


@pytest.mark.parametrize("sound", TONAL)
def test_every_pulse_has_its_fundamental_in_its_window(sound):
    low, high = PATTERNS[sound].first
    x, rate = dry(sound)
    firsts = [measure.first_partial(x, rate, pulse) for pulse in measure.pulses(x, rate)]
    if sound in ("resolved", "linklost"):  # they fall
        assert firsts == sorted(firsts, reverse=True)
    assert all(low <= first <= high for first in firsts)
    assert sound == "heartbeat" or all(150 <= first <= 1000 for first in firsts)


@pytest.mark.parametrize("sound", PATTERNS)
def test_a_cue_lasts_no_longer_than_it_says(sound):
    last = measure.pulses(*dry(sound))[-1].end - 0.2
    assert 0.2 < last <= SOUNDS[sound].control("dur").default


@pytest.mark.parametrize("sound", PATTERNS)
def test_pulses_rise_softly_and_nothing_steps(sound):
    for pulse in measure.pulses(*dry(sound)):
        assert 0.010 <= pulse.rise <= 0.2 * pulse.length
    assert measure.largest_step(wet(sound)[0]) <= 0.1


@pytest.mark.parametrize("sound", PATTERNS)
def test_the_reverb_leaves_the_gaps_open(sound):
    found = measure.pulses(*wet(sound))
    assert len(found) == len(PATTERNS[sound].lengths)
    assert all(level < 0.12 for level in measure.gap_levels(*wet(sound), found))


def test_levels_fall_with_severity():
    level = {sound: measure.momentary(*wet(sound)) for sound in PATTERNS}
    assert -20 <= level["critical"] <= -16
    assert level["warning"] <= level["critical"] - 2
    assert level["info"] <= level["warning"] - 2
    assert level["flatline"] == pytest.approx(level["warning"], abs=1)
    assert all(level[sound] <= level["warning"] for sound in ("storm", "flapping", "digest"))
    assert all(level[sound] <= level["info"] for sound in ("resolved", "linklost"))
    assert level["heartbeat"] <= -42


@pytest.mark.parametrize("sound", SEVERITIES)
def test_four_partials_are_where_any_speaker_has_them(sound):
    x, rate = dry(sound)
    found = measure.partials(measure.cut(x, rate, measure.pulses(x, rate)[0]), rate)
    assert len([p for p in found if 300 <= p.freq <= 4000 and p.level >= -15]) >= 4


def test_severities_are_three_semitones_apart():
    firsts = [measure.first_partial(*dry(s), measure.pulses(*dry(s))[0]) for s in SEVERITIES]
    assert all(abs(12 * np.log2(a / b)) >= 3 for a, b in itertools.combinations(firsts, 2))


@pytest.mark.parametrize(("sound", "interval"), [("resolved", 2 / 3), ("linklost", 2 ** (-3 / 12))])
def test_a_falling_cue_falls_to_a_consonance(sound, interval):
    x, rate = dry(sound)
    first, second = (measure.first_partial(x, rate, pulse) for pulse in measure.pulses(x, rate))
    assert second / first == pytest.approx(interval, rel=0.01)


def test_resolved_is_lower_than_the_alerts_it_ends():
    lowest = min(SOUNDS[severity].control("freq").default for severity in SEVERITIES)
    assert measure.first_partial(*dry("resolved"), measure.pulses(*dry("resolved"))[0]) < lowest


@pytest.mark.parametrize("sound", PATTERNS)
def test_no_cue_comes_near_full_scale(sound):
    assert measure.true_peak(wet(sound, vol=1.0)[0]) <= -1


@pytest.mark.parametrize("sound", TONAL)
def test_dur_scales_the_whole_burst(sound):
    dur = 2 * SOUNDS[sound].control("dur").default
    was, now = measure.pulses(*dry(sound)), measure.pulses(*dry_cue(sound, end=dur + 1, dur=dur))
    assert [p.length for p in now] == pytest.approx([2 * p.length for p in was], rel=0.06, abs=0.004)
    assert [p.start - 0.2 for p in now] == pytest.approx([2 * (p.start - 0.2) for p in was], abs=0.012)


@pytest.mark.parametrize("sound", PATTERNS)
def test_pan_moves_a_cue(sound):
    x, _ = dry(sound, pan=-1.0)
    left, right = np.abs(x).max(axis=0)
    assert left > 0.01
    assert right < 0.001


@pytest.mark.parametrize("sound", PATTERNS)
def test_vol_is_a_factor(sound):
    default = SOUNDS[sound].control("vol").default
    was, now = (measure.momentary(*dry(sound, **params)) for params in ({}, {"vol": default / 2}))
    assert now - was == pytest.approx(-6.02, abs=0.2)


@pytest.mark.parametrize("sound", PATTERNS)
def test_a_cue_ends_by_itself_in_silence(sound):
    x, rate = wet(sound, end=8.0)
    assert np.abs(x[-rate:]).max() == 0
