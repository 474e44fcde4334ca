"""The contracts that never change, from outside: HTTP, metrics, OSC heads, MQTT, environment, command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from lab.bridge import EVERY_CUE, Bridge, one_alert, webhook
from lab.ear import Ear
from lab.programs import free_port, wait_for
from lab.receiver import Receiver
from lab.servers import Mosquitto, ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

SEEDS_METRICS = {
    "alerts_total",
    "mqtt_messages_total",
    "cpu_sound_frequency",
    "memory_sound_volume",
    "alert_processing_seconds_bucket",
}


@dataclass
class World:
    """A bridge, the receiver it plays to, and a subscriber of its broker."""

    bridge: Bridge
    receiver: Receiver
    ear: Ear


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("contract")
    with ExitStack() as parts:
        mosquitto = parts.enter_context(Mosquitto(folder / "mosquitto"))
        ear = parts.enter_context(Ear(mosquitto.port))
        receiver = parts.enter_context(Receiver())
        bridge = parts.enter_context(
            Bridge(folder / "bridge", mqtt_port=mosquitto.port, osc_port=receiver.port, book=EVERY_CUE)
        )
        bridge.connected()
        yield World(bridge, receiver, ear)


def _alert(world: World, name: str, status: str = "firing", **labels: str) -> None:
    world.bridge.alert(status, name, alertname=name, **labels)


def _pairs(args: list[Any]) -> dict[str, Any]:
    return dict(zip(args[::2], args[1::2], strict=True))


def _of(world: World, address: str, severity: str) -> list[list[Any]]:
    return [args for args in world.receiver.on(address) if args[3] == severity]


@pytest.mark.parametrize(
    ("severity", "head"),
    [("critical", [880.0, 0.9, 2.0]), ("warning", [660.0, 0.7, 1.5]), ("info", [440.0, 0.5, 1.0])],
)
def test_an_alert_has_its_severitys_head(world: World, severity: str, head: list[float]) -> None:
    _alert(world, f"head-{severity}", severity=severity)
    found = wait_for(lambda: _of(world, "/alert", severity), severity)[0]
    assert found[:3] == pytest.approx(head)
    assert found[3] == severity
    pairs = _pairs(found[4:])
    assert set(pairs) == {"pan", "id"} | (set() if severity == "info" else {"second", "third"})
    assert isinstance(pairs["id"], str)
    assert -0.6 <= pairs["pan"] <= 0.6


def test_the_severity_sent_is_the_mapped_one_and_the_alert_keeps_its_own(world: World) -> None:
    _alert(world, "mapped", severity="PAGE")
    message = wait_for(
        lambda: [m for m in world.ear.on("alerts/critical") if m["alert"]["fingerprint"] == "mapped"], "it"
    )[0]
    assert message["severity"] == "critical"
    assert message["alert"]["labels"]["severity"] == "PAGE"
    assert set(message) >= {"value", "alert"}


def test_a_resolution_has_its_own_address_in_the_same_shape(world: World) -> None:
    _alert(world, "mended", severity="info")
    _alert(world, "mended", "resolved", severity="info")
    found = world.receiver.waits_for("/resolved")
    assert [type(x) for x in found[:4]] == [float, float, float, str]
    assert len(world.receiver.on("/resolved")) == 1


def test_the_same_again_is_nothing(world: World) -> None:
    before = len(world.receiver.on("/alert")) + 1
    _alert(world, "again", severity="warning")
    wait_for(lambda: len(world.receiver.on("/alert")) == before, "it sounds")
    _alert(world, "again", severity="warning")
    _alert(world, "marker", severity="info")
    wait_for(lambda: len(world.receiver.on("/alert")) > before, "the marker sounds")
    assert len(world.receiver.on("/alert")) == before + 1
    wait_for(lambda: world.ear.on("alerts/info"), "the marker is published, and what came before it")
    published = [m for m in world.ear.on("alerts/warning") if m["alert"]["fingerprint"] == "again"]
    assert len(published) == 1


@pytest.mark.parametrize("value", ["NaN", "+Inf", "93.4%", "1.2 GiB", "", None])
def test_a_value_that_is_no_number_still_sounds(world: World, value: object) -> None:
    alert = one_alert(fingerprint=f"value-{value}", alertname=f"value-{value}")
    alert["annotations"] = {"value": value}
    before = len(world.receiver.on("/alert"))
    assert world.bridge.post("/alert", webhook(alert)) == (200, {"ok": True})
    wait_for(lambda: len(world.receiver.on("/alert")) == before + 1, "it sounds")


def test_one_bad_alert_never_stops_the_others(world: World) -> None:
    good = [one_alert(fingerprint=f"batch-{i}", alertname=f"batch-{i}") for i in range(2)]
    before = len(world.receiver.on("/alert"))
    body = webhook(good[0], {}) | {"alerts": [good[0], 7, {"status": "melted"}, None, good[1]]}
    status, answer = world.bridge.post("/alert", body)
    assert (status, answer["ok"], len(answer["rejected"])) == (200, True, 3)
    wait_for(lambda: len(world.receiver.on("/alert")) == before + 2, "both good ones sound")


def test_labels_and_annotations_may_be_missing_or_empty(world: World) -> None:
    for i, alert in enumerate(
        [{}, {"labels": None}, {"labels": {}, "annotations": None}, {"annotations": []}]
    ):
        assert world.bridge.post("/alert", {"alerts": [alert | {"fingerprint": f"bare-{i}"}]}) == (
            200,
            {"ok": True},
        )
    assert world.bridge.post("/alert", {"alerts": []}) == (200, {"ok": True})


def test_a_sample_sets_its_voice_with_the_heads_of_the_contract(world: World) -> None:
    for body in ({"type": "cpu", "value": 0.5}, [{"type": "memory", "value": 0.5, "timestamp": 1}]):
        assert world.bridge.post("/metric", body) == (200, {"ok": True})
    cpu, memory = world.receiver.waits_for("/cpu"), world.receiver.waits_for("/memory")
    assert cpu[0] == pytest.approx(660.0)
    assert memory[0] == pytest.approx(0.55)
    assert _pairs(cpu[1:])["id"] == "cpu"
    assert _pairs(memory[1:])["id"] == "memory"
    assert world.ear.waits_for("metrics/cpu")["value"] == 0.5
    metrics = world.bridge.metrics()
    assert metrics.value("cpu_sound_frequency") == pytest.approx(660.0)
    assert metrics.value("memory_sound_volume") == pytest.approx(0.55)


def test_any_other_type_is_the_generic_drone(world: World) -> None:
    sample = {"type": "queue", "value": 50, "labels": {"service": "mail"}}
    assert world.bridge.post("/metric", sample) == (200, {"ok": True})
    found = world.receiver.waits_for("/metric")
    assert [type(x) for x in found[:4]] == [float, float, float, str]
    assert found[3] == "queue"
    assert _pairs(found[4:])["id"].startswith("queue:")


def test_what_comes_by_mqtt_sounds_and_is_not_published_again(world: World) -> None:
    before = len(world.receiver.on("/alert"))
    world.ear.publish("alerts/site/critical", json.dumps({"value": 3.5}))
    world.ear.publish("metrics/host/humidity", json.dumps({"value": 21.5}))
    wait_for(lambda: len(world.receiver.on("/alert")) == before + 1, "the alert sounds")
    wait_for(lambda: any(args[3] == "humidity" for args in world.receiver.on("/metric")), "the metric sounds")
    assert (
        world.ear.on("alerts/critical")[-1:] == []
        or "fingerprint" in world.ear.on("alerts/critical")[-1]["alert"]
    )
    assert len(world.ear.on("alerts/site/critical")) == 1


def test_own_publishes_never_sound_a_second_time(world: World) -> None:

    def sounded(severity: str) -> int:
        """The bridge's own troubles are warnings: an earlier test sends what cannot be read."""
        return sum(message[3] == severity for message in world.receiver.on("/alert"))

    criticals, infos = sounded("critical"), sounded("info")
    _alert(world, "echo", severity="critical")
    wait_for(
        lambda: [m for m in world.ear.on("alerts/critical") if m["alert"]["fingerprint"] == "echo"],
        "published",
    )
    world.ear.publish("alerts/info", json.dumps({"value": 1}))
    wait_for(lambda: sounded("info") > infos, "the marker sounds")
    assert (sounded("critical"), sounded("info")) == (criticals + 1, infos + 1)


def test_a_second_bridge_on_the_broker_hears_state_and_publishes_nothing(
    world: World, tmp_path: Path
) -> None:
    with Receiver() as other:
        port = int(world.bridge.env["MQTT_PORT"])
        with Bridge(tmp_path / "second", mqtt_port=port, osc_port=other.port) as second:
            second.connected()
            _alert(world, "shared", severity="warning")
            other.waits_for("/alert")
            assert [a["source"] for a in second.status()["firing"]] == ["mqtt"]
            second.alert("firing", "shared", alertname="shared", severity="warning")
            _alert(world, "shared", "resolved", severity="warning")
            other.waits_for("/resolved")
            assert len(other.on("/alert")) == 1
    shared = [
        m["alert"]["status"] for m in world.ear.on("alerts/warning") if m["alert"]["fingerprint"] == "shared"
    ]
    assert shared == ["firing", "resolved"]


def test_metrics_have_the_seeds_names_on_both_ports(world: World) -> None:
    for port in (world.bridge.port, world.bridge.metrics_port):
        names = {name for name, _ in world.bridge.metrics(port=port).samples}
        assert names >= SEEDS_METRICS
        ours = {n for n in names if n not in SEEDS_METRICS and not n.startswith("alert_processing_seconds")}
        assert all(name.startswith("pager_") for name in ours)


def test_the_status_topic_is_retained_and_a_will_says_offline(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "mosquitto") as mosquitto,
        Bridge(tmp_path / "bridge", mqtt_port=mosquitto.port) as bridge,
    ):
        bridge.connected()
        topic = f"singing-pager/{bridge.status()['bridge']}/status"
        with Ear(mosquitto.port, "singing-pager/#") as ear:
            assert ear.waits_for(topic) == "online"
            assert ear.messages[0][2], "it is retained"
            bridge.kill()
            wait_for(lambda: ear.on(topic)[-1] == "offline", "the will")
            bridge.start()
            wait_for(lambda: ear.on(topic)[-1] == "online", "back")
            bridge.stop()
            wait_for(lambda: ear.on(topic)[-1] == "offline", "a clean stop says so too")


def test_the_probes(world: World) -> None:
    url = world.bridge.url
    assert ask(f"{url}/-/healthy") == (200, "healthy\n")
    assert ask(f"{url}/-/healthy", method="HEAD")[0] == 200
    assert ask(f"{url}/-/ready") == (200, "ready\n")
    assert ask(f"{url}/-/reload", method="POST") == (200, {"ok": True})
    assert ask(f"{url}/openapi.json")[0] == 200


def _command(world: World, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bridge", *args]
    environ = os.environ | {"PAGER_URL": world.bridge.url} | env
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environ, check=False)


def test_fire_is_marked_as_a_test_and_resolves_itself(world: World) -> None:
    fired = _command(world, "fire", "--severity", "warning", "--service", "api", "--for", "1s")
    assert fired.returncode == 0, fired.stderr
    assert "TEST warning on api" in fired.stdout
    assert fired.stdout.splitlines()[-1].startswith("Nobody hears this yet: open http://localhost:")
    names = [a["name"] for a in world.bridge.status()["firing"] if a["test"]]
    assert names in (["SingingPagerTest"], [])
    published = [
        m for m in world.ear.on("alerts/warning") if m["alert"]["labels"].get("singing_pager_test") == "true"
    ]
    assert published
    wait_for(lambda: not [a for a in world.bridge.status()["firing"] if a["test"]], "it resolves itself")


def test_resolve_ends_every_test(world: World) -> None:
    _command(world, "fire", "--for", "5m")
    answer = json.loads(_command(world, "resolve", "--json").stdout)
    assert answer["ok"] is True
    assert len(answer["resolved"]) == 1
    assert _command(world, "resolve", "no-such-alert").returncode == 1


def test_status_and_digest_say_it_in_words(world: World) -> None:
    _alert(world, "words", severity="critical", service="till")
    status, digest = _command(world, "status", "--plain"), _command(world, "digest")
    assert "\x1b" not in status.stdout
    assert "critical words on till" in status.stdout
    assert "Nobody hears this yet" in status.stdout.splitlines()[-1]
    assert "critical" in digest.stdout
    assert json.loads(_command(world, "status", "--json").stdout)["firing"]
    assert json.loads(_command(world, "digest", "--json").stdout)["worst"] == "critical"


def test_the_health_check_for_containers(world: World) -> None:
    assert _command(world, "healthcheck").returncode == 0
    assert _command(world, "healthcheck", PAGER_URL=f"http://127.0.0.1:{free_port()}").returncode == 1


def test_no_bridge_is_said_in_words(world: World) -> None:
    found = _command(world, "status", PAGER_URL=f"http://127.0.0.1:{free_port()}")
    assert found.returncode == 1
    assert "no bridge answers at" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("setting", ["PAGER_HTTP_PORT", "PAGER_METRICS_PORT"])
def test_a_taken_port_is_named_with_its_setting(world: World, tmp_path: Path, setting: str) -> None:
    ports = {"PAGER_HTTP_PORT": str(free_port()), "PAGER_METRICS_PORT": str(free_port())}
    env = ports | {setting: str(world.bridge.port), "PAGER_DATA_DIR": str(tmp_path), "MQTT_HOST": ""}
    found = _command(world, "serve", **env)
    assert found.returncode == 1
    assert setting in found.stderr
    assert "Traceback" not in found.stderr


def test_a_reload_takes_a_good_book_and_refuses_a_bad_one(tmp_path: Path) -> None:
    good = "version: 1\nlimits: {flood: false}\nalerts:\n  - {name: all, severity: warning}\n"
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port, book=good) as bridge:
        bridge.alert("firing", "a", alertname="a", severity="critical")
        assert receiver.waits_for("/alert")[3] == "warning"
        bridge.file.write_text(good.replace("warning", "critical"))
        assert bridge.post("/-/reload") == (200, {"ok": True})
        bridge.alert("firing", "b", alertname="b", severity="info")
        assert receiver.waits_for("/alert", 2)[3] == "critical"
        bridge.file.write_text(good.replace("warning", "loud"))
        status, answer = bridge.post("/-/reload")
        assert status == 422
        assert f"{bridge.file}:4: alerts.0.severity" in answer["problems"][0]
        assert bridge.metrics().value("pager_config_last_reload_successful") == 0
        bridge.alert("firing", "c", alertname="c", severity="info")
        assert receiver.waits_for("/alert", 3)[3] == "critical"
        bridge.file.write_text(good)
        bridge.program.signal(1)
        wait_for(lambda: bridge.metrics().value("pager_config_last_reload_successful") == 1, "SIGHUP reloads")


def test_sigterm_stops_within_two_seconds_and_releases_the_voices(tmp_path: Path) -> None:
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port) as bridge:
        bridge.post("/metric", {"type": "cpu", "value": 0.5})
        receiver.waits_for("/cpu")
        bridge.program.signal(15)
        assert bridge.program.wait(10) == 0  # five times the two seconds that users are promised
        assert _pairs(receiver.waits_for("/release"))["id"] == "cpu"


def test_a_receiver_that_is_declared_never_to_answer_counts_as_heard(tmp_path: Path) -> None:
    book = "version: 1\nosc: {acknowledges: false}\nalerts:\n  - {name: all, severity: warning}\n"
    with Receiver() as receiver, Bridge(tmp_path, osc_port=receiver.port, book=book) as bridge:
        bridge.alert()
        receiver.waits_for("/alert")
        ended = bridge.metrics().sum("pager_events_total", source="alertmanager", outcome="assumed")
        assert ended == 1
