"""The manifest is safe from its first apply. There is no API server and no schema here: these are its properties."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from lab.servers import ROOT

MANIFEST = ROOT / "examples" / "kubernetes" / "singing-pager.yaml"


@pytest.fixture(scope="module")
def objects() -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}


@pytest.fixture
def pod(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return objects["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: dict[str, Any]) -> dict[str, Any]:
    [only] = pod["containers"]
    return only


def test_everything_lies_in_one_restricted_namespace(objects: dict[str, dict[str, Any]]) -> None:
    assert set(objects) == {
        "Namespace",
        "ServiceAccount",
        "PersistentVolumeClaim",
        "Deployment",
        "Service",
        "NetworkPolicy",
    }
    name = objects["Namespace"]["metadata"]["name"]
    assert objects["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {o["metadata"]["namespace"] for k, o in objects.items() if k != "Namespace"} == {name}


def test_the_pod_has_no_token_no_root_and_no_write_outside_its_volumes(
    objects: dict[str, dict[str, Any]], pod: dict[str, Any], container: dict[str, Any]
) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 10000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    kinds = {next(iter(set(v) - {"name"})) for v in pod["volumes"]}
    assert kinds == {"persistentVolumeClaim", "emptyDir", "secret"}


def test_services_of_the_namespace_cannot_rewrite_its_settings(pod: dict[str, Any]) -> None:
    assert pod["enableServiceLinks"] is False


def test_one_writer_on_one_volume(objects: dict[str, dict[str, Any]], container: dict[str, Any]) -> None:
    spec = objects["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    env = {each["name"]: each["value"] for each in container["env"]}
    assert env["PAGER_DATA_DIR"] in {mount["mountPath"] for mount in container["volumeMounts"]}
    assert (
        spec["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
        == (objects["PersistentVolumeClaim"]["metadata"]["name"])
    )


def test_nobody_gets_in_without_a_token_of_the_secret(pod: dict[str, Any], container: dict[str, Any]) -> None:
    env = {each["name"]: each["value"] for each in container["env"]}
    [mount] = [m for m in container["volumeMounts"] if m["name"] == "tokens"]
    [volume] = [v for v in pod["volumes"] if v["name"] == "tokens"]
    files = {env[f"PAGER_{right}_TOKEN_FILE"] for right in ("POST", "READ", "CONTROL")}
    assert files == {f"{mount['mountPath']}/{right}" for right in ("post", "read", "control")}
    assert mount["readOnly"] is True
    assert volume["secret"] == {"secretName": "singing-pager", "defaultMode": 0o440}
    assert "PAGER_ALLOW_UNAUTHENTICATED" not in env


def test_probes_and_bounds(container: dict[str, Any]) -> None:
    assert container["livenessProbe"]["httpGet"]["path"] == "/-/healthy"
    assert container["readinessProbe"]["httpGet"]["path"] == "/-/ready"
    assert container["resources"]["limits"]["memory"]
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}
    image, _, tag = container["image"].partition(":")
    assert image
    assert tag not in {"", "latest"}


def test_only_the_monitoring_namespace_gets_in_and_nothing_gets_out(
    objects: dict[str, dict[str, Any]],
) -> None:
    policy, service = objects["NetworkPolicy"]["spec"], objects["Service"]["spec"]
    labels = objects["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"] == service["selector"] == labels
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["egress"] == []
    [rule] = policy["ingress"]
    assert [p["port"] for p in rule["ports"]] == [p["port"] for p in service["ports"]] == [8000, 9109]
    assert all("namespaceSelector" in each for each in rule["from"])
    assert service["type"] == "ClusterIP"


def test_the_image_is_the_one_that_compose_builds(container: dict[str, Any]) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert container["image"] == compose["services"]["bridge"]["image"]
