"""The cues as an ear gets them: rendered offline from the committed synthdefs and measured."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
from lab import measure, renders

from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Play, Set

pytestmark = pytest.mark.system

# Pulses, their length in ms, the spacings in ms in order, the first partial in Hz.
QUICK, GROUP, HALF = (50, 125), (150, 300), (350, 1300)
FIVE = [QUICK, QUICK, GROUP, QUICK]
TABLE = {
    "critical": (10, (74, 200), [*FIVE, HALF, *FIVE], (871, 889)),
    "warning": (3, (125, 250), [(125, 250)] * 2, (653, 667)),
    "info": (1, (125, 250), [], (436, 444)),
    "resolved": (2, (125, 250), [(40, 80)], (150, 439)),
    "heartbeat": (2, (80, 150), [(150, 250)], (80, 160)),
}
SEVERITIES = ("critical", "warning", "info")

dry = cache(renders.dry_cue)
wet = cache(renders.cue)


@pytest.mark.parametrize("sound", TABLE)
def test_pulses_are_those_of_the_table(sound):
    count, length, spacings, first = TABLE[sound]
    found = measure.pulses(*dry(sound))
    assert len(found) == count
    for pulse in found:
        assert length[0] <= 1000 * pulse.length <= length[1]
    for gap, (low, high) in zip(measure.spacings(found), spacings, strict=True):
        assert low <= 1000 * gap <= high
    assert first[0] <= measure.first_partial(*dry(sound), found[0]) <= first[1]


@pytest.mark.parametrize("sound", TABLE)
def test_a_cue_lasts_no_longer_than_it_says(sound):
    last = measure.pulses(*dry(sound))[-1].end - 0.2
    assert 0.2 < last <= SOUNDS[sound].control("dur").default


@pytest.mark.parametrize("sound", TABLE)
def test_pulses_rise_softly_and_nothing_steps(sound):
    for pulse in measure.pulses(*dry(sound)):
        assert 0.010 <= pulse.rise <= 0.2 * pulse.length
    assert measure.largest_step(wet(sound)[0]) <= 0.1


@pytest.mark.parametrize("sound", TABLE)
def test_the_reverb_leaves_the_gaps_open(sound):
    found = measure.pulses(*wet(sound))
    assert all(level < 0.12 for level in measure.gap_levels(*wet(sound), found))


def test_levels_fall_with_severity():
    level = {sound: measure.momentary(*wet(sound)) for sound in TABLE}
    assert -20 <= level["critical"] <= -16
    assert level["warning"] <= level["critical"] - 2
    assert level["info"] <= level["warning"] - 2
    assert level["resolved"] <= level["info"]
    assert level["heartbeat"] <= -42


@pytest.mark.parametrize("sound", SEVERITIES)
def test_four_partials_are_where_any_speaker_has_them(sound):
    x, rate = dry(sound)
    found = measure.partials(measure.cut(x, rate, measure.pulses(x, rate)[0]), rate)
    assert len([p for p in found if 300 <= p.freq <= 4000 and p.level >= -15]) >= 4


def test_severities_are_three_semitones_apart():
    firsts = [measure.first_partial(*dry(s), measure.pulses(*dry(s))[0]) for s in SEVERITIES]
    assert all(abs(12 * np.log2(a / b)) >= 3 for a, b in itertools.combinations(firsts, 2))


def test_resolved_falls_to_a_consonance():
    x, rate = dry("resolved")
    first, second = (measure.first_partial(x, rate, pulse) for pulse in measure.pulses(x, rate))
    assert second / first == pytest.approx(2 / 3, rel=0.01)


@pytest.mark.parametrize("sound", TABLE)
def test_no_cue_comes_near_full_scale(sound):
    assert measure.true_peak(wet(sound, vol=1.0)[0]) <= -1


@pytest.mark.parametrize(("sound", "dur"), [("critical", 4.0), ("warning", 0.75)])
def test_dur_scales_the_whole_burst(sound, dur):
    scale = dur / SOUNDS[sound].control("dur").default
    was, now = measure.pulses(*dry(sound)), measure.pulses(*dry(sound, end=6.0, dur=dur))
    assert [p.length for p in now] == pytest.approx([scale * p.length for p in was], rel=0.06, abs=0.004)


def test_pan_moves_a_cue():
    x, _ = dry("info", pan=-1.0)
    left, right = np.abs(x).max(axis=0)
    assert left > 0.05
    assert right < 0.001


@pytest.mark.parametrize("sound", TABLE)
def test_a_cue_ends_by_itself_in_silence(sound):
    x, rate = wet(sound, end=8.0)
    assert np.abs(x[-rate:]).max() == 0


def test_sixty_four_cues_and_voices_at_full_level_do_not_clip():
    ids = itertools.count()
    cues = [(0.3, Play(f"c{next(ids)}", s, {"vol": 1.0})) for s in SEVERITIES * 16]
    voices = [
        (0.0, Set(f"v{next(ids)}", s, {"vol": 1.0})) for s in ("cpu", "memory", "metric", "ambient") * 4
    ]
    x, _ = renders.played([*voices, *cues], 3.0)
    assert measure.true_peak(x) <= -1
    assert np.isfinite(x).all()


def test_the_same_score_gives_the_same_samples():
    events = [(0.0, Set("m", "memory", {"vol": 1.0})), (0.5, Play("a", "critical", {}))]
    first, second = (renders.played(events, 3.0)[0] for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("sound", TABLE)
@pytest.mark.parametrize("extreme", ["low", "high"])
def test_the_ends_of_the_ranges_do_no_harm(sound, extreme):
    params = {c.name: getattr(c, extreme) for c in SOUNDS[sound].controls if c.name != "vol"}
    x, _ = renders.cue(sound, vol=1.0, **params)
    assert np.isfinite(x).all()
    assert np.abs(x).max() < 0.9
