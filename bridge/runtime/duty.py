"""What people on duty say: this one is mine; not now; leave the watch off. It holds in memory even where the store fails.

All of it is written down with who and why, for whoever asks later what happened.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.core.acks import FLATLINE, Ack
from bridge.core.mutes import Look, Mute
from bridge.runtime.room import Quieted
from bridge.store import Batch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from bridge.core.conductor import Conductor
    from bridge.model.events import AlertEvent
    from bridge.model.player import Player
    from bridge.runtime.room import Room
    from bridge.runtime.writes import Writes


@dataclass(frozen=True, slots=True)
class Acked:
    """What an acknowledgement did: those it gave, those that somebody else gave before; whether nothing fires so."""

    new: list[Ack]
    old: list[Ack]
    unknown: bool


class Duty:
    """Acknowledgements, mutes, quiet players and the switch of the watch, for one bridge."""

    def __init__(
        self,
        conductor: Conductor,
        writes: Writes,
        room: Room,
        *,
        clock: Callable[[], float],
        take: Callable[[Iterable[AlertEvent]], Awaitable[bool]],
        changed: Callable[[], None],
    ) -> None:
        self._conductor, self._writes, self._room = conductor, writes, room
        self._clock, self._take, self._changed = clock, take, changed

    @property
    def stored(self) -> bool:
        """Whether what was said last is kept over a restart; it holds in any case."""
        return self._writes.ok and not self._writes.forgot

    async def acknowledge(self, fingerprint: str | None, by: str, why: str) -> Acked:
        """Take on an alert that fires, the flatline (`flatline`), or with None every alert: nobody is reminded of it."""
        given = self._give(fingerprint, by, why)
        batch = Batch()
        for ack, new in given:
            if new:
                batch.ack(ack)
                batch.deed(ack.at, "ack", ack.fingerprint, by, why, ack.until)
        await self._write(batch)
        return Acked(
            [ack for ack, new in given if new],
            [ack for ack, new in given if not new],
            unknown=fingerprint is not None and not given,
        )

    async def unacknowledge(self, fingerprint: str | None, by: str) -> list[str]:
        """Take an acknowledgement back, or with None all; the fingerprints of those that held."""
        acks, batch = self._conductor.acks, Batch()
        ended = [found for found in list(acks.given) if fingerprint in {None, found} and acks.end(found)]
        for found in ended:
            batch.unack(found)
            batch.deed(self._clock(), "unack", found, by, "", None)
        await self._write(batch)
        return ended

    async def mute(
        self,
        matchers: Sequence[str],
        seconds: float,
        *,
        fingerprint: str = "",
        criticals: bool,
        by: str,
        why: str,
    ) -> Mute | None:
        """Keep an alert, or what the matchers take, from everyone's ears; without either everything.

        None where there are too many mutes. Raises MatcherError.
        """
        now, batch = self._clock(), Batch()
        mute = Mute.of(
            secrets.token_hex(3),
            matchers,
            fingerprint=fingerprint,
            criticals=criticals,
            by=by,
            why=why,
            at=now,
            until=now + seconds,
        )
        look = Look(mute)
        for _ in look.slices(list(self._conductor.engine.active.values())):
            await asyncio.sleep(0)  # cues and requests go on meanwhile
        if not self._conductor.mutes.add(mute, look):
            return None
        batch.mute(mute)
        batch.deed(now, "mute", fingerprint, by, why, mute.until, about=_muted(mute))
        await self._write(batch)
        return mute

    async def unmute(self, ident: str | None, by: str) -> list[str]:
        """End a mute, or with None all; the ids of those that held."""
        mutes, batch = self._conductor.mutes, Batch()
        ended = [mute for found, mute in list(mutes.given.items()) if ident in {None, found}]
        for mute in ended:
            mutes.end(mute.id)
            batch.unmute(mute.id)
            batch.deed(self._clock(), "unmute", mute.fingerprint, by, "", None, about=_muted(mute))
        await self._write(batch)
        return [mute.id for mute in ended]

    async def quieten(self, player: Player, seconds: float | None, *, by: str, why: str) -> Quieted | None:
        """Make a player quiet for so long, or with None let it sound again. None where it is not (or no more may be)."""
        now, batch = self._clock(), Batch()
        quieted = None if seconds is None else Quieted(by, why, now, now + seconds)
        if quieted is None and player.identity not in self._room.quiets:
            return None
        if not self._room.quieten(player.identity, quieted, self._conductor.standing()):
            return None
        if quieted is None:
            batch.unquiet(player.identity)
            batch.deed(now, "unquiet", "", by, why, None, about={"player": player.name})
        else:
            if player.identity != player.name or player.kind == "sclang":  # a page that said which one it is
                batch.quiet(player.identity, by, why, now, quieted.until)
            batch.deed(now, "quiet", "", by, why, quieted.until, about={"player": player.name})
        await self._write(batch)
        return quieted

    async def named(self, player: Player, page: str) -> None:
        """A page says which one it is (empty: it does not). Its names are apart from those of engines."""
        before = player.identity
        if self._room.rename(player, f"page:{page}" if page else player.name) is None:
            return
        batch = Batch()
        batch.unquiet(before)
        if page:
            held = self._room.quiets[player.identity]
            batch.quiet(player.identity, held.by, held.why, held.at, held.until)
        await self._write(batch)

    async def switch_watch(self, *, on: bool, by: str) -> None:
        """Disarm the watch, or arm it again. It stays so over a restart."""
        watch, batch = self._conductor.watch, Batch()
        watch.switch(on=on, by=by, now=self._clock())
        batch.watch(watch.off_since, watch.off_by)
        batch.deed(self._clock(), "watch on" if on else "watch off", "", by, "", None)
        await self._write(batch)

    async def resolve(self, ended: Sequence[AlertEvent], by: str, why: str) -> bool:
        """End alerts here, by these messages; whether that could be stored."""
        if not ended:
            return True
        batch = Batch()
        for event in ended:
            batch.deed(event.received, "resolve", event.fingerprint, by, why, None)
        stored = await self._take(ended)
        await self._write(batch)
        return stored

    def over(self, ended: Iterable[Ack | Mute]) -> None:
        """Write down what has ended because its time was over; nobody waits for that."""
        now = self._clock()
        for one in ended:
            at = min(
                now, one.until
            )  # earlier, where the bridge was not there; now, where the clock went back
            with self._writes.later() as batch:
                if isinstance(one, Mute):
                    batch.unmute(one.id)
                    batch.deed(at, "mute over", one.fingerprint, "", "", None, about=_muted(one))
                else:
                    batch.unack(one.fingerprint)
                    batch.deed(
                        at, "ack over", one.fingerprint, "", "its time is over", None, about={"of": one.by}
                    )

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


def _muted(mute: Mute) -> dict[str, Any]:
    """What a deed says of a mute."""
    return {
        "id": mute.id,
        "match": list(mute.texts),
        "include_critical": mute.criticals,
        "fingerprint": mute.fingerprint,
    }
