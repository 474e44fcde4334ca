"""What was received, played again without a clock: events become commands at their times, and a score.

The same core runs as live: a simulated clock goes in steps of STEP, as the runtime's does, and stops in between at every
event, whose cue sounds then.

`speed` compresses the time between events, and everything else runs on the compressed clock: at 60, an hour's incident
is heard as though it had happened within a minute. Cues keep their length, reminders and heartbeats their distance, and
a series fades out when it is gone for a minute of what is heard. The other way round, with the cadence on the clock of
the journal, an hour's reminders would sound within a minute too.

A part that is cut out with `since` and `until` is heard as one would who comes and goes: what happened before is known,
the voices that stand sound from the first moment, and only cues are missed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bridge.core.conductor import Conductor
from bridge.core.engine import Change
from bridge.core.limits import Crowd, softer
from bridge.core.score import bundle, message, score
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Command, Play, Release, Set
from bridge.model.events import AlertEvent, Event, MetricSample, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bridge.core.rules import RuleBook
    from bridge.core.score import Sample
    from bridge.model.catalogue import Sound

STEP = 0.25
"""Seconds between two looks at what time alone changes; the runtime's."""
TAIL = 5.0
"""Seconds after the last event, for its cue and the reverb."""
FADE = 0.2
"""Seconds at the end in which everything fades out, so that the end is no click."""
BED = Set("ambient", "ambient", SOUNDS["ambient"].defaults())
"""An engine holds it by itself from the start; a score has to say it."""

_ROOT = 0
"""The group of all nodes."""


@dataclass(frozen=True, slots=True)
class Take:
    """The events to play, in order and on the clock of what is heard, and the part of it to keep. Unix seconds."""

    events: Sequence[Event]
    start: float
    end: float

    @property
    def length(self) -> float:
        """Seconds of sound."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Happening:
    """A message that changed what fires, or sounded, at seconds from 0. `heard`: it has a cue of its own."""

    at: float
    event: AlertEvent
    severity: str
    heard: bool


@dataclass(slots=True)
class Performance:
    """What a take sounds like: commands at their times in seconds from 0, and how every event in it ended."""

    length: float
    commands: list[tuple[float, Command]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """`played` or the reason of suppression."""
    happenings: list[Happening] = field(default_factory=list)

    @property
    def cues(self) -> Counter[str]:
        """How often each cue sounds."""
        return Counter(command.sound for _, command in self.commands if isinstance(command, Play))


def take(
    events: Iterable[Event],
    *,
    since: float | None = None,
    until: float | None = None,
    speed: float = 1.0,
    tail: float = TAIL,
) -> Take:
    """Put events in order, of one time as they came, from the first or `since` until `tail` after the last.

    `since` and `until` are on the events' own clock. Raises ValueError when no event lies between them.
    """
    heard = sorted((e for e in events if until is None or e.received <= until), key=lambda e: e.received)
    if not heard or (since is not None and heard[-1].received < since):
        raise ValueError("no event lies within the part that was asked for")
    first, last = heard[0].received, heard[-1].received
    start = first if since is None else max(first, since)
    there = [_moved(event, first, speed) for event in heard]
    return Take(there, _when(start, first, speed), _when(last, first, speed) + max(tail, 2 * FADE))


def perform(part: Take, book: RuleBook) -> Performance:
    """Let the core decide what sounds."""
    stage = _Stage(book, part)
    for now, batch, ticks in _turns(part):
        stage.turn(batch, now, ticks=ticks)
    return stage.performance()


def to_score(
    performance: Performance,
    sounds: Mapping[str, Sound] = SOUNDS,
    samples: Mapping[str, Sample] | None = None,
) -> bytes:
    """The score of it, with a short fade of everything at its end; `sounds`, `samples` and errors as of `score`."""
    last = performance.length - FADE
    fade = bundle(last, [message("/n_set", _ROOT, "gate", 0.0)])
    return (
        score(performance.commands, last, sounds, samples)
        + fade
        + bundle(performance.length, [message("/c_set", 0, 0.0)])
    )


class _Stage:
    """One run of the core, and what of it is kept."""

    def __init__(self, book: RuleBook, part: Take) -> None:
        self._part = part
        self._conductor = Conductor(book, part.events[0].received)
        self._crowd = Crowd()
        self._told: list[tuple[float, Command]] = []
        self._outcomes: Counter[str] = Counter()
        self._happenings: list[Happening] = []
        self._onsets = 0

    def turn(self, batch: Sequence[Event], now: float, *, ticks: bool) -> None:
        """Everything that came in at one moment, and where the clock `ticks`, what time asks for, as the runtime has it."""
        cues: list[Play] = []
        touched: set[str] = set()
        for ended in self._conductor.engine.due(now) if ticks else ():
            cues += self._alert(ended, now)[1]
        for event in batch:
            if isinstance(event, AlertEvent):
                reason, found = self._alert(event, now)
                cues += found
            else:
                reason = self._sample(event, touched, now)
            if now >= self._part.start:
                self._outcomes[str(reason or "played")] += 1
        shares = self._crowd.shares(cues, now)
        told: list[Command] = [softer(cue, share) for cue, share in zip(cues, shares, strict=True)]
        if touched:
            told += self._conductor.voiced(touched, now)
        if ticks:
            told += self._conductor.tick(now)
        self._told += [(now - self._part.start, command) for command in told]

    def performance(self) -> Performance:
        """What was kept."""
        standing: dict[str, Command] = {BED.id: BED}
        for at, command in self._told:
            if isinstance(command, Set) and at <= 0:
                standing[command.id] = command
            elif isinstance(command, Release) and at <= 0:
                standing.pop(command.id, None)
        begun = [(0.0, command) for command in standing.values()]
        later = [(at, c) for at, c in self._told if at > 0 or (at == 0 and isinstance(c, Play))]
        last = self._part.length - FADE
        commands = [*begun, *((at, command) for at, command in later if at <= last)]
        return Performance(self._part.length, commands, self._outcomes, self._happenings)

    def _alert(self, event: AlertEvent, now: float) -> tuple[str | None, list[Play]]:
        """Why it does not sound, or its cue."""
        self._onsets += 1
        verdict = self._conductor.alert(event, f"e{self._onsets}", now)
        heard, at = verdict.play is not None, now - self._part.start
        if at >= 0 and (heard or verdict.change is not Change.NONE):
            self._happenings.append(Happening(at, event, verdict.severity, heard))
        return verdict.reason, [] if verdict.play is None else [verdict.play]

    def _sample(self, sample: MetricSample, touched: set[str], now: float) -> str | None:
        """Why it is not heard. Of several of one voice at one moment one is."""
        heard = self._conductor.sample(sample, now)
        if heard.command is None:
            return heard.reason
        if heard.command.id in touched:
            return Reason.SUPERSEDED
        touched.add(heard.command.id)
        return None


def _turns(part: Take) -> Iterator[tuple[float, list[Event], bool]]:
    """Every moment at which the core is asked, with the events of that moment, and whether the clock ticks then."""
    began, step, i = part.events[0].received, 0, 0
    while (tick := began + step * STEP) <= part.end or i < len(part.events):
        now = tick if i == len(part.events) else min(tick, part.events[i].received)
        batch: list[Event] = []
        while i < len(part.events) and part.events[i].received == now:
            batch.append(part.events[i])
            i += 1
        step += now == tick
        yield now, batch, now == tick


def _when(at: float, first: float, speed: float) -> float:
    return first + (at - first) / speed


def _moved(event: Event, first: float, speed: float) -> Event:
    """The event with every time of it on the compressed clock."""

    def when(at: float | None) -> float | None:
        return None if at is None else _when(at, first, speed)

    received = _when(event.received, first, speed)
    if speed == 1:
        return event
    if isinstance(event, MetricSample):
        return replace(event, received=received, at=when(event.at))
    return replace(
        event,
        received=received,
        starts_at=when(event.starts_at),
        ends_at=when(event.ends_at),
        expires_at=when(event.expires_at),
    )
