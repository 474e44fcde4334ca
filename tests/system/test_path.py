"""The whole path on real parts: a rule fires in Prometheus and a recording of the engine shows the cue."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import scipy.signal as sig
from lab import measure
from lab.audio import Engine, engine
from lab.bridge import Bridge, Metrics
from lab.ear import Ear
from lab.exporter import Exporter
from lab.programs import wait_for
from lab.servers import Alertmanager, Mosquitto, Prometheus, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

RULES = """
groups:
  - name: path
    rules:
      - alert: Pressure
        expr: test_pressure > 0
        labels: {severity: critical, service: checkout}
        annotations: {summary: "the pressure is {{ $value }}", value: "{{ $value }}"}
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
"""
QUIET_BEFORE = 0.5
"""Seconds: how far the test's clock and the recording's may be apart."""


@dataclass
class Stack:
    """Everything that runs."""

    exporter: Exporter
    mosquitto: Mosquitto
    engine: Engine
    bridge: Bridge
    alertmanager: Alertmanager
    prometheus: Prometheus


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("path")
    with ExitStack() as parts:
        exporter = parts.enter_context(Exporter())
        mosquitto = parts.enter_context(Mosquitto(folder / "mosquitto"))
        # The dummy JACK stands in for a sound card, so the engine is told that it can be heard.
        sound = parts.enter_context(engine(folder / "engine", driver="host"))
        bridge = parts.enter_context(Bridge(folder / "bridge", mqtt_port=mosquitto.port, osc_port=sound.port))
        alertmanager = parts.enter_context(Alertmanager(folder / "am", f"{bridge.url}/alert"))
        targets = {"test": [exporter.address], "bridge": [f"127.0.0.1:{bridge.metrics_port}"]}
        prometheus = parts.enter_context(
            Prometheus(folder / "prometheus", RULES, targets, f"127.0.0.1:{alertmanager.port}")
        )
        bridge.connected()
        yield Stack(exporter, mosquitto, sound, bridge, alertmanager, prometheus)


def test_a_rule_fires_and_is_mended_and_the_recording_shows_it(stack: Stack, tmp_path: Path) -> None:
    bridge = stack.bridge
    wait_for(lambda: bridge.status()["watchdog"]["armed"], "the Watchdog has come")
    assert bridge.status()["hears"].startswith("Heard by SuperCollider")
    assert bridge.post("/metric", {"type": "cpu", "value": 1.0}) == (200, {"ok": True})
    with Ear(stack.mosquitto.port) as ear, stack.engine.recording(tmp_path / "path.wav") as recording:
        began = time.monotonic()
        wait_for(lambda: bridge.status()["voices"], "the CPU drone is held")
        stack.exporter.value = 7.0
        published = ear.waits_for("alerts/critical", 30)
        fired = time.monotonic() - began
        _played(bridge, 1)
        assert published["value"] == 7.0
        wanted = {"alertname": "Pressure", "severity": "critical", "service": "checkout"}
        assert published["alert"]["labels"].items() >= wanted.items()
        _silent(stack.engine)
        stack.exporter.value = 0.0
        wait_for(lambda: len(ear.on("alerts/critical")) == 2, "the resolution is published", 30)
        mended = time.monotonic() - began
        _played(bridge, 2)
        _silent(stack.engine)
    sound, rate = recording.sound()
    onset = _shows_the_critical_cue(sound, rate, fired)
    _shows_the_resolved_cue(sound, rate, onset, mended)
    assert [m["alert"]["status"] for m in ear.on("alerts/critical")] == ["firing", "resolved"]
    metrics = bridge.metrics()
    assert metrics.value("alerts_total", severity="critical") >= 2
    assert metrics.value("pager_watchdog_armed") == 1
    assert stack.prometheus.query("cpu_sound_frequency")[0][1] == 880.0


def _played(bridge: Bridge, count: int) -> None:
    def enough() -> bool:
        found = bridge.metrics().value(
            "pager_events_total", source="alertmanager", outcome="played", reason=""
        )
        return found == count

    wait_for(enough, f"{count} events were acknowledged by an audible player")


def _silent(sound: Engine) -> None:
    """Wait until every cue has ended."""
    with sound.talk("reader") as talk:
        wait_for(lambda: talk.stats()["cues"] == 0, "the cues have ended")


def _above_the_bed(sound: np.ndarray, rate: int) -> np.ndarray:
    """Without what lies below 600 Hz: the bed has little there, and the drone's own tone is 220 Hz."""
    return sig.sosfiltfilt(sig.butter(6, 600, "highpass", fs=rate, output="sos"), measure.mono(sound))


def _shows_the_critical_cue(sound: np.ndarray, rate: int, fired: float) -> float:
    """880 Hz, ten pulses in 3+2, 3+2, and nothing of it before the alert came. Returns the onset in s."""
    high = _above_the_bed(sound, rate)
    env = measure.envelope(high, rate)
    onset = float(np.argmax(env > 0.25 * env.max())) / rate
    assert fired - QUIET_BEFORE - 1 < onset < fired + 3, (onset, fired)
    cue = high[int((onset - 0.05) * rate) : int((onset + 2.3) * rate)]
    found = measure.pulses(cue, rate)
    assert len(found) == 10
    gaps = measure.spacings(found)
    halves = [gaps[:4], gaps[5:]]
    assert all(half[2] == max(half) for half in halves), "3+2 in each half"
    assert gaps[4] == max(gaps), "the two halves are apart"
    assert measure.first_partial(cue, rate, found[0]) == pytest.approx(880, rel=0.01)
    before = measure.level_near(sound[: int((onset - 0.1) * rate)], rate, 880)
    during = measure.level_near(measure.cut(cue, rate, found[0]), rate, 880)
    assert before < during - 40
    assert measure.level_near(sound[: int(onset * rate)], rate, 220) > before + 20, (
        "the drone sounded at 220 Hz"
    )
    return onset


def _shows_the_resolved_cue(sound: np.ndarray, rate: int, onset: float, mended: float) -> None:
    """Two pulses, the first at 330 Hz, and nothing of an alarm from the critical's end on."""
    band = sig.butter(4, [290, 380], "bandpass", fs=rate, output="sos")
    rest = sound[int((onset + 2.6) * rate) :]
    low = sig.sosfiltfilt(band, measure.mono(rest))
    env = measure.envelope(low, rate)
    at = float(np.argmax(env > 0.5 * env.max())) / rate + onset + 2.6
    assert abs(at - mended) < 3, (at, mended)
    cue = sig.sosfiltfilt(
        sig.butter(4, [200, 380], "bandpass", fs=rate, output="sos"),
        measure.mono(sound[int((at - 0.05) * rate) : int((at + 0.15) * rate)]),
    )
    assert measure.partials(cue, rate, below=-6)[-1].freq == pytest.approx(330, rel=0.02)
    alarm = _above_the_bed(rest, rate)
    critical = _above_the_bed(sound[: int((onset + 2.3) * rate)], rate)
    assert np.abs(alarm).max() < 0.25 * np.abs(critical).max(), "no alarm after the resolution"


def test_a_twin_alertmanager_and_repeats_change_nothing(stack: Stack) -> None:
    """The same alert from two Alertmanagers is one onset."""
    bridge = stack.bridge
    before = bridge.metrics()
    with Alertmanager(stack.alertmanager.folder.parent / "am2", f"{bridge.url}/alert") as twin:
        alert = {"labels": {"alertname": "Twin", "severity": "warning", "service": "twin"}}
        stack.alertmanager.post(alert)
        twin.post(alert)

        def both() -> bool:
            now = bridge.metrics()
            duplicates = now.sum("pager_events_total", source="alertmanager", reason="duplicate")
            return duplicates > before.sum("pager_events_total", source="alertmanager", reason="duplicate")

        wait_for(both, "the twin's message has come", 30)
    wait_for(lambda: _sounded(bridge.metrics()) == _sounded(before) + 1, "one onset sounded")


def _sounded(metrics: Metrics) -> float:
    return metrics.sum("pager_events_total", source="alertmanager", outcome="played")


def test_the_metrics_are_as_prometheus_wants_them(stack: Stack) -> None:
    for port in (stack.bridge.port, stack.bridge.metrics_port):
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read()
        check = subprocess.run(
            [program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
        )
        assert check.returncode == 0, check.stderr.decode() + check.stdout.decode()
        assert not check.stdout.strip() + check.stderr.strip(), (check.stdout, check.stderr)
