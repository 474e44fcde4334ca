"""Checks 7 and 8, in small: a machine that knows all cues tells them apart. A proxy, never a result about people.

`make sounds` asks ten times as much and writes the figures into docs/sounds.md.
"""

from __future__ import annotations

import numpy as np
import pytest
from lab import confusion, noise, trials
from lab.takes import CUES, Take, clips

from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

EACH = 20
"""Trials of each cue; the first of those of `make sounds`."""


def test_every_cue_of_the_catalogue_is_asked():
    assert list(CUES) == [sound.id for sound in SOUNDS.values() if sound.kind == "cue"]
    assert set(trials.alone(1, "envelope").asked) == set(CUES)


@pytest.mark.parametrize(("sense", "share"), [("spectrum", 0.99), ("envelope", 0.95)])
def test_cues_are_told_apart_in_noise(sense, share):
    tally = trials.alone(EACH, sense)
    assert tally.asked == dict.fromkeys(CUES, EACH)
    assert tally.right >= share, tally.mistaken


def test_two_cues_at_once_are_both_told():
    tally = trials.pairs(1)
    assert tally.asked.total() == len(CUES) * (len(CUES) - 1) // 2
    assert tally.right >= 0.95, tally.mistaken


def test_cues_are_told_over_the_full_bed():
    tally = trials.over_bed(EACH)
    assert tally.asked.total() == EACH * len(CUES)
    assert tally.right >= 0.95, tally.mistaken


def test_the_machine_does_not_hear_what_is_not_there():
    """No template explains half as much of noise alone as of a cue in noise that is as loud as the cue."""
    rng = np.random.default_rng(7)
    room = noise.laptop(noise.pink(confusion.CLIP, rng))
    cue = np.zeros(confusion.CLIP)
    take = clips([Take("critical")])[0]
    cue[8000 : 8000 + len(take)] = take
    bank = trials.bank("spectrum")
    nothing, something = (best.max() for best in bank.likeness([room, noise.noisy(cue, 0, rng)]))
    assert nothing < 0.5 * something
