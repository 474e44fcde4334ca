"""Bounds on how loud several cues are together.

Cues of one sound that sound together add up wave on wave: three criticals of one Deployment would be 9 dB louder than
one, and six warnings that follow each other closely louder than a critical. Urgency is told by rhythm and pitch, not by
force. So of n cues that begin together each has 1/n of its level, and one that comes while m others sound 1/(2m + 1):
together they are hardly louder than one. And while the cue of a critical sounds, or begins with them, others have UNDER of
their level: its rhythm is what must be heard.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.core.flood import alarms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.model.commands import Play

UNDER = 0.25
"""12 dB."""
LONGEST = 30.0
"""Seconds that a cue may last; an end further off was told by a clock that went back since."""
SOFTEST = 1 / 16
"""No more than about so many sound at once: the window of unacknowledged messages."""


class Crowd:
    """Remembers what sounds. Time is in seconds, an argument."""

    def __init__(self) -> None:
        self._spans: dict[str, list[tuple[float, float]]] = {}
        self._alarm_until = -math.inf

    def shares(self, cues: Sequence[Play], now: float) -> list[float]:
        """The share of its level that each of these cues has, which begin now; 1 for one alone."""
        shares: dict[str, float] = {}
        self._alarm_until = max([self._alarm_until, *(_end(cue, now) for cue in cues if alarms(cue))])
        under = UNDER if now < self._alarm_until <= now + LONGEST else 1.0
        for sound in {cue.sound for cue in cues}:
            still = [(began, end) for began, end in self._spans.get(sound, ()) if began <= now < end]
            new = [(now, _end(cue, now)) for cue in cues if cue.sound == sound]
            self._spans[sound] = (still + new)[-32:]
            shares[sound] = max(SOFTEST, 1 / (2 * len(still) + len(new)))
        return [shares[cue.sound] * (1.0 if alarms(cue) else under) for cue in cues]


def _end(cue: Play, now: float) -> float:
    return now + cue.params.get("dur", 0.0)


def softer(cue: Play, share: float) -> Play:
    """The cue at a share of its level."""
    if share == 1:
        return cue
    return replace(cue, params={**cue.params, "vol": cue.params["vol"] * share})
