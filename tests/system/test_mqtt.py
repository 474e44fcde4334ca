"""MQTT on real brokers: devices' topics, passwords and TLS, MQTT 5 and 3.1.1, the embedded broker, bursts."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from lab.bridge import Bridge
from lab.ear import Ear
from lab.programs import free_port, wait_for
from lab.receiver import Receiver
from lab.servers import MOSQUITTO_CONF, Mosquitto

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.system

DEVICES = """
version: 1
alerts:
  - {name: all-critical, match: ['severity="critical"'], severity: critical}
  - {name: all, severity: warning}
mqtt:
  prefix: site-a
  topics:
    - filter: zigbee2mqtt/+
      as: alert
      value: contact
      on: [false]
      off: [true]
      labels: {alertname: DoorOpen, service: "{2}"}
    - filter: tele/+/LWT
      as: alert
      on: [Offline]
      off: [Online]
      labels: {alertname: DeviceOffline, service: "{2}"}
    - filter: tele/+/SENSOR
      as: metric
      type: temperature
      value: DS18B20.Temperature
      labels: {service: "{2}"}
      retained: ignore
    - filter: home/power/watts
      as: metric
      type: power
    - filter: grafana/alerts
      as: alert
"""


def names(bridge: Bridge) -> list[tuple[str, str]]:
    """Name and service of what fires."""
    return [(alert["name"], alert["service"]) for alert in bridge.status()["firing"]]


def test_what_devices_really_send(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto") as mosquitto, Ear(mosquitto.port) as ear, Receiver() as receiver:
        ear.publish("tele/boiler/LWT", "Offline", retain=True)
        ear.publish("tele/boiler/SENSOR", '{"DS18B20": {"Temperature": 70}}', retain=True)
        with Bridge(
            tmp_path / "bridge", mqtt_port=mosquitto.port, osc_port=receiver.port, book=DEVICES
        ) as bridge:
            wait_for(lambda: names(bridge) == [("DeviceOffline", "boiler")], "the retained state is known")
            receiver.waits_for("/alert")
            assert bridge.status()["voices"] == [], "a retained reading is ignored where the book says so"
            ear.publish("zigbee2mqtt/door", '{"contact": false, "battery": 97}')
            wait_for(lambda: ("DoorOpen", "door") in names(bridge), "the door is open")
            ear.publish("zigbee2mqtt/door", '{"battery": 96}')
            ear.publish("zigbee2mqtt/door", '{"contact": true}')
            ear.publish("tele/boiler/LWT", "Online")
            wait_for(lambda: names(bridge) == [], "both are over")
            ear.publish(
                "tele/boiler/SENSOR", '{"Time": "x", "DS18B20": {"Temperature": 20.6}, "TempUnit": "C"}'
            )
            ear.publish("home/power/watts", "451.5")
            values = {"temperature": 20.6, "power": 451.5}
            wait_for(
                lambda: {v["id"].split(":")[0]: v["value"] for v in bridge.status()["voices"]} == values,
                "both",
            )
            group = {
                "status": "firing",
                "alerts": [{"status": "firing", "labels": {"alertname": "G"}, "values": {"A": 3}}],
            }
            ear.publish("grafana/alerts", json.dumps(group))
            wait_for(lambda: names(bridge) == [("G", "")], "Grafana's contact point")
            ear.publish("site-a/alerts/critical", '{"value": 1}')
            ear.publish("alerts/critical", '{"value": 1}')
            receiver.waits_for("/alert", 4)
            heard = bridge.metrics()
            assert heard.value("mqtt_messages_total", topic="alerts/critical") == 1, "only under the prefix"
            assert heard.sum("pager_events_total", source="mqtt", reason="by_rule") == 1, "no contact in it"
            assert heard.sum("pager_events_total", source="mqtt", reason="retained") == 1
            assert len(receiver.on("/resolved")) == 2


def test_publishes_go_under_the_prefix_and_can_be_switched_off(tmp_path: Path) -> None:
    book = "version: 1\nmqtt: {prefix: site-b, publish: %s}\nalerts:\n  - {name: all, severity: warning}\n"
    with Mosquitto(tmp_path / "mosquitto") as mosquitto, Ear(mosquitto.port) as ear:
        with Bridge(tmp_path / "bridge", mqtt_port=mosquitto.port, book=book % "true") as bridge:
            bridge.connected()
            bridge.alert(fingerprint="one", alertname="one")
            ear.waits_for("site-b/alerts/warning")
            bridge.file.write_text(book % "false")
            assert bridge.post("/-/reload") == (200, {"ok": True})
            wait_for(lambda: bridge.status()["mqtt"]["state"] == "connected", "connected anew")
            bridge.alert(fingerprint="two", alertname="two")
            bridge.file.write_text(book % "true")
            assert bridge.post("/-/reload") == (200, {"ok": True})
            bridge.connected()
            bridge.alert(fingerprint="three", alertname="three")
            wait_for(lambda: len(ear.on("site-b/alerts/warning")) == 2, "one and three")
        published = [m["alert"]["fingerprint"] for m in ear.on("site-b/alerts/warning")]
        assert published == ["one", "three"]


def _certificates(folder: Path) -> None:
    """An authority and a server certificate for 127.0.0.1 of our own."""
    folder.mkdir(parents=True, exist_ok=True)
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    out = ["-keyout", folder / "server.key", "-out", folder / "server.pem"]
    subprocess.run([*new, *subject, *out], check=True, capture_output=True)


def test_tls_user_and_password_file(tmp_path: Path) -> None:
    folder = tmp_path / "mosquitto"
    _certificates(folder)
    subprocess.run(["mosquitto_passwd", "-b", "-c", folder / "passwords", "pager", "sésame"], check=True)
    secure = f"listener 1883\ncertfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
    config = f"{secure}allow_anonymous false\npassword_file {folder}/passwords\n"
    (tmp_path / "password").write_text("sésame\n")
    book = f"""
version: 1
alerts: [{{name: all, severity: warning}}]
mqtt:
  user: pager
  password_file: {tmp_path}/password
  tls: {{ca: {folder}/server.pem}}
"""
    with (
        Mosquitto(folder, config) as mosquitto,
        Bridge(tmp_path / "bridge", mqtt_port=mosquitto.port, book=book) as bridge,
    ):
        bridge.connected()
        (tmp_path / "password").write_text("wrong")
        bridge.stop()
        bridge.start()
        wait_for(lambda: "refuses" in bridge.program.log, "the refusal is said")
        assert bridge.status()["mqtt"]["state"] == "down"
        assert bridge.alert() == (200, {"ok": True})
        assert "wrong" not in bridge.program.log


def test_a_missing_password_file_is_said_in_words(tmp_path: Path) -> None:
    book = "version: 1\nalerts: [{name: all}]\nmqtt: {user: pager, password_file: nowhere}\n"
    with Mosquitto(tmp_path / "m") as mosquitto, Bridge(tmp_path / "b", mqtt_port=mosquitto.port) as bridge:
        bridge.stop()
        bridge.file.write_text(book)
        bridge.env["PAGER_CONFIG"] = str(bridge.file)
        program = bridge.launch()
        assert program.wait(20) == 1
        assert "mqtt.password_file: nowhere cannot be read" in program.log
        assert "Traceback" not in program.log


def test_a_reload_with_a_password_file_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    book = "version: 1\nalerts: [{name: all}]\n"
    with (
        Mosquitto(tmp_path / "m") as mosquitto,
        Bridge(tmp_path / "b", mqtt_port=mosquitto.port, book=book) as bridge,
    ):
        bridge.connected()
        bridge.file.write_text(book + "mqtt: {user: pager, password_file: nowhere}\n")
        status, answer = bridge.post("/-/reload")
        assert (status, answer["ok"]) == (422, False)
        assert "mqtt.password_file: nowhere cannot be read" in answer["problems"][0]
        assert bridge.metrics().value("pager_config_last_reload_successful") == 0
        with Ear(mosquitto.port) as ear:
            ear.publish("alerts/info", "1")
            wait_for(
                lambda: bridge.metrics().value("pager_events_received_total", source="mqtt") == 1,
                "it hears on",
            )


def test_mqtt_5_where_the_broker_has_it(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "m") as mosquitto, Bridge(tmp_path / "b", mqtt_port=mosquitto.port) as bridge:
        bridge.connected()
        assert "connected (MQTT 5)" in bridge.program.log


def test_a_broker_that_knows_only_3_1_1(tmp_path: Path) -> None:
    """The embedded broker of one bridge serves another, which finds out by itself."""
    port = free_port()
    with (
        Bridge(tmp_path / "host", mqtt_port=port, args=("--embedded-broker",)) as host,
        Receiver() as receiver,
    ):
        host.connected()
        with Bridge(tmp_path / "guest", mqtt_port=port, osc_port=receiver.port) as guest:
            guest.connected(40)
            assert "connected (MQTT 3.1.1)" in guest.program.log
            before = len(receiver.on("/alert"))
            guest.alert()
            wait_for(
                lambda: guest.metrics().value("pager_mqtt_own_messages_total") == 1, "the echo came back"
            )
            wait_for(lambda: len(receiver.on("/alert")) == before + 1, "it sounds")
            wait_for(lambda: host.firing() == ["f1"], "the host hears it")
            assert len(receiver.on("/alert")) == before + 1


def test_a_taken_port_is_somebody_elses_broker(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "m") as mosquitto:
        args = ("--embedded-broker",)
        with Bridge(tmp_path / "b", mqtt_port=mosquitto.port, args=args) as bridge:
            bridge.connected()
            assert (
                f"MQTT port {mosquitto.port} is taken: using the broker that is there" in bridge.program.log
            )


def test_a_burst_is_all_counted(tmp_path: Path) -> None:
    """What comes faster than it is taken waits at the broker; nothing is lost."""
    count = 3000
    with (
        Mosquitto(tmp_path / "m", MOSQUITTO_CONF.read_text()) as mosquitto,
        Bridge(tmp_path / "b", mqtt_port=mosquitto.port) as bridge,
    ):
        bridge.connected()
        lines = "".join(f'{{"value": {i}}}\n' for i in range(count))
        publish = ["mosquitto_pub", "-p", str(mosquitto.port), "-t", "alerts/info", "-q", "1", "-l"]
        subprocess.run(publish, input=lines, text=True, check=True, timeout=60)

        def all_in() -> bool:
            return bridge.metrics().value("pager_events_received_total", source="mqtt") == count

        wait_for(all_in, f"{count} messages are taken", 60)
        metrics = bridge.metrics()
        wait_for(
            lambda: bridge.metrics().sum("pager_events_total", source="mqtt") == count,
            "each has an outcome",
            60,
        )
        assert metrics.value("mqtt_messages_total", topic="alerts/info") == count
