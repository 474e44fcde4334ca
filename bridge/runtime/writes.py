"""Writing down what was decided: batches that somebody waits for, and ends that nobody waits for."""

from __future__ import annotations

import asyncio
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bridge.model.errors import StoreError
from bridge.store import Batch, Remembered, Retention, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from pathlib import Path

    from bridge.core.outcomes import Settled
    from bridge.model.events import Outcome, Reason, Source
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)


class Writes:
    """The store of one bridge, and the events in it whose outcome is open."""

    def __init__(
        self,
        folder: Path,
        metrics: Metrics,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        clock: Callable[[], float],
    ) -> None:
        self.ok = True
        """False from a write that failed until one that works."""
        self.open: dict[int, Source] = {}
        """The source of every event without an outcome."""
        self._store = Store(folder)
        self._metrics, self._spawn, self._clock = metrics, spawn, clock
        self._endings = Batch()
        self._ending = False
        self._losses = 0

    def begin(self) -> Remembered:
        """Open the store. Raises StoreError."""
        remembered = self._store.open()
        self._losses = self._store.file.lost
        for row in remembered.open:  # they end in this run, so in this run they also came
            self._metrics.received.labels(row.event.source).inc()
        return remembered

    def keep(self, seconds: float, megabytes: int) -> None:
        """How long ended events are kept, and how large the file may become."""
        self._store.retention = Retention(seconds, megabytes << 20)

    def lost(self) -> str | None:
        """Where a file was put (empty: nothing of it was left) that was lost while the bridge ran; told once."""
        if self._store.file.lost == self._losses:
            return None
        self._losses = self._store.file.lost
        return self._store.file.kept

    @property
    def aside(self) -> str | None:
        """Where the last damaged file was put, in this run."""
        return self._store.file.kept or None

    @property
    def forgot(self) -> bool:
        """Whether the store lacks something that the bridge knows; nothing is safe until `commit_whole`."""
        return self._store.forgot

    async def commit_whole(self, batch: Batch) -> bool:
        """Write all that the bridge knows, and wait; False when it could not be written."""
        return await self._done(self._store.write_whole(batch))

    async def close(self) -> None:
        """Write what was handed in, then close."""
        await asyncio.to_thread(self._store.close)

    async def commit(self, batch: Batch) -> bool:
        """Write and wait; False when it could not be written."""
        return await self._done(self._store.write(batch))

    async def prune(self) -> bool:
        """Forget what need not be kept any longer; also how a store that could not be written is tried again.

        False where that is to be done again soon: it failed, or there is more.
        """
        batch = Batch()
        batch.lapse(self._clock())
        await self.commit(batch)
        return await self._done(self._store.prune(self._clock())) and not self._store.unpruned

    async def _done(self, written: Future[None]) -> bool:
        try:
            await asyncio.wrap_future(written)
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
            self.end(end.event_id, end.outcome, end.reason, end.player)

    def end(self, event_id: int, outcome: Outcome, reason: Reason | None, player: str = "") -> None:
        """An event has ended; the second word on it does not count."""
        source = self.open.pop(event_id, None)
        if source is not None:
            self._metrics.ended(source, outcome, reason)
            with self._later() as batch:
                batch.outcome(event_id, outcome, reason, self._clock(), player)

    def later(self) -> AbstractContextManager[Batch]:
        """Writes that nobody waits for."""
        return self._later()

    def published(self, publish_ids: list[int]) -> None:
        """The broker has these, or they were given up."""
        if publish_ids:
            with self._later() as batch:
                for publish_id in publish_ids:
                    batch.published(publish_id)

    @contextmanager
    def _later(self) -> Iterator[Batch]:
        """All of one turn of the loop are handed in together; a store that hangs finds one batch waiting, not many."""
        if not self._ending:
            self._ending = True
            self._spawn(self._write_endings())
        yield self._endings

    async def _write_endings(self) -> None:
        try:
            while self._endings:
                batch, self._endings = self._endings, Batch()
                await self.commit(batch)
        finally:
            self._ending = False
