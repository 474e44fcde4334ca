"""Bounds on how loud several cues are together.

Cues of one sound that sound together add up wave on wave: three criticals of one Deployment would be 9 dB louder than
one, and six warnings that follow each other closely louder than a critical. Urgency is told by rhythm and pitch, not by
force. So of n cues that begin together each has 1/n of its level, and one that comes while m others sound 1/(2m + 1):
together they are hardly louder than one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.model.commands import Play

SOFTEST = 1 / 16
"""No more than about so many sound at once: the window of unacknowledged messages."""


class Crowd:
    """Remembers what sounds. Time is in seconds, an argument."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[float, float]]] = {}

    def shares(self, cues: Sequence[Play], now: float) -> list[float]:
        """The share of its level that each of these cues has, which begin now; 1 for one alone."""
        shares: dict[str, float] = {}
        for sound in {cue.sound for cue in cues}:
            still = [(began, end) for began, end in self._spans.get(sound, ()) if began <= now < end]
            new = [(now, now + cue.params.get("dur", 0.0)) for cue in cues if cue.sound == sound]
            self._spans[sound] = (still + new)[-32:]
            shares[sound] = max(SOFTEST, 1 / (2 * len(still) + len(new)))
        return [shares[cue.sound] for cue in cues]


def softer(cue: Play, share: float) -> Play:
    """The cue at a share of its level."""
    if share == 1:
        return cue
    return replace(cue, params={**cue.params, "vol": cue.params["vol"] * share})
