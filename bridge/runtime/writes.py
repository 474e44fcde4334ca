"""Writing down what was decided: batches that somebody waits for, and ends that nobody waits for."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bridge.model.errors import StoreError
from bridge.store import Batch, Remembered, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from bridge.core.outcomes import Settled
    from bridge.model.events import Outcome, Reason, Source
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)


class Writes:
    """The store of one bridge, and the events in it whose outcome is open."""

    def __init__(
        self, folder: Path, metrics: Metrics, *, spawn: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self.ok = True
        """False from a write that failed until one that works."""
        self.open: dict[int, Source] = {}
        """The source of every event without an outcome."""
        self._store = Store(folder)
        self._metrics, self._spawn = metrics, spawn
        self._endings = Batch()

    def begin(self) -> Remembered:
        """Open the store. Raises StoreError."""
        return self._store.open()

    async def close(self) -> None:
        """Write what was handed in, then close."""
        await asyncio.to_thread(self._store.close)

    async def commit(self, batch: Batch) -> bool:
        """Write and wait; False when it could not be written."""
        try:
            await asyncio.wrap_future(self._store.write(batch))
        except StoreError as e:
            self._metrics.store_failures.inc()
            if self.ok:
                log.error("%s; events still sound, senders are asked to send again", e)  # noqa: TRY400 # says it all
            self.ok = False
            return False
        if not self.ok:
            log.info("the store can be written again")
        self.ok = True
        return True

    def settled(self, settled: list[Settled]) -> None:
        """Events have ended."""
        for end in settled:
            self.end(end.event_id, end.outcome, end.reason)

    def end(self, event_id: int, outcome: Outcome, reason: Reason | None) -> None:
        """An event has ended; the second word on it does not count."""
        source = self.open.pop(event_id, None)
        if source is not None:
            self._metrics.ended(source, outcome, reason)
            with self._later() as batch:
                batch.outcome(event_id, outcome, reason)

    def published(self, publish_ids: list[int]) -> None:
        """The broker has these, or they were given up."""
        if publish_ids:
            with self._later() as batch:
                for publish_id in publish_ids:
                    batch.published(publish_id)

    @contextmanager
    def _later(self) -> Iterator[Batch]:
        """Writes that nobody waits for: all of one turn of the loop are handed in together."""
        if not self._endings.statements:
            self._spawn(self._write_endings())
        yield self._endings

    async def _write_endings(self) -> None:
        batch, self._endings = self._endings, Batch()
        await self.commit(batch)
