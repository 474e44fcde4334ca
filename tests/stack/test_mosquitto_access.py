"""A Mosquitto with the password file and the access list of docs/mqtt.md, the real bridge, a device and strangers."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from typing import TYPE_CHECKING

import paho.mqtt.client as mqtt
import pytest
from lab.bridge import Bridge
from lab.programs import wait_for
from lab.servers import MOSQUITTO_CONF, ROOT, Mosquitto, program
from paho.mqtt.enums import CallbackAPIVersion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

PASSWORDS = {"pager": "the-bridge-s-own", "freezer": "of-a-device", "lamp": "of-another"}
BOOK = (
    "version: 1\nmqtt: {{user: {user}, password_file: {file}}}\nalerts: [{{name: all, severity: critical}}]\n"
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    """The shipped configuration with the lines that the page names in place of `allow_anonymous true`."""
    passwords, acl = tmp_path / "passwords", tmp_path / "acl"
    for user, password in PASSWORDS.items():
        create = [] if passwords.exists() else ["-c"]
        command = [program("mosquitto_passwd"), *create, "-b", passwords, user, password]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    acl.write_text((ROOT / "mosquitto" / "acl").read_text())
    for path in (passwords, acl):
        path.chmod(0o400)
    lines = f"allow_anonymous false\npassword_file {passwords}\nacl_file {acl}"
    config = MOSQUITTO_CONF.read_text()
    assert "\nallow_anonymous true\n" in config
    with Mosquitto(tmp_path / "broker", config.replace("allow_anonymous true", lines)) as running:
        yield running


@contextlib.contextmanager
def client(broker: Mosquitto, user: str | None, password: str | None = None) -> Iterator[mqtt.Client]:
    """A client that has been answered; `answered` is the broker's reason code, `got` what it received."""
    made = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    done = threading.Event()
    made.got, made.answered = [], None

    def connected(
        _client: object, _data: object, _flags: object, reason: object, _properties: object
    ) -> None:
        made.answered = str(reason)
        done.set()

    made.on_connect = connected
    made.on_message = lambda _client, _data, message: made.got.append(message.topic)
    if user is not None:
        made.username_pw_set(user, password or PASSWORDS[user])
    made.connect("127.0.0.1", broker.port)
    made.loop_start()
    try:
        assert done.wait(10)
        yield made
    finally:
        made.disconnect()
        made.loop_stop()


def alert(fingerprint: str) -> str:
    return json.dumps(
        {"alert": {"status": "firing", "fingerprint": fingerprint, "labels": {"a": fingerprint}}}
    )


def written(publisher: mqtt.Client, topic: str, payload: str = "{}") -> bool:
    """Whether the broker took it."""
    answers: list[str] = []
    publisher.on_publish = lambda _client, _data, _mid, reason, _properties: answers.append(str(reason))
    publisher.publish(topic, payload, 1)
    wait_for(lambda: answers, "the broker answers a publish")
    return answers[0] != "Not authorized"


@pytest.fixture
def bridge(broker: Mosquitto, tmp_path: Path) -> Iterator[Bridge]:
    secret = tmp_path / "bridge-password"
    secret.write_text(PASSWORDS["pager"] + "\n")
    book = BOOK.format(user="pager", file=secret)
    with Bridge(tmp_path / "bridge", mqtt_port=broker.port, book=book) as running:
        running.connected()
        yield running


def test_the_bridge_hears_devices_and_publishes_what_came_by_http(broker: Mosquitto, bridge: Bridge) -> None:
    with client(broker, "freezer") as freezer, client(broker, "pager") as ear:
        for topic in ("alerts/#", "metrics/#"):
            ear.subscribe(topic, 1)
        assert written(freezer, "alerts/freezer/critical", alert("warm"))
        wait_for(lambda: "warm" in bridge.firing(), "what the device says fires")
        assert bridge.alert(fingerprint="by-http") == (200, {"ok": True})
        assert bridge.post("/metric", {"type": "cpu", "value": 0.5}) == (200, {"ok": True})
        wait_for(lambda: {"alerts/critical", "metrics/cpu"} <= set(ear.got), "both are published")
    assert "not authori" not in bridge.program.log.lower()


def test_a_device_writes_below_its_own_name_only(broker: Mosquitto) -> None:
    with client(broker, "freezer") as freezer:
        assert written(freezer, "alerts/freezer/critical")
        assert written(freezer, "metrics/freezer/temperature")
        for topic in (
            "alerts/critical",
            "alerts/lamp/critical",
            "alerts/freezer",
            "alerts/freezer/a/critical",
            "metrics/cpu",
            "singing-pager/x/status",
            "anything",
        ):
            assert not written(freezer, topic), topic


def test_a_device_reads_nothing_not_even_its_own(broker: Mosquitto) -> None:
    with client(broker, "lamp") as lamp, client(broker, "pager") as ear, client(broker, "freezer") as freezer:
        subscribed: list[object] = []
        lamp.on_subscribe = lambda *_: subscribed.append(None)
        for topic in ("#", "alerts/#", "metrics/#", "alerts/lamp/critical"):
            lamp.subscribe(topic, 1)
        wait_for(lambda: len(subscribed) == 4, "the broker answers the subscriptions")
        heard: list[object] = []
        ear.on_subscribe = lambda *_: heard.append(None)
        ear.subscribe("alerts/#", 1)
        wait_for(lambda: heard, "the broker answers the ear")
        assert written(freezer, "alerts/freezer/critical")
        assert written(lamp, "alerts/lamp/critical")
        wait_for(lambda: len(ear.got) == 2, "whoever may read it has it")
        assert lamp.got == []


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), ("pager", "wrong"), ("nobody", "x"), ("freezer", PASSWORDS["lamp"])],
)
def test_strangers_are_refused(broker: Mosquitto, user: str | None, password: str | None) -> None:
    with client(broker, user, password) as stranger:
        assert stranger.answered == "Not authorized"


def test_a_bridge_with_a_wrong_password_says_so_and_goes_on(broker: Mosquitto, tmp_path: Path) -> None:
    secret = tmp_path / "wrong-password"
    secret.write_text("not-the-password")
    book = BOOK.format(user="pager", file=secret)
    with Bridge(tmp_path / "bridge", mqtt_port=broker.port, book=book) as running:
        wait_for(lambda: "authori" in running.program.log.lower(), "the log says why")
        assert running.status()["mqtt"]["state"] == "down"
        assert running.alert() == (200, {"ok": True})
        assert "not-the-password" not in running.program.log
        secret.write_text(PASSWORDS["pager"])
        running.connected()
