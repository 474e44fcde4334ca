"""The bridge's MQTT connection: paho-mqtt in its own thread, the rest in the event loop.

* MQTT 5 with No Local where the broker has it. A v5 attempt that reaches the broker and is not accepted is followed
  by one in 3.1.1, and so on in turn: brokers that know only 3.1.1 refuse, hang up or never answer.
* A message of QoS 1 is acknowledged to the broker once it is stored, so a bridge that dies gets it again.
* When the loop is busy the intake queue fills, then paho's thread waits, then TCP does, then the broker's own queue
  holds what comes: nothing is dropped here.
* Publishes wait in `unsent` (and in the store, by the caller) until the broker has acknowledged them.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import queue
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from bridge.core.topics import filter_matches
from bridge.model.errors import SettingError
from bridge.wire.topics import Message

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.book import MqttModel, TlsModel
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)

INTAKE, INTAKE_BYTES = 5_000, 64 << 20
"""Messages that wait for the loop, and bytes of them, before paho's thread waits."""
LARGEST = 32 << 20
"""Bytes of a payload, as many as a webhook may have. A larger one is taken as one that cannot be read."""
DRAIN = 500
"""Messages that the loop takes in one go, so that everything else gets its turn."""
WINDOW = 20
"""Publishes on the way to the broker at once, paho's own default for QoS 1."""
UNSENT, UNSENT_BYTES = 50_000, 64 << 20
"""Publishes that wait for the broker, two of the largest webhooks and more; beyond it the oldest is given up."""
SAMPLES = 1_000
"""Samples on the way to the broker; one that reads so slowly misses the next."""
SESSION = 86_400
"""Seconds that the broker keeps our session (MQTT 5)."""
RECONNECT = (1, 30)
"""Seconds: first and longest pause between two attempts; it doubles in between."""
KEEPALIVE = 30
PERSIST = 3
"""Failed attempts with the version that the broker has accepted before, until the other one is tried."""
LEAVE = 0.6
"""Seconds that paho's thread has to end."""
TOO_LARGE = b"{too large"
"""What stands for such a payload: nothing that can be read."""
PATIENCE = 3.0
"""Seconds from an open socket to the broker's answer."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and how to tell the broker that it is safe."""

    message: Message
    done: Callable[[], None]
    waits: bool = True
    """Whether the broker keeps it until it is told."""


class Broker:
    """One connection. All methods belong to the event loop's thread; callbacks of paho's thread hand over to it."""

    def __init__(
        self,
        host: str,
        port: int,
        book: MqttModel,
        bridge: str,
        *,
        metrics: Metrics,
        published: Callable[[int], None],
        changed: Callable[[], None],
        version_5: bool = True,
    ) -> None:
        self.host, self.port, self.book, self.bridge = host, port, book, bridge
        self.connected = False
        self.unsent: OrderedDict[int, tuple[str, bytes]] = OrderedDict()
        self._unsent_bytes = 0
        self._flying: dict[int, int] = {}
        self._samples: set[int] = set()
        self._metrics = metrics
        self._published_to = published
        self._changed = changed
        self._queue: queue.Queue[Delivery] = queue.Queue(INTAKE)
        self._queued_bytes = self._taken_bytes = 0  # the first is paho's thread's, the second the loop's
        self._arrived = asyncio.Event()
        self._version = MQTTProtocolVersion.MQTTv5 if version_5 else MQTTProtocolVersion.MQTTv311
        self.check(book)
        self._password = _read_password(book.password_file)
        self._stopping = False
        self._switching = False
        self._accepted: MQTTProtocolVersion | None = None
        self._failures = 0
        self._pause = 0.2

    @staticmethod
    def check(book: MqttModel) -> None:
        """Raises SettingError when a file that the rule book names cannot be used."""
        _read_password(book.password_file)
        if book.tls is not None:
            _secure(paho.Client(CallbackAPIVersion.VERSION2), book.tls)

    @property
    def status_topic(self) -> str:
        """Retained `online` or `offline`; the last will says the latter."""
        return f"{self.book.prefix}singing-pager/{self.bridge}/status"

    def start(self, waiting: list[tuple[int, str, bytes]]) -> None:
        """Begin to connect; `waiting` are publishes that a store remembers."""
        self._loop = asyncio.get_running_loop()
        for publish_id, topic, payload in waiting:
            self._wait(publish_id, topic, payload)
        self._client = self._connect()

    async def stop(self) -> None:
        """Say offline and close; what is unsent stays in the store."""
        self._stopping = True
        if self.connected:
            info = self._client.publish(self.status_topic, b"offline", qos=1, retain=True)
            self.connected = False  # what is published from now on waits for the next connection
            await asyncio.to_thread(_wait_published, info)
        self._client.disconnect()
        self._empty()
        ending = asyncio.ensure_future(asyncio.to_thread(self._client.loop_stop))
        await asyncio.wait({ending}, timeout=LEAVE)  # a look-up or a connect that hangs is left to its thread

    async def deliveries(self) -> list[Delivery]:
        """The next messages, at least one, in the order in which they came."""
        while self._queue.empty():
            self._arrived.clear()
            await self._arrived.wait()
        found: list[Delivery] = []
        while len(found) < DRAIN and not self._queue.empty():
            found.append(self._queue.get_nowait())
        self._taken_bytes += sum(len(delivery.message.payload) for delivery in found)
        return found

    def publish(self, publish_id: int, topic: str, payload: bytes) -> None:
        """Hand over a message for QoS 1; `published` is called with its id once the broker has it."""
        self._wait(publish_id, topic, payload)
        self._pump()

    def _wait(self, publish_id: int, topic: str, payload: bytes) -> None:
        self.unsent[publish_id] = (topic, payload)
        self._unsent_bytes += len(payload)
        while len(self.unsent) > UNSENT or self._unsent_bytes > UNSENT_BYTES:
            oldest = next(i for i in self.unsent if i not in self._flying.values())
            self._unsent_bytes -= len(self.unsent.pop(oldest)[1])
            self._metrics.mqtt_dropped.labels("overflow").inc()
            self._published_to(oldest)

    def publish_sample(self, topic: str, payload: bytes) -> None:
        """A sample goes out at QoS 0 while connected; an old value is no use later."""
        if not self.connected:
            self._metrics.mqtt_dropped.labels("offline").inc()
            return
        if len(self._samples) >= SAMPLES:
            self._metrics.mqtt_dropped.labels("overflow").inc()
            return
        self._samples.add(self._client.publish(self.book.prefix + topic, payload, qos=0).mid)

    def _pump(self) -> None:
        self._metrics.mqtt_queue.set(len(self.unsent))
        if not self.connected:
            return
        flying = set(self._flying.values())
        waiting = (i for i in self.unsent if i not in flying)  # those on the way stand in front
        for publish_id in list(itertools.islice(waiting, max(0, WINDOW - len(self._flying)))):
            topic, payload = self.unsent[publish_id]
            info = self._client.publish(self.book.prefix + topic, payload, qos=1)
            if info.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
                log.warning("MQTT publish to %s: %s", topic, paho.error_string(info.rc))
            self._flying[info.mid] = publish_id

    def _acknowledged(self, mid: int) -> None:
        self._samples.discard(mid)
        publish_id = self._flying.pop(mid, None)
        if publish_id is not None and (sent := self.unsent.pop(publish_id, None)) is not None:
            self._unsent_bytes -= len(sent[1])
            self._published_to(publish_id)
        self._pump()

    def _connect(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"singing-pager-{self.bridge}",
            clean_session=None if self._version == MQTTProtocolVersion.MQTTv5 else False,
            protocol=self._version,
            manual_ack=True,
        )
        client.enable_logger(log.getChild("paho"))
        client.will_set(self.status_topic, b"offline", qos=1, retain=True)
        client.reconnect_delay_set(*RECONNECT)
        client.max_inflight_messages_set(WINDOW)
        if self.book.user is not None:
            client.username_pw_set(self.book.user, self._password)
        if self.book.tls is not None:
            _secure(client, self.book.tls)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_socket_open = self._on_socket_open
        client.on_message, client.on_publish = self._on_message, self._on_publish
        if self._version == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves it open
            properties.SessionExpiryInterval = SESSION
            client.connect_async(self.host, self.port, KEEPALIVE, clean_start=False, properties=properties)
        else:
            client.connect_async(self.host, self.port, KEEPALIVE)
        client.loop_start()
        return client

    def _filters(self) -> list[tuple[str, int]]:
        own = [(f"{self.book.prefix}alerts/#", 1), (f"{self.book.prefix}metrics/#", 0)]
        return own + [(topic.filter, 1 if topic.as_ == "alert" else 0) for topic in self.book.topics]

    def _on_connect(self, client: paho.Client, _: Any, flags: Any, code: Any, __: Any) -> None:  # noqa: ARG002
        """In paho's thread."""
        if code.is_failure:
            log.warning("MQTT broker %s:%s refuses: %s", self.host, self.port, code)
            return  # paho closes the connection and _on_disconnect follows
        if self._version == MQTTProtocolVersion.MQTTv5:
            keep = SubscribeOptions.RETAIN_SEND_IF_NEW_SUB
            client.subscribe(
                [(f, SubscribeOptions(qos=q, noLocal=True, retainHandling=keep)) for f, q in self._filters()]
            )
        else:
            client.subscribe(self._filters())
        client.publish(self.status_topic, b"online", qos=1, retain=True)
        self._loop.call_soon_threadsafe(self._up, client)

    def _on_socket_open(self, client: paho.Client, _: Any, opened: Any) -> None:
        """In paho's thread. A broker may take the connection and never answer what it does not understand."""
        self._loop.call_soon_threadsafe(self._loop.call_later, PATIENCE, self._impatient, client, opened)

    def _on_disconnect(self, client: paho.Client, _: Any, __: Any, code: Any, ___: Any) -> None:
        """In paho's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._down, client, str(code))

    def _on_publish(self, client: paho.Client, _: Any, mid: int, __: Any, ___: Any) -> None:  # noqa: ARG002
        """In paho's thread."""
        self._loop.call_soon_threadsafe(self._acknowledged, mid)

    def _on_message(self, client: paho.Client, _: Any, message: paho.MQTTMessage) -> None:
        """In paho's thread. Waits while the queue is full: that is the back-pressure."""
        try:
            topic, ours = self._ours(message.topic)
        except UnicodeDecodeError:
            topic, ours = "(unreadable topic)", True
        if not ours:  # the session of an earlier rule book: nobody asked for it any more
            self._done(client, message.mid, message.qos)
            return
        mid, qos = message.mid, message.qos
        payload = bytes(message.payload) if len(message.payload) <= LARGEST else TOO_LARGE
        found = Message(topic, payload, message.retain)
        self._put(Delivery(found, lambda: self._done(client, mid, qos), qos > 0))
        if self._queue.qsize() == 1 or not self._arrived.is_set():
            self._loop.call_soon_threadsafe(self._arrived.set)

    def _put(self, delivery: Delivery) -> None:
        size = len(delivery.message.payload)
        while not self._stopping:
            waiting = self._queued_bytes - self._taken_bytes
            if waiting and waiting + size > INTAKE_BYTES:
                time.sleep(0.05)
                continue
            self._queued_bytes += size  # before the loop can take it
            try:
                self._queue.put(delivery, timeout=0.5)
                break
            except queue.Full:
                self._queued_bytes -= size

    def _ours(self, topic: str) -> tuple[str, bool]:
        """The topic without the prefix, and whether the rule book of today has a use for it."""
        if any(filter_matches(entry.filter, topic) for entry in self.book.topics):
            return topic, True
        return topic.removeprefix(self.book.prefix), topic.startswith(self.book.prefix)

    @staticmethod
    def _done(client: paho.Client, mid: int, qos: int) -> None:
        if qos > 0:
            client.ack(mid, qos)

    def _up(self, client: paho.Client) -> None:
        if client is not self._client:
            return
        self.connected = True
        self._accepted = self._version
        self._failures = 0
        self._pause = 0.2
        version = "5" if self._version == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        log.info("MQTT broker %s:%s connected (MQTT %s)", self.host, self.port, version)
        self._metrics.mqtt_connected.set(1)
        self._changed()
        self._pump()

    def _down(self, client: paho.Client, why: str) -> None:
        if client is not self._client or self._stopping:
            return
        if self.connected:
            log.warning("MQTT broker %s:%s lost: %s; trying again", self.host, self.port, why)
        else:
            self._switch()
        self.connected = False
        self._samples.clear()  # on the way, and lost with the connection
        self._metrics.mqtt_connected.set(0)
        self._changed()

    def _impatient(self, client: paho.Client, opened: Any) -> None:
        if client is self._client and not self.connected and client.socket() is opened and not self._stopping:
            self._switch()

    def _switch(self) -> None:
        """The broker was reached and did not accept us: try the other version of the protocol."""
        if self._switching:
            return
        self._switching = True
        versions = {MQTTProtocolVersion.MQTTv5: MQTTProtocolVersion.MQTTv311}
        self._failures += 1
        if (
            self._accepted is None or self._failures > PERSIST
        ):  # a broker that hangs once has not changed its version
            self._version = versions.get(self._version, MQTTProtocolVersion.MQTTv5)
        self._reconnecting = self._loop.create_task(self._reconnect(), name="mqtt-switch")

    async def _reconnect(self) -> None:
        old = self._client
        old.disconnect()
        await asyncio.to_thread(old.loop_stop)
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, RECONNECT[1])
        self._switching = False
        self._flying.clear()
        self._samples.clear()
        while not self._stopping:
            try:
                self._password = _read_password(self.book.password_file)
                self._client = self._connect()
            except SettingError as e:  # a secret that is being replaced is back in a moment
                log.warning("MQTT: %s; trying again", e)
                await asyncio.sleep(self._pause)
                self._pause = min(2 * self._pause, RECONNECT[1])
            else:
                return

    def _empty(self) -> None:
        """Let a waiting paho thread go on, so that it can end. What it holds was never acknowledged."""
        while not self._queue.empty():
            self._queue.get_nowait()


def _wait_published(info: paho.MQTTMessageInfo) -> None:
    try:
        info.wait_for_publish(0.5)
    except (ValueError, RuntimeError) as e:
        log.debug("offline status not sent: %s", e)


def _secure(client: paho.Client, tls: TlsModel) -> None:
    try:
        client.tls_set(tls.ca, tls.certificate, tls.key)
    except (OSError, ValueError) as e:
        raise SettingError(f"mqtt.tls: {e}; give files that exist and fit together") from None


def _read_password(path: str | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text().strip()
    except OSError as e:
        raise SettingError(f"mqtt.password_file: {path} cannot be read ({e.strerror})") from None
    except UnicodeDecodeError:
        raise SettingError(f"mqtt.password_file: {path} holds no text (UTF-8)") from None
