"""When the room hears what, and when it has heard enough. Pure: no clock of its own, every time is an argument.

What a message asks for, in this order; the first that holds decides:

| what | becomes | reason |
| --- | --- | --- |
| more than 3 onsets of one alert in 10 min | one `flapping` cue | played |
| anything of an alert that flaps, until it has held one state for 10 min, but not an onset that is worse than all before | nothing | flapping |
| quiet hours, and it is not critical | nothing | quiet_hours |
| a critical while the cue of another one sounds | counts in the storm | flood |
| a critical while a reminder of another one sounds | its own reminder, 15 s later | flood |
| any other critical | its cue, at once | played |
| a resolution, when 3 sounded in the last 10 s | counts in the storm | flood |
| another onset, when 6 sounded in the last 10 s, or more than 6 came in every 10 s for a minute | counts in the storm | flood |
| anything else | its cue | played |

What time asks for:

| what | when |
| --- | --- |
| storm | 1 s after the first that it counts, not before the cue of a critical has ended; while the flood lasts every 10 s for 1 min, every 60 s until 10 min, then every 5 min |
| reminder, critical | while one is not acknowledged: every 15 s for 2 min, every 60 s until 10 min, then every 5 min |
| reminder, critical that flaps | every 5 min, where no other critical stands |
| reminder, warning | once, 15 min after the onset; one covers all that stand |
| reminder, info | never |
| flatline | at once, every 60 s for 10 min, then every 10 min, until it is acknowledged or mended; at once for what is missing in addition; what is missing again within 10 min goes on where it was |
| heartbeat | every 20 s while nothing is missing; its second note altered while anything is muted |
| digest | for a player that begins to listen; at the end of quiet hours; every `digest_every`, where that is set; at the end of a mute, of what is open again by that |

Reminders are one stream for the room: at most one in 15 s, for the worst severity that nobody has acknowledged, and each
for another of its alerts in turn, first for those of which only a storm has told. The stream is as old as the oldest of
them when it began; a further onset sounds, and puts the next reminder off, but does not make the stream young again. A
warning that flaps is not reminded of. A digest to the room says what a reminder of warnings would; that of the end of a mute, where it
tells of all that wait for one.

Where the clock goes back, what was to come later than a stage allows comes now: nothing waits for the old time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.core.flood import Flapping, Flood, Stages, alarms, next_due
from bridge.model.events import Reason

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Sequence

    from bridge.core.engine import Active
    from bridge.model.commands import Play

CRITICAL: Stages = ((120.0, 15.0), (600.0, 60.0), (math.inf, 300.0))
FLATLINE: Stages = ((600.0, 60.0), (math.inf, 600.0))
WARNING_AFTER = 900.0
FLAPS_EVERY = 300.0
APART = 15.0
"""Seconds between two reminders at least."""
HEARTBEAT = 20.0


class Reminders:
    """The room's one stream of reminders."""

    def __init__(self, began: float) -> None:
        self._critical_began: float | None = None
        self._last = -math.inf
        self._last_critical = began
        self._covered = began - WARNING_AFTER
        self._missed: dict[str, None] = {}
        self._soon = False
        self.told = 0
        """How many reminders of criticals there were."""

    def critical(self, now: float) -> None:
        """The cue of a critical has just sounded: it says what a reminder would."""
        self._last_critical = max(self._last_critical, now)

    def missed(self, fingerprint: str, *, soon: bool) -> None:
        """The cue of this critical did not sound: it is reminded of before others, and soon if no storm tells of it."""
        self._missed[fingerprint] = None
        self._soon = self._soon or soon

    def ended(self, fingerprint: str) -> None:
        """The alert fires no more."""
        self._missed.pop(fingerprint, None)

    def due(
        self,
        criticals: Sequence[Active],
        warnings: Sequence[Active],
        now: float,
        flapping: Sequence[Active] = (),
    ) -> Active | None:
        """The alert to remind of now. The lists are in the order of onsets and hold what nobody has acknowledged.

        `flapping` are criticals that come and go; `criticals` and `warnings` are steady.
        """
        if self._covered > now:  # the clock went back
            self._covered = now - WARNING_AFTER
        if not criticals:
            self._critical_began = None
            self._missed.clear()
            self._soon = False
        elif self._critical_began is None or self._critical_began > now:
            self._critical_began = min(criticals[0].severe_since, now)
        if 0 <= now - self._last < APART:
            return None
        found = self._critical(criticals, now) if criticals else self._flaps(flapping, now)
        if found is None and not criticals:
            found = self._warning(warnings, now)
        if found is not None:
            self._last = now
        return found

    def at(
        self, criticals: Sequence[Active], warnings: Sequence[Active], flapping: Sequence[Active] = ()
    ) -> float | None:
        """When the next reminder is due (unix seconds), as things stand."""
        if flapping and not criticals:
            return max(self._last_critical + FLAPS_EVERY, self._last + APART)
        if criticals:
            began = criticals[0].severe_since if self._critical_began is None else self._critical_began
            soonest = self._last + APART
            return (
                soonest
                if self._soon
                else max(next_due(CRITICAL, began, max(began, self._last_critical)), soonest)
            )
        waiting = self._first(warnings)
        return max(waiting.severe_since + WARNING_AFTER, self._last + APART) if waiting else None

    def digest(self, now: float, told: Container[str] | None = None, warnings: Sequence[Active] = ()) -> None:
        """A digest has just told the room what stands, or of it only the fingerprints in `told`.

        It was the reminder of `warnings` too, where it told of all that wait for one.
        """
        self._last = now
        waiting = [a.event.fingerprint for a in warnings if a.severe_since > self._covered]
        if told is None or (waiting and all(fingerprint in told for fingerprint in waiting)):
            self._covered = now

    def _critical(self, criticals: Sequence[Active], now: float) -> Active | None:
        began = criticals[0].severe_since if self._critical_began is None else self._critical_began
        last = max(began, self._last_critical)
        if last <= now < next_due(CRITICAL, began, last) and not self._soon:
            return None
        self._last_critical, self._soon = now, False
        self.told += 1
        in_turn = criticals[self.told % len(criticals)]
        found = next((a for a in criticals if a.event.fingerprint in self._missed), in_turn)
        self._missed.pop(found.event.fingerprint, None)
        return found

    def _flaps(self, flapping: Sequence[Active], now: float) -> Active | None:
        if not flapping or self._last_critical <= now < self._last_critical + FLAPS_EVERY:
            return None
        self._last_critical = now
        self.told += 1
        return flapping[self.told % len(flapping)]

    def _warning(self, warnings: Sequence[Active], now: float) -> Active | None:
        first = self._first(warnings)
        if first is None or now - first.severe_since < WARNING_AFTER:
            return None
        self._covered = now
        return first

    def _first(self, warnings: Sequence[Active]) -> Active | None:
        return next((a for a in warnings if a.severe_since > self._covered), None)


WELL = 600.0
"""Seconds without anything missing after which a flatline is over, and the next one begins anew."""


@dataclass(slots=True)
class Stream:
    """The flatline: it repeats while anything is missing."""

    began: float | None = None
    _last: float = -math.inf
    _held: float = -math.inf
    _told: set[str] = field(default_factory=set)

    def due(self, missing: Collection[str], now: float, *, silenced: bool) -> bool:
        """Whether it sounds now, because of what is missing. While it is silenced (acknowledged) its time runs on."""
        if not missing:
            if self.began is not None and not 0 <= now - self._held < WELL:
                self.began = None
            return False
        if self.began is None:
            self.began, self._last, self._told = now, -math.inf, set()
        self._held = now
        self.began, self._last = min(self.began, now), min(self._last, now)
        more = not self._told.issuperset(missing)
        if silenced or (not more and now < next_due(FLATLINE, self.began, self._last)):
            return False
        self._last = now
        self._told.update(missing)
        return True


class Beat:
    """Something at even times: the heartbeat, the digest."""

    def __init__(self, first: float = 0.0) -> None:
        self.next = first

    def due(self, now: float, every: float) -> bool:
        """Whether it is time; if so the next one is `every` seconds on."""
        if 0 < self.next - now <= every:  # further off it is only where the clock went back
            return False
        self.next = now + every
        return True


class Cadence:
    """What a cue becomes, before it goes to the room."""

    def __init__(self, began: float) -> None:
        self.flapping = Flapping()
        self.flood = Flood()
        self.reminders = Reminders(began)

    def admit(self, cue: Play, now: float, *, quiet: bool, flood: bool = True) -> Reason | None:
        """Why the cue of a message does not sound; None when it does. `flood`: whether there can be too many at once."""
        if quiet and cue.severity != "critical":
            return Reason.QUIET_HOURS
        if flood and not self.flood.admit(cue, now):
            if alarms(cue) and cue.fingerprint:
                self.reminders.missed(cue.fingerprint, soon=self.flood.reminding)
            return Reason.FLOOD
        if alarms(cue) or (cue.severity == "critical" and cue.sound == "flapping"):
            self.reminders.critical(now)
        return None
