"""Acknowledgements: somebody has taken an alert on, so the room is no longer reminded of it.

One lasts until the alert is resolved, becomes worse or fires anew, and for LASTS seconds at most; that of the flatline
lasts an hour at most, until all of it has come again, and covers only what was missing when it was given. The first one
wins: who comes second is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.model.catalogue import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

LASTS = 4 * 3600.0
"""Seconds."""
FLATLINE_LASTS = 3600.0
"""Seconds."""
SLACK = 60.0
"""Seconds that a clock may go back without ending one; further, and it would hold for longer than anybody meant."""
FLATLINE = "flatline"
"""What an acknowledgement of the flatline has as fingerprint."""
OWN = "SingingPager"
"""So begin the fingerprints of what the bridge says of itself; nobody outside can take one."""


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement. Times are unix seconds. `severity` is the worst that it covers."""

    fingerprint: str
    severity: str
    by: str
    why: str
    at: float
    until: float
    covers: tuple[str, ...] = ()
    """Of a flatline: the names of what was missing."""

    def holds(self, now: float) -> bool:
        """Whether its time has not passed."""
        lasts = FLATLINE_LASTS if self.fingerprint == FLATLINE else LASTS
        return 0 < self.until - now <= lasts + SLACK


class Acks:
    """Every acknowledgement in force."""

    def __init__(self) -> None:
        self.given: dict[str, Ack] = {}
        self.version = 0
        """Another one after every change."""

    def restore(self, acks: Iterable[Ack]) -> None:
        """Begin with what a store remembers."""
        self.given.update((ack.fingerprint, ack) for ack in acks)
        self.version += 1

    def alert(self, fingerprint: str, severity: str, by: str, why: str, now: float) -> tuple[Ack, bool]:
        """Acknowledge an alert: (the acknowledgement in force, whether it is this one)."""
        if (known := self.of(fingerprint, severity, now)) is not None:
            return known, False
        self.version += 1
        ack = self.given[fingerprint] = Ack(fingerprint, severity, by, why, now, now + LASTS)
        return ack, True

    def flatline(self, missing: Iterable[str], by: str, why: str, now: float) -> tuple[Ack, bool]:
        """Acknowledge what is missing now."""
        covers = tuple(sorted(missing))
        if (known := self.of_flatline(covers, now)) is not None:
            return known, False
        ack = self.given[FLATLINE] = Ack(FLATLINE, "warning", by, why, now, now + FLATLINE_LASTS, covers)
        return ack, True

    def of(self, fingerprint: str, severity: str, now: float) -> Ack | None:
        """The acknowledgement that holds for an alert of this severity now."""
        ack = self.given.get(fingerprint)
        if ack is None or not ack.holds(now):
            return None
        return ack if SEVERITIES.index(severity) <= SEVERITIES.index(ack.severity) else None

    def of_flatline(self, missing: Iterable[str], now: float) -> Ack | None:
        """The acknowledgement that holds while these are missing."""
        ack = self.given.get(FLATLINE)
        if ack is None or not ack.holds(now):
            return None
        return ack if set(missing) <= set(ack.covers) else None

    def end(self, fingerprint: str) -> bool:
        """Take one back, or forget it because its alert is another now. Whether there was one."""
        self.version += 1
        return self.given.pop(fingerprint, None) is not None

    def lapsed(self, now: float) -> list[Ack]:
        """Those whose time is over; they are forgotten here."""
        gone = [ack for ack in self.given.values() if not ack.holds(now)]
        for ack in gone:
            self.end(ack.fingerprint)
        return gone
