"""The bed as one thing: how loud it is, and what several metrics that are off at once sound like together.

* After CALM seconds in which nothing fires and nothing changes it sinks to SUNK of its level (12 dB); the first change
  brings it back. A change is a voice that comes or goes, or one whose controls leave the place where they rested by
  more than an ear notices (MOVES).
* Several metrics off at once are one voicing, not a pile: the worst one has its whole anomaly, the next half of its
  own, the next a quarter; and the chord of the ambient bed tells how many are off, from an open fifth (none) to a dark
  cluster (four and more).
* More than ALONE voices share the level that so many have, so that the bed stays 10 LU below any cue.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Set

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

CALM = 600.0
"""Seconds."""
SUNK = 0.25
OFF = 0.3
"""A voice whose anomaly is at least this is off."""
SHARE = 0.5
FULLEST = 4
ALONE = 7
"""Voices: one of each kind. Their power adds up, so each of n has sqrt(ALONE / n) of its level."""
AMBIENT = "ambient"

MOVES: Mapping[str, tuple[str, float]] = {
    "freq": ("ratio", 2 ** (4 / 12)),
    "rate": ("ratio", 2.0),
    "vol": ("step", 0.2),
    "anomaly": ("step", 0.1),
}
"""By control: by which ratio, or how far, it has to move to count as a change: a major third, twice as fast.

A host at rest wanders: a processor between 5 and 30 % moves `cpu` by 3.7 semitones; one that jumps from 50 to 90 % by 4.1.
"""


class Bed:
    """What all held voices have in common."""

    def __init__(self, began: float) -> None:
        self.level = 1.0
        self._changed = began
        self._rest: dict[str, Mapping[str, float]] = {}
        self._told: dict[str, Set] = {}

    def changed(self, now: float) -> None:
        """Something has happened."""
        self._changed = now

    def update(
        self, voices: Iterable[Set], now: float, *, quiet: bool, always: Collection[str] = ()
    ) -> list[Set]:
        """The commands that bring every voice, and the ambient bed, from what was told to what should sound.

        `quiet`: nothing that a person has to know of fires. `always`: ids that are told even if they are as before.
        """
        standing = {voice.id: voice for voice in voices}
        self._rests(standing, now)
        if not quiet or now < self._changed:
            self._changed = now
        self.level = SUNK if now - self._changed >= CALM else 1.0
        told = self.voiced(standing.values())
        changed = [voice for voice in told if voice.id in always or self._told.get(voice.id) != voice]
        self._told.update((voice.id, voice) for voice in changed)
        return changed

    def voiced(self, voices: Iterable[Set]) -> list[Set]:
        """The voices as they should sound together, the ambient bed last where it is not as the engine begins it."""
        ranked = sorted(voices, key=lambda v: (-v.params.get("anomaly", 0.0), v.id))
        level = self.level * min(1.0, math.sqrt(ALONE / max(1, len(ranked))))
        told = [_together(voice, rank, level) for rank, voice in enumerate(ranked)]
        off = sum(voice.params.get("anomaly", 0.0) >= OFF for voice in ranked)
        ambient = SOUNDS[AMBIENT].defaults() | {"level": self.level, "chord": float(min(off, FULLEST))}
        if AMBIENT in self._told or ambient != SOUNDS[AMBIENT].defaults():
            told.append(Set(AMBIENT, AMBIENT, ambient))
        return told

    def forget(self, voice: str) -> None:
        """A voice was released."""
        self._told.pop(voice, None)

    @property
    def chord(self) -> float:
        """As last told."""
        told = self._told.get(AMBIENT)
        return told.params["chord"] if told else 0.0

    def standing(self) -> list[Set]:
        """What was told last, of everything that sounds; the ambient bed always."""
        return list(({AMBIENT: Set(AMBIENT, AMBIENT, SOUNDS[AMBIENT].defaults())} | self._told).values())

    def _rests(self, standing: Mapping[str, Set], now: float) -> None:
        if standing.keys() != self._rest.keys():
            self._changed = now
        moved = {
            voice_id
            for voice_id, voice in standing.items()
            if voice_id in self._rest and _moved(self._rest[voice_id], voice.params)
        }
        if moved:
            self._changed = now
        self._rest = {
            voice_id: voice.params if voice_id in moved else self._rest.get(voice_id, voice.params)
            for voice_id, voice in standing.items()
        }


def _together(voice: Set, rank: int, level: float) -> Set:
    shared = {"level": level, "anomaly": voice.params.get("anomaly", 0.0) * SHARE**rank}
    return replace(voice, params={**voice.params, **{k: x for k, x in shared.items() if k in voice.params}})


def _moved(rest: Mapping[str, float], params: Mapping[str, float]) -> bool:
    for name, (kind, limit) in MOVES.items():
        before, after = rest.get(name, 0.0), params.get(name, 0.0)
        far = abs(after - before) > limit if kind == "step" else _ratio(before, after) > limit
        if far:
            return True
    return False


def _ratio(before: float, after: float) -> float:
    if before <= 0 or after <= 0:
        return 1.0 if before == after else math.inf
    return max(before / after, after / before)
