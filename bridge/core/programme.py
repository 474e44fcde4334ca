"""A performance as a page plays it by itself: commands with their times, and what happens as words.

What a stretch of a store sounds like is heard with the rule book alone. Its rows do not say what kept coming (a repeat
has none), what was acknowledged and what an Alertmanager was asked; so nothing of it is missed, and nothing is stale.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge.core.instead import built_in
from bridge.core.playback import TAIL, perform, take
from bridge.core.rules import SIGN_OF_LIFE
from bridge.core.voices import cut
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Command, Release, Set
from bridge.model.events import AlertEvent, Event, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bridge.core.playback import Happening, Take
    from bridge.core.rules import RuleBook

LONGEST = 600.0
"""Seconds of sound."""
FASTEST = 3600.0
EVERY = 0.1
"""Seconds in which a voice is set once: of several the last one holds."""


class TooLongError(ValueError):
    """The stretch is longer than LONGEST at this speed; the text says what to do."""


def stretch(
    events: Iterable[Event], book: RuleBook, since: float, until: float | None, speed: float
) -> dict[str, Any]:
    """The programme of what came from `since` to `until` (unix seconds). Events before it are known, but not heard.

    Raises TooLongError before the work begins.
    """
    heard = [event for event in events if not _is_sign(event, book)]
    try:
        part = take(heard, since=since, until=until, speed=speed)
    except ValueError:
        return nothing(since, speed)
    if part.length > LONGEST:
        raise TooLongError(_too_long(part, speed))
    alone = replace(book, expected=(), clusters=(), stale_after=0.0)
    return programme(part, alone, zero=max(since, min(event.received for event in heard)), speed=speed)


def programme(part: Take, book: RuleBook, *, zero: float, speed: float = 1.0) -> dict[str, Any]:
    """Let the core decide what sounds, and write it down. `zero` is the unix time of 0 s."""
    heard = perform(part, book)
    return {
        "zero": zero,
        "speed": speed,
        "length": heard.length,
        "commands": told(heard.commands),
        "captions": [caption(found, book) for found in heard.happenings],
        "outcomes": dict(heard.outcomes),
    }


def nothing(zero: float, speed: float) -> dict[str, Any]:
    """The programme of a stretch in which nothing came."""
    return {"zero": zero, "speed": speed, "length": 0.0, "commands": [], "captions": [], "outcomes": {}}


def told(commands: Sequence[tuple[float, Command]]) -> list[dict[str, Any]]:
    """The commands as objects, for a player that has the built-in sounds alone, in their order."""
    later: dict[str, int] = {}
    found: list[dict[str, Any]] = []
    for at, command in reversed(commands):
        if isinstance(command, Set):
            slot = math.floor(at / EVERY)
            if command.sound not in SOUNDS or later.get(command.id) == slot:
                continue
            later[command.id] = slot
        found.append({"at": at} | _told(command))
    return found[::-1]


def _told(command: Command) -> dict[str, Any]:
    if isinstance(command, Release):
        return {"do": "release", "id": command.id}
    if isinstance(command, Set):
        return {"do": "set", "id": command.id, "sound": command.sound, "params": dict(command.params)}
    cue = built_in(command)
    words = {"do": "play", "id": cue.id, "sound": cue.sound, "severity": cue.severity}
    return words | {"why": str(cue.why), "params": dict(cue.params)}


def caption(found: Happening, book: RuleBook) -> dict[str, Any]:
    """What happened, from labels alone: annotations may hold what is for few."""
    labels: Mapping[str, str] = found.event.labels
    name, service = cut(labels.get("alertname", "")), cut(book.service(labels))
    ends = found.event.status is Status.RESOLVED
    who = ", ".join(word for word in (name, service) if word)
    words = "resolved" if ends else found.severity
    return {
        "at": found.at,
        "text": f"{words}: {who}" if who else words,
        "status": str(found.event.status),
        "severity": found.severity,
        "alertname": name,
        "service": service,
        "heard": found.heard,
    }


def _is_sign(event: Event, book: RuleBook) -> bool:
    return isinstance(event, AlertEvent) and book.alert_rule(event.labels).sound == SIGN_OF_LIFE


def _too_long(part: Take, speed: float) -> str:
    needed = math.ceil((part.length - TAIL) * speed / (LONGEST - TAIL))
    what = f"it would be {part.length:.0f} s of sound, and {LONGEST:.0f} s are the most; make it shorter"
    return f"{what} or raise speed to at least {needed}" if needed <= FASTEST else what
