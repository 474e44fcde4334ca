"""The watch: what must keep coming in, and what has stopped. No alerts is never no input.

| input | armed | missing |
| --- | --- | --- |
| `watchdog` | once a Watchdog has come, in this run or an earlier one | nothing for 2 min |
| one of `expect:` | from the start: it is expected | nothing for its `within` |
| a part (the MQTT broker) | once it has been there in this run | gone for 2 min |

Time runs from the later of its last sign and the start of the bridge: what nobody could have taken in is not missing.
While the watch is off nothing is missing. Time is unix seconds and always an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.core.matchers import Matcher

LIMIT = 120.0
"""Seconds without a Watchdog, or without a part, after which it is missing."""
WATCHDOG = "watchdog"
ROUTE = "no Watchdog has come yet, so Prometheus itself is not watched: docs/alertmanager.md has the route to paste"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One entry of `expect:`. With a `type` it means samples of it, else alerts; all matchers must hold."""

    name: str
    within: float
    type: str | None = None
    matchers: tuple[Matcher, ...] = ()

    def takes(self, labels: Mapping[str, str], kind: str | None) -> bool:
        """Whether a message is a sign of this input; `kind` is the type of a sample, None for an alert."""
        return self.type == kind and all(m.matches(labels) for m in self.matchers)


@dataclass(frozen=True, slots=True)
class Input:
    """How one input stands. `last` is when its last sign came, `within` what it has in between, in seconds."""

    name: str
    last: float | None
    within: float
    armed: bool
    late: bool


class Watch:
    """Everything that is waited for."""

    def __init__(self, expected: tuple[Expectation, ...], began: float) -> None:
        self.on = True
        self.off_since: float | None = None
        self.off_by = ""
        self.watchdog: float | None = None
        self._began = self._now = began
        self._expected = expected
        self._last: dict[str, float] = {}
        self._parts: dict[str, float] = {}

    def expect(self, expected: tuple[Expectation, ...], now: float) -> None:
        """A new rule book. An input that is new in it has its time from now."""
        known = {e.name for e in self._expected}
        for e in expected:
            if e.name not in known:
                self._last[e.name] = now
        names = {e.name for e in expected}
        self._last = {name: at for name, at in self._last.items() if name in names}
        self._expected = expected

    def switch(self, *, on: bool, by: str, now: float) -> None:
        """Disarm or arm the watch. Once it is on again, everything has its time from now."""
        if on and not self.on:
            self._began = now
        if not on and self.on:
            self.off_since, self.off_by = now, by
        self.on = on
        if on:
            self.off_since, self.off_by = None, ""

    def sign(self, labels: Mapping[str, str], kind: str | None, now: float) -> None:
        """A message has come in."""
        for e in self._expected:
            if e.takes(labels, kind):
                self._last[e.name] = now

    def part(self, name: str, *, there: bool, now: float) -> None:
        """Whether a part is there; one that never was is not waited for."""
        if there:
            self._parts[name] = now

    def woke(self, now: float) -> None:
        """The bridge did not listen for a while, or the clock jumped: everything has its time from now."""
        self._went_back(now)
        self._began = self._now = now

    @property
    def armed(self) -> bool:
        """Whether anything that comes in is waited for."""
        return self.on and (self.watchdog is not None or bool(self._expected))

    def inputs(self, now: float) -> list[Input]:
        """Every input and part that is known, the Watchdog first."""
        self._went_back(now)
        found = [self._input(WATCHDOG, self.watchdog, LIMIT, now, armed=self.watchdog is not None)]
        found += [
            self._input(e.name, self._last.get(e.name), e.within, now, armed=True) for e in self._expected
        ]
        found += [self._input(name, last, LIMIT, now, armed=True) for name, last in self._parts.items()]
        return found

    def _went_back(self, now: float) -> None:
        """Where the clock went back nothing lies in the future: it would never be missed."""
        if now >= self._now:
            self._now = now
            return
        self._began, self._now = min(self._began, now), now
        self.watchdog = None if self.watchdog is None else min(self.watchdog, now)
        self._last = {name: min(at, now) for name, at in self._last.items()}
        self._parts = {name: min(at, now) for name, at in self._parts.items()}

    def missing(self, now: float) -> list[Input]:
        """What should be there and is not."""
        return [i for i in self.inputs(now) if i.late]

    def _input(self, name: str, last: float | None, within: float, now: float, *, armed: bool) -> Input:
        waited = now - max(self._began, self._began if last is None else last)
        return Input(name, last, within, self.on and armed, self.on and armed and waited > within)
