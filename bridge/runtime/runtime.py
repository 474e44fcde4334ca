"""The bridge at work. Everything here runs in one event loop; the store and paho have threads of their own."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bridge import __version__, config
from bridge.broker import Broker
from bridge.broker.embedded import EmbeddedBroker
from bridge.core import digest
from bridge.core.engine import Engine
from bridge.core.voices import Voices
from bridge.model.commands import Play, Release
from bridge.model.errors import ConfigError, StoreError
from bridge.model.events import AlertEvent, Event, Outcome, Reason, Rejected, Source, Status
from bridge.runtime import state
from bridge.runtime.intake import Intake, Work
from bridge.runtime.room import Room
from bridge.sinks.sclang import Sclang
from bridge.store import KEPT_EVENTS, Batch, OpenRow, Store
from bridge.telemetry import Metrics
from bridge.wire import topics
from bridge.wire.reading import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.book import Book
    from bridge.broker import Delivery
    from bridge.core.outcomes import Settled
    from bridge.settings import Settings

log = logging.getLogger(__name__)

TICK = 0.25
"""Seconds between two looks at what time alone changes."""
FAREWELL = 0.4
"""Seconds that the engine has to acknowledge the release of its voices when the bridge stops."""


class Runtime:
    """One bridge. `start`, then `take` events, then `stop`."""

    def __init__(self, settings: Settings, book: Book, *, clock: Callable[[], float] = time.time) -> None:
        self.settings, self.book, self.clock = settings, book, clock
        self.metrics = Metrics()
        self.draining = False
        self.store_ok = True
        self.reload_problems: list[str] = []
        self.changes = asyncio.Condition()
        self.version = 0
        self._open: dict[int, Source] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._writes: set[asyncio.Task[None]] = set()
        self._loaded_at = self._began = clock()
        self._store = Store(settings.data_dir)
        self.room = Room(clock, self.metrics, self._settled)
        self.broker: Broker | None = None
        self.embedded = EmbeddedBroker(settings.mqtt_port) if settings.embedded_broker else None
        self.metrics.build.labels(__version__).set(1)
        self._mark_reload(ok=True)

    async def start(self) -> None:
        """Open the store, find the players and the broker, and go on where the last run ended."""
        remembered = self._store.open()
        rules = self.book.compiled()
        self.engine = Engine(rules, remembered.active)
        self.voices = Voices(rules)
        self.intake = Intake(self.engine, self.voices, self.metrics, remembered.bridge)
        self.intake.next_id, self.intake.next_publish = remembered.next_id, remembered.next_publish
        self.bridge = remembered.bridge
        self._start_sclang()
        await self._start_broker(remembered.publishes)
        self._resume(remembered.open)
        self._tasks.append(asyncio.create_task(self._tick_forever(), name="tick"))
        self.changed()

    async def stop(self) -> None:
        """Release voices, say offline, keep what was accepted. Takes about a second at most."""
        self.draining = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.room.bring([Release(voice_id) for voice_id in self.voices.sounding])
        await asyncio.gather(self._farewell(), self._stop_broker())
        if self._writes:
            await asyncio.wait(self._writes, timeout=0.5)
        await asyncio.to_thread(self._store.close)

    async def take(self, items: Iterable[Event | Rejected]) -> bool:
        """Take events: decide, store, then sound and publish. False when they could not be stored.

        What cannot be stored still sounds: once, because the state in memory knows it.
        """
        work = self.intake.decide(items, self.clock(), heard=bool(self.room.audible()))
        self._open.update(work.open)
        stored = True
        if work.batch.statements:
            stored = await self._commit(work.batch)
        self._perform(work)
        return stored

    def fire(self, labels: dict[str, str], seconds: float, summary: str) -> AlertEvent:
        """A test alert: marked, unique, and resolved by the bridge itself after `seconds`."""
        marked = {**labels, digest.TEST_LABEL: "true", "run": secrets.token_hex(3)}
        now = self.clock()
        return AlertEvent(
            source=Source.FIRE,
            fingerprint=fingerprint(None, marked),
            status=Status.FIRING,
            labels=marked,
            received=now,
            annotations={"summary": summary},
            starts_at=now,
            expires_at=now + seconds,
        )

    def resolutions(self, fingerprint: str | None) -> list[AlertEvent]:
        """What ends the alert of that fingerprint, or with None every test alert."""
        now = self.clock()
        return [
            replace(
                a.event,
                source=Source.FIRE,
                status=Status.RESOLVED,
                received=now,
                ends_at=now,
                expires_at=None,
            )
            for fp, a in self.engine.active.items()
            if fp == fingerprint or (fingerprint is None and digest.is_test(a))
        ]

    def reload(self) -> list[str]:
        """Read the rule book again. Returns its problems; with any the old one stays."""
        try:
            book = config.load(self.settings.config)
        except ConfigError as e:
            self.reload_problems = e.problems
            self._mark_reload(ok=False)
            log.error("rule book refused, the old one stays:\n%s", e)  # noqa: TRY400 # it names file and line itself
            return e.problems
        self.reload_problems = []
        mqtt_changed = book.mqtt != self.book.mqtt
        self.book = book
        rules = book.compiled()
        self.engine.book = self.voices.book = rules
        self.engine.regroup()
        self.sclang.expect(acknowledges=book.osc.acknowledges)
        if mqtt_changed:
            self._spawn(self._restart_broker())
        self._mark_reload(ok=True)
        log.info("rule book loaded: %s", self.settings.config)
        self.changed()
        return []

    def changed(self) -> None:
        """Something that status shows has changed: gauges, and whoever waits for `changes`."""
        self.version += 1
        self.room.count()
        self.metrics.voices.set(len(self.voices.sounding))
        counts = dict.fromkeys(("info", "warning", "critical"), 0)
        for alert in self.engine.active.values():
            counts[alert.severity] += 1
        for severity, count in counts.items():
            self.metrics.active.labels(severity).set(count)
        self._spawn(self._wake())

    def status(self) -> dict[str, Any]:
        """Everything that `GET /api/v1/status` shows."""
        now = self.clock()
        return {
            "version": __version__,
            "bridge": self.bridge,
            "now": now,
            "started": self._began,
            "digest": self.digest(),
            "firing": [
                state.firing(a, self.engine.book) for a in digest.worst_first(self.engine.active.values())
            ],
            "silent": sum(not a.audible for a in self.engine.active.values()),
            "voices": [
                {
                    "id": v.command.id,
                    "sound": v.command.sound,
                    "value": v.sample.value,
                    "rule": v.rule,
                    "last": v.last,
                }
                for v in self.voices.sounding.values()
            ],
            "players": [state.player(p) for p in self.room.players.values()],
            "hears": self.hears(),
            "mqtt": self.mqtt_state(),
            "watchdog": self.watchdog(),
            "rule_book": {
                "path": str(self.settings.config),
                "loaded": self._loaded_at,
                "problems": self.reload_problems,
            },
            "store": {"path": str(self.settings.data_dir), "ok": self.store_ok},
        }

    def digest(self) -> str:
        """One sentence: what is wrong, how bad, since when."""
        return digest.sentence(self.engine.active.values(), self.engine.book, self.clock())

    def hears(self) -> str:
        """One line: who hears it."""
        return state.hears(list(self.room.players.values()), self.settings.page)

    def mqtt_state(self) -> dict[str, Any]:
        """The broker's state: off, connected or down."""
        if self.broker is None:
            return {"state": "off"}
        return {
            "state": "connected" if self.broker.connected else "down",
            "host": f"{self.broker.host}:{self.broker.port}",
            "unsent": len(self.broker.unsent),
        }

    def watchdog(self) -> dict[str, Any]:
        """Whether a Watchdog alert has ever come, and when last (unix seconds)."""
        return {"armed": self.engine.watchdog_last is not None, "last": self.engine.watchdog_last}

    def _perform(self, work: Work) -> None:
        for ended in work.ended:
            self.room.cancel(ended)
        for event_id, cue in work.plays:
            self.room.play(cue, event_id)
        if work.sets:
            self.room.bring(work.sets.values())
        if self.broker is not None:
            for publish in work.publishes:
                self.broker.publish(*publish)
            for topic, payload in work.sample_publishes.items():
                self.broker.publish_sample(topic.partition("\0")[0], payload)
        elif work.publishes:
            self._forget_publishes(work)
        if work.batch.statements or work.sets:
            self.changed()

    def _forget_publishes(self, work: Work) -> None:
        """Without a broker nothing waits for one."""
        batch = Batch()
        for publish_id, _, _ in work.publishes:
            batch.published(publish_id)
        self._spawn(self._write(batch))

    async def _commit(self, batch: Batch) -> bool:
        try:
            await asyncio.wrap_future(self._store.write(batch))
        except StoreError as e:
            self.metrics.store_failures.inc()
            if self.store_ok:
                log.error("%s; events still sound, senders are asked to send again", e)  # noqa: TRY400 # no traceback: the store's own words say it
            self.store_ok = False
            return False
        if not self.store_ok:
            log.info("the store can be written again")
        self.store_ok = True
        return True

    async def _write(self, batch: Batch) -> None:
        await self._commit(batch)

    def _settled(self, settled: list[Settled]) -> None:
        batch = Batch()
        for end in settled:
            source = self._open.pop(end.event_id, None)
            if source is not None:
                self.metrics.ended(source, end.outcome, end.reason)
                batch.outcome(end.event_id, end.outcome, end.reason)
        if batch.statements:
            self._spawn(self._write(batch))

    def _resume(self, rows: list[OpenRow]) -> None:
        """Events that were stored and never got an outcome: they sound now, if they are still true."""
        ends: list[tuple[int, Outcome, Reason]] = []
        for row in rows:
            self._open[row.id] = row.event.source
            firing = row.event.status is Status.FIRING and not row.event.one_shot
            if firing and row.event.fingerprint not in self.engine.active:
                ends.append((row.id, Outcome.SUPPRESSED, Reason.SUPERSEDED))
                continue
            rule = self.engine.book.alert_rule(row.event.labels)
            service = self.engine.book.service(row.event.labels)
            controls = self.engine.book.cue(rule, row.sound, row.event.value, service)
            fires = row.event.fingerprint if firing else ""
            self.room.play(Play(f"e{row.id}", row.sound, controls, row.severity, fires), row.id)
        batch = Batch()
        batch.prune(self.intake.next_id - KEPT_EVENTS)
        for event_id, outcome, reason in ends:
            del self._open[event_id]
            batch.outcome(event_id, outcome, reason)
        self._spawn(self._write(batch))

    def _start_sclang(self) -> None:
        self.sclang = Sclang(
            self.settings.osc_host,
            self.settings.osc_port,
            acknowledges=self.book.osc.acknowledges,
            metrics=self.metrics,
            listener=self.room.answered,
            changed=self.changed,
        )
        self.room.join(self.sclang)
        self.sclang.start()

    async def _start_broker(self, waiting: list[tuple[int, str, bytes]]) -> None:
        served = False
        if self.embedded is not None:
            served = await self.embedded.start()
            port = self.settings.mqtt_port
            log.info(
                "embedded MQTT broker on port %s"
                if served
                else "MQTT port %s is taken: using the broker there",
                port,
            )
        if not self.settings.mqtt_host:
            self.metrics.mqtt_connected.set(1)
            return
        self.intake.publishing = self.book.mqtt.publish
        self.broker = Broker(
            self.settings.mqtt_host,
            self.settings.mqtt_port,
            self.book.mqtt,
            self.bridge,
            metrics=self.metrics,
            published=self._published,
            changed=self.changed,
            version_5=not served,
        )
        self.broker.start(waiting)
        self._listening = asyncio.create_task(self._listen(self.broker), name="mqtt")
        self._tasks.append(self._listening)

    async def _stop_broker(self) -> None:
        if self.broker is not None:
            await self.broker.stop()
        if self.embedded is not None:
            await self.embedded.stop()

    async def _restart_broker(self) -> None:
        old = self.broker
        if old is None:
            return
        self._listening.cancel()
        await old.stop()
        self.broker = None
        embedded, self.embedded = self.embedded, None
        await self._start_broker([(i, *message) for i, message in old.unsent.items()])
        self.embedded = embedded

    async def _farewell(self) -> None:
        end = time.monotonic() + FAREWELL
        while self.sclang.alive and self.sclang.link.busy and time.monotonic() < end:  # noqa: ASYNC110 # bounded
            await asyncio.sleep(0.02)
        await self.sclang.stop()

    def _published(self, publish_id: int) -> None:
        batch = Batch()
        batch.published(publish_id)
        self._spawn(self._write(batch))

    async def _listen(self, broker: Broker) -> None:
        while True:
            found = await broker.deliveries()
            try:
                stored = await self.take(self._decode(found))
            except Exception:
                log.exception("a batch of %d MQTT messages failed; it is left with the broker", len(found))
                continue
            if stored:
                for delivery in found:
                    delivery.done()

    def _decode(self, found: list[Delivery]) -> list[Event | Rejected]:
        now, rules = self.clock(), self.book.topics()
        items: list[Event | Rejected] = []
        for delivery in found:
            self.metrics.mqtt_messages.labels(self.metrics.mqtt_topic(delivery.message.topic)).inc()
            if topics.origin(delivery.message) == self.bridge:
                self.metrics.mqtt_own.inc()
                continue
            decoded = topics.decode(delivery.message, rules, now)
            for item in decoded:
                if isinstance(item, Rejected):
                    log.info("MQTT: %s", item.reason)
            items += decoded
        return items

    async def _tick_forever(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            try:
                await self._tick()
            except Exception:
                log.exception("the tick failed; the next one follows")

    async def _tick(self) -> None:
        now = self.clock()
        if due := self.engine.due(now):
            await self.take(due)
        if gone := self.voices.expire(now):
            self.room.bring([Release(voice_id) for voice_id in gone])
            self.changed()
        beat = self.engine.heartbeat(now)
        if beat is not None:
            self.room.play(beat)
        self.room.tick()

    def _mark_reload(self, *, ok: bool) -> None:
        self.metrics.reload_ok.set(ok)
        if ok:
            self._loaded_at = self.clock()
            self.metrics.reload_time.set(self._loaded_at)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _wake(self) -> None:
        async with self.changes:
            self.changes.notify_all()
