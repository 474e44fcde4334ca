"""Days at a desk: the whole core on a simulated clock, and what somebody there would hear.

The clock stands on the grid of the runtime, a quarter of a second; `quickly` leaves out the steps at which nothing can be
due, and tests hold it against every single step.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from bridge import config
from bridge.core.conductor import Conductor
from bridge.model.commands import Play, Why
from bridge.model.events import AlertEvent, MetricSample, Source, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.core.rules import RuleBook

BOOK = config.load(config.DEFAULT_BOOK).compiled()
BEGAN = 1_800_000_000.0
STEP = 0.25
STRIDE = 5.0
"""Seconds between two steps at least, where nothing is known to come; heartbeats are a multiple of it."""
BUSY = 12.0
"""Seconds after a message in which no step is left out."""
HOUR, DAY = 3600.0, 86400.0


def alert(
    name: str, severity: str, at: float = BEGAN, status: Status = Status.FIRING, **labels: str
) -> AlertEvent:
    """A message about an alert; its name is its fingerprint, and its service unless `labels` say another."""
    known = {"alertname": "HighCPU", "service": name, "severity": severity} | labels
    return AlertEvent(Source.ALERTMANAGER, name, status, known, at)


class Ear:
    """A conductor and everything that it says, in order. `heard` holds (seconds from the start, cue)."""

    def __init__(self, book: RuleBook = BOOK, began: float = BEGAN, *, quickly: bool = False) -> None:
        self.conductor = Conductor(book, began)
        self.heard: list[tuple[float, Play]] = []
        self.told: list[tuple[float, object]] = []
        """Voices: (seconds from the start, what they were set to, or that they ended)."""
        self.reasons: Counter[str] = Counter()
        self.acknowledges = False
        """Whether somebody acknowledges a critical as soon as it is reminded of."""
        self._began, self._quickly = began, quickly
        self._steps = -1
        self._busy_until = 0.0
        self._messages = 0
        self.at = 0.0

    @property
    def now(self) -> float:
        """Unix seconds."""
        return self._began + self.at

    def tell(self, event: AlertEvent) -> str:
        """A message comes in now: the sound that it makes, or why it makes none."""
        self._messages += 1
        self._busy_until = self.at + BUSY
        verdict = self.conductor.alert(event, f"e{self._messages}", self.now)
        if verdict.play is not None:
            self.heard.append((self.at, verdict.play))
            return verdict.play.sound
        self.reasons[str(verdict.reason)] += 1
        return str(verdict.reason)

    def measure(self, kind: str, value: float, **labels: str) -> None:
        """A sample comes in now."""
        heard = self.conductor.sample(MetricSample(Source.HTTP, kind, value, self.now, labels), self.now)
        if heard.command is not None:
            self.told += ((self.at, c) for c in self.conductor.voiced({heard.command.id}, self.now))

    def acknowledge(self, fingerprint: str) -> bool:
        """Somebody takes an alert on; whether they are the first."""
        severity = self.conductor.engine.active[fingerprint].severity
        return self.conductor.acks.alert(fingerprint, severity, "ann", "", self.now)[1]

    def wait(self, until: float) -> None:
        """Time passes, to `until` seconds from the start."""
        while (step := self._next()) * STEP <= until:
            self._steps, self.at = step, step * STEP
            self._tick()
        self._steps, self.at = max(self._steps, math.floor(until / STEP)), until

    def play(self, messages: Iterable[tuple[float, AlertEvent]], until: float) -> None:
        """Messages at their times, seconds from the start and in order; then time until the end."""
        for at, event in messages:
            self.wait(at)
            self.tell(event)
        self.wait(until)

    def cues(self, *, since: float = 0.0) -> list[tuple[float, str]]:
        """(seconds from the start, sound) of all but heartbeats."""
        return [(at, cue.sound) for at, cue in self.heard if cue.why is not Why.HEARTBEAT and at >= since]

    def counts(self) -> Counter[str]:
        """How often what sounded, by what made it sound and by sound: `reminder critical`."""
        return Counter(f"{cue.why} {cue.sound}" for _, cue in self.heard)

    def _tick(self) -> None:
        for command in self.conductor.tick(self.now):
            if isinstance(command, Play):
                self.heard.append((self.at, command))
                if self.acknowledges and (command.why, command.severity) == (Why.REMINDER, "critical"):
                    self.acknowledge(command.fingerprint)
            else:
                self.told.append((self.at, command))

    def _next(self) -> int:
        """The next step of the clock at which anything can be due."""
        step = self._steps + 1
        if not self._quickly or step * STEP <= self._busy_until:
            return step
        conductor, flood = self.conductor, self.conductor.cadence.flood
        times = [conductor.next_reminder(self.now), flood._due if flood.counted else None]
        times += (ack.until for ack in conductor.acks.given.values())
        times += (mute.until for mute in conductor.mutes.given.values())
        on_stride = math.ceil(step * STEP / STRIDE) * STRIDE
        soonest = min([on_stride, *(t - self._began for t in times if t is not None)])
        return max(step, math.ceil(soonest / STEP))


@cache
def standing(spread: float, *, until: float = DAY, quickly: bool = True) -> Ear:
    """30 warnings that come within `spread` seconds and a critical among them stand for a day.

    The critical is acknowledged at its first reminder, and again whenever that lapses.
    """
    ear = Ear(quickly=quickly)
    ear.acknowledges = True
    warnings = [(spread * i / 30, alert(f"w{i}", "warning")) for i in range(30)]
    ear.play([*warnings[:10], (spread / 3, alert("c", "critical")), *warnings[10:]], until)
    return ear


def outage(times: Iterable[float], *, until: float = 2 * HOUR, quickly: bool = True) -> Ear:
    """Criticals that begin at `times` and that nobody takes on."""
    ear = Ear(quickly=quickly)
    ear.play([(at, alert(f"c{i}", "critical")) for i, at in enumerate(sorted(times))], until)
    return ear


@cache
def healthy(*, until: float = DAY, quickly: bool = True, seed: int = 1) -> Ear:
    """A Watchdog every minute, and processors and memory that are measured every 15 s and jitter a little."""
    ear, jitter = Ear(quickly=quickly), random.Random(seed)
    for at in range(0, int(until), 15):
        ear.wait(at)
        if at % 60 == 0:
            ear.conductor.alert(alert("watchdog", "none", ear.now, alertname="Watchdog"), f"w{at}", ear.now)
        for machine in "abc":
            ear.measure("cpu", jitter.uniform(0.2, 0.3), instance=machine)
        ear.measure("memory", jitter.uniform(0.58, 0.62))
    ear.wait(until)
    return ear


def figures() -> dict[str, Counter[str]]:
    """What sounds on each of these days, by what made it sound."""
    return {
        "24 h, 30 warnings at once and a critical, acknowledged": standing(0.0).counts(),
        "24 h, 30 warnings within 10 min and a critical, acknowledged": standing(600.0).counts(),
        "2 h, 5 criticals at once, open": outage([0.0] * 5).counts(),
        "2 h, 5 criticals 10 min apart, open": outage([600.0 * i for i in range(5)]).counts(),
        "24 h, healthy": healthy().counts(),
    }
