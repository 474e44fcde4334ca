"""The bed: low, quiet, gliding, in tune with itself, and never where the cues are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lab import measure, renders

from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Set

pytestmark = pytest.mark.system

CUES = {"info": 440.0, "warning": 660.0, "critical": 880.0}
VOICES: dict[str, dict[str, float]] = {
    "cpu": {"freq": 880.0},
    "memory": {"vol": 1.0},
    "network": {"rate": 10.0},
    "disk": {"rate": 8.0},
    "temperature": {"freq": 220.0},
    "metric": {"freq": 330.0},
    "ambient": {},
}
"""As high as the default rule book drives them."""

CALM: dict[str, dict[str, float]] = {
    "cpu": {"freq": 480.0},
    "memory": {"vol": 0.4},
    "network": {"rate": 2.0},
    "disk": {"rate": 0.5},
    "temperature": {"freq": 138.6},
    "metric": {},
    "ambient": {},
}
"""A healthy afternoon."""

PLACES: dict[str, list[dict[str, float]]] = {
    "cpu": [{"freq": freq} for freq in (440.0, 660.0, 880.0)],
    "memory": [{}],
    "network": [{"rate": rate} for rate in (1.0, 20.0)],
    "disk": [{"rate": rate} for rate in (1.0, 20.0)],
    "temperature": [{"freq": freq} for freq in (110.0, 165.0, 220.0)],
    "metric": [{"freq": freq} for freq in (110.0, 220.0, 330.0, 440.0, 700.0)],
    "ambient": [{"freq": freq} for freq in (220.0, 440.0)],
}
PENTATONIC = (0, 2, 4, 7, 9)

held = cache(renders.voice)


def _bed(voices: dict[str, dict[str, float]], end: float = 20, **more: float) -> renders.Sound:
    """All of them together, their coming in left out."""
    x, rate = renders.played([(0.0, Set(v, v, params | more)) for v, params in voices.items()], end)
    return x[8 * rate :], rate


def _first_partial(freq: float) -> float:
    return measure.partials(*held("cpu", end=12, freq=freq), below=-20)[0].freq


def test_every_voice_is_here():
    every = {sound.id for sound in SOUNDS.values() if sound.kind == "voice"}
    assert set(VOICES) == set(CALM) == set(PLACES) == every


@pytest.mark.parametrize(
    ("freq", "sounded"), [(440, 110), (550, 138.6), (660, 164.8), (880, 220), (12000, 220), (20, 55)]
)
def test_cpu_sounds_two_octaves_down_on_a_scale(freq, sounded):
    assert _first_partial(float(freq)) == pytest.approx(sounded, rel=0.005)


@pytest.mark.parametrize("freq", range(440, 881, 55))
def test_any_load_is_in_tune(freq):
    semitones = 12 * np.log2(_first_partial(float(freq)) / 110)
    assert round(semitones) % 12 in PENTATONIC
    assert semitones == pytest.approx(round(semitones), abs=0.05)


def test_temperature_brightens_as_it_rises():
    """Level of the third partial against the first."""
    low, high = (
        measure.level_near(*held("temperature", freq=freq), 3 * freq)
        - measure.level_near(*held("temperature", freq=freq), freq)
        for freq in (110.0, 200.0)
    )
    assert high > low + 4


def test_a_healthy_bed_is_one_chord():
    """Every strong tone is a note of A major pentatonic, and nothing rubs as it does with one voice that is off."""
    tones = measure.partials(
        *_bed({v: p for v, p in CALM.items() if v not in ("memory", "disk")}, 28), below=-12
    )
    steps = [12 * np.log2(tone.freq / 110) for tone in tones]
    assert {round(step) % 12 for step in steps} <= set(PENTATONIC)
    assert all(abs(step - round(step)) < 0.1 for step in steps)
    healthy, off = (
        measure.roughness(measure.partials(*_bed({"ambient": {}, "cpu": {"anomaly": a}}), below=-20))
        for a in (0.0, 0.6)
    )
    assert off > 2 * healthy


@pytest.mark.parametrize("anomaly", [0.0, 0.6])
@pytest.mark.parametrize("sound", VOICES)
def test_nothing_of_the_bed_is_above_900_hz(sound, anomaly):
    """No partial, and of the noise that some have at any time no more than a thousandth."""
    x, rate = held(sound, anomaly=anomaly, **VOICES[sound])
    assert all(p.freq <= 900 for p in measure.partials(x, rate, below=-30))
    spectrum = np.abs(np.fft.rfft(measure.mono(x))) ** 2
    assert spectrum[int(900 * len(x) / rate) :].sum() < 0.001 * spectrum.sum()


@pytest.mark.parametrize("anomaly", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sound", PLACES)
def test_the_bed_leaves_the_places_of_the_cues_free(sound, anomaly):
    """At full level, wherever its tones are."""
    for cue, freq in CUES.items():
        x, rate = renders.wet(cue)
        loud = measure.level_near(measure.cut(x, rate, measure.pulses(x, rate)[0]), rate, freq)
        for params in PLACES[sound]:
            near = measure.level_near(*held(sound, end=14, vol=1.0, anomaly=anomaly, **params), freq)
            assert near <= loud - 20, (cue, params)


@pytest.mark.parametrize("anomaly", [0.0, 1.0])
@pytest.mark.parametrize("chord", [0.0, 4.0])
def test_the_bed_is_ten_units_below_info(anomaly, chord):
    """All voices at their highest, even if all were wrong at once."""
    full = {**VOICES, "ambient": {"chord": chord}}
    assert measure.momentary(*_bed(full, anomaly=anomaly)) <= measure.momentary(*renders.wet("info")) - 10


def test_a_quiet_hour_is_quiet_and_is_heard():
    assert -46 <= measure.integrated(*_bed(CALM, 68)) <= -35


@pytest.mark.parametrize("every", [0.005, 0.1, 1.5])
@pytest.mark.parametrize("sound", VOICES)
def test_a_change_is_no_step(sound, every):
    """All controls jump over their whole ranges at once, at any rate of updates: a step would be heard as a click."""
    controls = [c for c in SOUNDS[sound].controls if c.name != "anomaly"]  # its noise: see test_anomaly.py
    ends = [{c.name: c.low for c in controls}, {c.name: c.high for c in controls}]
    jumps = [(float(t), Set("v", sound, ends[i % 2])) for i, t in enumerate(np.arange(6.0, 9.0, every))]
    x, rate = renders.played([(0.0, Set("v", sound, ends[1])), *jumps], 11)
    assert measure.largest_step(x) <= 0.004
    steady = measure.clicks(x[4 * rate : 6 * rate], rate)
    assert measure.clicks(x, rate) <= 1.5 * steady + 1e-4


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


@pytest.mark.parametrize("sound", ["network", "disk"])
def test_a_rate_is_that_of_its_strokes_and_glides(sound):
    """From 1 to 8 a second: in the first second not yet half of the way, after three it is there."""
    events = [(0.0, Set("v", sound, {"rate": 1.0})), (8.0, Set("v", sound, {"rate": 8.0}))]
    x, rate = renders.played(events, 16)
    struck = np.array(_strokes(x, rate))
    counts = [int(((struck >= t) & (struck < t + 2)).sum()) for t in (4.0, 12.0)]
    assert counts[0] in (2, 3)
    assert 15 <= counts[1] <= 17
    assert ((struck >= 8) & (struck < 9)).sum() <= 3


def _strokes(x: np.ndarray, rate: int) -> list[float]:
    """When the level grows by two thirds within 25 ms, in s."""
    env = measure.envelope(x, rate, window=0.02)[:: rate // 1000]
    grown = (env[25:] > 1.6 * env[:-25]) & (env[25:] > 0.05 * env.max())
    begins = np.flatnonzero(grown & ~np.roll(grown, 1))
    return [b / 1000 for i, b in enumerate(begins) if i == 0 or b - begins[i - 1] > 40]


@pytest.mark.parametrize("sound", VOICES)
def test_level_sinks_by_12_db_and_is_back_within_2_s(sound):
    """Against the same voice that never sank."""
    params = CALM[sound] | ({"rate": 10.0} if "rate" in CALM[sound] else {})
    steady, rate = renders.played([(0.0, Set("v", sound, params)), (10.0, Set("v", sound, params))], 14)
    sunk, back = (Set("v", sound, params | {"level": level}) for level in (0.25, 1.0))
    x, _ = renders.played([(0.0, sunk), (10.0, back)], 14)

    def below(at: float, length: float) -> float:
        span = slice(int(at * rate), int((at + length) * rate))
        return float(10 * np.log10((steady[span] ** 2).mean() / (x[span] ** 2).mean()))

    assert below(6, 3.9) == pytest.approx(12, abs=1)
    assert 2 < below(10.2, 0.2) < 12
    assert below(11.8, 0.2) < 1
    assert abs(below(13, 1)) < 0.1
