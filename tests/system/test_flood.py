"""Far too much at once: all of it is counted, what is critical sounds from the middle of it, and the memory returns."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import pytest
from lab import proc
from lab.bridge import Bridge, one_alert, webhook
from lab.ear import Ear
from lab.programs import wait_for
from lab.servers import MOSQUITTO_CONF, Mosquitto
from lab.standin import StandIn
from paho.mqtt.enums import CallbackAPIVersion

from bridge.store.books import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

WEBHOOKS, CONNECTIONS = 4761, 16
MESSAGES = 50_000
MANY = 10_000
"""Messages, ten times Mosquitto's own default queue."""
CRITICAL = 880.0
"""Hz: the tone of the built-in cue."""
PATIENCE = 120.0


@pytest.fixture
def engine() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def bridge(engine: StandIn, tmp_path: Path) -> Iterator[Bridge]:
    with Bridge(tmp_path / "bridge", osc_port=engine.port) as running:
        hears(running)
        yield running


def hears(bridge: Bridge) -> None:
    wait_for(lambda: bridge.metrics().value("pager_engine_up") == 1, "the stand-in is known")


def post(connection: http.client.HTTPConnection, body: Any) -> int:
    connection.request("POST", "/alert", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def flood(status: str, *, count: int, start: int = 0) -> list[dict[str, Any]]:
    """Warnings of so many services, in the middle one critical."""
    return [
        one_alert(
            status, f"f{i}", service=f"s{i}", severity="critical" if i == start + count // 2 else "warning"
        )
        for i in range(start, start + count)
    ]


def settled(bridge: Bridge) -> None:
    """Wait until every event has an outcome."""
    wait_for(lambda: not ledger(bridge.state).open, "every event has ended", PATIENCE, every=0.2)


def adds_up(bridge: Bridge, source: str, count: int) -> None:
    settled(bridge)
    books = ledger(bridge.state)
    assert books.problems == []
    assert books.received["alert", source] == count


def returned(bridge: Bridge, before: float) -> float:
    """MB, once what the flood needed has been given back; measured were 2.3 times what it was before."""
    pid = bridge.program.pid
    wait_for(lambda: proc.rss(pid) < 3 * before, f"less than three times {before:.0f} MB", 40, every=0.2)
    return proc.rss(pid)


def says(words: str, *sizes: float) -> None:
    sys.stdout.write(f"{words}: {', '.join(f'{size:.0f}' for size in sizes)} MB\n")


def test_ten_thousand_alerts_in_one_webhook(bridge: Bridge, engine: StandIn) -> None:
    sizes = [proc.rss(bridge.program.pid)]
    for turn in range(2):
        connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=PATIENCE)
        for status in ("firing", "resolved"):
            assert post(connection, webhook(*flood(status, count=10_000, start=10_000 * turn))) == 200
        connection.close()
        settled(bridge)
        sizes.append(proc.rss(bridge.program.pid))
        if turn == 0:
            sizes.append(returned(bridge, sizes[0]))
    assert bridge.firing() == []
    assert engine.tones[CRITICAL] == 2, "the critical in the middle of each sounds at once"
    adds_up(bridge, "alertmanager", 40_000)
    says(
        "resident at first, after 10,000 alerts came and went, some seconds later, after 10,000 more", *sizes
    )
    assert sizes[3] < 1.25 * sizes[1], "what has ended is not kept in memory"


def test_a_burst_of_webhooks(bridge: Bridge, engine: StandIn) -> None:
    """As a public beep endpoint got them in a day; each beeped four times."""
    before, numbers, codes = proc.rss(bridge.program.pid), itertools.count(), []

    def sender() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=PATIENCE)
        while (i := next(numbers)) < WEBHOOKS:
            severity = "critical" if i == WEBHOOKS // 2 else "warning"
            codes.append(
                post(connection, webhook(one_alert("firing", f"f{i}", service=f"s{i}", severity=severity)))
            )
        connection.close()

    senders = [threading.Thread(target=sender) for _ in range(CONNECTIONS)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert codes == [200] * WEBHOOKS
    wait_for(lambda: engine.tones[CRITICAL] == 1, "the critical in the middle sounds")
    assert len(engine.heard) < 60, "and an ear is spared: six warnings in ten seconds, storms, heartbeats"
    assert bridge.status()["counts"] == {"critical": 1, "warning": WEBHOOKS - 1, "info": 0}
    adds_up(bridge, "alertmanager", WEBHOOKS)
    says("resident before and after, with 4,761 alerts firing", before, returned(bridge, before))


class Publisher:
    """Publishes alerts without a state as fast as the broker takes them."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="flood")
        self._client.max_inflight_messages_set(2000)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def publish(self, count: int) -> None:
        """All of them; returns when the broker has them. In the middle is one critical."""
        sent = [
            self._client.publish(
                f"alerts/{'critical' if i == count // 2 else 'warning'}", b'{"value": %d}' % i, 1
            )
            for i in range(count)
        ]
        for info in sent:
            info.wait_for_publish(PATIENCE)
        self._client.disconnect()
        self._client.loop_stop()


def test_fifty_thousand_messages_at_once(engine: StandIn, tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Bridge(tmp_path / "bridge", mqtt_port=broker.port, osc_port=engine.port) as bridge,
    ):
        bridge.connected()
        hears(bridge)
        before = proc.rss(bridge.program.pid)
        Publisher(broker.port).publish(MESSAGES)
        wait_for(
            lambda: bridge.metrics().value("pager_events_received_total", source="mqtt") == MESSAGES,
            "every message has come",
            PATIENCE,
        )
        assert engine.tones[CRITICAL] == 1
        adds_up(bridge, "mqtt", MESSAGES)
        says("resident before and after 50,000 messages", before, returned(bridge, before))


def test_what_a_short_queue_of_the_broker_drops_is_the_brokers_word(engine: StandIn, tmp_path: Path) -> None:
    """Mosquitto's own default queue, and a bridge that hangs meanwhile: came, and dropped by the broker, is all."""
    config = (
        re.sub(r"^max_queued.*$", "", MOSQUITTO_CONF.read_text(), flags=re.MULTILINE) + "\nsys_interval 1\n"
    )
    with (
        Mosquitto(tmp_path / "broker", config) as broker,
        Bridge(tmp_path / "bridge", mqtt_port=broker.port, osc_port=engine.port) as bridge,
        Ear(broker.port, "$SYS/broker/publish/messages/dropped") as ear,
    ):
        bridge.connected()
        bridge.program.signal(signal.SIGSTOP)
        Publisher(broker.port).publish(MANY)
        bridge.program.signal(signal.SIGCONT)
        began = time.monotonic()

        def accounted() -> bool:
            came = bridge.metrics().value("pager_events_received_total", source="mqtt")
            dropped = ear.messages[-1][1] if ear.messages else 0
            return bool(came + dropped == MANY)

        wait_for(accounted, "what came and what the broker dropped is what was sent", PATIENCE, every=0.2)
        dropped = int(ear.messages[-1][1])
        assert 0 < dropped < MANY
        adds_up(bridge, "mqtt", MANY - dropped)
        sys.stdout.write(f"dropped by the broker: {dropped}, after {time.monotonic() - began:.1f} s\n")
