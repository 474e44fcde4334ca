"""Quiet hours: only what is critical is heard; nothing of the rest is lost, it stands in the digest afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal, get_args

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `start` to `end`, in minutes after midnight on the clocks of `zone`; `end` may lie on the next day.

    `days` are those on which it begins, 0 is Monday.
    """

    zone: tzinfo
    start: int
    end: int
    days: frozenset[int] = frozenset(range(7))

    def holds(self, now: float) -> bool:
        """Whether it is quiet at `now` (unix seconds)."""
        there = datetime.fromtimestamp(now, self.zone)
        minute, day = 60 * there.hour + there.minute, there.weekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        began_today = minute >= self.start and day in self.days
        began_yesterday = minute < self.end and (day - 1) % 7 in self.days
        return began_today or began_yesterday
