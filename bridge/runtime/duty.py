"""What people on duty say: this one is mine; leave the watch off. It holds in memory even where the store fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.core.acks import FLATLINE, Ack
from bridge.store import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.core.conductor import Conductor
    from bridge.runtime.writes import Writes


@dataclass(frozen=True, slots=True)
class Acked:
    """What an acknowledgement did: those it gave, those that somebody else gave before; whether nothing fires so."""

    new: list[Ack]
    old: list[Ack]
    unknown: bool


class Duty:
    """Acknowledgements and the switch of the watch, for one bridge."""

    def __init__(
        self, conductor: Conductor, writes: Writes, *, clock: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self._conductor, self._writes, self._clock, self._changed = conductor, writes, clock, changed

    async def acknowledge(self, fingerprint: str | None, by: str, why: str) -> Acked:
        """Take on an alert that fires, the flatline (`flatline`), or with None every alert: nobody is reminded of it."""
        given = self._give(fingerprint, by, why)
        batch = Batch()
        for ack, new in given:
            if new:
                batch.ack(ack)
        await self._write(batch)
        return Acked(
            [ack for ack, new in given if new],
            [ack for ack, new in given if not new],
            unknown=fingerprint is not None and not given,
        )

    async def unacknowledge(self, fingerprint: str | None) -> list[str]:
        """Take an acknowledgement back, or with None all; the fingerprints of those that held."""
        acks, batch = self._conductor.acks, Batch()
        ended = [found for found in list(acks.given) if fingerprint in {None, found} and acks.end(found)]
        for found in ended:
            batch.unack(found)
        await self._write(batch)
        return ended

    async def switch_watch(self, *, on: bool, by: str) -> None:
        """Disarm the watch, or arm it again. It stays so over a restart."""
        watch, batch = self._conductor.watch, Batch()
        watch.switch(on=on, by=by, now=self._clock())
        batch.watch(watch.off_since, watch.off_by)
        await self._write(batch)

    def _give(self, fingerprint: str | None, by: str, why: str) -> list[tuple[Ack, bool]]:
        now, acks = self._clock(), self._conductor.acks
        given: list[tuple[Ack, bool]] = []
        missing = [found.name for found in self._conductor.watch.missing(now)]
        if missing and fingerprint == FLATLINE:
            given.append(acks.flatline(missing, by, why, now))
        for found, alert in self._conductor.engine.active.items():
            if alert.audible and fingerprint in {None, found}:
                given.append(acks.alert(found, alert.severity, by, why, now))
        return given

    async def _write(self, batch: Batch) -> None:
        await self._writes.commit(batch)
        self._changed()
