"""What is wrong with a metric, as it is heard in its voice: rough at 0.3, out of tune at 0.6, noise at 1."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from lab import measure, renders

from bridge.core.bed import Bed
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Set

pytestmark = pytest.mark.system

STEPS = (0.0, 0.3, 0.6, 1.0)
VOICES: dict[str, dict[str, float]] = {
    "cpu": {},
    "memory": {"vol": 0.5},
    "network": {"rate": 2.0},
    "disk": {"rate": 2.0},
    "temperature": {},
    "metric": {},
    "ambient": {},
}
TONES = ("cpu", "temperature", "metric", "ambient")
"""Voices that are held tones; the others are strokes or noise, whose spectra have no single lines."""

TRITONES = {"cpu": 155.6, "temperature": 155.6, "metric": 233.3, "ambient": 311.1, "disk": 311.1}
"""Hz: six semitones above the voice's tone, or an octave and six (disk)."""

DETUNED = 0.8
"""Semitones about the exact tritone in which it is looked for: at 0.6 everything lies 0.4 lower."""


@cache
def wrong(sound: str, anomaly: float) -> renders.Sound:
    """The voice with so much anomaly, for 14 s."""
    return renders.voice(sound, 22, anomaly=anomaly, **VOICES[sound])


def _tritone(sound: str, anomaly: float) -> float:
    """Level of the tritone in dB below the strongest partial."""
    x, rate = wrong(sound, anomaly)
    loudest = measure.level_near(x, rate, 200.0, semitones=24)
    return measure.level_near(x, rate, TRITONES[sound], semitones=DETUNED) - loudest


def test_every_voice_is_here():
    assert set(VOICES) == {sound.id for sound in SOUNDS.values() if sound.kind == "voice"}


@pytest.mark.parametrize("sound", VOICES)
def test_each_step_is_further_from_the_healthy_sound(sound):
    healthy, rate = wrong(sound, 0.0)
    away = [measure.unlike(wrong(sound, step)[0], healthy, rate) for step in STEPS]
    assert away[0] == 0
    assert away == sorted(away)
    assert away[2] > 0.3 > away[1] > 0.02
    assert away[3] > 1.01 * away[2]


@pytest.mark.parametrize("sound", VOICES)
def test_at_0_3_it_beats(sound):
    """The level sways faster than 4 times a second: what the ear hears as beating and roughness."""
    healthy, rough = (measure.fluctuation(*wrong(sound, step)) for step in (0.0, 0.3))
    assert rough > 1.25 * healthy
    assert rough > 0.4


@pytest.mark.parametrize("sound", TONES)
def test_roughness_rises(sound):
    found = [
        measure.roughness(measure.partials(*wrong(sound, step), below=-20)) for step in (0.0, 0.15, 0.3, 0.6)
    ]
    assert found == sorted(found)
    assert found[2] > found[0] + 0.1
    assert found[3] > 1.2 * found[2]


@pytest.mark.parametrize("sound", TRITONES)
def test_at_0_6_a_tritone_sounds_beside_the_tone(sound):
    assert _tritone(sound, 0.3) < -12
    for anomaly in (0.6, 1.0):
        assert _tritone(sound, anomaly) > -8


@pytest.mark.parametrize("sound", ["memory", "network"])
def test_at_0_6_strokes_and_noise_have_their_tritone_too(sound):
    """Memory: two tones, 220 and 311 Hz, stand out of the noise. Network: beside 220 Hz 304, which no bar has."""
    places = (220.0, 311.1) if sound == "memory" else (304.0,)
    for place in places:
        below, at = (measure.level_near(*wrong(sound, step), place, semitones=0.3) for step in (0.3, 0.6))
        assert at > below + 10


@pytest.mark.parametrize("sound", ["cpu", "temperature", "metric"])
def test_at_0_6_it_is_out_of_tune(sound):
    first = {step: measure.partials(*wrong(sound, step), below=-3)[0].freq for step in (0.0, 0.15, 0.6)}
    assert abs(12 * np.log2(first[0.15] / first[0.0])) < 0.05
    assert -0.5 < 12 * np.log2(first[0.6] / first[0.0]) < -0.3


@pytest.mark.parametrize("sound", [*TONES, "network", "disk"])
def test_at_1_there_is_noise(sound):
    """Between the partials; of strokes, whose spectra are broad, below the lowest or above the highest tone."""
    low, high = {"network": (30.0, 120.0), "disk": (400.0, 800.0)}.get(sound, (60.0, 400.0))
    before, at = (measure.noise_floor(*wrong(sound, step), low, high) for step in (0.6, 1.0))
    assert at > before + 10
    assert at > -30


def test_at_1_the_noise_of_memory_is_wider():
    """It has noise at any time: now 400 to 900 Hz are in it."""
    shares = [
        measure.level_near(*wrong("memory", step), 600.0, semitones=7)
        - measure.level_near(*wrong("memory", step), 240.0, semitones=4)
        for step in (0.6, 1.0)
    ]
    assert shares[1] > shares[0] + 6


@pytest.mark.parametrize("sound", VOICES)
def test_it_gets_no_louder_than_an_ear_notices(sound):
    """Dissonance says it, not level."""
    healthy, *others = (measure.integrated(*wrong(sound, step)) for step in STEPS)
    assert all(-3 < other - healthy < 4 for other in others)


@pytest.mark.parametrize("sound", VOICES)
def test_it_comes_and_goes_without_a_step(sound):
    """From 0 to 1 and back at once, at several rates of updates."""
    for every in (0.005, 0.25, 2.0):
        times = np.arange(4.0, 8.0, every)
        jumps = [
            (float(t), Set("v", sound, VOICES[sound] | {"anomaly": float(i % 2)}))
            for i, t in enumerate(times, start=1)
        ]
        x, rate = renders.played([(0.0, Set("v", sound, VOICES[sound])), *jumps], 10)
        assert measure.largest_step(x) <= 0.003
        steady, _ = wrong(sound, 1.0)
        assert measure.clicks(x, rate) <= 1.5 * measure.clicks(steady, rate) + 1e-4


@pytest.mark.parametrize("off", [1, 3, 6])
def test_several_at_once_are_one_voicing_and_stay_quiet(off):
    """As the core tells it: the worst whole, the next half, and so on; the chord says how many."""
    voices = [name for name in VOICES if name != "ambient"]
    sets = [
        Set(name, name, SOUNDS[name].defaults() | VOICES[name] | {"anomaly": 1.0 if i < off else 0.0})
        for i, name in enumerate(voices)
    ]
    told = Bed(0.0).voiced(sets)
    x, rate = renders.played([(0.0, command) for command in told], 22)
    calm = [Set(name, name, VOICES[name]) for name in VOICES]
    healthy, _ = renders.played([(0.0, command) for command in calm], 22)
    x, healthy = x[8 * rate :], healthy[8 * rate :]
    assert measure.momentary(x, rate) <= measure.momentary(*renders.wet("info")) - 10
    assert abs(measure.integrated(x, rate) - measure.integrated(healthy, rate)) < 4
    assert measure.unlike(x, healthy, rate) > 0.1
