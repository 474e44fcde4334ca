"""Looking after the store: it is pruned, tried again where it fails, written anew where it forgot, and its troubles are said aloud."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from bridge.model.events import Outcome, Reason
from bridge.runtime.notices import DAMAGED, DAMAGED_LASTS, STORE
from bridge.store import Batch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bridge.core.conductor import Conductor
    from bridge.runtime.notices import Notices
    from bridge.runtime.writes import Writes
    from bridge.store import Remembered

log = logging.getLogger(__name__)

PRUNE = 60.0
"""Seconds between two prunings of the store."""
AGAIN = 5.0
"""Seconds until a store that could not be written is tried again."""
_WRONG = "The store cannot be written: what happens now sounds, and senders are told to send it again."


class Upkeep:
    """The store's upkeep. `everything` is all that the bridge knows, for a store that forgot some of it."""

    def __init__(
        self,
        conductor: Conductor,
        writes: Writes,
        notices: Notices,
        *,
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        everything: Callable[[], Batch],
    ) -> None:
        self._conductor, self._writes, self._notices = conductor, writes, notices
        self._clock, self._spawn, self._everything = clock, spawn, everything
        self._next = 0.0
        self._pruning = False
        self._rewriting = False
        self._rewrite_at = 0.0

    def begin(self, remembered: Remembered) -> None:
        """Say what was wrong with the store when it was opened."""
        if remembered.aside is not None:
            self._lost(remembered.aside)
        if remembered.unreadable:
            said = f"{remembered.unreadable} rows of the store cannot be read and were passed over; the log has each."
            self._notices.trouble(DAMAGED, said, lasts=DAMAGED_LASTS)
        if remembered.illegible:
            with self._writes.later() as batch:
                for event_id in remembered.illegible:
                    batch.outcome(event_id, Outcome.SUPPRESSED, Reason.INVALID, self._clock())

    async def commit(self, batch: Batch) -> bool:
        """Write and wait; where it could not be written, it is tried again soon."""
        stored = await self._writes.commit(batch)
        if not stored:
            self._next = min(self._next, self._clock() + AGAIN)
        return stored

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._notices.state(STORE, _WRONG, wrong=not self._writes.ok)
        if (kept := self._writes.lost()) is not None:
            self._lost(kept)
            self._rewrite_at = 0.0
        if self._writes.forgot and not self._rewriting and not 0 < self._rewrite_at - now <= AGAIN:
            self._rewriting, self._rewrite_at = True, now + AGAIN
            self._spawn(self._rewrite())
        if not 0 < self._next - now <= PRUNE:  # also how a store that could not be written is tried again
            self._next = now + PRUNE
            if not self._pruning:  # one that a disk holds up is enough
                self._pruning = True
                self._spawn(self._prune())

    async def _rewrite(self) -> None:
        try:
            await self._writes.commit_whole(self._everything())
        finally:
            self._rewriting = False

    async def _prune(self) -> None:
        batch = Batch()
        for row in self._conductor.who.rows():
            batch.who(*row)
        try:
            if not (await self.commit(batch) and await self._writes.prune()):
                self._next = min(self._next, self._clock() + AGAIN)
        finally:
            self._pruning = False

    def _lost(self, kept: str) -> None:
        if kept:
            log.error("the store was damaged; it is kept as %s and a new one begun", kept)
            said = f"The store was damaged. It is kept as {kept}; what was in it is not known any more."
        else:
            log.error("the store was deleted; a new one is begun")
            said = "The store was deleted, and a new one begun; what was in it is not known any more."
        self._notices.trouble(DAMAGED, said, lasts=DAMAGED_LASTS)
