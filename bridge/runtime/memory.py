"""Memory that a flood needed and that nobody needs afterwards, given back to the system.

A large body takes many times its size while it is read. Python frees that at once, but glibc keeps it as long as anything
still lies behind it: measured, a bridge of 70 MB stayed at 290 after one webhook of 10,000 alerts, of which it used 110.
"""

from __future__ import annotations

import ctypes

MANY = 2000
"""Events since the last time, before it is worth the while. It takes some milliseconds, in a thread of its own."""
CALM, LONGEST = 3.0, 30.0
"""Seconds without an event after which a flood is over, and that are waited for it at most."""
AGAIN = (10.0, 40.0)
"""Seconds after which it is tried again: on a busy machine the last of a flood is written down long after it came."""


class Leavings:
    """Knows when there may be something to give back: when a flood is over, or has lasted."""

    def __init__(self) -> None:
        self._events = self._done = 0
        self._came = 0.0
        self._since: float | None = None
        self._again: list[float] = []

    def due(self, events: int, now: float) -> bool:
        """Whether it is time: so many events there were in all, and what time it is (any clock, in seconds)."""
        if events != self._events:
            self._events, self._came = events, now
        if events - self._done < MANY:
            if self._again and not 0 < self._again[0] - now <= AGAIN[-1]:
                self._again.pop(0)
                return True
            return False
        if self._since is None:
            self._since = now
        if 0 <= now - self._came < CALM and 0 <= now - self._since < LONGEST:
            return False
        self._done, self._since = events, None
        self._again = [now + after for after in AGAIN]
        return True


def give_back() -> None:
    """Give free memory back. Does nothing where the C library cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
