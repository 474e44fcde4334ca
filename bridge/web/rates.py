"""How often one client may ask: a token bucket each, for a bounded number of clients."""

from __future__ import annotations

from collections import OrderedDict

MOST = 4096
"""Clients that are remembered; the one that was longest away goes first."""


class Rate:
    """`per_second` on the average, `burst` at once. Time is an argument, in seconds."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second, self.burst = per_second, max(burst, 1.0)
        self._clients: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """0 when the client may, else the seconds until it may again. Each 0 takes one from its bucket."""
        left, seen = self._clients.pop(client, (self.burst, now))
        left = min(self.burst, left + (now - seen) * self.per_second)
        allowed = left >= 1.0
        self._clients[client] = (left - 1.0 if allowed else left), now
        if len(self._clients) > MOST:
            self._clients.popitem(last=False)
        return 0.0 if allowed else (1.0 - left) / self.per_second

    def __len__(self) -> int:
        return len(self._clients)
