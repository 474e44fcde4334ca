"""Who is singing: a service has a place between left and right, and a motif.

A motif is two intervals: of the second and of the third pulse above the first, which is always at `freq`. They are
taken from the chord that hangs below the first note (a fourth, a minor sixth, an octave down), so that any two services
sound well together. Fifteen such motifs are told apart; what concerns nobody has none.

A service's slot is the one that its name hashes to, or the next free one. While there are free slots nobody shares;
beyond that a newcomer has the slot of its hash, together with whoever has it. A service from which nothing has come for
FORGOTTEN seconds gives its slot up when somebody needs one. The rule book may choose a place, a motif, or both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLACE = 0.6
"""Places lie within this much left and right of the middle."""
STEPS = (0.0, -5.0, -8.0, -12.0)
MOTIFS = tuple((second, third) for second in STEPS for third in STEPS if (second, third) != (0.0, 0.0))
"""In semitones: (second pulse, third pulse)."""
PLACES = tuple(
    round(PLACE * (2 * (i * 4 % len(MOTIFS)) / (len(MOTIFS) - 1) - 1), 3) for i in range(len(MOTIFS))
)
"""Of each slot. Neighbours in the table of motifs stand far apart."""
FORGOTTEN = 30 * 86400.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the rule book says of a service; None leaves it to the slot."""

    pan: float | None = None
    motif: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """How a service sounds: intervals in semitones, place -1 left to 1 right. `chosen`: by the rule book."""

    service: str = ""
    slot: int | None = None
    second: float = 0.0
    third: float = 0.0
    pan: float = 0.0
    chosen: bool = False

    def controls(self) -> dict[str, float]:
        """As controls of a cue or a voice."""
        return {"pan": self.pan, "second": self.second, "third": self.third}


NOBODY = Identity()


class Who:
    """Every service that has a slot. Deterministic: the same services in the same order have the same slots."""

    def __init__(self, chosen: Mapping[str, Choice] | None = None) -> None:
        self.chosen: Mapping[str, Choice] = chosen or {}
        self.slots: dict[str, int] = {}
        self.seen: dict[str, float] = {}
        self.touched: set[str] = set()
        """Services whose row in a store is not up to date."""
        self.changed: set[str] = set()
        """Services that were given a slot, or gave it up, and of which no store knows yet."""

    def restore(self, rows: Iterable[tuple[str, int, float]]) -> None:
        """Begin with what a store remembers: (service, slot, when it was last heard of)."""
        for service, slot, seen in rows:
            if 0 <= slot < len(MOTIFS):
                self.slots[service], self.seen[service] = slot, seen

    def identity(self, service: str, now: float) -> Identity:
        """Who sings here. A service that is new is given a slot."""
        if not service:
            return NOBODY
        slot = self.slots.get(service)
        if slot is None:
            slot = self._assign(service, now)
        if service in self.slots:
            self.seen[service] = now
            self.touched.add(service)
        return self._identity(service, slot)

    def place(self, service: str) -> Identity:
        """Where a service sings that only measures: it needs no motif, so it takes no slot."""
        if not service:
            return NOBODY
        return self._identity(service, self.slots.get(service, preferred(service)))

    def table(self) -> list[Identity]:
        """Everybody with a slot or a choice, by name."""
        names = sorted(self.slots.keys() | self.chosen.keys())
        return [self._identity(name, self.slots.get(name, preferred(name))) for name in names]

    def rows(self) -> list[tuple[str, int, float]]:
        """When each service was last heard of, as rows for a store; asking takes them."""
        found = [self._row(name) for name in sorted(self.touched) if name in self.slots]
        self.touched.clear()
        return found

    def news(self) -> tuple[list[tuple[str, int, float]], list[str]]:
        """Rows of those that were given a slot, names of those that gave it up; asking takes them."""
        if not self.changed:
            return [], []
        names, self.changed = sorted(self.changed), set()
        return [self._row(n) for n in names if n in self.slots], [n for n in names if n not in self.slots]

    def _row(self, service: str) -> tuple[str, int, float]:
        return service, self.slots[service], self.seen[service]

    def _identity(self, service: str, slot: int) -> Identity:
        choice = self.chosen.get(service, Choice())
        second, third = choice.motif or MOTIFS[slot]
        pan = PLACES[slot] if choice.pan is None else choice.pan
        return Identity(service, slot, second, third, pan, service in self.chosen)

    def _assign(self, service: str, now: float) -> int:
        taken = set(self.slots.values())
        first = preferred(service)
        if len(taken) == len(MOTIFS) and (oldest := self._forgotten(now)) is not None:
            taken.discard(self.slots.pop(oldest))
            del self.seen[oldest]
            self.changed.add(oldest)
        for i in range(len(MOTIFS)):
            if (slot := (first + i) % len(MOTIFS)) not in taken:
                self.slots[service] = slot
                self.changed.add(service)
                return slot
        return first

    def _forgotten(self, now: float) -> str | None:
        oldest = min(self.seen, key=lambda name: (self.seen[name], name))
        return oldest if now - self.seen[oldest] > FORGOTTEN else None


def preferred(service: str) -> int:
    """The slot that a name hashes to."""
    return int.from_bytes(hashlib.sha256(service.encode()).digest()[:4]) % len(MOTIFS)
