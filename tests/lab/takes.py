"""Cues rendered in one go: the same cue at several tempi and with all that it can say, as clips for a classifier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.signal as sig

from bridge.core.conductor import ALTERED, TICKS
from bridge.core.flood import density
from bridge.core.who import MOTIFS
from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.commands import Play, Set
from lab import measure, renders
from lab.noise import RATE

if TYPE_CHECKING:
    from collections.abc import Iterable

Way = tuple[tuple[str, float], ...]
"""Controls of a cue beyond the catalogue's values."""

CUES = tuple(sound.id for sound in SOUNDS.values() if sound.kind == "cue")
VOICES = tuple(sound.id for sound in SOUNDS.values() if sound.kind == "voice")

TEMPI = (0.90, 0.94, 0.98, 1.02, 1.06, 1.10)
"""Of the renders that are to be recognised. A template is made at 1."""

SPAN = 5.0
"""Seconds of a clip: the longest cue at the slowest tempo, and its reverb."""

_AT_ONCE = 40
"""So many takes are in one score: an hour of samples would fill the memory."""

_TAIL = 1.3
"""Seconds that a cue's reverb may take beyond `dur`."""

BUSY: dict[str, dict[str, float]] = {
    "cpu": {"freq": 880.0},
    "memory": {"vol": 1.0},
    "network": {"rate": 8.0},
    "disk": {"rate": 8.0},
}
"""The full bed: a processor at 1.0, all memory in use, much traffic. The other voices are as the catalogue has them."""


@dataclass(frozen=True, slots=True)
class Take:
    """One way to play a cue; `tempo` is how much longer than in the catalogue it lasts."""

    sound: str
    way: Way = ()
    tempo: float = 1.0

    def command(self) -> Play:
        return Play("take", self.sound, {"dur": self.lasts(), **dict(self.way)})

    def lasts(self) -> float:
        return SOUNDS[self.sound].control("dur").default * self.tempo


def ways(sound: str) -> list[Way]:
    """Everything that a cue can be made to say: who it is, how many there are, how bad the worst of them is."""
    if sound in {"critical", "warning"}:
        return [motif(intervals) for intervals in ((0.0, 0.0), *MOTIFS)]
    if sound == "storm":
        return [(("density", density(count)),) for count in (1, 3, 10, 30, 100)]
    if sound == "heartbeat":
        return [(("second", 0.0),), (("second", ALTERED),)]
    if sound == "digest":
        return [_digest(worst, count) for worst in range(len(SEVERITIES)) for count in range(1, TICKS + 1)]
    return [()]


def motif(intervals: tuple[float, float]) -> Way:
    """Of a service: semitones of the second and the third pulse."""
    return ("second", intervals[0]), ("third", intervals[1])


def _digest(worst: int, count: int) -> Way:
    freq = SOUNDS[SEVERITIES[worst]].control("freq").default
    return ("worst", float(worst)), ("freq", freq), ("count", float(count))


_made: dict[Take, np.ndarray] = {}


def clips(wanted: Iterable[Take]) -> list[np.ndarray]:
    """Each take as mono samples at `noise.RATE`: SPAN seconds from its beginning on, with reverb and master."""
    wanted = list(wanted)
    missing = [take for take in dict.fromkeys(wanted) if take not in _made]
    for i in range(0, len(missing), _AT_ONCE):
        some = missing[i : i + _AT_ONCE]
        _made.update(zip(some, _rendered(some), strict=True))
    return [_made[take] for take in wanted]


def _rendered(missing: list[Take]) -> list[np.ndarray]:
    ends = np.cumsum([take.lasts() + _TAIL for take in missing])
    begins = [0.0, *ends[:-1]]
    commands = [(float(begin), take.command()) for begin, take in zip(begins, missing, strict=True)]
    x = _resampled(*renders.played(commands, float(ends[-1])))
    size = int(SPAN * RATE)
    parts = [x[int(a * RATE) : int(b * RATE)][:size] for a, b in zip(begins, ends, strict=True)]
    return [np.pad(part, (0, size - len(part))).astype("float32") for part in parts]


def _resampled(x: np.ndarray, rate: int) -> np.ndarray:
    return sig.resample_poly(measure.mono(x), 1, rate // RATE)


@cache
def bed(seconds: float = 60.0) -> np.ndarray:
    """Every voice at once (see BUSY), mono at `noise.RATE`, their coming in left out."""
    voices = [(0.0, Set(sound, sound, BUSY.get(sound, {}))) for sound in VOICES]
    x, rate = renders.played(voices, seconds + 8)
    return _resampled(x[8 * rate :], rate)
