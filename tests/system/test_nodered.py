"""The real Node-RED loads the shipped flow and shows what the broker carries: alerts and metrics."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
import pytest
from lab.programs import Program, free_port, wait_for
from lab.servers import ROOT, Mosquitto, ask
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

HERE = ROOT / "tests" / "nodered"
NODE = ROOT / ".venv" / "bin" / "node"
ALERT = {"value": 1.0, "alert": {"labels": {"alertname": "HighCPU", "severity": "critical"}}}


@pytest.fixture(scope="module")
def red_js() -> Path:
    """Node-RED as the lock pins it, installed beside its package.json when it is not there yet."""
    installed, lock = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(
            [NODE.with_name("npm"), "ci", "--loglevel=error"],
            cwd=HERE,
            check=True,
            env=os.environ | {"PATH": f"{NODE.parent}:/usr/bin:/bin"},  # a proxy or a CA of one's own stays
            timeout=180,
        )
        installed.touch()
    return HERE / "node_modules" / "node-red" / "red.js"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def node_red(red_js: Path, folder: Path, env: dict[str, str]) -> tuple[Program, int]:
    """A Node-RED with a copy of the shipped flow, on a free port of loopback."""
    folder.mkdir()
    shutil.copy(ROOT / "nodered" / "flows.json", folder / "flows.json")
    port = free_port()
    started = Program(
        [NODE, red_js, "--userDir", folder, "--port", str(port), "-D", "uiHost=127.0.0.1", "flows.json"],
        folder,
        name="node-red",
        env={"NODE_RED_DISABLE_TELEMETRY": "true"} | env,
    )
    return started, port


def told(
    port: int, publish: Callable[[], None], deadline: float = 30
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the editor is told after `publish`, topic and body, until `deadline` seconds have passed."""
    end = time.monotonic() + deadline
    with connect(f"ws://127.0.0.1:{port}/comms", proxy=None) as comms:
        for topic in ("debug", "status/#"):
            comms.send(json.dumps({"subscribe": topic}))
        publish()
        while True:
            messages = json.loads(comms.recv(timeout=max(0.1, end - time.monotonic())))
            for message in messages if isinstance(messages, list) else [messages]:
                yield message.get("topic", ""), message.get("data") or {}


def test_shows_a_published_alert_and_a_published_metric(
    red_js: Path, broker: Mosquitto, tmp_path: Path
) -> None:
    def publish() -> None:
        publish_to(broker.port, "alerts/critical", ALERT)
        publish_to(broker.port, "metrics/cpu", {"value": 0.5})

    debug: dict[str, Any] = {}
    beside: set[str] = set()
    env = {"MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(broker.port)}
    program, port = node_red(red_js, tmp_path / "red", env)
    with program:
        program.says("Connected to broker", 60)
        for topic, body in told(port, publish):
            if topic == "debug":
                debug[body["name"]] = json.loads(body["msg"])
            elif topic.startswith("status/"):
                beside.add(body.get("text", ""))
            if debug.keys() == {"alert", "metric"} and beside >= {"alerts/critical 1", "metrics/cpu 0.5"}:
                break
        wait_for(lambda: "HighCPU" in program.log, "the alert is on the console as well")

    assert (debug["alert"]["topic"], debug["alert"]["payload"]) == ("alerts/critical", ALERT)
    assert (debug["metric"]["topic"], debug["metric"]["payload"]) == ("metrics/cpu", {"value": 0.5})


def test_has_the_two_paths_and_falls_back_to_localhost(red_js: Path, tmp_path: Path) -> None:
    program, port = node_red(red_js, tmp_path / "red", {"MQTT_HOST": "", "MQTT_PORT": ""})
    with program:
        program.says("Started flows", 60)
        status, flows = ask(f"http://127.0.0.1:{port}/flows")
        assert status == 200
        assert {n["topic"] for n in flows if n["type"] == "mqtt in"} == {"alerts/#", "metrics/#"}
        assert {n["name"] for n in flows if n["type"] == "debug"} == {"alert", "metric"}
        program.says("mqtt://localhost:1883", 30)


def publish_to(port: int, topic: str, body: object) -> None:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(topic, json.dumps(body), 1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
