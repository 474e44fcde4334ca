"""What comes too often: an alert that flaps, and more at once than an ear can take. The rules are in `core.cadence`."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from bridge.model.catalogue import SEVERITIES
from bridge.model.commands import Why

if TYPE_CHECKING:
    from bridge.model.commands import Play

Stages = tuple[tuple[float, float], ...]
"""(until, every): so often while the stream is younger than `until`, both in seconds."""

STORM: Stages = ((60.0, 10.0), (600.0, 60.0), (math.inf, 300.0))
WINDOW = 10.0
ONSETS, RESOLUTIONS = 6, 3
"""So many in WINDOW seconds; what goes beyond is a storm."""
STORM_WAIT = 1.0
STORM_OVER = 30.0
"""Seconds without anything to count after which a storm is over and the next one begins anew."""
FLAPS, FLAPPING_WINDOW, SETTLED = 3, 600.0, 600.0
REMEMBERED = 10_000
"""Alerts whose onsets are remembered to tell that they flap, and alerts that flap. Beyond it one does not count as flapping."""
LONG = 60.0
"""Seconds of more than ONSETS in every WINDOW after which no further onset sounds but those of criticals."""


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
        often = len(onsets) > FLAPS and 0 <= now - onsets[0][0] <= FLAPPING_WINDOW
        if fingerprint in self.since or not often or rank > before or len(self.since) >= REMEMBERED:
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
        for fingerprint in [fp for fp, at in self.since.items() if not 0 <= now - at < SETTLED]:
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
        self._came: deque[float] = deque(maxlen=ONSETS + 1)
        self._rushing_since: float | None = None
        self._critical_at = self._critical_until = -math.inf
        self._reminder = False
        self._began = self._last_counted = self._last_storm = -math.inf
        self._due = math.inf

    def admit(self, cue: Play, now: float) -> bool:
        """Whether the cue of a message may sound; if not, the storm counts it, or a reminder of its own tells it."""
        resolves, critical = cue.sound == "resolved", alarms(cue)
        if not (critical or resolves):
            self._rush(now)
        if self._blocked(now, critical=critical, resolves=resolves):
            if not (critical and self.reminding and cue.fingerprint):
                self._count(now)
            return False
        self._recent[resolves].append(now)
        if critical:
            self.critical(cue, now)
        return True

    def went_back(self) -> None:
        """The clock went back: what sounded then does not sound once more when that time comes again."""
        self._critical_at = self._critical_until = -math.inf

    def critical(self, cue: Play, now: float) -> None:
        """The cue of a critical begins."""
        self._critical_at, self._critical_until = now, now + cue.params.get("dur", 2.0)
        self._reminder = cue.why is Why.REMINDER

    @property
    def reminding(self) -> bool:
        """Whether the last cue of a critical was a reminder."""
        return self._reminder

    def sounding(self, now: float) -> bool:
        """Whether the cue of a critical sounds."""
        return self._critical_at <= now < self._critical_until

    def storm(self, now: float) -> int:
        """How many a storm that is due now has to tell; 0: none is due."""
        if not 0 <= now - self._last_counted <= STORM_OVER and not self.counted:
            self._began = -math.inf
        if not self.counted or self._last_counted <= now < self._due:
            return 0
        # It waits for the critical that sounded when it fell due, not for those that follow: it would wait for ever.
        if self.sounding(now) and self._critical_at <= self._due:
            return 0
        told, self.counted = self.counted, 0
        self._last_storm, self._due = now, math.inf
        return told

    def _blocked(self, now: float, *, critical: bool, resolves: bool) -> bool:
        if critical:
            return self.sounding(now)
        if not resolves and self._rushing_since is not None and now - self._rushing_since > LONG:
            return True
        recent = self._recent[resolves]
        return len(recent) == recent.maxlen and 0 <= now - recent[0] < WINDOW

    def _rush(self, now: float) -> None:
        """Take note of an onset that is no critical: since when have there been too many of them?"""
        self._came.append(now)
        if len(self._came) <= ONSETS or not 0 <= now - self._came[0] < WINDOW:
            self._rushing_since = None
        elif self._rushing_since is None or self._rushing_since > now:
            self._rushing_since = now

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
