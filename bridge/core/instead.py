"""What stands in for an own sound where it is missing: an alert is never silent because a file is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model.catalogue import SEVERITIES, SOUNDS

if TYPE_CHECKING:
    from bridge.model.commands import Play


def built_in(cue: Play) -> Play:
    """The cue as a player can sound it that has the built-in sounds alone: an own sound becomes its severity's cue.

    It keeps its place; a level of 0 stays 0, any other becomes that of the severity.
    """
    if cue.sound in SOUNDS:
        return cue
    sound = cue.severity if cue.severity in SEVERITIES else "info"
    params = SOUNDS[sound].defaults() | {"pan": cue.params.get("pan", 0.0)}
    if not cue.params.get("vol", 1.0):
        params["vol"] = 0.0
    return replace(cue, sound=sound, params=params)
