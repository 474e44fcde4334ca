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


class Leavings:
    """Knows when there may be something to give back: when a flood is over, or has lasted."""

    def __init__(self) -> None:
        self._events = self._done = 0
        self._came = 0.0
        self._since: float | None = None

    def due(self, events: int, now: float) -> bool:
        """Whether it is time: so many events there were in all, and what time it is (any clock, in seconds)."""
        if events != self._events:
            self._events, self._came = events, now
        if events - self._done < MANY:
            return False
        if self._since is None:
            self._since = now
        if 0 <= now - self._came < CALM and 0 <= now - self._since < LONGEST:
            return False
        self._done, self._since = events, None
        return True


def give_back() -> None:
    """Give free memory back. Does nothing where the C library cannot."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
