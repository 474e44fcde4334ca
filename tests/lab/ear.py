"""A subscriber: what an MQTT device or a Node-RED flow would see of a broker."""

from __future__ import annotations

import json
import threading
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from lab.programs import wait_for


class Ear:
    """Subscribes to a filter and keeps what comes: `messages` is a list of (topic, decoded payload, retained)."""

    def __init__(self, port: int, topic_filter: str = "#") -> None:
        self.messages: list[tuple[str, Any, bool]] = []
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"ear-{id(self)}")
        self._client.on_connect = lambda client, *_: client.subscribe(topic_filter, 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _hear(self, _: object, __: object, message: paho.MQTTMessage) -> None:
        try:
            payload = json.loads(message.payload)
        except ValueError:
            payload = message.payload.decode(errors="replace")
        self.messages.append((message.topic, payload, message.retain))

    def on(self, topic: str) -> list[Any]:
        """The payloads that came on a topic, in order."""
        return [payload for found, payload, _ in self.messages if found == topic]

    def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish and wait until the broker has it."""
        self._client.publish(topic, payload, qos, retain).wait_for_publish(10)

    def waits_for(self, topic: str, deadline: float = 15.0) -> Any:
        """The first payload on a topic, once it is there."""
        return wait_for(lambda: self.on(topic), f"a message on {topic}", deadline)[0]

    def __enter__(self) -> Self:
        assert self._subscribed.wait(10), "the broker takes the subscription"
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
