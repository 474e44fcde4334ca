"""Nothing that a voice is told keeps it for ever or does harm; the same score gives the same sound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lab import measure, renders

from bridge.core.score import Stage, checked
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Release, Set

pytestmark = pytest.mark.system

VOICES = [sound for sound in SOUNDS.values() if sound.kind == "voice"]
NAMES = [sound.id for sound in VOICES]
ALL = [(0.0, Set(f"{sound.id}{i}", sound.id, {"anomaly": i / 2})) for sound in VOICES for i in range(3)]


def test_released_voices_leave_no_node():
    """Each with nothing wrong and with everything wrong; they go in 5 s."""
    stage = Stage()
    stage.raise_()
    begin = [m for _, command in ALL for m in stage.carry_out(command)]
    end = [m for _, command in ALL for m in stage.carry_out(Release(command.id))]
    during, going, gone = renders.standing([(0.0, begin), (2.5, end)], [1.0, 6.5, 7.6])
    assert sorted(during) == sorted(going) == sorted(3 * NAMES)
    assert gone == []


@pytest.mark.parametrize("anomaly", [0.0, 1.0])
@pytest.mark.parametrize("sound", NAMES)
def test_a_released_voice_ends_in_silence(sound, anomaly):
    x, rate = renders.played(
        [(0.0, Set("v", sound, {"vol": 1.0, "anomaly": anomaly})), (4.0, Release("v"))], 12
    )
    assert np.abs(x[3 * rate : 5 * rate]).max() > 0.001
    assert np.abs(x[-rate:]).max() <= 1 / 32768
    assert measure.largest_step(x[4 * rate :]) <= 0.01


@pytest.mark.parametrize("sound", VOICES, ids=NAMES)
def test_the_ends_of_the_ranges_do_no_harm(sound):
    """Every control at either end, then all together; between them and after them the voice sounds as it should."""
    ends = [{c.name: value} for c in sound.controls for value in (c.low, c.high)]
    together = [{c.name: getattr(c, end) for c in sound.controls} for end in ("low", "high")]
    sets = [Set("v", sound.id, params) for params in (*ends, *together, {"vol": 0.5})]
    x, rate = renders.played([(3.0 * i, command) for i, command in enumerate(sets)], 3.0 * len(sets) + 6)
    assert np.isfinite(x).all()
    assert np.abs(x).max() < 0.25
    assert 0.0005 < np.sqrt((x[-2 * rate :] ** 2).mean()) < 0.02
    assert np.abs(x[-2 * rate :].mean(axis=0)).max() < 2e-4


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "loud", None])
def test_what_is_no_number_is_refused(value):
    for sound in VOICES:
        for control in sound.controls:
            with pytest.raises(ValueError, match=f"{sound.id}: {control.name} must be a finite number"):
                checked(sound.id, {control.name: value})


def test_the_same_score_gives_the_same_samples():
    """Also of what is random: three of every voice, noise in two of them."""
    first, second = (renders.played(ALL, 6.0)[0] for _ in range(2))
    assert (first == second).all()
