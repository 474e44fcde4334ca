"""What a stranger on the network can send, against the real bridge with a real Mosquitto.

Never a 5xx, never a refusal without a reason, never a thread that is gone, never a metric that grows with what was
sent. Everything is generated from a fixed seed, so that a failure comes again.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import string
import subprocess
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lab.bridge import OPENER, Bridge
from lab.programs import wait_for
from lab.servers import Mosquitto, program
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

BOOK = """
version: 1
alerts:
  - {name: watchdog, match: ['alertname="Watchdog"'], sound: sign_of_life}
  - {name: critical, match: ['severity=~"(?i:critical|page)"'], severity: critical}
  - {name: warning, match: ['severity=~"(?i:(w+a*)+rning)"'], severity: warning}
  - {name: shaped, match: ['service=~"(.*)*x"'], params: {freq: {scale: musical, in: [0, 1], out: [200, 800]}}}
  - {name: rest, unknown_severity: true}
mqtt:
  topics:
    - {filter: zigbee2mqtt/+, as: alert, value: contact, on: [false], off: [true], labels: {service: "{2}"}}
    - {filter: tele/+/LWT, as: alert, on: [Offline], off: [Online], labels: {service: "{2}"}}
    - {filter: tele/+/SENSOR, as: metric, type: temperature, value: DS18B20.0, retained: ignore}
    - {filter: "free/#", as: metric, type: "{2}"}
    - {filter: grafana/alerts, as: alert}
"""


def many(examples):
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


# What is sent.

TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["+", "#", "/", "\0", "$SYS", "a/b", "\ud800", "\x1b[31m", "\n", "firing", "resolved", "critical", "Watchdog", "NaN", "9" * 400, "☃" * 5000]),
)  # fmt: skip
NESTED = st.sampled_from([json.loads("[" * n + "]" * n) for n in (100, 260, 900)])
SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.just(10**300), NESTED)
KEYS = st.one_of(TEXT, st.sampled_from(["alerts", "alert", "status", "labels", "annotations", "value", "values", "type", "timestamp", "severity", "origin", "contact", "DS18B20", "for", "fingerprint"]))  # fmt: skip
JSON = st.recursive(
    SCALAR, lambda i: st.one_of(st.lists(i, max_size=3), st.dictionaries(KEYS, i, max_size=3)), max_leaves=6
)
LABELS = st.dictionaries(
    st.one_of(TEXT, st.sampled_from(["severity", "service", "alertname"])), SCALAR, max_size=4
)
WHEN = st.one_of(
    st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-20T10:00:00+23:59"]), SCALAR
)
ALERT = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional={"status": st.one_of(st.sampled_from(["firing", "resolved"]), JSON), "labels": LABELS,
                  "annotations": LABELS, "fingerprint": st.one_of(st.sampled_from("ab"), SCALAR), "startsAt": WHEN,
                  "endsAt": WHEN, "values": JSON, "x": JSON},
    ),
)  # fmt: skip
WEBHOOK = st.fixed_dictionaries(
    {"alerts": st.lists(ALERT, max_size=4)}, optional={"status": JSON, "orgId": JSON}
)
SAMPLE = st.fixed_dictionaries(
    {"type": TEXT, "value": SCALAR}, optional={"labels": LABELS, "timestamp": SCALAR}
)
FIRE = st.fixed_dictionaries({}, optional={"severity": TEXT, "service": TEXT, "name": TEXT, "for": st.one_of(TEXT, st.sampled_from(["1s", "1h", "0s", "9h"]))})  # fmt: skip
RESOLVE = st.fixed_dictionaries({}, optional={"fingerprint": SCALAR, "x": SCALAR})


def written(value):
    return json.dumps(value).encode("utf-8", "surrogatepass")


def bytes_of(value):
    """Mostly whole JSON; sometimes cut, with bytes that are no UTF-8, in another encoding, or no JSON at all."""
    whole = value.map(written)
    return st.one_of(
        whole,
        whole,
        whole,
        st.tuples(whole, st.integers(0, 60)).map(lambda c: c[0][: c[1]]),
        value.map(lambda v: json.dumps(v, ensure_ascii=False).encode("latin-1", "replace")),
        st.binary(max_size=40),
    )


TYPES = st.sampled_from(["application/json", "text/plain", "", "multipart/form-data", "application/x-www-form-urlencoded", "image/png; charset=☃".encode().decode("latin-1")])  # fmt: skip


# To whom.


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("mosquitto")) as running:
        yield running


@pytest.fixture(scope="module")
def bridge(tmp_path_factory, broker):
    with Bridge(tmp_path_factory.mktemp("bridge"), mqtt_port=broker.port, book=BOOK) as running:
        running.connected()
        yield running
        assert running.program.returncode() is None
        assert "Traceback" not in running.program.log


@pytest.fixture(scope="module")
def publisher(broker):
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def send(bridge, path, body, content_type="application/json", method="POST"):
    connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Content-Type": content_type})
        answer = connection.getresponse()
        return answer.status, answer.read()


def polite(status, body):
    """Taken, or refused with a reason in JSON that is short enough to read."""
    assert 200 <= status < 500, (status, body[:500])
    answer = json.loads(body)
    if status >= 400:
        assert answer["ok"] is False
        assert answer["error"]
    assert len(body) < 20_000


# HTTP


@many(400)
@given(body=bytes_of(st.one_of(WEBHOOK, WEBHOOK, JSON)), content_type=TYPES)
def test_alert(bridge, body, content_type):
    polite(*send(bridge, "/alert", body, content_type))


@many(250)
@given(body=bytes_of(st.one_of(SAMPLE, st.lists(SAMPLE, max_size=4), JSON)), content_type=TYPES)
def test_metric(bridge, body, content_type):
    polite(*send(bridge, "/metric", body, content_type))


@many(100)
@given(body=bytes_of(st.one_of(FIRE, FIRE, JSON)))
def test_fire(bridge, body):
    polite(*send(bridge, "/api/v1/fire", body))


@many(60)
@given(body=bytes_of(st.one_of(RESOLVE, JSON)))
def test_resolve(bridge, body):
    polite(*send(bridge, "/api/v1/resolve", body))


DUTY = st.fixed_dictionaries({}, optional={"fingerprint": SCALAR, "by": SCALAR, "why": SCALAR, "on": SCALAR})


@many(60)
@given(body=bytes_of(st.one_of(DUTY, JSON)))
def test_on_duty(bridge, body):
    """What is taken may be long: everything that fires is acknowledged at once."""
    for route in ("ack", "unack", "watch"):
        status, answer = send(bridge, f"/api/v1/{route}", body)
        assert status < 500, answer[:500]
        assert json.loads(answer)["ok"] is (status == 200)
    assert bridge.post("/api/v1/watch", {"on": True})[0] == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/alert", {"alerts": [{"labels": {"severity": "page", "service": "x" * 5_000_000}}]}),
        ("/alert", {"alerts": [{"annotations": {str(i): "y" * 1000 for i in range(5000)}}]}),
        ("/alert", {"alerts": [{"labels": {"severity": "w" * 100_000, "service": "a" * 100_000}}] * 20}),
        ("/metric", {"type": "cpu", "value": 1, "labels": {"x": "z" * 5_000_000}}),
        ("/api/v1/fire", {"k" * 1_000_000: 1}),
        ("/api/v1/fire", {str(i): 1 for i in range(50_000)}),
        ("/api/v1/fire", {"for": "1" * 1_000_000}),
    ],
)
def test_huge_values(bridge, path, body):
    polite(*send(bridge, path, written(body)))
    assert len(bridge.get("/api/v1/status")[1]["firing"]) < 2000


RAW = {
    "length-is-a-word": b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\nx",
    "length-negative": b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\nx",
    "length-endless": b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx",
    "length-too-large": b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nx",
    "length-twice": b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\nContent-Length: 5\r\n\r\n{}",
    "length-and-chunks": b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks": b'POST /alert HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"ale\r\n8\r\nrts":[]}\r\n0\r\n\r\n',
    "chunks-broken": b"POST /alert HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "method-unknown": b"BREW /alert HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "path-nul": b"GET /console/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "path-surrogate": b"GET /console/%ed%a0%80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "path-climbs": b"GET /console/..%2f..%2fpager.yml HTTP/1.1\r\nHost: x\r\n\r\n",
    "path-climbs-plainly": b"GET /console/../../pager.yml HTTP/1.1\r\nHost: x\r\n\r\n",
    "path-long": b"GET /console/" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "query": b"GET /api/v1/status?since=%ff&severity=%00&outcome=" + b"x" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "accept": b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text;q=\xff;version=x\r\n\r\n",
    "socket-without-upgrade": b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\n\r\n",
    "socket-bad-key": b"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 99\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("sent", RAW.values(), ids=RAW.keys())
def test_broken_http_is_answered_and_no_file_of_the_bridge_is_read(bridge, sent):
    with socket.create_connection(("127.0.0.1", bridge.port), 10) as stranger:
        stranger.sendall(sent)
        answer = stranger.recv(4000)
    assert answer.startswith(b"HTTP/1.1 ")
    assert answer[9:10] in b"24", answer
    assert b"alert_scale" not in answer


def test_bodies_that_are_never_finished_leave_nothing_behind(bridge):
    for cut in range(0, 60, 3):
        with socket.create_connection(("127.0.0.1", bridge.port), 10) as stranger:
            stranger.sendall(
                (RAW["chunks"][:40] + b"Content-Length: 999\r\n\r\n" + RAW["chunks"])[: 60 + cut]
            )
    assert bridge.alert() == (200, {"ok": True})


# The stream

FRAMES = st.one_of(
    JSON.map(lambda v: json.dumps(v).encode("utf-8", "replace").decode()),
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=30),
    st.binary(max_size=30),
    st.fixed_dictionaries({"type": st.sampled_from(["listening", "ack", "ping", "x"])}, optional={"on": SCALAR, "name": SCALAR, "level": SCALAR, "filter": JSON, "id": SCALAR, "status": SCALAR}).map(json.dumps),
)  # fmt: skip


@many(60)
@given(frames=st.lists(FRAMES, min_size=1, max_size=4))
def test_stream(bridge, frames):
    with connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream?player=%00", max_size=None, proxy=None) as page:
        assert json.loads(page.recv(10))["type"] == "state"
        with contextlib.suppress(ConnectionClosed):
            for frame in frames:
                page.send(frame)
            page.send('{"type": "ping"}')
            while json.loads(page.recv(10))["type"] not in {"pong", "bye"}:
                pass


def test_a_frame_that_is_none_is_answered_with_a_reason_and_a_close(bridge):
    loud = '{"type": "listening", "on": true, "level": "loud"}'
    sieve = '{"type": "listening", "on": true, "filter": {"service": []}}'
    for frame in ("{", b"\0", "[]", '{"type": "listening", "on": 1}', loud, sieve, "[" * 20_000):
        with connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", proxy=None, max_size=None) as page:
            page.send(frame)
            with pytest.raises(ConnectionClosed) as closed:
                read_on(page)
            assert closed.value.rcvd.code == 1003
            assert closed.value.rcvd.reason


def read_on(page):
    while True:
        page.recv(10)


def test_pages_that_left_are_forgotten(bridge):
    wait_for(lambda: bridge.metrics().sum("pager_players", kind="browser") == 0, "no page is left")


def test_a_page_cannot_say_that_it_heard_what_it_was_not_asked_to_play(bridge):
    before = bridge.metrics().sum("pager_events_total", outcome="played")
    with connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", proxy=None, max_size=None) as page:
        bridge.alert(fingerprint="unheard", service="unheard")
        page.send('{"type": "listening", "on": true}')
        for number in range(3000):
            page.send(json.dumps({"type": "ack", "id": f"e{number}", "status": "played"}))
        page.send('{"type": "ping"}')
        while json.loads(page.recv(10))["type"] != "pong":
            pass
    assert bridge.metrics().sum("pager_events_total", outcome="played") == before


# MQTT

LEVEL = st.text(
    st.characters(blacklist_characters="+#\0/", blacklist_categories=["Cs", "Cc", "Cn", "Co"]), max_size=6
)
TOPIC = st.one_of(
    st.sampled_from(["alerts", "alerts/critical", "alerts/a/b/page", "metrics/cpu", "metrics", "metrics/", "zigbee2mqtt/x", "tele/x/LWT", "tele/x/SENSOR", "free/x", "free", "grafana/alerts", "alerts/" + "s" * 60_000]),
    st.tuples(st.sampled_from(["alerts", "metrics", "zigbee2mqtt", "free"]), LEVEL, LEVEL).map("/".join),
)  # fmt: skip


def taken(bridge):
    return bridge.metrics().sum("mqtt_messages_total")


@many(400)
@given(topic=TOPIC, payload=bytes_of(st.one_of(JSON, WEBHOOK, SAMPLE, ALERT)), qos=st.sampled_from([0, 1]), retain=st.sampled_from([False, False, True]))  # fmt: skip
@pytest.mark.usefixtures("bridge")
def test_mqtt(publisher, topic, payload, qos, retain):
    publisher.publish(topic, payload, qos, retain)


def test_mqtt_is_consumed_to_the_end_and_after_it(bridge, publisher):
    """A message that could not be taken would stand in the broker's window, and twenty such would stop it."""
    for number in range(50):
        publisher.publish("alerts/critical", json.dumps({"alert": {"fingerprint": f"last-{number}", "labels": {"n": str(number)}}}), 1)  # fmt: skip
    wait_for(lambda: "last-49" in bridge.firing(), "the last alert was taken", 30)
    before = taken(bridge)
    publisher.publish("metrics/cpu", b"0.5", 1)
    wait_for(lambda: taken(bridge) > before, "and one more")
    publisher.publish(
        "alerts/critical", json.dumps({"alert": {"fingerprint": "last-49", "status": "resolved"}}), 1
    )
    wait_for(lambda: "last-49" not in bridge.firing(), "and its end")


def test_what_is_too_large_for_the_broker_does_not_cost_the_connection(bridge, publisher):
    """Sent as it came, it would end the connection, wait in the queue and end the next one, for ever."""
    huge = {"status": "firing", "fingerprint": "huge", "labels": {"a": "b"}, "x": "y" * 3_000_000}
    assert bridge.post("/alert", {"alerts": [huge]}) == (200, {"ok": True})
    wait_for(lambda: bridge.metrics().value("pager_mqtt_unsent") == 0, "everything is published", 30)
    assert "lost" not in bridge.program.log
    before = taken(bridge)
    publisher.publish("metrics/cpu", b"0.5", 1)
    wait_for(lambda: taken(bridge) > before, "the connection works")


# The whole interface, as it describes itself


def test_schemathesis(bridge):
    command = [
        Path(__file__).parents[2] / ".venv" / "bin" / "schemathesis",
        "run",
        f"{bridge.url}/openapi.json",
        "--checks=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
        "--max-examples=25",
        "--generation-deterministic",
        "--request-timeout=20",
        "--suppress-health-check=all",
        "--no-color",
    ]
    found = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, cwd=bridge.folder
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]


# Afterwards


def test_every_part_still_works(bridge):
    assert bridge.get("/-/healthy")[0] == bridge.get("/-/ready")[0] == 200
    assert bridge.status()["mqtt"]["state"] == "connected"
    assert bridge.status()["store"]["ok"]
    assert bridge.alert(fingerprint="after") == (200, {"ok": True})
    assert "after" in bridge.firing()
    assert bridge.alert("resolved", "after") == (200, {"ok": True})
    assert "after" not in bridge.firing()
    assert bridge.post("/-/reload") == (200, {"ok": True})


def test_every_event_is_accounted_for(bridge):
    bridge.post("/api/v1/resolve")

    def settled():
        found = bridge.metrics()
        return found.sum("pager_events_received_total") == found.sum("pager_events_total") > 1000

    wait_for(settled, "received is the sum of the outcomes", 60, every=0.3)


KNOWN = set(string.ascii_letters + string.digits + "_./+-")


@pytest.mark.parametrize("which", ["port", "metrics_port"])
def test_no_metric_grew_with_what_was_sent(bridge, which):
    found = bridge.metrics(port=getattr(bridge, which))
    ours = {
        key: value for key, value in found.samples.items() if not key[0].startswith(("python_", "process_"))
    }
    assert len(ours) < 250
    for label in ("severity", "topic", "source", "outcome", "reason", "route", "kind", "name"):
        assert len(found.values_of(label)) < 30, label
        assert all(set(value) <= KNOWN and len(value) < 40 for value in found.values_of(label)), label
    with OPENER.open(f"http://127.0.0.1:{getattr(bridge, which)}/metrics", timeout=10) as answer:
        text = answer.read()
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_the_log_did_not_grow_without_measure(bridge):
    """One line per refusal, and none that a stranger makes as long as he likes."""
    assert "Traceback" not in bridge.program.log
    lines = bridge.program.log.splitlines()
    assert max(map(len, lines)) < 3000
    assert not any("\x1b" in line for line in lines)


def test_a_restart_finds_a_whole_store(bridge):
    firing = set(bridge.firing())
    bridge.kill()
    bridge.start()
    assert set(bridge.firing()) >= firing - {"after"}
