"""The bridge's side of MQTT: the embedded broker where asked for, the connection, and messages into events."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from bridge.broker import Broker
from bridge.broker.embedded import EmbeddedBroker
from bridge.model.events import Reason, Rejected, Source
from bridge.wire import topics

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bridge.book import Book
    from bridge.broker import Delivery
    from bridge.model.events import Event
    from bridge.settings import Settings
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)

COMPLAIN_EVERY = 10.0
"""Seconds."""
HELD = 5_000
"""Messages that the broker keeps and whose store fails."""
STORE_AGAIN = 3.0
"""Seconds between two questions whether the store works again."""


class Mqtt:
    """MQTT for one bridge. Without MQTT_HOST it does nothing, and publishes count as done."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        take: Callable[[list[Event | Rejected]], Awaitable[bool]],
        published: Callable[[list[int]], None],
        changed: Callable[[], None],
    ) -> None:
        self._settings, self._metrics, self._clock = settings, metrics, clock
        self._take, self._published, self._changed = take, published, changed
        self._embedded = EmbeddedBroker(settings.mqtt_port) if settings.embedded_broker else None
        self._serves = False
        self._next_complaint = 0.0
        self._broker: Broker | None = None
        self._reloading = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None

    async def start(self, bridge: str, book: Book, waiting: list[tuple[int, str, bytes]]) -> None:
        """Connect as `bridge`; `waiting` are publishes that the store remembers."""
        self._bridge, self._book = bridge, book
        if self._embedded is not None:
            await self._serve(self._embedded)
        if not self._settings.mqtt_host:
            self._metrics.mqtt_connected.set(1)
            self._published([publish_id for publish_id, _, _ in waiting])
            return
        self._connect(waiting)

    async def stop(self) -> None:
        """Say offline and close. What is unsent stays in the store."""
        await self._disconnect()
        if self._embedded is not None:
            await self._embedded.stop()

    def check(self, book: Book) -> None:
        """Raises SettingError when the files that `mqtt:` names cannot be used."""
        if self._broker is not None:
            Broker.check(book.mqtt)

    async def reload(self, book: Book) -> None:
        """A new rule book: connect anew where its `mqtt:` has changed."""
        async with self._reloading:  # one after the other, or two connections throw each other out for ever
            changed = book.mqtt != self._book.mqtt or book.mqtt.password_file is not None
            self._book = book
            if changed and self._broker is not None:
                await self._disconnect()
                self._connect([(i, *message) for i, message in self._broker.unsent.items()])

    def publish(self, messages: list[tuple[int, str, bytes]]) -> None:
        """Publish alerts, each once."""
        if self._broker is None:
            self._published([publish_id for publish_id, _, _ in messages])
            return
        for publish_id, topic, payload in messages:
            self._broker.publish(publish_id, topic, payload)

    def publish_samples(self, messages: list[tuple[str, bytes]]) -> None:
        """Publish the newest samples, if the broker is there now."""
        if self._broker is not None:
            for topic, payload in messages:
                self._broker.publish_sample(topic, payload)

    @property
    def connected(self) -> bool:
        """Whether the broker is there; never where MQTT is off."""
        return self._broker is not None and self._broker.connected

    def state(self) -> dict[str, Any]:
        """off, connected or down."""
        if self._broker is None:
            return {"state": "off"}
        return {
            "state": "connected" if self._broker.connected else "down",
            "host": f"{self._broker.host}:{self._broker.port}",
            "unsent": len(self._broker.unsent),
        }

    async def _serve(self, embedded: EmbeddedBroker) -> None:
        self._serves = await embedded.start()
        if self._serves:
            log.info("embedded MQTT broker on port %d", embedded.port)
        else:
            log.info("MQTT port %d is taken: using the broker that is there", embedded.port)

    def _connect(self, waiting: list[tuple[int, str, bytes]]) -> None:
        self._broker = Broker(
            self._settings.mqtt_host,
            self._settings.mqtt_port,
            self._book.mqtt,
            self._bridge,
            metrics=self._metrics,
            published=lambda publish_id: self._published([publish_id]),
            changed=self._changed,
            version_5=not self._serves,
        )
        self._broker.start(waiting)
        self._listening = asyncio.create_task(self._listen(self._broker), name="mqtt")

    async def _disconnect(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._broker is not None:
            await self._broker.stop()

    async def _listen(self, broker: Broker) -> None:
        held: list[
            Callable[[], None]
        ] = []  # taken while the store failed: the broker keeps them until it works again
        while True:
            found = await self._next(broker, waiting=bool(held), full=len(held) >= HELD)
            # Shielded: a reload that comes between deciding and sounding must not cut a batch in two.
            stored = await asyncio.shield(self._take_all(found))
            held += [delivery.done for delivery in found if delivery.waits]
            if stored:
                for done in held:
                    done()
                held.clear()

    @staticmethod
    async def _next(broker: Broker, *, waiting: bool, full: bool) -> list[Delivery]:
        """The next messages. While some wait for the store, none may come: then an empty batch asks the store.

        While too many wait none is taken: the broker has its own bound.
        """
        if full:
            await asyncio.sleep(STORE_AGAIN)
            return []
        try:
            async with asyncio.timeout(STORE_AGAIN if waiting else None):
                return await broker.deliveries()
        except TimeoutError:
            return []

    async def _take_all(self, found: list[Delivery]) -> bool:
        """Take a batch; one message that brings it down is found, said and given up, the others are taken."""
        try:
            return await self._take(self._decode(found))
        except Exception:
            if len(found) == 1:
                log.exception("MQTT %s: this message cannot be taken", found[0].message.topic[:80])
                return await self._take([Rejected(Source.MQTT, "it brought the bridge down")])
        stored = [await self._take_all([delivery]) for delivery in found]
        return bool(stored) and all(stored)  # an empty batch that failed has stored nothing

    def _decode(self, found: list[Delivery]) -> list[Event | Rejected]:
        now, rules = self._clock(), self._book.topics()
        items: list[Event | Rejected] = []
        for delivery in found:
            message = delivery.message
            self._metrics.mqtt_messages.labels(self._metrics.mqtt_topic(message.topic)).inc()
            if topics.origin(message) == self._bridge:
                self._metrics.mqtt_own.inc()
                continue
            decoded = topics.decode(message, rules, now)
            self._complain(decoded, now)
            items += decoded
        return items

    def _complain(self, decoded: list[Event | Rejected], now: float) -> None:
        """Nobody answers a publisher: the log says what is wrong, seldom enough that a flood cannot fill it."""
        bad = [item for item in decoded if isinstance(item, Rejected) and item.why is Reason.INVALID]
        if bad and not 0 < self._next_complaint - now <= COMPLAIN_EVERY:
            self._next_complaint = now + COMPLAIN_EVERY
            log.warning("MQTT %s (more in the next %d s are only counted)", bad[0].reason, COMPLAIN_EVERY)
