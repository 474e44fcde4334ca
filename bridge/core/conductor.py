"""The whole core as one: events and time in; verdicts, cues and voices out. Live and offline run this same class.

`alert` and `sample` decide what a message means; after samples `voiced` gives the voices. `tick` gives everything that
time asks for, and what messages changed for the room as a whole; call it every quarter of a second.
Time is unix seconds and always an argument; it may stand still, and where it goes back nothing waits for the old time.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.core.acks import FLATLINE, Ack, Acks
from bridge.core.bed import Bed
from bridge.core.cadence import HEARTBEAT, Beat, Cadence, Stream
from bridge.core.clusters import Clusters
from bridge.core.engine import Active, Change, Engine, Verdict
from bridge.core.filters import takes
from bridge.core.flood import density
from bridge.core.mutes import Mute, Mutes
from bridge.core.rules import LAST_ALERT_RULE, SIGN_OF_LIFE, clip
from bridge.core.standing import NOTHING, Standing
from bridge.core.voices import Heard, Voices, cut
from bridge.core.watch import Watch
from bridge.core.who import NOBODY, Who
from bridge.model.catalogue import SEVERITIES
from bridge.model.commands import Command, Play, Release, Set, Why
from bridge.model.events import AlertEvent, MetricSample, Reason, Source, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from bridge.core.alertmanager import Answer, Decided, Known
    from bridge.core.rules import RuleBook
    from bridge.model.player import Filter

ALTERED = 3.0
"""Semitones: the second note of the heartbeat while anything is muted."""
STALE = {"dur": 1.3, "vol": 0.5}
"""What the reminder of a stale alert has of its controls: it is longer and softer."""
TICKS = 5
"""A digest ticks for so many further alerts at most."""


class Conductor:
    """Decides everything that sounds."""

    def __init__(self, book: RuleBook, began: float) -> None:
        self.book = book
        self.who = Who(book.chosen)
        self.engine = Engine(book, self.who)
        self.voices = Voices(book, self.who)
        self.acks = Acks()
        self.mutes = Mutes()
        self.watch = Watch(book.expected, began)
        self.clusters = Clusters(book.clusters, began)
        self.cadence = Cadence(began)
        self.bed = Bed(began)
        self.over: list[Ack | Mute] = []
        """What the last tick ended because its time was over."""
        self._flatline = Stream()
        self._heartbeat = Beat()
        self._digest = Beat(began + book.digest_every)
        self._was_quiet = False
        self._silent = False
        self._muted_at = 0
        self._ticked = math.inf
        self._last_standing = NOTHING

    def swap(self, book: RuleBook, now: float) -> None:
        """Take a new rule book; what fires and sounds goes on."""
        regular = self.book.digest_every
        self.book = self.voices.book = book
        self.engine.swap(book)
        self.watch.expect(book.expected, now)
        self.clusters.swap(book.clusters)
        if regular != book.digest_every:
            self._digest.next = now + book.digest_every

    def alert(self, event: AlertEvent, onset: str, now: float) -> Verdict:
        """What one message about an alert means. `onset` is the id that its cue will have; it must be unique."""
        # An end is no sign of life; what is retained may come long after whoever sent it is gone, and what was asked for
        # proves nothing about the way here.
        asked = event.source is Source.ALERTMANAGER_API
        if event.status is Status.FIRING and not event.retained and not asked:
            self.watch.sign(event.labels, None, now)
        silenced = self.clusters.silence_of(event.fingerprint, now) is not None
        verdict = self.clusters.judged(event, self.engine.alert(event, onset, now), now)
        self.watch.watchdog = self.engine.watchdog_last
        if verdict.change is not Change.NONE:
            self.acks.end(event.fingerprint)
            self.cadence.reminders.ended(event.fingerprint)
            self.bed.changed(now)
        if verdict.play is None:
            return verdict
        return self._admitted(event, verdict, verdict.play, now, silenced=silenced)

    def sample(self, sample: MetricSample, now: float) -> Heard:
        """What one measured value means. The command is the voice by itself; `voiced` makes it part of the bed."""
        self.watch.sign(sample.labels, sample.type, now)
        if self.mutes.passing(sample.labels, "info", now) is not None:
            rule = self.book.metric_rule(sample.type, sample.labels)
            return self.voices.keep_silent(sample, rule, Reason.MUTED, now)
        return self.voices.sample(sample, now)

    def tick(self, now: float) -> list[Command]:
        """Everything that is due: cues, and the voices that have to change or end."""
        if now < self._ticked:
            self.engine.went_back(now)
            if math.isfinite(self._ticked):  # else it is the first tick, of alerts that a store remembers
                self.cadence.flood.went_back()
        self._ticked = now
        self.cadence.flapping.settle(now)
        self.over = [*self.acks.lapsed(now), *self.mutes.lapsed(now)]
        self.clusters.tick(self.engine.active, self.book.stale_after, now)
        gone = self.voices.expire(now) + self._muted_voices(now)
        for voice in gone:
            self.bed.forget(voice)
        # A digest spares a reminder, and a storm waits for the cue of a critical: so in this order.
        cues = [self._spoken(now), self._reminder(now), self._storm(now), self._flat(now), self._beat(now)]
        changes = self.bed.update(self.voices.standing(), now, quiet=not self.open(now))
        return [*(Release(voice) for voice in gone), *changes, *(cue for cue in cues if cue is not None)]

    def voiced(self, touched: Collection[str], now: float) -> list[Set]:
        """The voices that samples have just changed, as part of the bed: `touched` ones always, others where they must."""
        return self.bed.update(
            self.voices.standing(), now, quiet=not self._last_standing.open, always=touched
        )

    def standing(self) -> list[Set]:
        """The voices that should sound now, the ambient bed among them."""
        return self.bed.standing()

    def quiet(self, now: float) -> bool:
        """Whether quiet hours are in force."""
        return self.book.quiet is not None and self.book.quiet.holds(now)

    def muted(self, now: float) -> bool:
        """Whether anything is muted now: then the heartbeat says so."""
        return self.quiet(now) or not self.watch.on or bool(self.mutes)

    def mute_of(self, alert: Active, now: float) -> Mute | None:
        """The mute that keeps an alert silent now."""
        return self.mutes.of(alert.event.fingerprint, alert.event.labels, alert.severity, now)

    def why_silent(self, alert: Active, now: float) -> str | None:
        """Why nobody is reminded of an alert that fires: `acknowledged`, or a Reason; None where it stands open."""
        fingerprint = alert.event.fingerprint
        reasons: tuple[tuple[bool, str], ...] = (
            (not alert.audible, Reason.BY_RULE),
            (self.acks.of(fingerprint, alert.severity, now) is not None, "acknowledged"),
            (self.clusters.silence_of(fingerprint, now) is not None, Reason.SILENCED),
            (self.mute_of(alert, now) is not None, Reason.MUTED),
            (self.engine.outranked(alert), Reason.SUPERSEDED),
            (fingerprint in self.cadence.flapping.since, Reason.FLAPPING),
            (self.quiet(now) and alert.severity != "critical", Reason.QUIET_HOURS),
        )
        return next((why for holds, why in reasons if holds), None)

    def asked(self, known: Known, answer: Answer, now: float) -> Decided:
        """What follows from a complete answer of an Alertmanager."""
        return self.clusters.answered(known, answer, self.engine.active, self._startable, now)

    def _startable(self, event: AlertEvent) -> bool:
        """A Watchdog must come by itself."""
        return self.book.alert_rule(event.labels).sound != SIGN_OF_LIFE

    def open(self, now: float) -> list[Active]:
        """Audible alerts that nobody has acknowledged, the oldest first."""
        return self._standing(now).open

    def next_reminder(self, now: float) -> float | None:
        """When the room is reminded next, as things stand."""
        standing = self._standing(now)
        return self.cadence.reminders.at(standing.criticals, standing.warnings, standing.flapping)

    def digest(self, now: float, told: Container[str] = (), wanted: Filter | None = None) -> Play | None:
        """What stands, as one cue: the worst severity, then a tick for each further alert. None where nothing does.

        Alerts whose onset is in `told` are left out: whoever listens has just heard them, or is about to. So are those
        that whoever listens does not want to hear.
        """
        service = self.book.service
        standing = [alert for alert in self.open(now) if alert.onset not in told]
        return self._told(
            [a for a in standing if takes(wanted, a.severity, cut(service(a.event.labels)))], now
        )

    def _told(self, alerts: Sequence[Active], now: float) -> Play | None:
        if not alerts:
            return None
        worst = max(SEVERITIES.index(alert.severity) for alert in alerts)
        severity = SEVERITIES[worst]
        tone = {"freq": self.book.sounds[severity].control("freq").default}
        count = {"worst": float(worst), "count": float(min(len(alerts) - 1, TICKS))}
        return self._cue(f"d{now:.3f}", "digest", Why.DIGEST, severity, tone | count)

    def _admitted(
        self, event: AlertEvent, verdict: Verdict, cue: Play, now: float, *, silenced: bool
    ) -> Verdict:
        fingerprint, labels = event.fingerprint, event.labels
        flapping = self.cadence.flapping
        came = verdict.severity if verdict.change is Change.FIRED else None
        known = fingerprint in self.engine.active
        muted = (
            self.mutes.of(fingerprint, labels, verdict.severity, now)
            if known
            else self.mutes.passing(labels, verdict.severity, now, fingerprint)
        )
        if came is not None and flapping.onset(fingerprint, came, now):
            cue = self._flaps(cue)
        elif verdict.change is not Change.NONE and flapping.changed(fingerprint, came, now):
            return replace(verdict, reason=Reason.FLAPPING, play=None)
        if silenced or muted is not None:
            return replace(verdict, reason=Reason.SILENCED if silenced else Reason.MUTED, play=None)
        # The bridge's own troubles are few, and begin in floods: a disk fills when much is written.
        flood = self.book.flood and event.source is not Source.BRIDGE
        reason = self.cadence.admit(cue, now, quiet=self.quiet(now), flood=flood)
        return replace(verdict, reason=reason, play=cue if reason is None else None)

    def _flaps(self, onset: Play) -> Play:
        cue = self._cue(
            onset.id, "flapping", Why.EVENT, onset.severity, {"pan": onset.params.get("pan", 0.0)}
        )
        return replace(cue, fingerprint=onset.fingerprint)

    def _muted_voices(self, now: float) -> list[str]:
        """Voices that somebody has muted since; they are forgotten here."""
        if self._muted_at == self.mutes.version:  # its own sample has asked already
            return []
        self._muted_at = self.mutes.version
        gone = [
            voice_id
            for voice_id, voice in self.voices.sounding.items()
            if self.mutes.passing(voice.sample.labels, "info", now) is not None
        ]
        for voice_id in gone:
            self.voices.silence(voice_id, Reason.MUTED, now)
        return gone

    def _storm(self, now: float) -> Play | None:
        count = self.cadence.flood.storm(now)
        if not count:
            return None
        return self._cue(f"s{now:.3f}", "storm", Why.STORM, "warning", {"density": density(count)})

    def _standing(self, now: float) -> Standing:
        """Counted anew only after a change: thousands may fire."""
        quiet, flapping = self.quiet(now), self.cadence.flapping
        versions = (self.engine.version, self.acks.version, self.mutes.version, self.clusters.version)
        key = (*versions, flapping.version, quiet)
        if self._last_standing.key != key:
            self.mutes.keep(self.engine.active)
            found = [a for a in self.engine.active.values() if a.audible]
            if (
                self.mutes
            ):  # first: so they know of every alert, and can say what is open when one of them ends
                found = [a for a in found if self.mute_of(a, now) is None]
            if acks := self.acks.given:
                of = self.acks.of
                found = [
                    a
                    for a in found
                    if a.event.fingerprint not in acks or of(a.event.fingerprint, a.severity, now) is None
                ]
            if self.clusters.silenced:
                silence_of = self.clusters.silence_of
                found = [a for a in found if silence_of(a.event.fingerprint, now) is None]
            outranked = self.engine.outranked
            self._last_standing = Standing.of(found, key, flapping.since, outranked, quiet=quiet)
        return self._last_standing

    def _reminder(self, now: float) -> Play | None:
        standing = self._standing(now)
        if self.cadence.flood.sounding(now):  # a rule may make it longer than the distance of two reminders
            return None
        due = self.cadence.reminders.due
        alert = due(standing.criticals, standing.warnings, now, standing.flapping)
        if alert is None:
            return None
        ident = f"{alert.onset or alert.event.fingerprint}.r{self.cadence.reminders.told}"
        cue = self.cue(alert, ident, Why.REMINDER, now)
        if alert.severity == "critical":
            self.cadence.flood.critical(cue, now)
        return cue

    def cue(self, alert: Active, ident: str, why: Why, now: float) -> Play:
        """How an alert that fires sounds now."""
        rule = self.book.alert_rule(alert.event.labels)
        sound = rule.sound if rule.sounds and rule.severity == alert.severity else alert.severity
        service = self.book.service(alert.event.labels)
        controls = self.book.cue(rule, sound, alert.event.value, self.who.identity(service, now))
        if alert.event.fingerprint in self.clusters.stale:
            softer = {name: x * STALE.get(name, 1.0) for name, x in controls.items()}
            controls = clip(self.book.sounds.get(sound, self.book.sounds[alert.severity]), softer)
        return Play(ident, sound, controls, alert.severity, alert.event.fingerprint, why, cut(service))

    def _flat(self, now: float) -> Play | None:
        self._mended(now)
        missing = [found.name for found in self.watch.missing(now)]
        silenced = bool(missing) and self.acks.of_flatline(missing, now) is not None
        if not self._flatline.due(missing, now, silenced=silenced):
            return None
        return self._cue(f"f{now:.3f}", "flatline", Why.FLATLINE, "warning", {})

    def _mended(self, now: float) -> None:
        """Once all that was missing has come again, what is missed next is another matter."""
        ack = self.acks.given.get(FLATLINE)
        if ack is None:
            return
        back = {i.name for i in self.watch.inputs(now) if i.last is not None and i.last > ack.at}
        if back.issuperset(ack.covers):
            self.acks.end(FLATLINE)

    @property
    def flatline_since(self) -> float | None:
        """When the flatline began (unix seconds); None while nothing is missing."""
        return self._flatline.began if self._silent else None

    def _beat(self, now: float) -> Play | None:
        late = self.engine.late(now) is not None and self.watch.on
        silent, self._silent = self._silent, late or bool(self.watch.missing(now))
        if silent and not self._silent:
            self._heartbeat.next = now  # everything is back: this is how one hears it
        if not self._heartbeat.due(now, HEARTBEAT) or self._silent:
            return None
        altered = {"second": ALTERED} if self.muted(now) else {}
        return self._cue(f"h{now:.3f}", "heartbeat", Why.HEARTBEAT, "info", altered)

    def _spoken(self, now: float) -> Play | None:
        quiet, was = self.quiet(now), self._was_quiet
        self._was_quiet = quiet
        every = self.book.digest_every
        due = bool(every) and self._digest.due(now, every)
        found, self.clusters.found = self.clusters.found, False
        freed, self.mutes.freed = self.mutes.freed, set()
        if quiet or not (was or due or found or freed):
            return None
        if was or due or found:
            cue, only = self.digest(now), None
        else:
            cue, only = self._told([a for a in self.open(now) if a.event.fingerprint in freed], now), freed
        if cue is not None:
            self.cadence.reminders.digest(now, only, self._standing(now).warnings)
        return cue

    def _cue(self, ident: str, sound: str, why: Why, severity: str, controls: dict[str, float]) -> Play:
        params = self.book.cue(LAST_ALERT_RULE, sound, None, NOBODY)
        return Play(ident, sound, params | controls, severity, why=why)
