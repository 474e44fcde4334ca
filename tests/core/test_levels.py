"""What is heard at which listening level."""

from __future__ import annotations

import pytest

from bridge.core.levels import heard_at
from bridge.model.catalogue import SOUNDS

CUES = {s.id for s in SOUNDS.values() if s.kind == "cue"}


def heard(level):
    return {sound for sound in SOUNDS if heard_at(level, sound)}


def test_each_level_adds_to_the_one_below():
    assert heard("cues") == CUES - {"heartbeat"}
    assert heard("heartbeat") == CUES
    assert heard("everything") == set(SOUNDS)


@pytest.mark.parametrize("level", ["cues", "heartbeat", "everything"])
def test_a_sound_of_somebodys_own_is_never_lost_to_a_level(level):
    assert heard_at(level, "my_own_gong")
