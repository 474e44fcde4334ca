"""Whoever is at the other end goes without a word, or is there and says none: the intake goes on, and it is noticed."""

from __future__ import annotations

import socket
import statistics
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import pytest
from lab import proc
from lab.bridge import EVERY_CUE, Bridge, one_alert, webhook
from lab.namespace import Machine
from lab.pages import Listener
from lab.programs import Program, free_port, wait_for
from lab.servers import MOSQUITTO_CONF, program
from lab.standin import Slowly, StandIn

from bridge.store.books import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

FAR = r"""
import json, socket, sys, time
from websockets.sync.client import connect
host, port = sys.argv[1], int(sys.argv[2])
page = connect(f"ws://{host}:{port}/api/v1/stream", proxy=None, max_size=None)
page.send(json.dumps({"type": "listening", "on": True, "page": "far", "level": "cues"}))
sender = socket.create_connection((host, port))
sender.sendall(b"POST /alert HTTP/1.1\r\nHost: %s\r\nContent-Length: 500\r\n\r\n{\"alerts\": [" % host.encode())
print("THERE", flush=True)
while True:
    page.recv()
"""
"""A page that listens and a sender in the middle of a webhook, on the other machine."""


def adds_up(bridge: Bridge) -> None:
    wait_for(lambda: not ledger(bridge.state).open, "every event has ended", 60, every=0.1)
    assert ledger(bridge.state).problems == []


def pages(bridge: Bridge) -> float:
    return bridge.metrics().sum("pager_players", kind="browser")


def hears(bridge: Bridge) -> None:
    wait_for(lambda: bridge.metrics().value("pager_engine_up") == 1, "the stand-in is known")


def infos() -> list[dict[str, Any]]:
    """Alerts of 300 services."""
    return [one_alert("firing", f"f{i}", service=f"s{i}", severity="info") for i in range(300)]


@pytest.fixture(scope="module", autouse=True)
def unheard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge whose engine says hello and acknowledges nothing. It is asked last: a cue is tried for 30 s."""
    with StandIn(lambda: False) as engine:
        folder = tmp_path_factory.mktemp("unheard")
        with Bridge(folder, osc_port=engine.port, book=EVERY_CUE) as bridge:
            hears(bridge)
            assert bridge.post("/alert", webhook(*infos()))[0] == 200
            yield bridge


UPGRADE = (
    "GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def sleepy(port: int) -> socket.socket:
    """A page that never reads."""
    page = socket.socket()
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    page.connect(("127.0.0.1", port))
    page.sendall(UPGRADE.format(port).encode())
    return page


def far_broker(folder: Path) -> int:
    """The configuration of a broker that listens everywhere, and its port."""
    folder.mkdir()
    port = free_port()
    config = MOSQUITTO_CONF.read_text().replace("/mosquitto/data", str(folder))
    config = config.replace("listener 1883", f"listener {port}").replace(
        "listener 9001", f"listener {free_port()}"
    )
    (folder / "m.conf").write_text(f"user root\n{config}")
    return port


def test_a_cable_that_is_pulled(tmp_path: Path) -> None:
    """A broker, a page and a sender vanish in the same moment, without a FIN; 20 more pages are there and do not read."""
    with ExitStack() as stack:
        far = stack.enter_context(Machine())
        port = far_broker(tmp_path / "broker")
        mosquitto = [*far.enter, program("mosquitto"), "-c", tmp_path / "broker" / "m.conf"]
        stack.enter_context(Program(mosquitto, tmp_path / "broker", name="mosquitto")).says("running")
        engine = stack.enter_context(StandIn())
        env = {
            "PAGER_HTTP_HOST": "0.0.0.0",
            "PAGER_ALLOW_UNAUTHENTICATED": "network",
            "MQTT_HOST": far.there,
            "MQTT_PORT": str(port),
        }
        bridge = stack.enter_context(
            Bridge(tmp_path / "bridge", osc_port=engine.port, book=EVERY_CUE, env=env)
        )
        bridge.connected()
        hears(bridge)
        before = proc.descriptors(bridge.program.pid)
        there = [*far.enter, sys.executable, "-c", FAR, far.here, str(bridge.port)]
        stack.enter_context(Program(there, tmp_path / "far", name="far")).says("THERE")
        for _ in range(20):
            stack.enter_context(sleepy(bridge.port))
        reader = stack.enter_context(Listener(bridge.port))
        wait_for(lambda: pages(bridge) == 22, "the pages are there")
        far.cut()
        began, number, waits = time.monotonic(), 0, []
        noticed: dict[str, float] = {}
        while len(noticed) < 2:
            assert time.monotonic() - began < 240, f"noticed only {noticed}"
            posted = time.monotonic()
            assert bridge.alert(fingerprint=f"f{number}", service=f"s{number}", severity="info")[0] == 200
            waits.append(time.monotonic() - posted)
            number += 1
            if bridge.status()["mqtt"]["state"] == "down":
                noticed.setdefault("broker", time.monotonic() - began)
            if pages(bridge) == 1:
                noticed.setdefault("pages", time.monotonic() - began)
            time.sleep(0.1)  # the pace of the sender
        sys.stdout.write(
            f"noticed after seconds: {noticed}; intake p50 {statistics.median(waits) * 1e3:.1f} ms, "
            f"at most {max(waits) * 1e3:.1f} ms\n"
        )
        wait_for(lambda: engine.tones[440.0] == number, "every alert has sounded meanwhile")
        wait_for(lambda: reader.cues["info"] == number, "and the page that reads has all of them")
        assert reader.connected == 1, "it stays"
        far.mend()
        wait_for(lambda: bridge.status()["mqtt"]["state"] == "connected", "the broker is back", 90)
        wait_for(lambda: bridge.status()["mqtt"]["unsent"] == 0, "and has what waited for it", 30)
        wait_for(
            lambda: proc.descriptors(bridge.program.pid) <= before + 2, "nothing of the pages is left", 120
        )  # the reader's, and at most the sender's, of whom nobody can say that it is gone
        adds_up(bridge)


class Mute:
    """A broker that takes every connection and never says a word."""

    def __init__(self) -> None:
        self.came: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while True:
            try:
                self.came.append(self._socket.accept()[0])
            except OSError:
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        for one in self.came:
            one.close()


def test_a_broker_that_accepts_and_never_answers(tmp_path: Path) -> None:
    with (
        StandIn() as engine,
        Mute() as mute,
        Bridge(tmp_path, mqtt_port=mute.port, osc_port=engine.port) as bridge,
    ):
        hears(bridge)
        assert bridge.alert()[0] == 200
        wait_for(lambda: engine.tones[880.0] == 1, "it serves and sounds")
        wait_for(lambda: len(mute.came) >= 3, "it tries again", 60)
        assert bridge.status()["mqtt"]["state"] == "down"
        assert bridge.status()["mqtt"]["unsent"] == 1, "what is to be published waits"
        assert proc.descriptors(bridge.program.pid) < 60
        adds_up(bridge)


def test_an_engine_that_answers_slowly(tmp_path: Path) -> None:
    """Everything sounds in its turn."""
    with StandIn(Slowly(0.03)) as engine, Bridge(tmp_path, osc_port=engine.port, book=EVERY_CUE) as bridge:
        hears(bridge)
        assert bridge.post("/alert", webhook(*infos()))[0] == 200
        wait_for(lambda: engine.tones[440.0] == 300, "every one has sounded, once", 60)
        adds_up(bridge)


def test_what_was_taken_waits_for_the_engine_that_was_there(tmp_path: Path) -> None:
    """Both died; the bridge is back first."""
    with StandIn() as engine, Bridge(tmp_path, osc_port=engine.port, book=EVERY_CUE) as bridge:
        hears(bridge)
        engine.away = True
        assert bridge.post("/alert", webhook(*infos()))[0] == 200
        bridge.kill()
        asked = engine.hellos
        bridge.start()
        wait_for(
            lambda: engine.hellos > asked + 6, "it has asked for longer than a stranger is waited for", 30
        )
        engine.away = False
        wait_for(lambda: engine.tones[440.0] == 300, "every one sounds")
        adds_up(bridge)


def test_an_engine_that_never_answers(unheard: Bridge) -> None:
    """Nobody heard it, and that is what is written down."""
    adds_up(unheard)
    ends = {(c.outcome, c.reason): c.count for c in ledger(unheard.state).counts if c.kind == "alert"}
    assert ends == {("suppressed", "no_listener"): 300}
    assert unheard.alert(fingerprint="new", service="new")[0] == 200
