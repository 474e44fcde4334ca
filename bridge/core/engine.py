"""The state of what is firing and what is being measured, and what should sound because of it.

Rules:

* An onset is the passage of a fingerprint from not firing to firing. Repeats, retries and twins of a message
  change nothing (`duplicate`).
* `startsAt` and `endsAt` only order two messages of one fingerprint: a resolution older than the firing it would
  end, and a firing that arrives within LATE seconds after its own resolution, are `expired`. A start that lies in
  the future orders nothing: it would keep the alert from ever ending.
* A firing that began more than HIDDEN seconds after the known one began is a new onset: its end was never told
  (Alertmanager tells none while an alert is silenced or inhibited).
* Alerts that differ only in `severity` are one subject. A higher severity sounds and takes the subject over; one that
  is not higher, and the end of one while another at least as high still fires, is `superseded`.
* A message without state (one_shot) is one onset and leaves nothing behind; retained, it is an old one (`retained`).
* The Watchdog is a sign of life: remembered, never a cue. A rule may silence an alert (`by_rule`): it is still known.
* More than `core.space` has room for are not kept: such an onset sounds, once, and is forgotten. The bridge's own
  alerts are kept all the same.
* A series is a voice. With no new sample for max(60 s, 5 x its interval) it is released.

| known | message | change | sounds |
| --- | --- | --- | --- |
| no | firing | FIRED | its rule's cue, unless silent, superseded or expired |
| yes | firing | NONE | nothing; a higher severity under the same fingerprint: FIRED, its cue |
| yes | resolved | ENDED | `resolved`, unless silent, superseded or expired |
| no | resolved | NONE | nothing; a firing of the same start that comes after it is expired |

Time is unix seconds and always an argument; the engine has no clock.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bridge.core.repeats import ended_between, renewed
from bridge.core.rules import SIGN_OF_LIFE
from bridge.core.space import Space, kept
from bridge.core.voices import cut
from bridge.core.who import Who
from bridge.model.catalogue import SEVERITIES
from bridge.model.commands import Play
from bridge.model.events import AlertEvent, Reason, Source, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.core.rules import Rule, RuleBook

LATE = 30.0
"""Seconds. Alertmanager's second peer waits 15 s before it sends; twice that covers a late twin."""
TOMBSTONES = 10_000
"""How many ended alerts are remembered to recognise late messages."""
SLACK = 60.0
"""Seconds that a clock may go back without ending what ends by itself."""
WATCHDOG_LIMIT = 120.0
"""Seconds without a Watchdog, once one came, after which it is late."""


class Change(StrEnum):
    """What a message changed in what is known to fire."""

    NONE = "none"
    FIRED = "fired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Active:
    """An alert that fires: its first message with the newest texts, since when (unix seconds), as what."""

    event: AlertEvent
    since: float
    severity: str
    rule: str
    audible: bool
    onset: str = ""
    """The id of the cue that began it; its reminders are called after it."""
    raised: float | None = None
    """When it became as severe as it is, where it fired as less before; a restart forgets it."""

    @property
    def severe_since(self) -> float:
        """Since when it is as severe as it is (unix seconds): what its reminders count from."""
        return self.since if self.raised is None else self.raised


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message means. `reason` is None when `play` is to sound; then players decide the outcome."""

    rule: Rule
    severity: str
    change: Change
    reason: Reason | None = None
    play: Play | None = None
    kept: bool = True
    """False for an onset that there was no room to keep."""


class Engine:
    """The state machine for alerts. One event in, one verdict out."""

    def __init__(self, book: RuleBook, who: Who | None = None) -> None:
        self.book = book
        self.who = who or Who(book.chosen)
        self.active: dict[str, Active] = {}
        self.space = Space()
        self.counts = dict.fromkeys(SEVERITIES, 0)
        self.version = 0
        """Another one whenever other alerts fire, or one as something else."""
        self.watchdog_last: float | None = None
        self._subjects: dict[frozenset[tuple[str, str]], set[str]] = {}
        self._subject_of: dict[str, frozenset[tuple[str, str]]] = {}
        self._ended: OrderedDict[str, tuple[float, float | None]] = OrderedDict()

    def restore(
        self,
        active: Iterable[Active],
        ended: Iterable[tuple[str, float, float | None]] = (),
        watchdog: float | None = None,
    ) -> None:
        """Begin with what a store remembers: what fires; (fingerprint, when, its start) of what ended; the Watchdog."""
        for alert in active:
            self._remember(replace(alert, event=kept(alert.event)))
        self.space.restored()
        for fingerprint, at, starts_at in ended:
            self._bury(fingerprint, at, starts_at)
        self.watchdog_last = watchdog

    def swap(self, book: RuleBook) -> None:
        """Take a new rule book. What fires keeps firing as what it sounded; its subject may be another."""
        self.book = book
        self.who.chosen = book.chosen
        self._subjects.clear()
        self._subject_of.clear()
        for alert in self.active.values():
            self._join_subject(alert.event)

    def alert(self, event: AlertEvent, onset: str, now: float) -> Verdict:
        """Take one message. `onset` is the id that a cue will have; it must be unique."""
        rule = self.book.alert_rule(event.labels)
        ends = event.status is Status.RESOLVED and event.fingerprint in self.active
        if rule.sound == SIGN_OF_LIFE and not ends:  # a new rule book may call one that fires a sign of life
            return self._sign_of_life(event, rule, now)
        if event.one_shot:
            return self._one_shot(event, rule, onset, now)
        if event.status is Status.FIRING:
            return self._firing(event, rule, onset, now)
        return self._resolved(event, rule, onset, now)

    def due(self, now: float) -> list[AlertEvent]:
        """Resolutions that are the bridge's own: tests of `fire` whose time is over."""
        return [
            replace(a.event, status=Status.RESOLVED, received=now, ends_at=now, expires_at=None)
            for a in self.active.values()
            if a.event.expires_at is not None
            and (a.event.expires_at <= now or now < a.event.received - SLACK)  # or the clock went back
        ]

    def went_back(self, now: float) -> None:
        """The clock went back: nothing that fires began in the future, or nobody would be reminded of it until then."""
        for fingerprint, known in self.active.items():
            if known.severe_since > now:
                raised = None if known.raised is None else min(known.raised, now)
                self.active[fingerprint] = replace(known, since=min(known.since, now), raised=raised)
                self.version += 1

    @property
    def full(self) -> bool:
        """Whether so many fire that further ones are not kept."""
        return self.space.full

    def outranked(self, alert: Active) -> bool:
        """Whether a higher severity of the same subject fires and sounds."""
        rank = _rank(alert.severity)
        if not any(self.counts[severity] for severity in SEVERITIES[rank + 1 :]):
            return False
        subject = self._subject_of.get(alert.event.fingerprint)
        group = self._subjects[subject] if subject else ()
        if len(group) < 2:  # itself
            return False
        others = (self.active[fingerprint] for fingerprint in group)
        return any(other.audible and _rank(other.severity) > rank for other in others)

    def late(self, now: float) -> float | None:
        """Seconds since the last Watchdog when that is too long; None while all is well or none ever came."""
        if self.watchdog_last is None:
            return None
        self.watchdog_last = min(self.watchdog_last, now)  # where the clock went back
        if now - self.watchdog_last <= WATCHDOG_LIMIT:
            return None
        return now - self.watchdog_last

    def _sign_of_life(self, event: AlertEvent, rule: Rule, now: float) -> Verdict:
        again = self.watchdog_last is not None
        if event.status is Status.FIRING and not event.retained:
            self.watchdog_last = now
        return Verdict(rule, "info", Change.NONE, Reason.DUPLICATE if again else Reason.BY_RULE)

    def _one_shot(self, event: AlertEvent, rule: Rule, onset: str, now: float) -> Verdict:
        if event.retained:
            return Verdict(rule, rule.severity, Change.NONE, Reason.RETAINED)
        return self._sound(event, rule, onset, rule.sound, Change.NONE, now)

    def _firing(self, event: AlertEvent, rule: Rule, onset: str, now: float) -> Verdict:
        was = self.active.get(event.fingerprint)
        anew = was is None or ended_between(was.event.starts_at, event.starts_at, now)
        if was is not None and not anew and _rank(rule.severity) <= _rank(was.severity):
            self._renew(was, event)
            return Verdict(rule, was.severity, Change.NONE, Reason.DUPLICATE)
        if was is None and self._late(event, now):
            return Verdict(rule, rule.severity, Change.NONE, Reason.EXPIRED)
        began, told = self._beyond(event, rule, now) if was is None else (now if anew else was.since, False)
        keeps = self._fitting(was, event)
        if keeps is not None:
            raised = None if anew else now
            self._remember(Active(keeps, began, rule.severity, rule.name, rule.sounds, onset, raised))
        change = Change.NONE if keeps is None else Change.FIRED
        if told:
            return Verdict(rule, rule.severity, change, Reason.DUPLICATE)
        if keeps is None:
            self.space.beyond(event, _rank(rule.severity), now)
        if rule.sounds and any(
            _rank(other.severity) >= _rank(rule.severity) for other in self._others(event)
        ):
            return Verdict(rule, rule.severity, change, Reason.SUPERSEDED, kept=keeps is not None)
        return replace(self._sound(event, rule, onset, rule.sound, change, now), kept=keeps is not None)

    def _fitting(self, was: Active | None, event: AlertEvent) -> AlertEvent | None:
        """What is kept of an alert; None where there is no room. One that is kept already stays, with its old texts if need be."""
        keeps = kept(event)
        if was is None:
            return keeps if event.source is Source.BRIDGE or self.space.fits(keeps) else None
        if self.space.fits_instead(was.event, keeps):
            return keeps
        old = was.event
        return replace(keeps, labels=old.labels, annotations=old.annotations, links=old.links)

    def _renew(self, known: Active, event: AlertEvent) -> None:
        """Take the newest texts of an alert that fires, where there is room for them."""
        newest = renewed(known.event, event)
        if (newest.annotations, newest.links) != (known.event.annotations, known.event.links):
            if self.space.fits_instead(known.event, newest):
                self.space.leave(known.event)
                self.space.take(newest)
            else:
                newest = replace(newest, annotations=known.event.annotations, links=known.event.links)
        self.active[event.fingerprint] = replace(known, event=newest)

    def _beyond(self, event: AlertEvent, rule: Rule, now: float) -> tuple[float, bool]:
        """Since when an alert that is not kept fires, and whether it has been told, as severe as this at least."""
        at, rank, began = self.space.came(event.fingerprint) or (now, -1, None)
        new = ended_between(began, event.starts_at, now)
        return (now, False) if new else (min(at, now), rank >= _rank(rule.severity))

    def _resolved(self, event: AlertEvent, rule: Rule, onset: str, now: float) -> Verdict:
        known = self.active.get(event.fingerprint)
        if known is None:
            self.space.forget(event.fingerprint)
            if not 0 <= now - self._ended.get(event.fingerprint, (-math.inf, None))[0] <= LATE:
                self._bury(event.fingerprint, now, event.starts_at)  # its firing may be on the way still
            return Verdict(rule, rule.severity, Change.NONE, Reason.DUPLICATE)
        began = known.event.starts_at
        if event.ends_at is not None and began is not None and event.ends_at < began <= now:
            return Verdict(rule, known.severity, Change.NONE, Reason.EXPIRED)
        self._forget(known, now)
        if rule.sounds and any(
            _rank(other.severity) >= _rank(known.severity) for other in self._others(event)
        ):
            return Verdict(rule, known.severity, Change.ENDED, Reason.SUPERSEDED)
        return self._sound(replace(event, value=None), rule, onset, "resolved", Change.ENDED, now)

    def _sound(  # what a cue is made of
        self, event: AlertEvent, rule: Rule, onset: str, sound: str, change: Change, now: float
    ) -> Verdict:
        if not rule.sounds:
            return Verdict(rule, rule.severity, change, Reason.BY_RULE)
        service = self.book.service(event.labels)
        controls = self.book.cue(rule, sound, event.value, self.who.identity(service, now))
        fires = event.fingerprint if change is Change.FIRED else ""
        play = Play(onset, sound, controls, rule.severity, fires, service=cut(service))
        return Verdict(rule, rule.severity, change, None, play)

    def _late(self, event: AlertEvent, now: float) -> bool:
        """A firing that its own resolution has overtaken on the way."""
        at, began = self._ended.get(event.fingerprint, (None, None))
        if at is None or not 0 <= now - at <= LATE or event.starts_at is None or began is None:
            return False
        return event.starts_at <= began <= now  # a start in the future orders nothing

    def _others(self, event: AlertEvent) -> list[Active]:
        """The other audible alerts of the subject; without any label there is none to share."""
        subject = self._subject(event)
        found = self._subjects.get(subject, set()) if subject else set()
        return [self.active[fp] for fp in found if fp != event.fingerprint and self.active[fp].audible]

    def _subject(self, event: AlertEvent) -> frozenset[tuple[str, str]]:
        without = self.book.subject_without
        return frozenset(pair for pair in event.labels.items() if pair[0] not in without)

    def _remember(self, alert: Active) -> None:
        self.version += 1
        if (known := self.active.get(alert.event.fingerprint)) is not None:
            self._leave_subject(known.event)
            self.space.leave(known.event)
            self.counts[known.severity] -= 1
        self.space.take(alert.event)
        self.space.forget(alert.event.fingerprint)
        self.counts[alert.severity] += 1
        self.active[alert.event.fingerprint] = alert
        self._join_subject(alert.event)
        self._ended.pop(alert.event.fingerprint, None)

    def _forget(self, alert: Active, now: float) -> None:
        fingerprint = alert.event.fingerprint
        self.version += 1
        del self.active[fingerprint]
        self.counts[alert.severity] -= 1
        self._leave_subject(alert.event)
        self.space.leave(alert.event)
        self._bury(fingerprint, now, alert.event.starts_at)

    def _bury(self, fingerprint: str, at: float, starts_at: float | None) -> None:
        self._ended[fingerprint] = (at, starts_at)
        if len(self._ended) > TOMBSTONES:
            self._ended.popitem(last=False)

    def _join_subject(self, event: AlertEvent) -> None:
        subject = self._subject(event)
        self._subjects.setdefault(subject, set()).add(event.fingerprint)
        self._subject_of[event.fingerprint] = subject

    def _leave_subject(self, event: AlertEvent) -> None:
        subject = self._subject_of.pop(event.fingerprint, None)
        if subject is not None and (fingerprints := self._subjects.get(subject)) is not None:
            fingerprints.discard(event.fingerprint)
            if not fingerprints:
                del self._subjects[subject]


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity)
