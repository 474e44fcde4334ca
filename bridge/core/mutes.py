"""Mutes: somebody keeps something from everyone's ears for a while. An acknowledgement says "mine"; a mute says "not now".

A mute holds for what its matchers take, all of them, and for everything where it has none. A critical is heard all the
same unless the mute names criticals too. It always ends: after DEFAULT seconds unless told otherwise, after LONGEST at
most. What still fires then is open again, and is reminded of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bridge.core.matchers import Matcher, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT, LONGEST = 1800.0, 8 * 3600.0
"""Seconds."""
SLACK = 60.0
"""Seconds that a clock may go back without ending one; further, and it would hold for longer than anybody meant."""
MOST = 100
"""Mutes at once."""


@dataclass(frozen=True, slots=True)
class Mute:
    """One mute. Times are unix seconds; `texts` are its matchers as they were written."""

    id: str
    texts: tuple[str, ...]
    matchers: tuple[Matcher, ...]
    criticals: bool
    by: str
    why: str
    at: float
    until: float

    @classmethod
    def of(  # one for each field
        cls, ident: str, texts: Sequence[str], *, criticals: bool, by: str, why: str, at: float, until: float
    ) -> Self:
        """A mute of matchers in Alertmanager's syntax. Raises MatcherError."""
        kept = tuple(text for text in texts if text.strip())
        matchers = tuple(matcher for text in kept for matcher in parse(text))
        return cls(ident, kept, matchers, criticals, by, why, at, until)

    def takes(self, labels: Mapping[str, str], severity: str) -> bool:
        """Whether it keeps an alert of this severity silent."""
        return (self.criticals or severity != "critical") and all(m.matches(labels) for m in self.matchers)

    def holds(self, now: float) -> bool:
        """Whether its time has not passed."""
        return 0 < self.until - now <= LONGEST + SLACK


class Mutes:
    """Every mute in force."""

    def __init__(self) -> None:
        self.given: dict[str, Mute] = {}
        self.version = 0
        """Another one after every change."""

    def __bool__(self) -> bool:
        return bool(self.given)

    def restore(self, mutes: Iterable[Mute]) -> None:
        """Begin with what a store remembers."""
        self.given.update((mute.id, mute) for mute in mutes)
        self.version += 1

    def add(self, mute: Mute) -> bool:
        """Begin one; False where there are too many already."""
        if len(self.given) >= MOST:
            return False
        self.given[mute.id] = mute
        self.version += 1
        return True

    def end(self, ident: str) -> bool:
        """Take one back; whether there was one."""
        self.version += 1
        return self.given.pop(ident, None) is not None

    def of(self, labels: Mapping[str, str], severity: str, now: float) -> Mute | None:
        """The mute that keeps this silent now."""
        return next((m for m in self.given.values() if m.holds(now) and m.takes(labels, severity)), None)

    def lapsed(self, now: float) -> list[str]:
        """Ids of those whose time is over; they are forgotten here."""
        gone = [ident for ident, mute in self.given.items() if not mute.holds(now)]
        for ident in gone:
            self.end(ident)
        return gone
