"""Listening levels: how much of it a player wants to hear. Cues always, so no level can hide an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model.catalogue import SOUNDS

if TYPE_CHECKING:
    from bridge.model.player import Level

HEARTBEAT = "heartbeat"


def heard_at(level: Level, sound: str) -> bool:
    """Whether a player at that level is to sound it. A sound that the catalogue does not know is a cue.

    `cues`: every cue but the heartbeat. `heartbeat`: every cue. `everything`: the voices of the bed as well.
    """
    if sound == HEARTBEAT:
        return level != "cues"
    known = SOUNDS.get(sound)
    return level == "everything" or known is None or known.kind == "cue"
