"""A page as a player: it plays the cues from files, and says for each whether it did."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bridge.core.instead import built_in
from bridge.core.levels import heard_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.model.commands import Play, Release, Set
    from bridge.model.player import Level, Player

BACKLOG = 256
"""Messages that may wait for a page; one that is slower is cut."""


class BrowserPlayer:
    """One connected page. It is audible while it says that it listens."""

    kind = "browser"

    def __init__(self, number: int, listener: Callable[[Player, str, str], None]) -> None:
        self.name = self.identity = f"browser-{number}"  # until it says which page it is
        self.title = ""
        self.level: Level = "everything"
        self.listening = False
        self.hushed = False
        self.slow = False
        self._listener = listener
        self.outbox: asyncio.Queue[dict[str, Any] | str] = asyncio.Queue(BACKLOG)
        """What is to be sent: an object, or the text of one that several pages share."""

    @property
    def audible(self) -> bool:
        return self.listening and not self.hushed

    def play(self, cue: Play) -> None:
        """A page that does not listen, or not to this, is not asked: it could only say so."""
        if not self.audible or not heard_at(self.level, cue.sound):
            self._listener(self, cue.id, "muted")
            return
        cue = built_in(cue)  # a page has no file for an own sound
        message = {"type": "play", **asdict(cue), "params": dict(cue.params), "at": time.time()}
        try:
            self.outbox.put_nowait(message)
        except asyncio.QueueFull:
            self.slow = True
            self._listener(self, cue.id, "failed")

    def bring(self, commands: Iterable[Set | Release]) -> None:
        """The reduced player has no held voices."""

    def hush(self, *, on: bool, standing: Iterable[Set]) -> None:  # noqa: ARG002 # no held voices here
        """Make no sound from now on, or sound again."""
        self.hushed = on

    def cancel(self, fingerprint: str) -> None:
        """What was sent to a page sounds at once; there is nothing to take back."""

    def acknowledged(self, play_id: str, status: str) -> None:
        """The page's word on a cue."""
        self._listener(self, play_id, status)
