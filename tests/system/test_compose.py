"""`docker compose config` for every combination of profiles, by the real Compose v2 where there is one.

PAGER_DOCKER is the docker command (default `docker`); no daemon is asked. Without Compose v2 the combinations are
still proved by reading the file, in tests/stack/test_compose_file.py.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from itertools import combinations
from typing import Any

import pytest
from lab.servers import ROOT

pytestmark = pytest.mark.system

DOCKER = shlex.split(os.environ.get("PAGER_DOCKER", "docker"))
PROFILES = ("observability", "broker", "bridge", "audio", "viz")
COMBINATIONS = [some for n in range(1, 6) for some in combinations(PROFILES, n)]


def compose(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DOCKER, "compose", *arguments],
        cwd=ROOT,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture(scope="module", autouse=True)
def _compose_v2() -> None:
    try:
        version = compose("version", "--short")
    except FileNotFoundError:
        version = None
    if version is None or version.returncode:
        pytest.skip("no Docker Compose v2 here: tests/stack/test_compose_file.py proves the same by reading")


def config(*arguments: str, **env: str) -> dict[str, Any]:
    rendered = compose(*arguments, "config", "--format", "json", env=env)
    assert rendered.returncode == 0, rendered.stderr
    return json.loads(rendered.stdout)


@pytest.mark.parametrize("profiles", COMBINATIONS, ids="+".join)
def test_compose_takes_every_combination(profiles: tuple[str, ...]) -> None:
    flags = [part for profile in profiles for part in ("--profile", profile)]
    services = config(*flags)["services"]
    assert services
    assert all(set(service["profiles"]) & set(profiles) for service in services.values())


def test_all_31_combinations_were_asked() -> None:
    assert len(COMBINATIONS) == 31


def test_bind_address_moves_every_port() -> None:
    for address in ("127.0.0.1", "192.0.2.7"):
        env = {} if address == "127.0.0.1" else {"BIND_ADDRESS": address}
        services = config("--profile", "*", **env)["services"].values()
        hosts = {port["host_ip"] for service in services for port in service.get("ports", [])}
        assert hosts == {address}


def test_the_pulse_file_mounts_the_sound_servers_folder() -> None:
    files = ("-f", "docker-compose.yml", "-f", "docker-compose.pulse.yml", "--profile", "audio")
    engine = config(*files, XDG_RUNTIME_DIR="/run/user/1234", PULSE_UID="1234")["services"]["supercollider"]
    assert engine["environment"]["PAGER_AUDIO_DRIVER"] == "pulse"
    assert engine["environment"]["PULSE_SERVER"] == "unix:/run/pulse/native"
    assert engine["user"] == "1234:1000"
    assert [v["source"] for v in engine["volumes"]] == ["/run/user/1234/pulse"]
