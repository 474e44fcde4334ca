"""Things that happen at the wrong moment, to the real bridge."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sqlite3
import threading

import paho.mqtt.client as paho
import pytest
from lab.bridge import EVERY_CUE, Bridge, one_alert, webhook
from lab.programs import wait_for
from lab.servers import Mosquitto, ask
from paho.mqtt.enums import CallbackAPIVersion
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from websockets.sync.client import connect

pytestmark = pytest.mark.system

BOOK = "version: 1\nalerts: [{name: all, severity: critical}]\nmqtt: {prefix: PREFIX}\n"


def datagram(address, *arguments):
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


class Slow:
    """An engine that says hello at once and acknowledges only when told: no real one can be held at that moment."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.seen = []
        self.bridge = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                data, self.bridge = self.socket.recvfrom(65536)
                message = OscMessage(data)
                if message.address == "/hello":
                    self.say("/hello", "session", message.params[1], "boot", "b", "driver", "host", "defs", 9)
                elif message.address != "/stats":
                    self.seen.append((message.address, list(message.params)))

    def say(self, *message):
        self.socket.sendto(datagram(*message), self.bridge)

    def acknowledge(self, message, status="played"):
        params = message[1]
        self.say("/ack", params[params.index("session") + 1], params[params.index("seq") + 1], status)

    def cues(self, address):
        """The messages of an address, each id once."""
        return list({m[1][m[1].index("id") + 1]: m for m in self.seen if m[0] == address}.values())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


@pytest.fixture
def slow():
    with Slow() as engine:
        yield engine


@pytest.fixture
def bridge(tmp_path, slow):
    with Bridge(tmp_path / "bridge", osc_port=slow.port, book=EVERY_CUE) as running:
        wait_for(lambda: running.metrics().value("pager_engine_up") == 1, "the engine is known")
        yield running


def outcomes(bridge):
    """Ended events as {reason or outcome: number}."""
    found = bridge.metrics().samples
    return {
        dict(labels)["reason"] or dict(labels)["outcome"]: int(value)
        for (name, labels), value in found.items()
        if name == "pager_events_total" and dict(labels)["source"] == "alertmanager"
    }


def test_an_alert_that_ends_before_its_onset_was_acknowledged(bridge, slow):
    bridge.alert()
    (onset,) = wait_for(lambda: slow.cues("/alert"), "the onset")
    bridge.alert("resolved")
    (end,) = wait_for(lambda: slow.cues("/resolved"), "the end")
    slow.acknowledge(end)
    wait_for(lambda: sum(outcomes(bridge).values()) == 2, "both have an outcome")
    assert outcomes(bridge)["played"] == 1
    slow.acknowledge(onset)  # too late to be true
    bridge.post("/alert", webhook(one_alert() | {"startsAt": "2026-11-20T10:06:00Z"}))
    again = wait_for(lambda: slow.cues("/alert")[1:], "a new onset is another one")
    slow.acknowledge(again[0])
    wait_for(lambda: outcomes(bridge).get("played") == 2, "and sounds")


def test_an_alert_that_one_batch_begins_and_ends_is_not_begun(bridge, slow):
    """Messages pile up behind a broker or a busy store and come together: only the end is still true."""
    bridge.post("/alert", webhook(one_alert(), one_alert("resolved")))
    (end,) = wait_for(lambda: slow.cues("/resolved"), "the end")
    slow.acknowledge(end)
    wait_for(lambda: sum(outcomes(bridge).values()) == 2, "both have an outcome")
    assert outcomes(bridge) == {"played": 1, "superseded": 1}
    assert slow.cues("/alert") == []


def test_a_stranger_is_no_engine(bridge, slow):
    """Anybody can send to the bridge's OSC port; only who knows the session is listened to."""
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with stranger:
        for number in range(200):
            session = ("", "x", "00000000")[number % 3]
            stranger.sendto(
                datagram("/hello", "session", session, "boot", str(number), "driver", "dummy"), slow.bridge
            )
            stranger.sendto(datagram("/ack", session, number, "played"), slow.bridge)
            stranger.sendto(b"/ack\0\0\0\0,!\0\0" + bytes(number), slow.bridge)
            stranger.sendto(datagram("/hello", "boot", "b", "defs", float("nan")), slow.bridge)
        bridge.alert()
        wait_for(lambda: slow.cues("/alert"), "the onset goes to the engine")
        assert bridge.metrics().value("pager_players", kind="sclang", audible="true") == 1
        assert outcomes(bridge) == {}
    assert "Traceback" not in bridge.program.log
    assert "Unhandled parameter" not in bridge.program.log


def test_two_bridges_do_not_share_a_folder(bridge, tmp_path):
    with pytest.raises(AssertionError, match=r"another bridge uses this folder; set PAGER_DATA_DIR"):
        Bridge(tmp_path / "second", env={"PAGER_DATA_DIR": str(bridge.state)})
    assert bridge.alert() == (200, {"ok": True})


def test_a_folder_that_cannot_be_used_is_said_in_words(tmp_path):
    state = tmp_path / "state"
    state.write_text("a file")
    with pytest.raises(AssertionError, match="set PAGER_DATA_DIR to a folder that can be written") as error:
        Bridge(tmp_path / "bridge", env={"PAGER_DATA_DIR": str(state)})
    assert "Traceback" not in str(error.value)


def test_a_damaged_store_is_put_aside_and_said_aloud(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "singing-pager.db").write_bytes(b"garbage" * 1000)
    with Bridge(tmp_path / "bridge", env={"PAGER_DATA_DIR": str(state)}) as bridge:
        wait_for(lambda: "SingingPagerStoreDamaged" in bridge.firing(), "it is an alert")
        [kept] = state.glob("singing-pager.db.damaged-*")
        assert kept.read_bytes() == b"garbage" * 1000
        assert bridge.alert() == (200, {"ok": True})
        assert "Traceback" not in bridge.program.log


def test_what_was_answered_before_a_stop_is_known_after_it(tmp_path):
    """SIGTERM while bodies come in: each is taken whole and kept, or refused so that it comes again."""
    with Bridge(tmp_path) as bridge:
        taken, ended = [], []

        def post():
            for number in range(200):
                alerts = [one_alert("firing", f"{number}-{i}", service=f"{number}-{i}") for i in range(100)]
                code, _ = bridge.post("/alert", webhook(*alerts))
                if code != 200:
                    ended.append(code)
                    return
                taken.append(number)

        poster = threading.Thread(target=post)
        poster.start()
        wait_for(lambda: len(taken) > 3, "some are taken")
        bridge.program.signal(signal.SIGTERM)
        assert bridge.program.wait(15) == 0
        poster.join(30)
        assert ended in ([503], [0])
        bridge.program.stop()
        assert "Traceback" not in bridge.program.log
        bridge.start()
        firing = set(bridge.firing())
        assert {f"{n}-{i}" for n in taken for i in range(100)} <= firing


def test_what_the_store_refused_is_kept_when_it_is_sent_again(tmp_path):
    """The sender sends again after a 503; the bridge knows the alert by then, and still must not lose it."""
    with Bridge(tmp_path) as bridge:
        bridge.alert(fingerprint="before", service="before")
        with contextlib.closing(sqlite3.connect(bridge.state / "singing-pager.db")) as other:
            other.execute("BEGIN EXCLUSIVE")
            code, answer = bridge.alert()
            assert (code, answer["ok"]) == (503, False)
            other.rollback()
        wait_for(lambda: bridge.alert()[0] == 200, "the store takes it", 30)
        bridge.kill()
        bridge.start()
        assert set(bridge.firing()) - {"SingingPagerStore"} == {"before", "f1"}


def test_reloads_under_load_lose_nothing_and_end_with_one_connection(tmp_path):
    book = BOOK.replace("PREFIX", "a/")
    got, ready = set(), threading.Event()
    with (
        Mosquitto(tmp_path / "m") as broker,
        Bridge(tmp_path / "b", mqtt_port=broker.port, book=book) as bridge,
    ):
        bridge.connected()
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda _c, _u, m: got.add(json.loads(m.payload)["alert"]["fingerprint"])
        client.on_subscribe = lambda *_: ready.set()
        client.connect("127.0.0.1", broker.port)
        client.subscribe("+/alerts/#", 1)
        client.loop_start()
        assert ready.wait(10)
        for number in range(60):
            bridge.file.write_text(BOOK.replace("PREFIX", "ab"[number % 2] + "/"))
            assert bridge.post("/-/reload") == (200, {"ok": True})
            assert bridge.alert(fingerprint=f"r{number}", service=f"r{number}") == (200, {"ok": True})
        wait_for(lambda: len(got) == 60, "every alert is published", 40)
        wait_for(lambda: bridge.metrics().value("pager_mqtt_unsent") == 0, "nothing waits")
        bridge.connected()
        before = bridge.metrics().sum("mqtt_messages_total")

        def heard():  # again and again: the last of the connections may still be on its way
            client.publish("b/metrics/cpu", b"0.5", 1)
            return bridge.metrics().sum("mqtt_messages_total") > before

        wait_for(heard, "and it is heard", every=0.5)
        client.disconnect()
        client.loop_stop()
        assert "Traceback" not in bridge.program.log


def test_a_reload_by_both_ways_while_an_alert_comes(bridge):
    code, answer = bridge.post("/-/reload")
    assert (code, answer) == (200, {"ok": True})
    bridge.program.signal(signal.SIGHUP)
    assert bridge.alert() == (200, {"ok": True})
    assert bridge.metrics().value("pager_config_last_reload_successful") == 1


def test_a_whole_batch_leaves_the_bridge_answering(bridge):
    """The largest body that is taken; meanwhile an orchestrator asks whether the bridge is alive."""
    done = threading.Event()
    codes = []

    def ask_on():
        while not done.is_set():
            codes.append(ask(f"{bridge.url}/-/healthy")[0])

    asker = threading.Thread(target=ask_on)
    asker.start()
    for status in ("firing", "firing", "resolved"):
        alerts = [one_alert(status, f"f{i}", service=f"s{i}") for i in range(20_000)]
        assert bridge.post("/alert", webhook(*alerts))[0] in {200, 0}  # 0: this client waits 10 s only
    done.set()
    asker.join()
    assert set(codes) == {200}


def test_many_pages_come_and_go(bridge):
    for _ in range(3):
        with contextlib.ExitStack() as pages:
            for _ in range(60):
                page = connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", proxy=None, max_size=None)
                pages.callback(page.close_socket)
            assert bridge.alert(fingerprint="p", service="p")[0] == 200
    wait_for(lambda: bridge.metrics().sum("pager_players", kind="browser") == 0, "all are forgotten")
    assert bridge.get("/-/healthy")[0] == 200
    assert "Traceback" not in bridge.program.log
