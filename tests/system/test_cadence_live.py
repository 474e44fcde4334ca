"""The cadence in a bridge that runs: storm, reminders, flatline, quiet hours, and what a restart keeps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from lab.bridge import DEFAULT_BOOK, Bridge, one_alert, webhook
from lab.programs import wait_for
from lab.receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system

SOON = 10.0
"""Seconds: ten times what the room is promised for a critical."""


def with_keys(keys: str) -> str:
    """The built-in rule book with further keys."""
    return DEFAULT_BOOK.read_text().replace("expect: []\n", "").replace("cadence: {}\n", "") + keys


def pairs(args: list[Any], head: int = 4) -> dict[str, Any]:
    return dict(zip(args[head::2], args[head + 1 :: 2], strict=True))


def criticals(receiver: Receiver) -> list[list[Any]]:
    return [args for args in receiver.on("/alert") if args[3] == "critical"]


def test_a_critical_in_a_flood_sounds_at_once_and_every_event_is_accounted_for(tmp_path: Path) -> None:
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port) as bridge:
        for batch in range(100):
            alerts = [
                one_alert(fingerprint=f"{batch}-{i}", pod=f"{batch}-{i}", severity="info") for i in range(100)
            ]
            if batch == 50:
                alerts.append(one_alert(fingerprint="worst", service="checkout"))
            sent = time.monotonic()
            assert bridge.post("/alert", webhook(*alerts))[0] == 200
            if batch == 50:
                wait_for(lambda: criticals(receiver), "the critical sounds", SOON)
                took = time.monotonic() - sent
        assert took < 5, "five times the promised second"
        storm = receiver.waits_for("/storm")
        assert pairs(storm)["density"] > 2
        metrics = wait_for(lambda: settled(bridge, 10_001), "every event has an outcome", 30)
        assert metrics.sum("pager_events_total", reason="flood") == 10_000 - len(receiver.on("/alert")) + 1
        assert len(receiver.on("/alert")) <= 60
        assert metrics.value("pager_cues_total", sound="critical", why="event") == 1


def settled(bridge: Bridge, count: int) -> Any:
    """The metrics, once `count` events came and each has an outcome."""
    found = bridge.metrics()
    both = (found.sum("pager_events_received_total"), found.sum("pager_events_total"))
    return found if both == (count, count) else None


def test_a_critical_is_reminded_of_until_somebody_takes_it_on(tmp_path: Path) -> None:
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port) as bridge:
        bridge.alert(fingerprint="f1", service="checkout")
        onset = pairs(receiver.waits_for("/alert"))
        again = pairs(receiver.waits_for("/alert", 2, 40))
        assert again["id"].startswith(f"{onset['id']}.r"), "a reminder is called after its onset"
        assert (again["pan"], again["second"], again["third"]) == (
            onset["pan"],
            onset["second"],
            onset["third"],
        )
        status, answer = bridge.post("/api/v1/ack", {"fingerprint": "f1", "by": "Ann", "why": "mine"})
        assert (status, answer["acknowledged"][0]["by"]) == (200, "Ann")
        assert bridge.post("/api/v1/ack", {"by": "Bob"})[1]["already"][0]["by"] == "Ann"
        assert bridge.status()["cadence"]["next_reminder"] is None
        bridge.kill()
        bridge.start()
        taken = bridge.status()["firing"][0]["acknowledged"]
        assert (taken["by"], taken["why"]) == ("Ann", "mine"), "a restart keeps it"
        assert bridge.post("/api/v1/unack", {})[1]["unacknowledged"] == ["f1"]
        assert bridge.status()["cadence"]["next_reminder"] is not None


def test_the_flatline_sounds_when_expected_input_stops(tmp_path: Path) -> None:
    book = with_keys("expect:\n  - {name: boiler, type: temperature, within: 10s}\n")
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port, book=book) as bridge:
        assert bridge.metrics().value("pager_watchdog_armed") == 1
        bridge.post("/metric", {"type": "temperature", "value": 40})
        receiver.waits_for("/flatline", 1, 60)
        watch = bridge.status()["watch"]
        assert [i["name"] for i in watch["flatline"]] == ["boiler"]
        assert bridge.metrics().value("pager_inputs_missing") == 1
        beats = len(receiver.on("/heartbeat"))
        assert bridge.post("/api/v1/ack", {"fingerprint": "flatline", "by": "Ann"})[0] == 200
        bridge.post("/metric", {"type": "temperature", "value": 40})
        wait_for(lambda: bridge.metrics().value("pager_inputs_missing") == 0, "it is mended")
        receiver.waits_for("/heartbeat", beats + 1, 60)


def test_the_watch_stays_off_over_a_restart(tmp_path: Path) -> None:
    book = with_keys("expect:\n  - {name: boiler, type: temperature, within: 10s}\n")
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port, book=book) as bridge:
        assert bridge.post("/api/v1/watch", {"on": False, "by": "Ann"})[0] == 200
        bridge.kill()
        bridge.start()
        watch = bridge.status()["watch"]
        assert (watch["on"], watch["off_by"], watch["armed"]) == (False, "Ann", False)
        before = len(receiver.on("/heartbeat"))
        altered = receiver.waits_for("/heartbeat", before + 1, 60)
        assert pairs(altered)["second"] == 3
        bridge.post("/api/v1/watch", {"on": True})
        receiver.waits_for("/flatline", 1, 60)


def test_an_unarmed_watch_says_how_to_arm_it(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        watch = bridge.status()["watch"]
        assert (watch["armed"], "Watchdog" in watch["route"]) == (False, True)
        assert bridge.metrics().value("pager_watchdog_armed") == 0
        bridge.post("/alert", webhook(one_alert(alertname="Watchdog", fingerprint="w")))
        watch = bridge.status()["watch"]
        assert (watch["armed"], watch["route"]) == (True, "")
        assert bridge.metrics().value("pager_watchdog_armed") == 1


def test_whoever_sings_keeps_the_motif_over_a_restart(tmp_path: Path) -> None:
    with Bridge(tmp_path) as bridge:
        for i in range(20):
            bridge.alert(fingerprint=f"f{i}", service=f"service-{i}", severity="info")
        before = bridge.status()["who"]
        assert len(before) == 15
        assert len({(w["second"], w["third"]) for w in before}) == 15
        bridge.kill()
        bridge.start()
        assert bridge.status()["who"] == before


def test_quiet_hours_let_only_criticals_through(tmp_path: Path) -> None:
    book = with_keys('quiet_hours: {zone: Etc/UTC, from: "00:00", to: "23:59"}\n')
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port, book=book) as bridge:
        if not bridge.status()["cadence"]["quiet_hours"]:
            pytest.fail("the minute before midnight UTC: run it again")
        bridge.alert(fingerprint="w", severity="warning")
        bridge.alert(fingerprint="c", severity="critical", service="b")
        assert receiver.waits_for("/alert")[3] == "critical"
        assert bridge.metrics().sum("pager_events_total", reason="quiet_hours") == 1


def test_an_engine_that_is_to_hear_cues_only_hears_cues_only(tmp_path: Path) -> None:
    book = DEFAULT_BOOK.read_text().replace("  level: everything\n", "  level: cues\n")
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port, book=book) as bridge:
        bridge.post("/metric", {"type": "cpu", "value": 0.5})
        bridge.alert()
        receiver.waits_for("/alert")
        assert pairs(receiver.waits_for("/ambient"))["level"] == 0
        assert not receiver.on("/heartbeat")
        assert not receiver.on("/cpu")
        bridge.file.write_text(DEFAULT_BOOK.read_text())
        assert bridge.post("/-/reload")[0] == 200
        receiver.waits_for("/cpu")
        assert pairs(receiver.waits_for("/ambient", 2))["level"] == 1
