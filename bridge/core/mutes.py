"""Mutes: somebody keeps something from everyone's ears for a while. An acknowledgement says "mine"; a mute says "not now".

A mute holds for one alert, by its fingerprint; or for what its matchers take, all of them; or, with neither, for
everything. A critical is heard all the same unless the mute names criticals. It always ends: after DEFAULT seconds unless
told otherwise, after LONGEST at most. What still fires then is open again, and `freed` says what that is.

Thousands may fire, and matching is what costs. So it is remembered which mutes take an alert: one that comes is matched
once with every mute, a mute that comes once with every alert, and one that ends with none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bridge.core.matchers import Matcher, MatcherError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bridge.core.engine import Active

DEFAULT, LONGEST = 1800.0, 8 * 3600.0
"""Seconds."""
SLACK = 60.0
"""Seconds that a clock may go back without ending one; further, and it would hold for longer than anybody meant."""
MOST, MATCHERS, EACH = 20, 100, 20
"""Mutes at once, matchers of all of them together, matchers of one."""
SLICE = 200
"""Matchers that are tried before others get their turn."""


@dataclass(frozen=True, slots=True)
class Mute:
    """One mute. Times are unix seconds; `texts` are its matchers as they were written."""

    id: str
    texts: tuple[str, ...]
    matchers: tuple[Matcher, ...]
    """Those without an expression first: they are quick."""
    criticals: bool
    by: str
    why: str
    at: float
    until: float
    fingerprint: str = ""
    """The one alert that it is for; then it has no matchers."""

    @classmethod
    def of(  # one for each field
        cls,
        ident: str,
        texts: Sequence[str],
        *,
        fingerprint: str = "",
        criticals: bool,
        by: str,
        why: str,
        at: float,
        until: float,
    ) -> Self:
        """A mute of matchers in Alertmanager's syntax. Raises MatcherError, also for a text in which there is none."""
        found: list[Matcher] = []
        for text in texts:
            matchers = parse(text)
            if not matchers:
                raise MatcherError(f'{text!r}: there is no matcher in it; write name="value"')
            found += matchers
        if len(found) > EACH:
            raise MatcherError(f"{len(found)} matchers; one mute has {EACH} at most")
        found.sort(key=lambda matcher: matcher.pattern is not None)
        return cls(ident, tuple(texts), tuple(found), criticals, by, why, at, until, fingerprint)

    def takes(self, labels: Mapping[str, str], severity: str, fingerprint: str = "") -> bool:
        """Whether it keeps an alert of this severity silent."""
        if severity == "critical" and not self.criticals:
            return False
        if self.fingerprint:
            return fingerprint == self.fingerprint
        return all(m.matches(labels) for m in self.matchers)

    def holds(self, now: float) -> bool:
        """Whether its time has not passed."""
        return 0 < self.until - now <= LONGEST + SLACK


@dataclass(slots=True)
class _Known:
    """An alert that was matched: as what, and the mutes that take it, the oldest first."""

    labels: Mapping[str, str]
    severity: str
    mutes: tuple[Mute, ...]

    def still(self, labels: Mapping[str, str], severity: str) -> bool:
        """Whether it is the same still."""
        return self.severity == severity and (self.labels is labels or self.labels == labels)


class Look:
    """A mute that is to come, matched with what fires already, in slices, so that nobody waits for all of it."""

    def __init__(self, mute: Mute) -> None:
        self.mute = mute
        self.found: dict[str, tuple[Mapping[str, str], str, bool]] = {}
        """By fingerprint: as what an alert was matched, and whether the mute takes it."""

    def slices(self, active: Iterable[Active]) -> Iterator[None]:
        """Each turn matches a few."""
        slice_of = max(1, SLICE // max(1, len(self.mute.matchers)))
        for count, alert in enumerate(active, 1):
            event, severity = alert.event, alert.severity
            takes = self.mute.takes(event.labels, severity, event.fingerprint)
            self.found[event.fingerprint] = (event.labels, severity, takes)
            if count % slice_of == 0:
                yield

    def takes(self, fingerprint: str, known: _Known) -> bool:
        """Whether the mute takes an alert; matched now where it is another one than it was."""
        labels, severity, takes = self.found.get(fingerprint, (None, "", False))
        if labels is known.labels and severity == known.severity:
            return takes
        return self.mute.takes(known.labels, known.severity, fingerprint)


class Mutes:
    """Every mute in force."""

    def __init__(self) -> None:
        self.given: dict[str, Mute] = {}
        self.version = 0
        """Another one after every change."""
        self.freed: set[str] = set()
        """Fingerprints of what a mute took that has ended since; whoever tells of them takes them back."""
        self._known: dict[str, _Known] = {}

    def __bool__(self) -> bool:
        return bool(self.given)

    def restore(self, mutes: Iterable[Mute]) -> None:
        """Begin with what a store remembers."""
        self.given.update((mute.id, mute) for mute in mutes)
        self._known.clear()
        self.version += 1

    def add(self, mute: Mute, look: Look | None = None) -> bool:
        """Begin one; False where there are too many already. `look` is what it was matched with before."""
        matchers = sum(len(known.matchers) for known in self.given.values())
        if len(self.given) >= MOST or matchers + len(mute.matchers) > MATCHERS:
            return False
        look = look or Look(mute)
        if not self.given:
            self._known = {fp: _Known(found[0], found[1], ()) for fp, found in look.found.items()}
        self.given[mute.id] = mute
        for fingerprint, known in self._known.items():
            if look.takes(fingerprint, known):
                known.mutes += (mute,)
        self.version += 1
        return True

    def end(self, ident: str) -> bool:
        """Take one back; whether there was one."""
        mute = self.given.pop(ident, None)
        if mute is None:
            return False
        self.version += 1
        for fingerprint, known in self._known.items():
            if any(other is mute for other in known.mutes):
                known.mutes = tuple(other for other in known.mutes if other is not mute)
                self.freed.add(fingerprint)
        if not self.given:
            self._known.clear()
        return True

    def of(self, fingerprint: str, labels: Mapping[str, str], severity: str, now: float) -> Mute | None:
        """The mute that keeps an alert that fires silent now."""
        if not self.given:
            return None
        known = self._known.get(fingerprint)
        if known is None or not known.still(labels, severity):
            taking = (m for m in self.given.values() if m.takes(labels, severity, fingerprint))
            known = self._known[fingerprint] = _Known(labels, severity, tuple(taking))
        return next((mute for mute in known.mutes if mute.holds(now)), None)

    def passing(
        self, labels: Mapping[str, str], severity: str, now: float, fingerprint: str = ""
    ) -> Mute | None:
        """The mute that keeps silent now what nobody remembers: a sample, an alert without an end."""
        mutes = self.given.values()
        return next((m for m in mutes if m.holds(now) and m.takes(labels, severity, fingerprint)), None)

    def keep(self, active: Mapping[str, object]) -> None:
        """Forget what fires no more."""
        if len(self._known) > len(active):
            self._known = {fp: known for fp, known in self._known.items() if fp in active}

    def lapsed(self, now: float) -> list[Mute]:
        """Those whose time is over; they are forgotten here."""
        gone = [mute for mute in self.given.values() if not mute.holds(now)]
        for mute in gone:
            self.end(mute.id)
        return gone
