"""A real runtime, with its real store, whose clock stands still until it is told: for long times and for many cases.

The only player is an `Ear` of the test; SuperCollider and MQTT are off.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bridge import config
from bridge.model.commands import Play, Release, Set, Why
from bridge.runtime import Runtime
from bridge.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from bridge.book import Book
    from bridge.model.events import Event, Rejected
    from bridge.model.player import Filter, Level

BOOK = config.load(config.DEFAULT_BOOK)
BEGAN = 1_800_000_000.0
STEP = 0.25


class Ear:
    """A player. `heard` holds (unix seconds, cue); `voices` what it was brought to."""

    kind = "browser"
    level: Level = "everything"
    filter: Filter | None = None

    def __init__(self, still: Still) -> None:
        self.name = self.identity = "ear"
        self.listening, self.answers, self.hushed = True, True, False
        self.heard: list[tuple[float, Play]] = []
        self.unanswered: list[Play] = []
        self.voices: dict[str, Set] = {}
        self.on_play: Callable[[Play], None] = lambda _: None
        self._still = still

    @property
    def audible(self) -> bool:
        return self.listening and not self.hushed

    def play(self, cue: Play) -> None:
        self.on_play(cue)
        if self.audible:
            self.heard.append((self._still.now, cue))
        if self.answers:
            self._say(cue)
        else:
            self.unanswered.append(cue)

    def answer(self) -> None:
        """Say of everything that was not answered yet that it sounded."""
        late, self.unanswered = self.unanswered, []
        for cue in late:
            self._say(cue)

    def bring(self, commands: Iterable[Set | Release]) -> None:
        for command in commands:
            if isinstance(command, Set):
                self.voices[command.id] = command
            else:
                self.voices.pop(command.id, None)

    def hush(self, *, on: bool, standing: Iterable[Set]) -> None:
        self.hushed = on
        self.bring(standing)

    def cancel(self, fingerprint: str) -> None:
        gone = [cue for cue in self.unanswered if cue.fingerprint == fingerprint]
        self.unanswered = [cue for cue in self.unanswered if cue.fingerprint != fingerprint]
        for cue in gone:
            self._still.runtime.room.answered(self, cue.id, "cancelled")

    def _say(self, cue: Play) -> None:
        self._still.runtime.room.answered(self, cue.id, "played" if self.audible else "muted")


class Still:
    """One bridge over its folder. Everything here is done when the method returns."""

    def __init__(self, folder: Path, book: Book = BOOK, began: float = BEGAN, **settings: object) -> None:
        self.now, self.began, self.folder = began, began, folder
        self._book, self._settings = book, settings
        self._runner = asyncio.Runner()
        self.ear = Ear(self)
        self.reasons: list[str] = []
        self.start()

    def start(self) -> None:
        """Begin, or go on, with what the store remembers."""
        usual = {"mqtt_host": "", "osc_host": "127.0.0.1", "osc_port": 9}
        settings = Settings(data_dir=self.folder, config=config.DEFAULT_BOOK, **usual | self._settings)
        self.runtime = Runtime(settings, self._book, clock=lambda: self.now)
        self._runner.run(self._begin())

    def stop(self, *, clean: bool = True) -> None:
        """End the run: orderly, or as one that is killed once the store has everything."""
        if clean:
            self._do(self.runtime.stop())
        else:
            self._do(self.runtime.writes.close())
        self.ear.voices.clear()
        self.ear.unanswered.clear()

    def close(self) -> None:
        """Leave nothing behind."""
        self.stop()
        self._runner.close()

    def take(self, *items: Event | Rejected) -> bool:
        """Events come in now, as one batch."""
        stored: bool = self._do(self.runtime.take(items))
        return stored

    def tick(self) -> None:
        """One look at what time asks for."""
        self._do(self.runtime._tick(self.now))

    def wait(self, seconds: float, step: float = STEP) -> None:
        """Let time pass, in steps."""
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + step)
            self.tick()

    def cues(self, *, since: float = float("-inf")) -> list[tuple[float, Play]]:
        """What was heard but heartbeats."""
        return [(at, cue) for at, cue in self.ear.heard if cue.why is not Why.HEARTBEAT and at >= since]

    def do(self, work: object) -> object:
        """Something of the runtime that has to be waited for."""
        return self._do(work)

    def call(self, work: Callable[[], None]) -> None:
        """Something that happens inside the loop."""

        async def called() -> None:
            work()

        self._do(called())

    async def _begin(self) -> None:
        runtime = self.runtime
        runtime.room.join(self.ear)
        await runtime.start()
        runtime._ticking.cancel()
        await runtime.sclang.stop()
        runtime.room.leave(runtime.sclang)
        self.ear.bring(runtime.conductor.standing())
        await self._settle()

    def _do(self, work):
        async def done():
            found = await work
            await self._settle()
            return found

        return self._runner.run(done())

    async def _settle(self) -> None:
        while self.runtime._background:
            await asyncio.wait(self.runtime._background)
