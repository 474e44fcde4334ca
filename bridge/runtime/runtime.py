"""The bridge at work. Everything here runs in one event loop; the store and paho have threads of their own."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from bridge import __version__
from bridge.core.conductor import Conductor
from bridge.core.limits import Crowd, softer
from bridge.core.voices import cut
from bridge.model.commands import Play, Release, Why
from bridge.model.errors import ConfigError, SettingError
from bridge.model.events import AlertEvent, Event, Outcome, Reason, Rejected, Status
from bridge.runtime.asking import Asking, with_setting
from bridge.runtime.duty import Duty
from bridge.runtime.intake import Intake, Work
from bridge.runtime.memory import Leavings, give_back
from bridge.runtime.mqtt import Mqtt
from bridge.runtime.notices import FULL, Notices
from bridge.runtime.room import Quieted, Room
from bridge.runtime.snapshot import everything
from bridge.runtime.upkeep import Upkeep
from bridge.runtime.writes import Writes
from bridge.sinks.sclang import Sclang
from bridge.sounds import Folder, load_book
from bridge.store import OpenRow, Remembered, weight
from bridge.telemetry import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from bridge.book import Book
    from bridge.settings import Settings

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between two looks at what time alone changes."""
ASLEEP = 60.0
"""Seconds between two ticks after which nobody can have listened in between."""
FAREWELL = 0.4
"""Seconds that the engine has to acknowledge the release of its voices when the bridge stops."""
BROKER = "MQTT broker"
"""What the watch calls it."""
STORE_FIRST = 0.5
"""Seconds that a cue waits for its event to be stored; a store that hangs must not keep a critical back."""
NOT_KEPT = (
    "So many alerts fire that further ones are not kept: they sound once, and nobody is reminded of them."
)
ENGINE = "engine"
"""Where the store keeps which engine was there last."""
PENDING = 50_000
"""Statements that wait for the store, as `weight` counts them; no more is taken, so that a disk that hangs fills no memory."""


class Runtime:
    """One bridge. `start`, then `take` events, then `stop`. `changes` tells when status shows something new."""

    def __init__(self, settings: Settings, book: Book, *, clock: Callable[[], float] = time.time) -> None:
        book = with_setting(book, settings)
        self.settings, self.book, self.clock = settings, book, clock
        self.metrics = Metrics()
        self.draining = False
        self.own = Folder(settings.synthdefs)
        self.reload_problems: list[str] = []
        self.changes = asyncio.Condition()
        self.version = 0
        self.bridge = ""
        self.began = self.loaded_at = clock()
        self._background: set[asyncio.Task[None]] = set()
        self.writes = Writes(settings.data_dir, self.metrics, spawn=self._spawn, clock=clock)
        self.notices = Notices(clock)
        self.room = Room(clock, self.metrics, self.writes.settled)
        self.mqtt = Mqtt(
            settings,
            self.metrics,
            clock=clock,
            take=self.take,
            published=self.writes.published,
            changed=self.changed,
        )
        self.sclang = Sclang(
            settings.osc_host,
            settings.osc_port,
            acknowledges=book.osc.acknowledges,
            metrics=self.metrics,
            listener=self.room.answered,
            changed=self.changed,
        )
        rules = book.compiled()
        self.conductor = Conductor(rules, self.began)
        self.engine, self.voices = self.conductor.engine, self.conductor.voices
        self.intake = Intake(self.conductor, self.metrics)
        self.duty = Duty(
            self.conductor, self.writes, self.room, clock=clock, take=self.take, changed=self.changed
        )
        self.asking = Asking(
            self.conductor, self.metrics, self.writes, clock=clock, take=self.take, changed=self.changed
        )
        self.upkeep = Upkeep(
            self.conductor,
            self.writes,
            self.notices,
            clock=clock,
            spawn=self._spawn,
            everything=lambda: everything(self),
        )
        self._ticking: asyncio.Task[None] | None = None
        self._ticked = self.began
        self._crowd = Crowd()
        self._leavings = Leavings()
        self._engine_known = False
        self._waking = False
        self._missing = 0
        self._pending = 0
        self.metrics.build.labels(__version__).set(1)
        self._tell_own()
        self._mark_reload(ok=True)

    async def start(self) -> None:
        """Open the store, find the players and the broker, and go on where the last run ended. Raises StoreError."""
        self.asking.check(self.book)
        remembered = self.writes.begin()
        self.bridge = remembered.bridge
        with self.writes.later() as later:
            later.deed(self.began, "start", "", "", "", None, about={"version": __version__})
        self._recall(remembered)
        self.intake.begin(self.bridge, remembered.next_id, remembered.next_publish)
        self.intake.publishing = self._publishes()
        self.writes.keep(self.book.store.seconds, self.book.store.megabytes)
        self.room.join(self.sclang)
        self.sclang.listen(self.book.osc.level, self.conductor.standing())
        self._engine_known = ENGINE in remembered.meta
        if self._engine_known:
            self.sclang.await_engine()
        self.sclang.start()
        await self.mqtt.start(self.bridge, self.book, remembered.publishes)
        self._resume(remembered.open)
        self.asking.begin(self.book)
        self._ticking = asyncio.create_task(self._tick_forever(), name="tick")
        self.changed()

    async def stop(self) -> None:
        """Release voices, say offline, keep what was accepted. Takes about a second at most."""
        self.draining = True
        if self._ticking is not None:
            self._ticking.cancel()
        self.room.bring([Release(voice_id) for voice_id in self.voices.sounding])
        await asyncio.gather(self._farewell(), self.mqtt.stop(), self.asking.stop())
        if self._background:
            await asyncio.wait(self._background, timeout=0.5)
        await self.writes.close()

    async def take(self, items: Iterable[Event | Rejected]) -> bool:
        """Take events: decide, store, then sound and publish. False when they could not be stored.

        What cannot be stored still sounds: once, because the state in memory knows it.
        """
        return (await self._take(items))[0]

    async def try_out(self, event: AlertEvent) -> tuple[bool, Reason | None]:
        """Take one event: whether it could be stored, and why it does not sound (None where it does)."""
        stored, work = await self._take([event])
        return stored, next(iter(work.suppressed), None)

    async def _take(self, items: Iterable[Event | Rejected]) -> tuple[bool, Work]:
        items = list(items)
        self.asking.came(items)
        work = self.intake.decide(items, self.clock(), heard=bool(self.room.audible()))
        new, gone = self.conductor.who.news()
        for row in new:
            work.batch.who(*row)
        for service in gone:
            work.batch.nobody(service)
        self.writes.open.update(work.open)
        if work.counts:
            with self.writes.later() as later:
                # The counts take no room; samples would, where a disk hangs.
                if len(later.statements) < PENDING:
                    later.statements += work.counts.statements
                else:
                    self.metrics.samples_not_kept.inc(len(work.counts.statements))
                later.counts.update(work.counts.counts)
                later.received.update(work.counts.received)
        # What an earlier failure left owed is part of what "stored" promises: an empty write brings it along.
        if self.writes.ok and not work.batch:
            self._perform(work)
            return True, work
        self._pending += (waiting := weight(work.batch.statements))
        try:
            storing = asyncio.ensure_future(self.upkeep.commit(work.batch))
            await asyncio.wait([storing], timeout=STORE_FIRST)
            self._perform(work)
            return await storing, work
        finally:
            self._pending -= waiting

    @property
    def full(self) -> bool:
        """Whether so much waits for the store that nothing more can be taken now."""
        return self._pending >= PENDING

    def reload(self) -> list[str]:
        """Read the rule book again. Returns its problems; with any the old one stays."""
        self.own.read()
        try:
            book = with_setting(load_book(self.settings.config, self.own), self.settings)
            self.mqtt.check(book)
            self.asking.check(book)
        except (ConfigError, SettingError) as e:
            self.reload_problems = str(e).splitlines()
            self._mark_reload(ok=False)
            log.error("rule book refused, the old one stays:\n%s", e)  # noqa: TRY400 # it names file and line itself
            return self.reload_problems
        self._tell_own()
        self.reload_problems = []
        self.book = book
        rules = book.compiled()
        self.conductor.swap(rules, self.clock())
        self.intake.publishing = self._publishes()
        self.writes.keep(book.store.seconds, book.store.megabytes)
        self.sclang.expect(acknowledges=book.osc.acknowledges)
        self.sclang.listen(book.osc.level, self.conductor.standing())
        self._spawn(self.mqtt.reload(book))
        self.asking.begin(book)
        self._mark_reload(ok=True)
        log.info("rule book loaded: %s", self.settings.config)
        self.changed()
        return []

    def changed(self) -> None:
        """Something that status shows has changed: gauges, and whoever waits for `changes`."""
        self.version += 1
        self._remember_engine()
        self.room.count()
        self.metrics.voices.set(len(self.voices.sounding))
        self.metrics.acks.set(len(self.conductor.acks.given))
        self.metrics.mutes.set(len(self.conductor.mutes.given))
        self.metrics.watch_on.set(self.conductor.watch.on)
        self.metrics.watchdog_armed.set(self.conductor.watch.armed)
        for severity, count in self.engine.counts.items():
            self.metrics.active.labels(severity).set(count)
        if not self._waking:
            self._waking = True
            self._spawn(self._wake())

    def _remember_engine(self) -> None:
        """Whether an engine is there is written down at once: what is taken from now on may have to wait for it."""
        if self.sclang.decided and self.sclang.known != self._engine_known:
            self._engine_known = self.sclang.known
            with self.writes.later() as later:
                later.meta(ENGINE, self.sclang.name if self._engine_known else None)

    def _tell_own(self) -> None:
        """An own sound that is refused is told; the others and the rule book are taken."""
        for problem in self.own.problems:
            log.warning("own sound refused: %s", problem)

    def _publishes(self) -> bool:
        return bool(self.settings.mqtt_host) and self.book.mqtt.publish

    @property
    def store_ok(self) -> bool:
        """Whether what was decided could be written last."""
        return self.writes.ok

    def _perform(self, work: Work) -> None:
        for ended in work.ended:
            self.room.cancel(ended)
        for event_id in work.overtaken:
            self.writes.end(event_id, Outcome.SUPPRESSED, Reason.SUPERSEDED)
        plays = [play for play in work.plays if play[0] not in work.overtaken]
        shares = self._crowd.shares([cue for _, cue in plays], self.clock())
        for (event_id, cue), share in zip(plays, shares, strict=True):
            self.room.play(softer(cue, share), event_id)
        if work.sets:
            self.room.bring(self.conductor.voiced(work.sets, self.clock()))
        self.mqtt.publish(work.publishes)
        self.mqtt.publish_samples(list(work.sample_publishes.values()))
        if work.batch or work.sets:
            self.changed()

    def _resume(self, rows: list[OpenRow]) -> None:
        """Events that were stored and never got an outcome: they sound now, if they are still true."""
        for row in rows:
            self.writes.open[row.id] = row.event.source
            state = not row.event.one_shot
            firing = state and row.event.status is Status.FIRING
            if firing and row.event.fingerprint not in self.engine.active:
                self.writes.end(row.id, Outcome.SUPPRESSED, Reason.SUPERSEDED)
                continue
            rule = self.engine.book.alert_rule(row.event.labels)
            service = self.engine.book.service(row.event.labels)
            who = self.conductor.who.identity(service, self.clock())
            controls = self.engine.book.cue(rule, row.sound, row.event.value, who)
            fires = row.event.fingerprint if firing else ""
            cue = Play(f"e{row.id}", row.sound, controls, row.severity, fires, service=cut(service))
            self.room.play(cue, row.id)

    async def _farewell(self) -> None:
        end = time.monotonic() + FAREWELL
        while self.sclang.alive and self.sclang.link.busy and time.monotonic() < end:  # noqa: ASYNC110 # bounded
            await asyncio.sleep(0.02)
        await self.sclang.stop()

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._tick(self.clock())
            except Exception:
                log.exception("the tick failed; the next one follows")

    async def _tick(self, now: float) -> None:
        if not 0 <= now - self._ticked <= ASLEEP:  # the machine slept, or its clock was set
            self.conductor.watch.woke(now)
        self._ticked = now
        self.upkeep.tick(now)
        self.notices.state(FULL, NOT_KEPT, wrong=self.engine.full)
        if due := [*self.engine.due(now), *self.notices.waiting()]:
            self._spawn(self._take_own(due))
        self._advance(now)
        self.asking.tick()
        self.room.tick()
        if self.room.hush(self.conductor.standing()):
            self.changed()
        if self.own.changed(now):
            self.reload()
        self._remember_engine()
        if self._leavings.due(self.intake.next_id, now):
            self._spawn(asyncio.to_thread(give_back))

    async def _take_own(self, events: list[AlertEvent]) -> None:
        await self.take(events)

    def _advance(self, now: float) -> None:
        """What time asks of the room."""
        self.conductor.watch.part(BROKER, there=self.mqtt.connected, now=now)
        commands = self.conductor.tick(now)
        self.duty.over(self.conductor.over)
        self.room.bring([command for command in commands if not isinstance(command, Play)])
        for cue in commands:
            if isinstance(cue, Play):
                self.room.play(cue)
        self._greet(now)
        missing = len(self.conductor.watch.missing(now))
        self.metrics.missing.set(missing)
        if missing != self._missing or any(
            not isinstance(c, Play) or c.why is not Why.HEARTBEAT for c in commands
        ):
            self._missing = missing
            self.changed()

    def _greet(self, now: float) -> None:
        """Whoever begins to listen hears what stands."""
        for player in self.room.newcomers(now):
            if (cue := self.conductor.digest(now, self.room.told(player), player.filter)) is not None:
                self.metrics.cue(cue)
                player.play(cue)

    def _recall(self, remembered: Remembered) -> None:
        """Begin with what the store remembers."""
        conductor = self.conductor
        self.engine.restore(remembered.active, remembered.ended, remembered.watchdog)
        conductor.watch.watchdog = remembered.watchdog
        conductor.who.restore(remembered.who)
        conductor.acks.restore(remembered.acks)
        conductor.mutes.restore(remembered.mutes)
        self.asking.recall(remembered.meta)
        self.room.quiets.update((row[0], Quieted(*row[1:])) for row in remembered.quiets)
        self.notices.resume(set(self.engine.active))
        self.upkeep.begin(remembered)
        if remembered.watch_off is not None:
            since, by = remembered.watch_off
            conductor.watch.switch(on=False, by=by, now=since)
        self.metrics.watchdog(remembered.watchdog)

    def _mark_reload(self, *, ok: bool) -> None:
        self.metrics.reload_ok.set(ok)
        if ok:
            self.loaded_at = self.clock()
            self.metrics.reload_time.set(self.loaded_at)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _wake(self) -> None:
        self._waking = False
        async with self.changes:
            self.changes.notify_all()
