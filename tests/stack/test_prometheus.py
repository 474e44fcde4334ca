"""The shipped rules and configuration, by promtool and by the real Prometheus and Alertmanager."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from lab.programs import wait_for
from lab.servers import ALERTS_YML, PROMETHEUS_YML, ROOT, Alertmanager, Prometheus, hurried, program

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Web

pytestmark = pytest.mark.system

UP = 'pager_mqtt_connected 1\npager_players{kind="browser",audible="true"} 1\n'
DOWN = 'pager_mqtt_connected 0\npager_players{kind="browser",audible="true"} 0\n'


def promtool(*arguments: str | Path) -> str:
    done = subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_configuration_and_rules_are_valid() -> None:
    assert "5 rules found" in promtool("check", "config", PROMETHEUS_YML)
    promtool("check", "rules", ALERTS_YML)


def test_every_rule_fires_when_it_should_and_not_otherwise() -> None:
    for file in sorted((ROOT / "prometheus" / "tests").glob("*.yml")):
        assert "SUCCESS" in promtool("test", "rules", file)


def test_every_rule_has_its_cases_in_both_directions() -> None:
    rules = {
        rule["alert"] for group in yaml.safe_load(ALERTS_YML.read_text())["groups"] for rule in group["rules"]
    }
    fires, quiet = set(), set()
    for file in (ROOT / "prometheus" / "tests").glob("*.yml"):
        for case in yaml.safe_load(file.read_text())["tests"]:
            for check in case.get("alert_rule_test", []):
                (fires if check["exp_alerts"] else quiet).add(check["alertname"])
    assert fires == rules
    # Watchdog is always there: when it does not fire, something is broken.
    assert quiet == rules - {"Watchdog"}


def test_has_the_intervals_jobs_and_rules_of_the_contract() -> None:
    config = yaml.safe_load(PROMETHEUS_YML.read_text())
    assert config["global"] == {"scrape_interval": "15s", "evaluation_interval": "15s"}
    targets = {job["job_name"]: job["static_configs"][0]["targets"] for job in config["scrape_configs"]}
    assert targets == {
        "prometheus": ["localhost:9090"],
        "bridge": ["bridge:9109"],
        "node-exporter": ["node-exporter:9100"],
        "alertmanager": ["alertmanager:9093"],
    }
    [group] = yaml.safe_load(ALERTS_YML.read_text())["groups"]
    assert group["name"] == "sonification"
    told = {rule["alert"]: (rule.get("for"), rule["labels"]["severity"]) for rule in group["rules"]}
    assert told == {
        "HighCPU": ("2m", "critical"),
        "HighMemory": ("1m", "warning"),
        "MQTTConnection": ("30s", "critical"),
        "Watchdog": (None, "none"),
        "SingingPagerNobodyListens": ("15m", "none"),
    }
    for rule in group["rules"]:
        assert rule["annotations"].keys() == {"summary", "value"}
        assert rule["annotations"]["value"] == "{{ $value }}"


def test_a_lost_broker_reaches_the_webhook_and_is_mended(web: Web, tmp_path: Path) -> None:
    """Prometheus to Alertmanager to webhook, with the shipped rules; the waits alone are shortened."""
    web.metrics = UP
    with (
        Alertmanager(tmp_path / "am", f"http://{web.address}/alert") as alertmanager,
        Prometheus(
            tmp_path / "prom", hurried(), {"bridge": [web.address]}, f"127.0.0.1:{alertmanager.port}"
        ) as prometheus,
    ):
        wait_for(lambda: web.alerts("Watchdog"), "the sign of life comes through", 30)
        assert web.alerts("MQTTConnection") == []

        web.metrics = DOWN
        wait_for(lambda: web.alerts("MQTTConnection"), "the lost broker is told", 30)
        wait_for(lambda: web.alerts("SingingPagerNobodyListens"), "the empty room is told", 30)
        assert prometheus.firing() == {"Watchdog", "MQTTConnection", "SingingPagerNobodyListens"}

        web.metrics = UP
        wait_for(lambda: web.alerts("MQTTConnection")[-1][0] == "resolved", "its return is told", 40)
    assert web.alerts("MQTTConnection")[0] == ("firing", "critical")
    assert web.alerts("SingingPagerNobodyListens")[0] == ("firing", "none")
