"""An even mix of traffic to one bridge for a soak: webhooks, samples and MQTT, with new, repeated and ended alerts."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.bridge import Bridge

TURNS = 10
"""A second."""
LIVES = 300
"""Turns that an alert fires: 30 s."""
SERVICES = 40
_SEVERITIES = ("info", "warning", "info", "warning", "warning", "critical")


class Traffic:
    """200 events a second: 60 alerts and 60 samples by HTTP, 20 alerts and 60 samples by MQTT. No label ever returns."""

    def __init__(self, bridge: Bridge, broker: int) -> None:
        self.sent = 0
        """Events that were taken, as far as their senders know."""
        self.failed = 0
        self._bridge = bridge
        self._ending = threading.Event()
        self._connections: list[http.client.HTTPConnection] = []
        self._mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id="traffic")
        self._mqtt.max_queued_messages_set(10_000)
        self._mqtt.connect("127.0.0.1", broker)
        self._threads = [
            threading.Thread(target=self._every_turn, args=(work,), daemon=True)
            for work in (self._webhooks(), self._samples(), self._messages())
        ]

    def _every_turn(self, work: Callable[[int], int]) -> None:
        began = time.monotonic()
        for turn in itertools.count():
            if self._ending.wait(max(0.0, began + turn / TURNS - time.monotonic())):
                return
            try:
                self.sent += work(turn)
            except (OSError, http.client.HTTPException):
                self.failed += 1

    def _poster(self, path: str) -> Callable[[Any], None]:
        connection = http.client.HTTPConnection("127.0.0.1", self._bridge.port, timeout=20)
        self._connections.append(connection)

        def post(body: Any) -> None:
            try:
                connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
            except BaseException:
                connection.close()
                raise
            if answer.status != 200:
                self.failed += 1

        return post

    def _webhooks(self) -> Callable[[int], int]:
        post = self._poster("/alert")

        def work(turn: int) -> int:
            alerts = [
                alert(2 * old + i, status)
                for old, status in ((turn, "firing"), (turn - 1, "firing"), (turn - LIVES, "resolved"))
                if old >= 0
                for i in (0, 1)
            ]
            post({"version": "4", "receiver": "web.hook", "alerts": alerts})
            return len(alerts)

        return work

    def _samples(self) -> Callable[[int], int]:
        post = self._poster("/metric")
        kinds = ("cpu", "memory", "network", "disk", "temperature", "queue")

        def work(turn: int) -> int:
            labels = {"service": f"s{turn % 5}"}
            post([{"type": kind, "value": turn % 97 / 97, "labels": labels} for kind in kinds])
            return len(kinds)

        return work

    def _messages(self) -> Callable[[int], int]:
        self._mqtt.loop_start()

        def work(turn: int) -> int:
            for old, status in ((turn, "firing"), (turn - LIVES, "resolved")):
                if old >= 0:
                    said = json.dumps({"alert": alert(old, status, "m")})
                    self._mqtt.publish(f"alerts/{severity(old)}", said, qos=1)
            for i in range(6):
                self._mqtt.publish(f"metrics/queue{i}", json.dumps({"value": turn % 100}), qos=0)
            return 8

        return work

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(25)
        for connection in self._connections:
            connection.close()
        self._mqtt.disconnect()
        with contextlib.suppress(RuntimeError):
            self._mqtt.loop_stop()


def severity(number: int) -> str:
    """The severity of that alert."""
    return _SEVERITIES[number % len(_SEVERITIES)]


def alert(number: int, status: str, kind: str = "a") -> dict[str, Any]:
    """One alert of a webhook: unlike every other number."""
    labels = {
        "alertname": f"Soak{number % 7}",
        "severity": severity(number),
        "service": f"s{number % SERVICES}",
        "pod": f"{kind}{number}",
    }
    return {
        "status": status,
        "fingerprint": f"{kind}{number:015x}",
        "labels": labels,
        "annotations": {"summary": f"number {number}", "value": str(number % 100)},
    }
