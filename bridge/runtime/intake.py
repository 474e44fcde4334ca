"""Events in, verdicts, writes and commands out: one batch at a time, decided without waiting in between."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bridge.core.engine import Change
from bridge.core.rules import SIGN_OF_LIFE
from bridge.core.voices import identity
from bridge.model.events import AlertEvent, Event, MetricSample, Outcome, Reason, Rejected, Source
from bridge.store import Batch
from bridge.wire import topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.core.conductor import Conductor
    from bridge.core.engine import Active, Verdict
    from bridge.model.commands import Play, Set
    from bridge.telemetry import Metrics


KEEP_EVERY = 1.0
"""Seconds between two samples of a voice in the store."""
KEPT = 10_000
"""Voices of which that is remembered; beyond it all are forgotten, and written once more."""
FORGET_KEPT = 600.0
"""Seconds after which it is forgotten which voices have been written: series come and go."""
UNPUBLISHED = {Source.MQTT, Source.BRIDGE}
"""What came by MQTT is there already; what the bridge says of itself is for its own room."""


@dataclass(slots=True)
class Work:
    """What one batch of events asks for. `open` maps the ids of events without an outcome to their source."""

    batch: Batch = field(default_factory=Batch)
    plays: list[tuple[int, Play]] = field(default_factory=list)
    sets: dict[str, Set] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    onsets: dict[str, list[int]] = field(default_factory=dict)
    """By fingerprint: the events whose cues begin it, of those that this batch has not ended again."""
    overtaken: set[int] = field(default_factory=set)
    """Events whose cue is not to sound, because this batch ends their alert as well."""
    publishes: list[tuple[int, str, bytes]] = field(default_factory=list)
    sample_publishes: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    open: dict[int, Source] = field(default_factory=dict)
    suppressed: list[Reason] = field(default_factory=list)
    """Why alerts of this batch do not sound, those of them that do not."""
    counts: Batch = field(default_factory=Batch)
    """What is written of samples and of what cannot be read: nobody waits for it."""


class Intake:
    """Decides what events mean. It counts events whose end is known; the rest end with their cue."""

    def __init__(self, conductor: Conductor, metrics: Metrics) -> None:
        self.conductor = conductor
        self.engine = conductor.engine
        self.publishing = True
        self._kept: dict[str, float] = {}
        self._kept_at = 0.0
        self._metrics = metrics
        self.begin("", 1, 1)

    def begin(self, bridge: str, next_id: int, next_publish: int) -> None:
        """Go on as `bridge` with the first free ids of its store."""
        self._bridge, self.next_id, self.next_publish = bridge, next_id, next_publish

    def decide(self, items: Iterable[Event | Rejected], now: float, *, heard: bool) -> Work:
        """The work for a batch. `heard`: whether a player is audible now, for samples."""
        work = Work()
        samples: dict[str, MetricSample] = {}
        for item in items:
            self._metrics.received.labels(item.source).inc()
            if isinstance(item, AlertEvent):
                self._alert(item, work, now)
            elif isinstance(item, MetricSample):
                work.counts.came("sample", item.source)
                self._sample(item, work, samples, now)
            else:
                work.counts.came("rejected", item.source)
                self._count("rejected", item.source, item.why, work)
        for sample in samples.values():
            self._count("sample", sample.source, None if heard else Reason.NO_LISTENER, work)
        self._keep(samples, work, now)
        return work

    def _count(self, kind: str, source: Source, reason: Reason | None, work: Work) -> None:
        """Something without a row of its own has ended: played, unless there is a reason."""
        outcome = Outcome.PLAYED if reason is None else Outcome.SUPPRESSED
        self._metrics.ended(source, outcome, reason)
        (work.batch if kind == "alert" else work.counts).count(kind, source, outcome, reason)

    def _keep(self, samples: dict[str, MetricSample], work: Work, now: float) -> None:
        """Write down the newest sample of every voice, at most one in KEEP_EVERY seconds of each."""
        if len(self._kept) > KEPT or (self._kept and not 0 <= now - self._kept_at < FORGET_KEPT):
            self._kept.clear()
            self._kept_at = now
        for voice, sample in samples.items():
            if not 0 <= now - self._kept.get(voice, -math.inf) < KEEP_EVERY:
                self._kept[voice] = now
                work.counts.sample(sample)

    def _alert(self, event: AlertEvent, work: Work, now: float) -> None:
        event_id = self.next_id
        self.next_id += 1
        ack, was = self.conductor.acks.given.get(event.fingerprint), self.engine.active.get(event.fingerprint)
        verdict = self.conductor.alert(event, f"e{event_id}", now)
        if ack is not None and ack.holds(now) and verdict.change is not Change.NONE:
            work.batch.deed(
                now, "ack over", ack.fingerprint, "", _over(verdict, was), None, about={"of": ack.by}
            )
        self._metrics.alerts.labels(verdict.severity).inc()
        if verdict.rule.unknown_severity:
            self._metrics.unknown_severity.inc()
        if not verdict.kept:
            self._metrics.not_kept.inc()
        if verdict.rule.sound == SIGN_OF_LIFE and self.engine.watchdog_last is not None:
            self._metrics.watchdog(self.engine.watchdog_last)
            work.batch.watchdog(self.engine.watchdog_last)
        self._remember(event, event_id, verdict, work, now)
        if verdict.play is not None:
            work.plays.append((event_id, verdict.play))
            if verdict.play.fingerprint:
                work.onsets.setdefault(verdict.play.fingerprint, []).append(event_id)
            work.open[event_id] = event.source
        else:
            if verdict.reason is Reason.DUPLICATE:
                work.batch.came("alert", event.source)
                self._count("alert", event.source, verdict.reason, work)
            else:
                self._metrics.ended(event.source, Outcome.SUPPRESSED, verdict.reason)
            work.suppressed += [verdict.reason] if verdict.reason else []
        noted = (
            event.source is Source.ALERTMANAGER_API and verdict.change is Change.NONE
        )  # nothing new for others
        if (
            not noted
            and event.source not in UNPUBLISHED
            and verdict.reason not in {Reason.DUPLICATE, Reason.EXPIRED}
        ):
            self._publish(topics.alert_message(event, verdict.severity, self._bridge), work)

    def _remember(self, event: AlertEvent, event_id: int, verdict: Verdict, work: Work, now: float) -> None:
        play = verdict.play
        if verdict.reason is not Reason.DUPLICATE:  # a repeat is counted; it changes nothing worth a row
            work.batch.event(
                event_id,
                event,
                severity=verdict.severity,
                rule=verdict.rule.name,
                sound=play.sound if play else "",
                outcome=None if play else Outcome.SUPPRESSED,
                reason=verdict.reason,
                service=self.engine.book.service(event.labels),
            )
        if verdict.change is not Change.NONE:
            work.batch.unack(event.fingerprint)
        if verdict.change is Change.FIRED:
            work.batch.fires(self.engine.active[event.fingerprint])
        elif verdict.change is Change.ENDED:
            work.batch.ended(event.fingerprint, now, event.starts_at)
            work.ended.append(event.fingerprint)
            work.overtaken.update(work.onsets.pop(event.fingerprint, ()))

    def _publish(self, message: tuple[str, bytes], work: Work) -> None:
        if not self.publishing:
            return
        work.batch.publish(self.next_publish, *message)
        work.publishes.append((self.next_publish, *message))
        self.next_publish += 1

    def _sample(self, sample: MetricSample, work: Work, newest: dict[str, MetricSample], now: float) -> None:
        heard = self.conductor.sample(sample, now)
        if heard.command is None:
            self._count("sample", sample.source, heard.reason, work)
        else:
            command = heard.command
            work.sets[command.id] = command
            if (older := newest.pop(command.id, None)) is not None:
                self._count("sample", older.source, Reason.SUPERSEDED, work)
            newest[command.id] = sample
            self._gauge(command)
        if sample.source is not Source.MQTT and self.publishing:
            self._publish_sample(sample, work)

    def _gauge(self, command: Set) -> None:
        if command.sound == "cpu":
            self._metrics.cpu_frequency.set(command.params["freq"])
        elif command.sound == "memory":
            self._metrics.memory_volume.set(command.params["vol"])

    def _publish_sample(self, sample: MetricSample, work: Work) -> None:
        message = topics.sample_message(replace(sample, at=None), self._bridge)
        if message is None:
            self._metrics.mqtt_dropped.labels("bad_topic").inc()
        else:
            work.sample_publishes[identity(sample)] = message


def _over(verdict: Verdict, was: Active | None) -> str:
    """Why an acknowledgement has ended."""
    if verdict.change is Change.ENDED:
        return "it was resolved"
    worse = was is not None and was.severity != verdict.severity
    return f"it became {verdict.severity}" if worse else "it fires anew"
