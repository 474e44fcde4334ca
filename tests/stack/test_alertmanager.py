"""The shipped routing, by amtool and by the real Alertmanager."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab.programs import wait_for
from lab.servers import ALERTMANAGER_YML, Alertmanager, program

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Web

pytestmark = pytest.mark.system

CONFIG = yaml.safe_load(ALERTMANAGER_YML.read_text())


def amtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [program("amtool"), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alert(name: str, severity: str, **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": severity} | labels}


def test_configuration_is_valid() -> None:
    assert "SUCCESS" in amtool("check-config", ALERTMANAGER_YML)


@pytest.mark.parametrize(
    ("labels", "route"),
    [
        (["alertname=Watchdog", "severity=none"], '{alertname="Watchdog"}'),
        (["alertname=HighCPU", "severity=critical"], "default-route"),
        (["alertname=SingingPagerNobodyListens", "severity=none"], "default-route"),
        (["service=api"], "default-route"),
    ],
)
def test_routes(labels: list[str], route: str) -> None:
    """The way through the tree that amtool marks, and its end at the webhook."""
    tree = amtool("config", "routes", "test", f"--config.file={ALERTMANAGER_YML}", "--tree", *labels)
    [taken] = [line for line in tree.splitlines() if "receiver: web.hook" in line]
    assert route in taken
    amtool(
        "config",
        "routes",
        "test",
        f"--config.file={ALERTMANAGER_YML}",
        "--verify.receivers=web.hook",
        *labels,
    )


def test_has_the_waits_of_the_contract() -> None:
    route = CONFIG["route"]
    [watchdog] = route["routes"]
    waits = ("group_wait", "group_interval", "repeat_interval")
    assert [route[wait] for wait in waits] == ["10s", "10s", "1h"]
    assert [watchdog[wait] for wait in waits] == ["0s", "30s", "30s"]
    assert route["group_by"] == ["alertname"]
    [receiver] = CONFIG["receivers"]
    assert receiver == {
        "name": "web.hook",
        "webhook_configs": [{"url": "http://bridge:8000/alert", "send_resolved": True}],
    }


def test_a_critical_inhibits_the_same_warning_and_no_other(web: Web, tmp_path: Path) -> None:
    with Alertmanager(tmp_path, f"http://{web.address}/alert") as alertmanager:
        alertmanager.post(alert("Disk", "critical", instance="a"))
        wait_for(lambda: web.alerts("Disk") == [("firing", "critical")], "the critical comes through")
        alertmanager.post(
            alert("Disk", "warning", instance="a"),
            alert("Disk", "warning", instance="b"),
            alert("Latency", "warning", instance="a"),
        )
        wait_for(lambda: ("firing", "warning") in web.alerts("Disk"), "the other instance is heard")
        wait_for(lambda: web.alerts("Latency") == [("firing", "warning")], "the other alert is heard")
        state = {
            (a["labels"]["alertname"], a["labels"]["severity"], a["labels"]["instance"]): a["status"]["state"]
            for a in alertmanager.alerts()
        }
    heard = {
        a["labels"]["instance"]
        for _, body in web.posts
        for a in body["alerts"]
        if a["labels"]["alertname"] == "Disk" and a["labels"]["severity"] == "warning"
    }
    assert heard == {"b"}
    assert state[("Disk", "warning", "a")] == "suppressed"


def test_the_sign_of_life_comes_at_once_and_again(web: Web, tmp_path: Path) -> None:
    with Alertmanager(tmp_path, f"http://{web.address}/alert") as alertmanager:
        alertmanager.post(alert("Watchdog", "none"))
        wait_for(lambda: len(web.posts) >= 3, "it comes again and again", 30)
    assert {body["groupLabels"]["alertname"] for _, body in web.posts} == {"Watchdog"}


def test_a_receiver_that_is_away_gets_it_later(tmp_path: Path, web: Web) -> None:
    """Alertmanager keeps trying: the bridge may start after it."""
    with Alertmanager(tmp_path, "http://127.0.0.1:9/alert") as alertmanager:
        alertmanager.post(alert("HighCPU", "critical"))
        wait_for(lambda: "connection refused" in alertmanager.program.log, "the first try fails")
        alertmanager.write(f"http://{web.address}/alert")
        alertmanager.reload()
        wait_for(lambda: web.alerts("HighCPU") == [("firing", "critical")], "it comes through", 30)
