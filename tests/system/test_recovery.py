"""What must not be lost for good: intake after a store outage, the sign of life, a timely end, a bearable level."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from lab.bridge import Bridge, one_alert, webhook
from lab.ear import Ear
from lab.programs import wait_for
from lab.receiver import Receiver
from lab.servers import Mosquitto
from websockets.sync.client import connect

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system


def locked(bridge: Bridge) -> sqlite3.Connection:
    """The bridge's store, locked by somebody else until the connection is closed."""
    other = sqlite3.connect(bridge.state / "singing-pager.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_mqtt_alerts_are_taken_again_after_a_store_outage(tmp_path: Path) -> None:
    """More than the broker's window of unacknowledged messages comes while nothing can be stored."""
    with (
        Mosquitto(tmp_path / "m") as mosquitto,
        Bridge(tmp_path / "b", mqtt_port=mosquitto.port) as bridge,
        Ear(mosquitto.port) as ear,
    ):
        bridge.connected()
        other = locked(bridge)
        for i in range(60):
            ear.publish(
                "alerts/critical", f'{{"alert": {{"fingerprint": "f{i}", "labels": {{"n": "{i}"}}}}}}'
            )
        wait_for(lambda: bridge.get("/-/ready")[0] == 503, "the outage is noticed", 30)
        other.close()
        wait_for(lambda: len(bridge.firing()) == 60, "every alert is known", 60)
        assert bridge.get("/-/ready")[0] == 200
        bridge.kill()
        bridge.start()
        assert len(bridge.firing()) == 60, "and stored"


def test_sigterm_ends_it_even_while_the_store_hangs(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        other = locked(bridge)
        bridge.post("/api/v1/fire", {"for": "5m"})
        bridge.program.signal(15)
        assert bridge.program.wait(10) == 0  # five times the two seconds that users are promised
        other.close()


def test_a_restart_keeps_the_watchdog_armed(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        bridge.alert(fingerprint="w", alertname="Watchdog", severity="none")
        bridge.kill()
        bridge.start()
        assert bridge.status()["watchdog"]["armed"]
        assert not bridge.status()["watchdog"]["late"]
        assert bridge.metrics().value("pager_watchdog_armed") == 1


def test_a_late_twin_is_recognised_after_a_restart(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        bridge.alert()
        bridge.alert("resolved")
        bridge.kill()
        bridge.start()
        bridge.alert()
        assert bridge.firing() == []
        assert bridge.metrics().sum("pager_events_total", reason="expired") == 1


def test_an_old_prefix_is_not_obeyed_any_more(tmp_path: Path) -> None:
    book = "version: 1\nmqtt: {prefix: %s}\nalerts: [{name: all}]\n"
    with (
        Mosquitto(tmp_path / "m") as mosquitto,
        Bridge(tmp_path / "b", mqtt_port=mosquitto.port, book=book % "old") as bridge,
        Ear(mosquitto.port) as ear,
    ):
        bridge.connected()
        bridge.file.write_text(book % "new")
        bridge.stop()
        bridge.start()
        bridge.connected()
        ear.publish("old/alerts/critical", "1")
        ear.publish("new/alerts/critical", "1")
        wait_for(
            lambda: bridge.metrics().value("pager_events_received_total", source="mqtt") == 1, "the new one"
        )
        assert bridge.metrics().value("mqtt_messages_total", topic="other") == 0


def test_alerts_that_come_together_share_their_level(tmp_path: Path) -> None:
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port) as bridge:
        pods = [one_alert(fingerprint=f"pod-{i}", pod=str(i), severity="warning") for i in range(3)]
        bridge.post("/alert", webhook(*pods))
        receiver.waits_for("/alert", 3)
        assert [args[1] for args in receiver.on("/alert")] == pytest.approx([0.7 / 3] * 3)


def test_labels_cannot_forge_a_line(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        bridge.alert(alertname="\x1b[2JEvil\nNothing is firing.\nHeard by 3 browsers.")
        digest = bridge.get("/api/v1/digest")[1]["digest"]
        assert digest.isprintable()
        assert digest.startswith("1 critical: ")


def test_a_store_that_hangs_keeps_no_critical_back(tmp_path: Path) -> None:
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port) as bridge:
        bridge.alert(fingerprint="first", severity="info")
        receiver.waits_for("/alert")
        other = locked(bridge)
        with ThreadPoolExecutor() as pool:
            answer = pool.submit(bridge.alert)
            receiver.waits_for("/alert", 2, 2.5)  # five times what it waits for the store
            other.close()
            assert answer.result(30)[0] == 200


def test_pressing_listen_again_is_coming_anew(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        bridge.alert(severity="warning")
        address = f"ws://127.0.0.1:{bridge.port}/api/v1/stream"
        with connect(address, proxy=None) as socket:
            for _ in range(2):
                for on in (True, False):
                    socket.send(json.dumps({"type": "listening", "on": on, "page": "p", "level": "cues"}))
                    if on:
                        while (frame := json.loads(socket.recv(20)))["type"] != "play":
                            pass
                        assert frame["sound"] == "digest"
