"""SuperCollider as a player: the socket and the timer around `wire.link`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from bridge.core.bed import AMBIENT
from bridge.core.levels import heard_at
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Release, Set
from bridge.wire import osc
from bridge.wire.link import LOST, Link, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.model.commands import Play
    from bridge.model.player import Filter, Level, Player
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)

RESOLVE = 5.0
"""Seconds between two look-ups of OSC_HOST while nobody answers there: a container may come back elsewhere."""
STATS = 10.0
SILENT_BED = SOUNDS[AMBIENT].defaults() | {"level": 0.0}


class Sclang(asyncio.DatagramProtocol):
    """One sclang at host:port. `start` opens the socket; a name that does not resolve yet is tried again."""

    kind = "sclang"

    def __init__(
        self,
        host: str,
        port: int,
        *,
        acknowledges: bool,
        metrics: Metrics,
        listener: Callable[[Player, str, str], None],
        changed: Callable[[], None],
    ) -> None:
        self.name = self.identity = f"{host}:{port}"
        self._host, self._port = host, port
        self._metrics = metrics
        self._listener = listener
        self._changed = changed
        self._acknowledges = acknowledges
        self.level: Level = "everything"
        self.filter: Filter | None = None
        self.hushed = False
        self.link = self._new_link()
        self._transport: asyncio.DatagramTransport | None = None
        self._address: tuple[Any, ...] | None = None
        self._resolved_at = -RESOLVE
        self._next_stats = 0.0
        self._was = (False, False, "")
        self._complained = False
        self._resolving: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._awake = asyncio.Event()

    def _new_link(self) -> Link:
        return Link(secrets.token_hex(4), time.monotonic(), acknowledges=self._acknowledges)

    @property
    def audible(self) -> bool:
        return self.link.audible(time.monotonic()) and not self.hushed

    @property
    def driver(self) -> str:
        """The engine's audio driver; empty while none has answered."""
        return self.link.engine.driver if self.link.engine else ""

    @property
    def alive(self) -> bool:
        """Whether the engine answers."""
        return self.link.alive(time.monotonic())

    @property
    def known(self) -> bool:
        """Whether an engine has answered and not been given up: what a restart should wait for."""
        return self.link.state is State.KNOWN

    @property
    def decided(self) -> bool:
        """Whether it is settled who is there, or that nobody is."""
        return self.link.state is not State.PROBING

    def await_engine(self) -> None:
        """An engine was there when the last run ended: wait for it as long as for one that is lost. Before `start`."""
        self.link.probe = LOST

    def play(self, cue: Play) -> None:
        if self.hushed or not heard_at(self.level, cue.sound):
            self._listener(self, cue.id, "muted")
            return
        self.link.play(cue, time.monotonic())
        self._flush()

    def bring(self, commands: Iterable[Set | Release]) -> None:
        bed = self._bed
        self.link.bring([c for c in commands if bed or isinstance(c, Release)], time.monotonic())
        self._flush()

    def listen(self, level: Level, standing: Iterable[Set]) -> None:
        """Hear so much from now on. `standing` are the voices that should sound, the ambient bed among them."""
        if level != self.level:
            had, self.level = self._bed, level
            self._rebed(had, standing)

    def hush(self, *, on: bool, standing: Iterable[Set]) -> None:
        """Make no sound from now on, or sound again."""
        if on != self.hushed:
            had, self.hushed = self._bed, on
            self._rebed(had, standing)

    @property
    def _bed(self) -> bool:
        return self.level == "everything" and not self.hushed

    def _rebed(self, had: bool, standing: Iterable[Set]) -> None:  # what it did before
        if had == self._bed:
            return
        if self._bed:
            self.bring(standing)
            return
        releases = [Release(voice.id) for voice in self.link.voices if voice.id != AMBIENT]
        # The engine begins its own bed by itself, after every restart: it is held in silence.
        self.link.bring([*releases, Set(AMBIENT, AMBIENT, SILENT_BED)], time.monotonic())
        self._flush()

    def cancel(self, fingerprint: str) -> None:
        self.link.cancel(fingerprint, time.monotonic())
        self._flush()

    def expect(self, *, acknowledges: bool) -> None:
        """The rule book's word on the target, after a reload; a change begins a new conversation."""
        if acknowledges != self._acknowledges:
            self._acknowledges = acknowledges
            held = self.link.voices
            self.link = self._new_link()
            self.link.bring(held, time.monotonic())
            self._flush()

    def start(self) -> None:
        """Begin to talk, in the running loop."""
        self._task = asyncio.create_task(self._run(), name="sclang")

    async def stop(self) -> None:
        """End the conversation. Call it after the last command; what is in the socket is sent."""
        running = [task for task in (self._task, self._resolving) if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:  # noqa: ARG002 # asyncio's signature
        found = self.link.datagram(data, time.monotonic())
        if found is not None:
            for name, value in found.values.items():
                self._count(name, value)
        self._flush()

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at that port: the missing answer says the same."""
        log.debug("OSC target %s: %s", self.name, exc)

    def _count(self, name: str, value: float) -> None:
        if name in {"received", "played", "invalid", "capped", "voices", "cues", "restarts", "cpu"}:
            self._metrics.engine.labels(name).set(value)

    async def _run(self) -> None:
        while True:
            now = time.monotonic()
            looking = self._resolving is not None and not self._resolving.done()
            if not self.alive and not looking and now - self._resolved_at >= RESOLVE:
                self._resolved_at = now
                # In a task of its own: a look-up that hangs must not stop the clock of the conversation.
                self._resolving = asyncio.create_task(self._resolve(), name="osc-resolve")
            self.link.tick(now)
            if self.alive and now >= self._next_stats:
                self._next_stats = now + STATS
                self.link.outbox.append(osc.stats())
            self._flush()
            self._awake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.005, self.link.wake() - time.monotonic())):
                    await self._awake.wait()

    async def _resolve(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=2)  # 2: datagrams
            family, _, _, _, address = min(
                found, key=lambda entry: entry[0]
            )  # IPv4 first: sclang has no IPv6
            if self._transport is None:
                self._transport, _ = await loop.create_datagram_endpoint(lambda: self, family=family)
        except (OSError, ValueError) as e:  # ValueError: what is no host name at all
            if not self._complained:
                log.warning("OSC_HOST %s: %s; trying again every %d s", self._host, e, RESOLVE)
            self._complained = True
            return
        self._complained = False
        if address != self._address:
            self._address = address
            self.link.outbox.append(osc.hello(self.link.session))
            self._flush()

    def _flush(self) -> None:
        link = self.link
        outbox, link.outbox = link.outbox, []
        answers, link.answers = link.answers, []
        if self._transport is not None and self._address is not None:
            for datagram in outbox:
                self._transport.sendto(datagram, self._address)
            self._metrics.osc_sent.inc(len(outbox))
        self._metrics.osc_repeated.inc(link.repeated)
        link.repeated = 0
        for answer in answers:
            self._listener(self, answer.play_id, answer.status)
        self._tell()
        if outbox:
            self._awake.set()

    def _tell(self) -> None:
        """Say once when the engine comes, goes or changes."""
        now = (self.alive, self.audible, self.driver)
        if now == self._was:
            return
        if now[0]:
            log.info("SuperCollider at %s answers (audio driver %s)", self.name, self.driver)
        elif self._was[0]:
            log.warning("SuperCollider at %s no longer answers", self.name)
        self._was = now
        self._metrics.engine_up.set(now[0])
        self._changed()
