"""The bed: low, quiet, gliding, and never where the cues are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lab import measure, renders

from bridge.model.commands import Release, Set

pytestmark = pytest.mark.system

CUES = {"info": 440.0, "warning": 660.0, "critical": 880.0}
VOICES = {"cpu": {"freq": 880.0}, "memory": {"vol": 1.0}, "metric": {}, "ambient": {}}
FULL = [(0.0, Set(sound, sound, params)) for sound, params in VOICES.items()]

held = cache(renders.voice)


def _first_partial(freq: float) -> float:
    return measure.partials(*held("cpu", freq=freq), below=-20)[0].freq


@pytest.mark.parametrize(
    ("freq", "sounded"), [(440, 110), (550, 138.6), (660, 164.8), (880, 220), (12000, 220), (20, 55)]
)
def test_cpu_sounds_two_octaves_down_on_a_scale(freq, sounded):
    assert _first_partial(float(freq)) == pytest.approx(sounded, rel=0.005)


@pytest.mark.parametrize("freq", range(440, 881, 55))
def test_any_load_is_in_tune(freq):
    semitones = 12 * np.log2(_first_partial(float(freq)) / 110)
    assert round(semitones) % 12 in (0, 2, 4, 7, 9)
    assert semitones == pytest.approx(round(semitones), abs=0.05)


@pytest.mark.parametrize("sound", VOICES)
def test_nothing_of_the_bed_is_above_900_hz(sound):
    x, rate = held(sound, **VOICES[sound])
    assert all(p.freq <= 900 for p in measure.partials(x, rate, below=-30))


@pytest.mark.parametrize("vol", [0.5, 1.0])
@pytest.mark.parametrize(("cue", "freq"), CUES.items())
def test_the_bed_leaves_the_places_of_the_cues_free(cue, freq, vol):
    x, rate = renders.cue(cue)
    loud = measure.level_near(measure.cut(x, rate, measure.pulses(x, rate)[0]), rate, freq)
    for head in (440.0, 700.0, 880.0):
        for sound in ("cpu", "metric"):
            assert measure.level_near(*held(sound, freq=head, vol=vol), freq) <= loud - 20, (sound, head)
    assert measure.level_near(*held("ambient", vol=vol), freq) <= loud - 20


def test_the_bed_is_ten_units_below_info():
    x, rate = renders.played(FULL, 20)
    assert measure.momentary(x[8 * rate :], rate) <= measure.momentary(*renders.cue("info")) - 10


def test_a_quiet_hour_is_quiet():
    calm = [
        (0.0, Set("a", "ambient")),
        (0.0, Set("c", "cpu", {"freq": 480.0})),
        (0.0, Set("m", "memory", {"vol": 0.4})),
    ]
    x, rate = renders.played(calm, 60)
    assert measure.integrated(x[8 * rate :], rate) <= -35


@pytest.mark.parametrize("every", [0.005, 0.1, 1.5])
@pytest.mark.parametrize("sound", VOICES)
def test_a_change_is_no_step(sound, every):
    """Jumps over the whole range, at any rate of updates: a step would be heard as a click, far above the bed."""
    control = ("vol", 0.0, 1.0) if sound == "memory" else ("freq", 440.0, 880.0)
    name, low, high = control
    times = np.arange(8.0, 12.0, every)
    jumps = [
        (float(t), Set("v", sound, {name: (low, high)[i % 2], "pan": (-1, 1)[i % 2]}))
        for i, t in enumerate(times)
    ]
    x, rate = renders.played([(0.0, Set("v", sound, {name: low})), *jumps], 14)
    assert measure.largest_step(x) <= 0.002
    assert measure.clicks(x, rate) <= 1.5 * measure.clicks(*held(sound, **{name: high})) + 1e-4


def test_a_pitch_glides_for_two_seconds():
    x, rate = renders.played(
        [(0.0, Set("v", "cpu", {"freq": 440.0})), (8.0, Set("v", "cpu", {"freq": 880.0}))], 14
    )
    heard = [
        measure.partials(x[int(t * rate) :][: rate // 2], rate, below=-20)[0].freq
        for t in np.arange(7.5, 13, 0.25)
    ]
    moving = [f for f in heard if 112 < f < 217]
    assert len(moving) >= 4
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(220, rel=0.01)


@pytest.mark.parametrize("sound", VOICES)
def test_a_released_voice_ends_in_silence(sound):
    x, rate = renders.played([(0.0, Set("v", sound, VOICES[sound])), (4.0, Release("v"))], 12)
    assert np.abs(x[5 * rate]).max() > 0
    assert np.abs(x[-rate:]).max() <= 1 / 32768


def test_a_long_bed_neither_drifts_nor_leans():
    x, rate = renders.played(FULL, 300)
    levels = [20 * np.log10(np.sqrt((part**2).mean())) for part in np.array_split(x[10 * rate :], 4)]
    assert max(levels) - min(levels) < 0.5
    assert np.abs(x.mean(axis=0)).max() < 1e-4
