"""docker-compose.yml by reading it: what Compose would refuse and what would be unsafe. Needs no Docker."""

from __future__ import annotations

import fnmatch
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from lab.servers import ROOT

PROJECT = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = PROJECT["services"]
PROFILES = ("observability", "broker", "bridge", "audio", "viz")
COMBINATIONS = [some for n in range(1, 6) for some in combinations(PROFILES, n)]
DOCKERFILES = [ROOT / "bridge" / "Dockerfile", ROOT / "supercollider" / "Dockerfile"]

each_service = pytest.mark.parametrize("name", SERVICES)


def enabled(profiles: tuple[str, ...]) -> set[str]:
    """The services that these profiles start, as Compose chooses them."""
    return {name for name, service in SERVICES.items() if set(profiles) & set(service["profiles"])}


def test_has_the_services_and_profiles_of_the_contract() -> None:
    assert set(SERVICES) == {
        "prometheus",
        "alertmanager",
        "node-exporter",
        "mosquitto",
        "bridge",
        "supercollider",
        "nodered",
    }
    assert {profile for service in SERVICES.values() for profile in service["profiles"]} == set(PROFILES)


@pytest.mark.parametrize(
    ("profiles", "services"),
    [
        (("observability",), {"prometheus", "alertmanager", "node-exporter"}),
        (("broker",), {"mosquitto"}),
        (("bridge",), {"bridge"}),
        (("audio",), {"supercollider", "bridge", "mosquitto"}),
        (("viz",), {"nodered", "mosquitto"}),
        (PROFILES, set(SERVICES)),
        (("observability", "audio"), set(SERVICES) - {"nodered"}),
    ],
)
def test_a_profile_starts_what_it_needs(profiles: tuple[str, ...], services: set[str]) -> None:
    assert enabled(profiles) == services


@pytest.mark.parametrize("profiles", COMBINATIONS, ids="+".join)
def test_every_combination_of_profiles_is_whole(profiles: tuple[str, ...]) -> None:
    """Compose refuses a project whose enabled service depends on, links or shares something not enabled."""
    services = enabled(profiles)
    assert services
    for name in services:
        depends = SERVICES[name].get("depends_on", {})
        required = {d for d in depends if not isinstance(depends, dict) or depends[d].get("required", True)}
        assert required <= services, f"{name} needs {required - services}"
        assert not {"links", "network_mode", "ipc", "pid", "volumes_from"} & SERVICES[name].keys()


@each_service
def test_ports_are_on_loopback_unless_said_otherwise(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:"), port


def test_publishes_the_ports_of_the_contract() -> None:
    published = {
        name: [port.removeprefix("${BIND_ADDRESS:-127.0.0.1}:").split(":")[0] for port in service["ports"]]
        for name, service in SERVICES.items()
        if "ports" in service
    }
    assert published == {
        "prometheus": ["9090"],
        "alertmanager": ["9093"],
        "mosquitto": ["1883", "9001"],
        "bridge": ["8000", "9109"],
        "supercollider": ["57120"],
        "nodered": ["1880"],
    }
    assert SERVICES["supercollider"]["ports"][0].endswith("/udp")


@each_service
def test_images_are_pinned(name: str) -> None:
    assert re.search(r":v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@each_service
def test_runs_with_as_little_as_it_can(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] > 0
    assert not {"privileged", "cap_add", "devices"} & service.keys()
    # Own images and Node-RED's name their user themselves.
    assert "user" in service or "build" in service or name == "nodered"
    assert not str(service.get("user", "1")).startswith(("0", "root"))


@each_service
def test_tells_its_health(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert check.keys() >= {"interval", "timeout", "retries", "start_period"}


@each_service
def test_state_is_on_named_volumes_and_files_are_mounted_for_reading(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = re.sub(r"\$\{[^}]*:-([^}]*)\}", r"\1", volume).split(":")[0]
        if source.startswith("."):
            assert volume.endswith(":ro"), volume
            assert (ROOT / source).is_file(), volume
        else:
            assert source in PROJECT["volumes"], volume


def test_there_is_no_secret_in_it() -> None:
    keys = [key for service in SERVICES.values() for key in service.get("environment", {})]
    assert not [key for key in keys if re.search(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL", key)]
    assert not [name for name in SERVICES if "env_file" in SERVICES[name]]


def test_the_bridge_is_told_where_its_ports_are_published() -> None:
    """So that it lets in whoever comes only while they are on loopback."""
    env = SERVICES["bridge"]["environment"]
    assert env["PAGER_ALLOW_UNAUTHENTICATED"] == "network"
    [address] = {port.partition("}")[0] + "}" for port in SERVICES["bridge"]["ports"]}
    assert env["PAGER_BIND_ADDRESS"] == address == "${BIND_ADDRESS:-127.0.0.1}"
    assert env["PAGER_ALLOWED_HOSTS"].split(",")[0] == "bridge"


def test_prometheus_keeps_200_hours_and_can_be_reloaded() -> None:
    command = SERVICES["prometheus"]["command"]
    assert "--storage.tsdb.retention.time=200h" in command
    assert "--web.enable-lifecycle" in command


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_dockerfiles_are_pinned_unprivileged_and_healthy(path: Any) -> None:
    text = path.read_text()
    assert "# syntax=" not in text
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert re.search(r":(\d+\.\d+\.\d+|bookworm-slim)", image), image
    assert re.findall(r"^USER (\d+):\d+$", text, re.MULTILINE)[-1] != "0"
    assert re.search(r"^HEALTHCHECK ", text, re.MULTILINE)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.parent.name)
def test_what_dockerfiles_copy_is_there_and_not_ignored(path: Any) -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in re.findall(r"^COPY (?!--from)(.*)$", path.read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(fnmatch.fnmatch(source.split("/")[0], keep) for keep in kept), source


def test_the_pulse_file_changes_the_engine_alone() -> None:
    extra = yaml.safe_load((ROOT / "docker-compose.pulse.yml").read_text())["services"]
    assert set(extra) == {"supercollider"}
    assert extra["supercollider"]["environment"]["PAGER_AUDIO_DRIVER"] == "pulse"
    assert SERVICES["supercollider"]["environment"]["PAGER_AUDIO_DRIVER"] == "${PAGER_AUDIO_DRIVER:-dummy}"
