"""Checks 7 and 8: cues, pairs of cues, cues over the bed and services, each recognised or not by lab.confusion.

Every trial has its own seed, made of its name and number: the first 20 of 200 are the same whoever asks. How a clip is
made: the cue begins at a random moment between 0.2 and 1.2 s, with a random one of its ways (whose it is, how many,
how bad) and a random tempo of TEMPI, never the template's.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from bridge.core.who import MOTIFS, PLACES
from lab import noise
from lab.confusion import CLIP, EARLIEST, LATEST, Bank, Sense
from lab.takes import CUES, TEMPI, Take, Way, bed, clips, motif, ways

if TYPE_CHECKING:
    from collections.abc import Iterable

QUIET_ROOM = 20.0
"""dB by which pink noise lies below what sounds, where noise is not what is asked about."""

SERVICES = 8


@dataclass(slots=True)
class Tally:
    """How often something was asked, and what was taken for what: (what it was, what it was taken for)."""

    asked: Counter[str] = field(default_factory=Counter)
    mistaken: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, was: str, taken: str) -> None:
        self.asked[was] += 1
        if taken != was:
            self.mistaken[was, taken] += 1

    @property
    def right(self) -> float:
        """The share that was right, 0 to 1."""
        return 1 - self.mistaken.total() / self.asked.total()

    @property
    def worst(self) -> tuple[str, float]:
        """What was recognised least, and its share."""
        wrong = Counter(dict.fromkeys(self.asked, 0))
        for (was, _), count in self.mistaken.items():
            wrong[was] += count
        shares = {name: 1 - wrong[name] / asked for name, asked in self.asked.items()}
        name = min(shares, key=lambda name: shares[name])
        return name, shares[name]


@dataclass(frozen=True, slots=True)
class _Trial:
    """What is played: takes and when each begins, and the random numbers for all else."""

    takes: tuple[Take, ...]
    begins: tuple[float, ...]
    rng: np.random.Generator

    def clip(self) -> np.ndarray:
        x = np.zeros(CLIP)
        for take, begin in zip(clips(self.takes), self.begins, strict=True):
            at = int(begin * noise.RATE)
            x[at : at + len(take)] += take[: CLIP - at]
        return x


def _trial(name: str, number: int, *choices: tuple[str, list[Way]]) -> _Trial:
    rng = np.random.default_rng([crc32(name.encode()), number])
    chosen = [
        Take(sound, options[rng.integers(len(options))], TEMPI[rng.integers(len(TEMPI))])
        for sound, options in choices
    ]
    return _Trial(tuple(chosen), tuple(rng.uniform(EARLIEST, LATEST, len(chosen))), rng)


def _render(trials: list[_Trial]) -> list[_Trial]:
    """The same trials; what they play is rendered at once."""
    clips(take for trial in trials for take in trial.takes)
    return trials


@cache
def bank(sense: Sense, *, laptop: bool = True) -> Bank:
    """Every cue in every way."""
    known = [Take(sound, way) for sound in CUES for way in ways(sound)]
    loudspeaker = noise.laptop if laptop else np.asarray
    return Bank([(take.sound, loudspeaker(x)) for take, x in zip(known, clips(known), strict=True)], sense)


def alone(each: int, sense: Sense) -> Tally:
    """Check 7: every cue `each` times on a laptop in pink noise, 0 to 20 dB below it while it sounds."""
    trials = [_trial(f"alone {cue}", i, (cue, ways(cue))) for cue in CUES for i in range(each)]
    heard = (noise.noisy(t.clip(), t.rng.uniform(0, 20), t.rng) for t in _render(trials))
    return _told(trials, bank(sense).nearest(heard))


def _told(trials: list[_Trial], taken: Iterable[str]) -> Tally:
    tally = Tally()
    for trial, name in zip(trials, taken, strict=True):
        tally.note(trial.takes[0].sound, name)
    return tally


def pairs(each: int) -> Tally:
    """Check 8: any two different cues that begin within a second, on a laptop in a quiet room: which two was it?

    The noise lies 20 dB below both together, the softer one may be below it. The machine knows how loud the room is.
    """
    trials = [
        _trial(f"pair {a} {b}", i, (a, ways(a)), (b, ways(b)))
        for a, b in itertools.combinations(CUES, 2)
        for i in range(each)
    ]
    tally, templates = Tally(), bank("spectrum")
    for trial in _render(trials):
        found = templates.nearest_pair(noise.noisy(trial.clip(), QUIET_ROOM, trial.rng))
        tally.note(_both(take.sound for take in trial.takes), _both(found))
    return tally


def _both(names: Iterable[str]) -> str:
    return " + ".join(sorted(names, key=CUES.index))


def over_bed(each: int, *, laptop: bool = False) -> Tally:
    """Check 8: every cue over the full bed, both as loud as they are, in a room whose noise lies 20 dB below the bed.

    The loudspeaker gives everything: behind a laptop's there is little left of the bed.
    """
    trials = [_trial(f"over bed {cue}", i, (cue, ways(cue))) for cue in CUES for i in range(each)]
    loudspeaker = noise.laptop if laptop else np.asarray
    heard = (loudspeaker(trial.clip() + _around(trial.rng)) for trial in _render(trials))
    return _told(trials, bank("spectrum", laptop=laptop).nearest(heard))


def _around(rng: np.random.Generator) -> np.ndarray:
    """Some part of the bed, and a quiet room."""
    begin = rng.integers(len(bed()) - CLIP)
    softer = 10 ** (-QUIET_ROOM / 20)
    return bed()[begin : begin + CLIP] + noise.pink(CLIP, rng) * np.sqrt((bed() ** 2).mean()) * softer


def services(cue: str, rounds: int) -> Tally:
    """Check 8: eight random services, each at its place, summed to mono, on a laptop in noise: who of the eight was it?

    They differ by their motif alone. The noise is that of check 7.
    """
    trials, among = [], []
    for i in range(rounds):
        eight = np.random.default_rng([crc32(cue.encode()), i]).permutation(len(MOTIFS))[:SERVICES]
        for slot in eight:
            way = (*motif(MOTIFS[slot]), ("pan", PLACES[slot]))
            trials.append(_trial(f"service {cue} {slot}", i, (cue, [way])))
            among.append((slot, eight))
    heard = (noise.noisy(t.clip(), t.rng.uniform(0, 20), t.rng) for t in _render(trials))
    templates, tally = _motifs(cue), Tally()
    slots = np.array([int(name) for name in templates.names])
    for (slot, eight), likeness in zip(among, templates.likeness(heard), strict=True):
        taken = slots[np.where(np.isin(slots, eight), likeness, -1).argmax()]
        tally.note(_named(slot), _named(taken))
    return tally


def _named(slot: int) -> str:
    """A motif as a person writes it: (-5, -12)."""
    return f"({', '.join(f'{step:g}' for step in MOTIFS[slot])})"


@cache
def _motifs(cue: str) -> Bank:
    known = [Take(cue, motif(intervals)) for intervals in MOTIFS]
    heard = [(str(slot), noise.laptop(x)) for slot, x in enumerate(clips(known))]
    return Bank(heard, "spectrum")
