"""Bounds on how loud several cues are together.

Cues of one sound that begin together add up wave on wave: three criticals of one Deployment would be 9 dB louder than
one, and five infos louder than a critical. Urgency is told by rhythm and pitch, not by force, so each of n cues of a
sound that begin within TOGETHER seconds has 1/n of its level, and together they are about as loud as one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.model.commands import Play

TOGETHER = 0.25
"""Seconds."""
SOFTEST = 1 / 16
"""No more than about so many sound at once: the window of unacknowledged messages."""


class Crowd:
    """Remembers what began lately. Time is in seconds, an argument."""

    def __init__(self) -> None:
        self._began: dict[str, list[float]] = {}

    def shares(self, sounds: Sequence[str], now: float) -> list[float]:
        """The share of its level that each of these cues has, which begin now; 1 for one alone."""
        for sound, count in Counter(sounds).items():
            recent = [t for t in self._began.get(sound, ()) if 0 <= now - t < TOGETHER]
            self._began[sound] = (recent + [now] * count)[-32:]
        return [max(SOFTEST, 1 / len(self._began[sound])) for sound in sounds]


def softer(cue: Play, share: float) -> Play:
    """The cue at a share of its level."""
    if share == 1:
        return cue
    return replace(cue, params={**cue.params, "vol": cue.params["vol"] * share})
