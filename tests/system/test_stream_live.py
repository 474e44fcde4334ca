"""The stream of a real bridge: what a page is sent, by what it says of itself."""

from __future__ import annotations

import contextlib
import json
import signal
import time

import pytest
from lab.bridge import Bridge
from lab.programs import wait_for
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.system


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path) as running:
        yield running


@contextlib.contextmanager
def page(bridge, **listening):
    """A page that has said this of itself, once the bridge knows it."""
    address = f"ws://127.0.0.1:{bridge.port}/api/v1/stream?player=reduced"
    with connect(address, proxy=None, max_size=None) as socket:
        socket.send(json.dumps({"type": "listening", "on": True, "name": "a test"} | listening))
        wait_for(lambda: any(p["audible"] for p in bridge.status()["players"]), "the page is known to listen")
        yield socket


def frame(socket, kind, **fields):
    """The next frame of that type that has these fields."""
    while True:
        found = json.loads(socket.recv(30))
        if found["type"] == kind and all(found.get(key) == value for key, value in fields.items()):
            return found


def test_a_state_has_what_the_status_has(bridge):
    bridge.alert()
    assert bridge.post("/api/v1/ack", {"by": "anna"})[0] == 200
    with page(bridge) as socket:
        found, told = frame(socket, "state"), bridge.status()
        for key in ("counts", "watch", "who"):
            assert found[key] == told[key], key
        assert found["firing"] == [
            {key: alert[key] for key in alert if key != "links"} for alert in told["firing"]
        ]
        assert found["bed"] == told["bed"] | {"voices": 0}
        assert set(found["cadence"]) == set(told["cadence"])
        assert found["firing"][0]["acknowledged"]["by"] == "anna"


def test_a_level_stays_until_another_one_is_said(bridge):
    def levels():
        return [p["level"] for p in bridge.status()["players"] if p["kind"] == "browser"]

    with page(bridge) as socket:
        assert levels() == ["everything"]
        socket.send('{"type": "listening", "on": true, "level": "cues"}')
        wait_for(lambda: levels() == ["cues"], "the level is taken")
        socket.send('{"type": "listening", "on": false}')
        wait_for(lambda: not any(p["audible"] for p in bridge.status()["players"]), "it no longer listens")
        assert levels() == ["cues"]


def test_a_filter_stays_until_another_one_is_said_and_is_in_the_status(bridge):
    def chosen():
        return [p["filter"] for p in bridge.status()["players"] if p["kind"] == "browser"]

    with page(bridge, level="cues", filter={"services": ["shop"]}) as socket:
        bridge.alert(severity="warning", service="db")
        bridge.alert(fingerprint="f2", severity="warning", service="shop")
        cue = frame(socket, "play")
        assert (cue["sound"], cue["service"]) == ("warning", "shop")
        socket.send('{"type": "listening", "on": true}')
        bridge.alert(fingerprint="f3", severity="critical", service="db")
        assert frame(socket, "play")["sound"] == "critical"
        assert chosen() == [{"services": ["shop"]}]
        socket.send('{"type": "listening", "on": true, "filter": null}')
        wait_for(lambda: chosen() == [None], "it has none any more")


def test_a_play_says_what_made_it_sound(bridge):
    with page(bridge, level="cues") as socket:
        bridge.alert(severity="warning")
        cue = frame(socket, "play", sound="warning")
        assert (cue["why"], cue["severity"], cue["fingerprint"]) == ("event", "warning", "f1")
        who = bridge.status()["who"][0]
        assert {key: cue["params"][key] for key in ("second", "third", "pan")} == {
            key: who[key] for key in ("second", "third", "pan")
        }


def test_what_stands_is_one_digest_for_who_comes(bridge):
    bridge.alert(severity="warning")
    bridge.alert(fingerprint="f2", severity="info", service="db")
    wait_for(
        lambda: bridge.metrics().sum("pager_events_total", reason="no_listener") == 2, "nobody heard these"
    )
    with page(bridge, level="cues") as socket:
        cue = frame(socket, "play")
        assert (cue["sound"], cue["why"]) == ("digest", "digest")
        assert (cue["params"]["worst"], cue["params"]["count"]) == (1.0, 1.0)


def test_a_page_that_connects_anew_is_no_newcomer(bridge):
    bridge.alert(severity="warning")
    with page(bridge, page="p1", level="cues") as socket:
        assert frame(socket, "play")["sound"] == "digest"
    with page(bridge, page="p1", level="cues") as socket, page(bridge, page="p2", level="cues") as other:
        assert frame(other, "play")["sound"] == "digest"
        bridge.alert(fingerprint="f2", severity="info", service="db")
        assert frame(socket, "play")["sound"] == "info", "and nothing before it"


def test_who_comes_is_told_what_only_others_have_heard(bridge):
    with page(bridge, page="p1", level="cues") as first:
        bridge.alert(severity="warning")
        cue = frame(first, "play", sound="warning")
        first.send(json.dumps({"type": "ack", "id": cue["id"], "status": "played"}))
        wait_for(lambda: bridge.metrics().sum("pager_events_total", outcome="played") == 1, "it was heard")
        with page(bridge, page="p2", level="cues") as second:
            assert frame(second, "play")["sound"] == "digest"


def the_end(socket):
    """The last frame, and the code that the stream was closed with."""
    last = None
    try:
        while True:
            last = json.loads(socket.recv(10))
    except ConnectionClosed:
        return last, socket.close_code


def test_a_bridge_that_is_stopped_says_so_to_every_page(bridge):
    with page(bridge) as one, page(bridge, on=False) as other:
        began = time.monotonic()
        bridge.program.signal(signal.SIGTERM)
        for socket in (one, other):
            assert the_end(socket) == ({"type": "bye", "why": "restarting"}, 1012)
        assert time.monotonic() - began < 1.5


def test_a_bridge_that_is_killed_says_nothing(bridge):
    with page(bridge) as socket:
        bridge.program.signal(signal.SIGKILL)
        last, code = the_end(socket)
        assert last["type"] != "bye"
        assert code == 1006
