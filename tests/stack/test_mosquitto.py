"""The shipped mosquitto.conf in the real Mosquitto: both doors, bursts, bounds and what outlives it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
from lab.programs import wait_for
from lab.servers import MOSQUITTO_CONF, Mosquitto
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

MIB = 1 << 20


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path) as running:
        yield running


@contextmanager
def client(
    port: int, name: str, *, clean: bool = True, subscribe: str = "", qos: int = 1, transport: str = "tcp"
) -> Iterator[tuple[mqtt.Client, list[mqtt.MQTTMessage]]]:
    """A connected client and what it has received; subscribed, where asked, before it is handed out."""
    got: list[mqtt.MQTTMessage] = []
    connected, subscribed = threading.Event(), threading.Event()
    made = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, transport=transport)
    made.on_connect = lambda *_: connected.set()
    made.on_subscribe = lambda *_: subscribed.set()
    made.on_message = lambda _client, _userdata, message: got.append(message)
    made.connect("127.0.0.1", port)
    made.loop_start()
    try:
        assert connected.wait(10)
        if subscribe:
            made.subscribe(subscribe, qos)
            assert subscribed.wait(10)
        yield made, got
    finally:
        made.disconnect()
        made.loop_stop()


def burst(publisher: mqtt.Client, topic: str, count: int, payload: bytes, qos: int) -> None:
    for _ in range(count):
        last = publisher.publish(topic, payload, qos)
    last.wait_for_publish(60)


def test_both_doors_lead_to_the_same_topics(broker: Mosquitto) -> None:
    with (
        client(broker.websockets, "page", subscribe="alerts/#", transport="websockets") as (_, got),
        client(broker.port, "bridge") as (publisher, _),
    ):
        publisher.publish("alerts/critical", b"{}", 1)
        wait_for(lambda: got, "it comes over WebSocket")
    assert got[0].topic == "alerts/critical"


def test_a_burst_reaches_a_subscriber_whole(broker: Mosquitto) -> None:
    """With Mosquitto's own queue of 1,000 more than half of these are dropped."""
    count = 40_000
    with (
        client(broker.port, "slow", subscribe="metrics/#", qos=0) as (_, got),
        client(broker.port, "fast") as (publisher, _),
    ):
        burst(publisher, "metrics/cpu", count, b'{"value": 0.5}' + b" " * 180, 0)
        wait_for(lambda: len(got) == count, "all of the burst", 60)


def test_a_sleeping_session_keeps_thousands_and_its_queue_ends(broker: Mosquitto) -> None:
    with client(broker.port, "sleeper", clean=False, subscribe="alerts/#"):
        pass
    with client(broker.port, "busy") as (publisher, _):
        burst(publisher, "alerts/info", 5_000, b"x" * 1_000, 1)
    with client(broker.port, "sleeper", clean=False, subscribe="alerts/#") as (_, got):
        wait_for(lambda: len(got) == 5_000, "every queued alert", 60)
    with client(broker.port, "busy") as (publisher, _):
        burst(publisher, "alerts/info", 160, b"y" * (MIB - 1_000), 1)
        with client(broker.port, "sleeper", clean=False, subscribe="alerts/#") as (_, got):

            def drained() -> bool:
                publisher.publish("alerts/info", b"end", 1)
                return any(message.payload == b"end" for message in got)

            wait_for(drained, "what was kept, then what is new", 60, every=0.2)
    kept = [message for message in got if message.payload != b"end"]
    assert "Outgoing messages are being dropped for client sleeper" in broker.program.log
    # 64 MiB, and the 20 that may be in flight besides.
    assert 64 <= len(kept) <= 64 + 21


def test_an_oversized_message_ends_its_sender_alone(broker: Mosquitto) -> None:
    gone = threading.Event()
    with client(broker.port, "watcher", subscribe="alerts/#") as (_, got):
        with client(broker.port, "huge") as (publisher, _):
            publisher.on_disconnect = lambda *_: gone.set()
            publisher.publish("alerts/info", b"z" * (2 * MIB), 0)
            assert gone.wait(20)
        with client(broker.port, "small") as (publisher, _):
            publisher.publish("alerts/info", b"here", 1)
            wait_for(lambda: got, "the small one")
    assert [message.payload for message in got] == [b"here"]


def test_retained_messages_and_sessions_outlive_the_broker(broker: Mosquitto) -> None:
    with client(broker.port, "sleeper", clean=False, subscribe="alerts/#"):
        pass
    with client(broker.port, "bridge") as (publisher, _):
        publisher.publish("pager/status", b"online", 1, retain=True).wait_for_publish(10)
        publisher.publish("alerts/warning", b"kept", 1).wait_for_publish(10)
    broker.stop()
    broker.start()
    with client(broker.port, "new", subscribe="pager/#") as (_, got):
        wait_for(lambda: [m.payload for m in got] == [b"online"], "the retained status")
    with client(broker.port, "sleeper", clean=False, subscribe="alerts/#") as (_, got):
        wait_for(lambda: [m.payload for m in got] == [b"kept"], "the queued alert")


def test_says_nothing_but_what_it_should(broker: Mosquitto) -> None:
    """No option of the file is unknown to, or deprecated in, this Mosquitto."""
    lines = [line.partition(": ")[2] for line in broker.program.log.splitlines()]
    assert [line for line in lines if line.startswith(("Error", "Note"))] == []
    assert [line for line in lines if line.startswith("Warning")] == [
        "Warning: Mosquitto should not be run as root/administrator."
    ]


def test_sends_small_messages_at_once() -> None:
    assert "\nset_tcp_nodelay true\n" in MOSQUITTO_CONF.read_text()


def test_a_wrong_first_packet_harms_nobody(broker: Mosquitto) -> None:
    with socket.create_connection(("127.0.0.1", broker.port), 5) as odd:
        odd.sendall(b"GET / HTTP/1.0\r\n\r\n")
    with client(broker.port, "after", subscribe="a/#") as (publisher, got):
        publisher.publish("a/b", b"1", 1)
        wait_for(lambda: got, "it still works")
