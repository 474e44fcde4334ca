"""When the room hears what, and when it has heard enough. Pure: no clock of its own, every time is an argument.

What a message asks for, in this order; the first that holds decides:

| what | becomes | reason |
| --- | --- | --- |
| more than 3 onsets of one alert in 10 min | one `flapping` cue | played |
| anything of an alert that flaps, until it has held one state for 10 min, but not an onset that is worse than all before | nothing | flapping |
| quiet hours, and it is not critical | nothing | quiet_hours |
| a critical while the cue of another one sounds | counts in the storm | flood |
| any other critical | its cue, at once | played |
| a resolution, when 3 sounded in the last 10 s | counts in the storm | flood |
| another onset, when 6 sounded in the last 10 s | counts in the storm | flood |
| anything else | its cue | played |

What time asks for:

| what | when |
| --- | --- |
| storm | 1 s after the first that it counts, not before the cue of a critical has ended; while the flood lasts every 10 s for 1 min, every 60 s until 10 min, then every 5 min |
| reminder, critical | while one is not acknowledged: every 15 s for 2 min, every 60 s until 10 min, then every 5 min |
| reminder, warning | once, 15 min after the onset; one covers all that stand |
| reminder, info | never |
| flatline | at once, every 60 s for 10 min, then every 10 min, until it is acknowledged or mended |
| heartbeat | every 20 s while nothing is missing; its second note altered while anything is muted |
| digest | for a player that begins to listen; at the end of quiet hours; every `digest_every`, where that is set |

Reminders are one stream for the room: at most one in 15 s, for the worst severity that nobody has acknowledged, and each
for another of its alerts in turn, first for those of which only a storm has told. The stream is as old as the oldest of
them when it began; a further onset sounds, and puts the next reminder off, but does not make the stream young again. An
alert that flaps is not reminded of. A digest to the room says what a reminder of warnings would.

Where the clock goes back, what was to come later than a stage allows comes now: nothing waits for the old time.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.model.catalogue import SEVERITIES
from bridge.model.events import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.core.engine import Active
    from bridge.model.commands import Play

Stages = tuple[tuple[float, float], ...]
"""(until, every): so often while the stream is younger than `until`, both in seconds."""

CRITICAL: Stages = ((120.0, 15.0), (600.0, 60.0), (math.inf, 300.0))
FLATLINE: Stages = ((600.0, 60.0), (math.inf, 600.0))
STORM: Stages = ((60.0, 10.0), (600.0, 60.0), (math.inf, 300.0))
WARNING_AFTER = 900.0
APART = 15.0
"""Seconds between two reminders at least."""
WINDOW = 10.0
ONSETS, RESOLUTIONS = 6, 3
"""So many in WINDOW seconds; what goes beyond is a storm."""
STORM_WAIT = 1.0
STORM_OVER = 30.0
"""Seconds without anything to count after which a storm is over and the next one begins anew."""
FLAPS, FLAPPING_WINDOW, SETTLED = 3, 600.0, 600.0
REMEMBERED = 10_000
"""Alerts whose onsets are remembered to tell that they flap."""
HEARTBEAT = 20.0


def next_due(stages: Stages, began: float, last: float) -> float:
    """When a stream that began at `began` and last sounded at `last` sounds again (unix seconds)."""
    age = last - began
    return last + next(every for until, every in stages if age < until)


class Flapping:
    """Which alerts come and go too often. An onset that is worse than those before is news, and no flapping."""

    def __init__(self) -> None:
        self._onsets: OrderedDict[str, deque[tuple[float, int]]] = OrderedDict()
        self._worst: dict[str, int] = {}
        self.since: dict[str, float] = {}
        """Of every alert that flaps: when it last changed."""
        self.version = 0
        """Another one whenever `since` has other keys."""

    def onset(self, fingerprint: str, severity: str, now: float) -> bool:
        """Count one; whether the alert begins to flap with it."""
        rank = SEVERITIES.index(severity)
        onsets = self._onsets.setdefault(fingerprint, deque(maxlen=FLAPS + 1))
        self._onsets.move_to_end(fingerprint)
        if len(self._onsets) > REMEMBERED:
            self._onsets.popitem(last=False)
        before = max((r for at, r in onsets if now - at <= FLAPPING_WINDOW), default=-1)
        onsets.append((now, rank))
        often = len(onsets) > FLAPS and now - onsets[0][0] <= FLAPPING_WINDOW
        if fingerprint in self.since or not often or rank > before:
            return False
        self.since[fingerprint], self._worst[fingerprint] = now, before
        self.version += 1
        return True

    def changed(self, fingerprint: str, severity: str | None, now: float) -> bool:
        """The alert came, as what, or went (None); whether that is nothing new, because it flaps."""
        if fingerprint not in self.since:
            return False
        self.since[fingerprint] = now
        rank = -1 if severity is None else SEVERITIES.index(severity)
        known, self._worst[fingerprint] = self._worst[fingerprint], max(rank, self._worst[fingerprint])
        return rank <= known

    def settle(self, now: float) -> None:
        """Forget those that have held one state for long enough."""
        for fingerprint in [fp for fp, at in self.since.items() if now - at >= SETTLED]:
            del self.since[fingerprint], self._worst[fingerprint]
            self.version += 1
            self._onsets.pop(fingerprint, None)


class Flood:
    """How much at once an ear can take, and the storm of what goes beyond."""

    def __init__(self) -> None:
        self.counted = 0
        """Suppressed events that no storm has told yet."""
        self._recent: dict[bool, deque[float]] = {
            False: deque(maxlen=ONSETS),
            True: deque(maxlen=RESOLUTIONS),
        }
        self._critical_at = self._critical_until = -math.inf
        self._began = self._last_counted = self._last_storm = -math.inf
        self._due = math.inf

    def admit(self, cue: Play, now: float) -> bool:
        """Whether the cue of a message may sound; if not, it counts in the storm."""
        resolves, critical = cue.sound == "resolved", alarms(cue)
        if self._blocked(now, critical=critical, resolves=resolves):
            self._count(now)
            return False
        self._recent[resolves].append(now)
        if critical:
            self.critical(cue, now)
        return True

    def critical(self, cue: Play, now: float) -> None:
        """The cue of a critical begins."""
        self._critical_at, self._critical_until = now, now + cue.params.get("dur", 2.0)

    def sounding(self, now: float) -> bool:
        """Whether the cue of a critical sounds."""
        return self._critical_at <= now < self._critical_until

    def storm(self, now: float) -> int:
        """How many a storm that is due now has to tell; 0: none is due."""
        if not 0 <= now - self._last_counted <= STORM_OVER and not self.counted:
            self._began = -math.inf
        if not self.counted or self._last_counted <= now < self._due or self.sounding(now):
            return 0
        told, self.counted = self.counted, 0
        self._last_storm, self._due = now, math.inf
        return told

    def _blocked(self, now: float, *, critical: bool, resolves: bool) -> bool:
        if critical:
            return self.sounding(now)
        recent = self._recent[resolves]
        return len(recent) == recent.maxlen and 0 <= now - recent[0] < WINDOW

    def _count(self, now: float) -> None:
        if self._began == -math.inf:
            self._began, self._last_storm = now, -math.inf
        if self._due == math.inf:
            again = next_due(STORM, self._began, self._last_storm) if self._last_storm >= self._began else now
            self._due = max(now + STORM_WAIT, again)
        self.counted += 1
        self._last_counted = now


def alarms(cue: Play) -> bool:
    """Whether this is the cue of a critical itself: not of its end, nor of its flapping."""
    return cue.severity == "critical" and cue.sound not in {"resolved", "flapping"}


def density(count: int) -> float:
    """Grains a second of a storm that tells `count` alerts: 4 for one, 13.8 for ten, 26.6 for a hundred, at most 40.

    By equal ratios, because that is how the ear counts crowds.
    """
    return min(40.0, 4.0 * math.log2(1 + count))


class Reminders:
    """The room's one stream of reminders."""

    def __init__(self, began: float) -> None:
        self._critical_began: float | None = None
        self._last = -math.inf
        self._last_critical = began
        self._covered = began - WARNING_AFTER
        self._missed: dict[str, None] = {}
        self.told = 0
        """How many reminders of criticals there were."""

    def critical(self, now: float) -> None:
        """The cue of a critical has just sounded: it says what a reminder would."""
        self._last_critical = max(self._last_critical, now)

    def missed(self, fingerprint: str) -> None:
        """The cue of this critical did not sound: it is reminded of before others."""
        self._missed[fingerprint] = None

    def due(self, criticals: Sequence[Active], warnings: Sequence[Active], now: float) -> Active | None:
        """The alert to remind of now. Both lists are in the order of onsets and hold what nobody has acknowledged."""
        if not criticals:
            self._critical_began = None
            self._missed.clear()
        elif self._critical_began is None or self._critical_began > now:
            self._critical_began = min(criticals[0].severe_since, now)
        if 0 <= now - self._last < APART:
            return None
        found = self._critical(criticals, now) if criticals else self._warning(warnings, now)
        if found is not None:
            self._last = now
        return found

    def at(self, criticals: Sequence[Active], warnings: Sequence[Active]) -> float | None:
        """When the next reminder is due (unix seconds), as things stand."""
        if criticals:
            began = criticals[0].severe_since if self._critical_began is None else self._critical_began
            return max(next_due(CRITICAL, began, max(began, self._last_critical)), self._last + APART)
        waiting = self._first(warnings)
        return max(waiting.severe_since + WARNING_AFTER, self._last + APART) if waiting else None

    def digest(self, now: float) -> None:
        """A digest has just told the room what stands."""
        self._last = self._covered = now

    def _critical(self, criticals: Sequence[Active], now: float) -> Active | None:
        began = criticals[0].severe_since if self._critical_began is None else self._critical_began
        last = max(began, self._last_critical)
        if last <= now < next_due(CRITICAL, began, last):
            return None
        self._last_critical = now
        self.told += 1
        in_turn = criticals[self.told % len(criticals)]
        found = next((a for a in criticals if a.event.fingerprint in self._missed), in_turn)
        self._missed.pop(found.event.fingerprint, None)
        return found

    def _warning(self, warnings: Sequence[Active], now: float) -> Active | None:
        first = self._first(warnings)
        if first is None or now - first.severe_since < WARNING_AFTER:
            return None
        self._covered = now
        return first

    def _first(self, warnings: Sequence[Active]) -> Active | None:
        return next((a for a in warnings if a.severe_since > self._covered), None)


@dataclass(slots=True)
class Stream:
    """Something that repeats while it holds: the flatline."""

    stages: Stages
    began: float | None = None
    last: float = -math.inf

    def due(self, now: float, *, holds: bool, silenced: bool) -> bool:
        """Whether it sounds now. While it is silenced (acknowledged) its time runs on."""
        if not holds:
            self.began = None
            return False
        if self.began is None:
            self.began, self.last = now, -math.inf
        self.began, self.last = min(self.began, now), min(self.last, now)
        if silenced or self.began <= self.last <= now < next_due(self.stages, self.began, self.last):
            return False
        self.last = now
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
                self.reminders.missed(cue.fingerprint)
            return Reason.FLOOD
        if alarms(cue):
            self.reminders.critical(now)
        return None
