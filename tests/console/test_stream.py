"""The page's link to the bridge, against a real WebSocket server. Its clock is an argument, so nothing waits."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
from pathlib import Path

import pytest
from lab.programs import free_port, wait_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

DRIVER = Path(__file__).with_name("drive_stream.mjs")
STATE = {"type": "state", "now": 1.0, "firing": []}


class Bridge:
    """A server of the stream: keeps its connections and what they sent."""

    def __init__(self, port):
        self.connections = []
        self.frames = queue.Queue()
        self._server = serve(self._serve, "127.0.0.1", port)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def _serve(self, connection):
        self.connections.append(connection)
        with contextlib.suppress(ConnectionClosed):
            for text in connection:
                self.frames.put(json.loads(text))

    def send(self, frame):
        self.connections[-1].send(json.dumps(frame))

    def expect(self, kind):
        """The next frame of that type."""
        while (frame := self.frames.get(timeout=10))["type"] != kind:
            pass
        return frame

    def stop(self):
        for connection in self.connections:
            connection.close()
        self._server.shutdown()
        self._thread.join(10)


class Page:
    """stream.js in Node.js: `does` gives a command, `events` is what it said."""

    def __init__(self, node, port):
        self.events = []
        self._done = queue.Queue()
        command = [node, str(DRIVER), f"ws://127.0.0.1:{port}/api/v1/stream"]
        self._program = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self._program.stdout:
            event = json.loads(line)
            (self._done.put if "did" in event else self.events.append)(event)

    def does(self, **command):
        """Give one command; the link's state afterwards."""
        self._program.stdin.write(json.dumps(command) + "\n")
        self._program.stdin.flush()
        return self._done.get(timeout=10)["link"]

    def until(self, event):
        wait_for(lambda: event in self.events, f"{event} among {self.events}")

    def stop(self):
        self._program.stdin.close()
        self._program.wait(10)
        self._thread.join(10)
        self._program.stdout.close()


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def bridge(port):
    server = Bridge(port)
    yield server
    server.stop()


@pytest.fixture
def page(node, port):
    running = Page(node, port)
    yield running
    running.stop()


def up(bridge, page, now=0.0):
    """Connected, and the first state taken."""
    before = len(bridge.connections)
    page.does(start=now) if now == 0.0 else page.does(tick=now)
    wait_for(lambda: len(bridge.connections) > before, "a connection")
    bridge.send(STATE)
    page.until({"link": "up", "why": ""})


def test_state_and_plays_come_in_and_answers_go_out(bridge, page):
    up(bridge, page)
    bridge.send({"type": "play", "id": "p1"})
    page.until({"play": "p1"})
    page.does(ack=["p1", "played"])
    assert bridge.expect("ack") == {"type": "ack", "id": "p1", "status": "played"}
    page.does(listening=[True, "Firefox", "cues"])
    wait_for(
        lambda: (told := bridge.expect("listening"))["on"] and told["filter"] is None, "listening is said"
    )


def test_it_pings_every_second_and_a_half(bridge, page):
    up(bridge, page)
    page.does(tick=1.4)
    assert all(frame["type"] != "ping" for frame in list(bridge.frames.queue))
    page.does(tick=1.5)
    assert bridge.expect("ping") == {"type": "ping"}


def test_what_cannot_be_read_and_what_is_not_known_changes_nothing(bridge, page):
    up(bridge, page)
    bridge.connections[-1].send("{")
    bridge.send({"type": "later"})
    bridge.send({"type": "play", "id": "p2"})
    page.until({"play": "p2"})
    assert page.does(tick=1.0) == "up"


def test_a_silent_bridge_is_lost_after_four_seconds_and_asked_anew(bridge, page):
    up(bridge, page)
    for second in range(4):
        assert page.does(tick=float(second)) == "up"
    assert page.does(tick=4.0) == "lost"
    up(bridge, page, 5.0)
    assert len(bridge.connections) == 2


def test_a_pong_is_a_sign_of_life(bridge, page):
    up(bridge, page)
    page.does(tick=3.0)
    bridge.send({"type": "pong", "now": 1.0})
    bridge.send({"type": "play", "id": "after the pong"})
    page.until({"play": "after the pong"})
    assert page.does(tick=6.0) == "up"


def test_a_closed_link_is_lost_after_four_seconds_without_it(bridge, page):
    up(bridge, page)
    page.does(tick=1.0)
    bridge.stop()
    page.until({"link": "reconnecting", "why": ""})
    for second in (2.0, 3.0, 3.9):
        assert page.does(tick=second) == "reconnecting"
    assert page.does(tick=4.0) == "lost"


def test_a_closed_link_comes_back_and_says_again_that_it_listens(bridge, page):
    page.does(listening=[True, "Firefox on Linux", "heartbeat", {"services": ["shop"]}])
    up(bridge, page)
    page.does(tick=2.0)
    first = bridge.expect("listening")
    bridge.connections[-1].close()
    page.until({"link": "reconnecting", "why": ""})
    up(bridge, page, 3.0)
    again = bridge.expect("listening")
    assert again == first, "and who it is: it is no newcomer"
    said = {"type": "listening", "on": True, "name": "Firefox on Linux", "level": "heartbeat"}
    assert again == said | {"page": again["page"], "filter": {"services": ["shop"]}}
    assert again["page"]


def test_why_the_bridge_left_is_kept(bridge, page):
    up(bridge, page)
    bridge.send({"type": "bye", "why": "restart"})
    bridge.connections[-1].close()
    page.until({"link": "reconnecting", "why": "restart"})


def test_with_no_bridge_at_all_it_is_lost_and_then_found(page, port):
    page.does(start=0.0)
    for half in range(29):
        assert page.does(tick=half / 2) == "connecting"
    assert page.does(tick=15.0) == "lost"
    bridge = Bridge(port)
    try:
        page.does(hurry=16.0)
        seconds = iter(range(17, 200))
        wait_for(
            lambda: page.does(tick=float(next(seconds))) and bridge.connections, "a connection", every=0.1
        )
        bridge.send(STATE)
        page.until({"link": "up", "why": ""})
    finally:
        bridge.stop()


def test_after_a_sleep_it_connects_anew_instead_of_calling_the_link_lost(bridge, page):
    up(bridge, page)
    page.does(tick=3600.0)
    wait_for(lambda: len(bridge.connections) == 2, "a new connection")
    bridge.send(STATE | {"firing": ["new"]})
    page.until({"state": ["new"]})
    assert {"link": "lost", "why": ""} not in page.events


def test_after_a_sleep_the_link_has_ten_seconds_to_come_back(bridge, page):
    up(bridge, page)
    page.does(tick=3600.0)
    wait_for(lambda: len(bridge.connections) == 2, "a new connection")
    for half in range(1, 20):
        assert page.does(tick=3600.0 + half / 2) != "lost"
    assert page.does(tick=3610.0) == "lost"


def test_once_it_is_back_after_a_sleep_four_seconds_are_too_long_again(bridge, page):
    up(bridge, page)
    page.does(tick=3600.0)
    wait_for(lambda: len(bridge.connections) == 2, "a new connection")
    bridge.send(STATE | {"firing": ["new"]})
    page.until({"state": ["new"]})
    for second in (3601.0, 3602.0, 3603.0, 3603.9):
        assert page.does(tick=second) == "up"
    assert page.does(tick=3604.0) == "lost"


def test_packets_and_the_clock_come_in_and_everything_can_be_asked_for(bridge, page):
    up(bridge, page)
    page.does(whole=None)
    assert bridge.expect("whole") == {"type": "whole"}
    bridge.connections[-1].send(b"\0\0\1\2/osc")
    page.until({"packet": 258, "bytes": list(b"/osc")})
    page.does(tick=1.5)
    bridge.expect("ping")
    bridge.send({"type": "pong", "now": time.time() + 100})
    page.until({"clock": 100})


def test_a_bridge_that_says_it_restarts_is_remembered_to_have_said_so(bridge, page):
    up(bridge, page)
    bridge.connections[-1].close(1012)
    page.until({"link": "reconnecting", "why": "", "restarting": True})
