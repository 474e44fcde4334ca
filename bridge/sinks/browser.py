"""A page as a player: scsynth in it gets the same commands as OSC; one without scsynth plays the cues from files.

What waits for a page never grows: of its state and of each voice only the newest is kept, and where BACKLOG cues and
answers wait it is cut.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from bridge.core import filters
from bridge.core.instead import built_in
from bridge.core.levels import heard_at
from bridge.core.parts import Held, Parts, numbered, together
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.model.commands import Play, Set
    from bridge.model.player import Filter, Level, Player

BACKLOG = 256
"""Cues and answers that may wait for a page; one that is slower is cut."""


class Sheet:
    """What all pages of one bridge share: the nodes, and each cue as text and as OSC, made once."""

    def __init__(self) -> None:
        self.parts = Parts()
        self._of: Play | None = None
        self._made: tuple[str, bytes] = "", b""

    def cue(self, cue: Play) -> tuple[str, bytes]:
        """The `play` message and the OSC bundle of a cue that is sent now."""
        if self._of is not cue:
            played, at = built_in(cue), time.time()  # a page has no own sounds
            node, packet = self.parts.cue(played, at)
            told = {"type": "play", **asdict(played), "params": dict(played.params), "at": at, "node": node}
            self._of, self._made = cue, (orjson.dumps(told).decode(), packet)
        return self._made


class BrowserPlayer:
    """One connected page. It is audible while it says that it listens."""

    kind = "browser"

    def __init__(self, number: int, listener: Callable[[Player, str, str], None], sheet: Sheet) -> None:
        self.name = self.identity = f"browser-{number}"  # until it says which page it is
        self.title = ""
        self.level: Level = "everything"
        self.filter: Filter | None = None
        self.listening = False
        self.hushed = False
        self.slow = False
        self._listener = listener
        self._sheet = sheet
        self._held: Held | None = None
        self._urgent: deque[str | bytes] = deque()
        self._voices: dict[str, Set | Release] = {}
        self._state = ""
        self._sent = 0
        self._awake = asyncio.Event()

    @property
    def audible(self) -> bool:
        return self.listening and not self.hushed

    @property
    def _bed(self) -> bool:
        return self.audible and self.level == "everything"

    def _hears(self, cue: Play) -> bool:
        return self.audible and heard_at(self.level, cue.sound) and filters.lets_through(self.filter, cue)

    def _holds(self, voice: Set) -> bool:
        """A page has no own voices."""
        return self._bed and voice.sound in SOUNDS and filters.holds(self.filter, voice)

    def play(self, cue: Play) -> None:
        """A page that does not listen, or not to this, is not asked: it could only say so."""
        if not self._hears(cue):
            self._listener(self, cue.id, "muted")
            return
        text, packet = self._sheet.cue(cue)
        if not self._put(text, *([packet] if self._held else [])):
            self._listener(self, cue.id, "failed")

    def bring(self, commands: Iterable[Set | Release]) -> None:
        """Bring the voices of scsynth in the page to these values; the reduced player has none."""
        if self._held is None:
            return
        for command in commands:
            if isinstance(command, Release):
                self._sheet.parts.forget(command.id)
            if isinstance(command, Release) or self._holds(command):
                self._voices[command.id] = command
        self._awake.set()

    def whole(self, standing: Iterable[Set]) -> None:
        """The page has scsynth and asks for everything: at first, after it slept, after a gap."""
        self._held = self._held or Held(self._sheet.parts)
        self._voices.clear()
        self._put(self._held.clear())
        self.bring(standing)

    def rebed(self, standing: Iterable[Set]) -> None:
        """What it is to sound of the bed may be other voices now; `standing` are those that should. Others go on."""
        if self._held is None:
            return
        wanted = {voice.id: voice for voice in standing if self._holds(voice)}
        ends = [*self._held.voices, *(v for v, c in self._voices.items() if isinstance(c, Release))]
        self._voices = {voice: Release(voice) for voice in ends} | wanted
        self._awake.set()

    def hush(self, *, on: bool, standing: Iterable[Set]) -> None:
        """Make no sound from now on, or sound again."""
        self.hushed = on
        self.rebed(standing)

    def cancel(self, fingerprint: str) -> None:
        """What was sent to a page sounds at once; there is nothing to take back."""

    def acknowledged(self, play_id: str, status: str) -> None:
        """The page's word on a cue."""
        self._listener(self, play_id, status)

    def answer(self, message: dict[str, Any]) -> None:
        """Send an answer."""
        self._put(orjson.dumps(message).decode())

    def state(self, text: str) -> None:
        """Send this state; one that still waits is forgotten."""
        self._state = text
        self._awake.set()

    def _put(self, *messages: str | bytes) -> bool:
        if len(self._urgent) + len(messages) > BACKLOG:
            self.slow = True
            self._awake.set()
            return False
        self._urgent.extend(messages)
        self._awake.set()
        return True

    async def next(self) -> list[str | bytes]:
        """Wait until something is to be sent; all of it, cues first. What is OSC has its number in front."""
        while not (self._urgent or self._voices or self._state):
            self._awake.clear()
            await self._awake.wait()
        return self.waiting()

    def waiting(self) -> list[str | bytes]:
        """What is to be sent now."""
        told: list[str | bytes] = list(self._urgent)
        self._urgent.clear()
        if self._held is not None:
            told += together(self._held.carry_out(self._voices.values()))
        self._voices.clear()
        if self._state:
            told.append(self._state)
            self._state = ""
        return [self._numbered(one) if isinstance(one, bytes) else one for one in told]

    def _numbered(self, packet: bytes) -> bytes:
        self._sent += 1
        return numbered(self._sent, packet)
