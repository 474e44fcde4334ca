"""MQTT messages into events: the forms on `alerts/#` and `metrics/#`, and what devices really send."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import config
from bridge.core.topics import TopicRule
from bridge.model.events import AlertEvent, MetricSample, Reason, Rejected, Source, Status
from bridge.wire import topics
from bridge.wire.topics import MAX_PAYLOAD, Message
from bridge.wire.webhooks import alerts

NOW = 1_800_000_000.0
GRAFANA = Path(__file__).parents[1] / "fixtures" / "webhooks" / "grafana-firing.json"


def rules(*entries):
    text = {"version": 1, "alerts": [{"name": "a"}], "mqtt": {"topics": list(entries)}}
    return config.parse(json.dumps(text).encode(), "x").topics()


DEVICES = rules(
    {"filter": "zigbee2mqtt/+", "as": "alert", "value": "contact", "on": [False], "off": [True],
     "labels": {"alertname": "DoorOpen", "service": "{2}", "severity": "warning"}},
    {"filter": "tele/+/LWT", "as": "alert", "on": ["Offline"], "off": ["Online"],
     "labels": {"alertname": "DeviceOffline", "service": "{2}"}},
    {"filter": "tele/+/SENSOR", "as": "metric", "type": "temperature", "value": "DS18B20.Temperature",
     "labels": {"service": "{2}"}, "retained": "ignore"},
    {"filter": "stat/+/POWER", "as": "alert", "on": ["ON"], "labels": {"alertname": "SwitchedOn", "service": "{2}"}},
    {"filter": "home/power/watts", "as": "metric", "type": "power"},
    {"filter": "rooms/+/+", "as": "metric", "type": "{3}", "value": "v.0", "labels": {"service": "{2}"}},
    {"filter": "grafana/alerts", "as": "alert"},
    {"filter": "buttons/#", "as": "alert", "labels": {"alertname": "Button"}},
)  # fmt: skip


def decode(topic, payload, retained=False, rules=()):
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    return topics.decode(Message(topic, body, retained), rules, NOW)


def one(topic, payload, retained=False, rules=()):
    (found,) = decode(topic, payload, retained, rules)
    return found


# alerts/#


@pytest.mark.parametrize(
    ("topic", "payload", "severity", "value"),
    [
        ("alerts/critical", {"value": 0.9}, "critical", 0.9),
        ("alerts/critical", b"0.9", "critical", 0.9),
        ("alerts/critical", b'"0.9"', "critical", 0.9),
        ("alerts/warning", {}, "warning", None),
        ("alerts/warning", {"value": "much"}, "warning", None),
        ("alerts/a/b/info", {"value": 1}, "info", 1.0),
        ("alerts/info", {"status": "firing"}, "info", None),  # a status alone names no alert
        ("alerts/info", {"labels": {"severity": "x"}}, "info", None),
        ("alerts/info", b"null", "info", None),
        ("alerts/info", b"true", "info", 1.0),
    ],
)
def test_without_state_a_message_is_one_onset(topic, payload, severity, value):
    event = one(topic, payload)
    assert (event.source, event.one_shot, event.status) == (Source.MQTT, True, Status.FIRING)
    assert (event.labels["severity"], event.value) == (severity, value)
    assert one(topic, payload, retained=True).retained


def test_a_topic_without_a_severity_names_none():
    assert one("alerts", {"value": 1}).labels == {}
    assert one("alerts/", {"value": 1}).labels == {}


@pytest.mark.parametrize(
    ("payload", "status", "labels"),
    [
        ({"alert": {"labels": {"alertname": "A"}}}, "firing", {"alertname": "A", "severity": "critical"}),
        ({"alert": {"labels": {"severity": "page"}}}, "firing", {"severity": "page"}),
        ({"alert": {"status": "resolved"}}, "resolved", {"severity": "critical"}),
        ({"alert": {}, "status": "resolved"}, "resolved", {"severity": "critical"}),
        ({"alert": {"status": "firing"}, "status": "resolved"}, "firing", {"severity": "critical"}),
        ({"status": "resolved", "labels": {"a": "b"}}, "resolved", {"a": "b", "severity": "critical"}),
    ],
)
def test_with_an_alert_or_a_status_and_labels_it_is_state(payload, status, labels):
    event = one("alerts/critical", payload)
    assert (event.one_shot, event.status, event.labels) == (False, status, labels)


def test_the_end_of_a_state_has_the_fingerprint_of_its_beginning():
    firing = one("alerts/critical", {"alert": {"labels": {"a": "b"}}, "value": 3})
    ended = one("alerts/critical", {"alert": {"labels": {"a": "b"}, "status": "resolved"}})
    assert firing.fingerprint == ended.fingerprint
    assert one("alerts/critical", {"alert": {"fingerprint": "abc"}}).fingerprint == "abc"


@pytest.mark.parametrize(
    ("outer", "annotation", "value"),
    [(3, "7", 3.0), (None, "7", 7.0), ("x", "7", 7.0), (None, None, None), (0, "7", 0.0)],
)
def test_the_value_beside_the_alert_comes_first(outer, annotation, value):
    payload = {"value": outer, "alert": {"annotations": {"value": annotation}}}
    assert one("alerts/info", payload).value == value


@pytest.mark.parametrize("payload", [
    {"alert": {"generatorURL": "http://p/g", "annotations": {"runbook_url": "http://r/"}}},
    {"status": "firing", "labels": {}, "generatorURL": "http://p/g", "annotations": {"runbook_url": "http://r/"}},
    {"alerts": [{"generatorURL": "http://p/g", "annotations": {"runbook_url": "http://r/"}}]},
    {"value": 1, "generatorURL": "http://p/g", "annotations": {"runbook_url": "http://r/"}},
])  # fmt: skip
def test_links_come_with_every_form(payload):
    assert one("alerts/critical", payload).links == {"source": "http://p/g", "runbook": "http://r/"}


def test_links_reach_another_bridge():
    sent = alerts(GRAFANA.read_bytes(), NOW)[0]
    topic, payload = topics.alert_message(sent, "critical", "b")
    assert one(topic, payload).links == sent.links


def test_a_payload_with_alerts_is_a_webhook():
    found = decode("alerts/x", {"alerts": [{"labels": {"severity": "page"}}, 7]}, retained=True)
    assert [type(e) for e in found] == [AlertEvent, Rejected]
    assert (found[0].source, found[0].retained) == (Source.MQTT, True)
    assert decode("alerts/x", {"alerts": []}) == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"\xff",
        b"Offline",
        b"[" * 5000,
        [1],
        [],
        {"alert": {"status": "?"}},
        {"alert": {"status": ["a"]}},
        {"status": {"a": 1}, "labels": {}},
    ],
)
def test_what_is_no_alert_is_rejected_with_its_topic(payload):
    found = one("alerts/critical", payload)
    assert isinstance(found, Rejected)
    assert found.reason.startswith("alerts/critical: ")
    assert (found.source, found.why) == (Source.MQTT, Reason.INVALID)


@pytest.mark.parametrize(
    "topic", ["a/alerts/critical", "zigbee2mqtt/door", "Alerts/x", "", "(unreadable topic)"]
)
def test_a_topic_that_the_rule_book_no_longer_names_is_no_alert(topic):
    """The broker keeps the subscriptions of a persistent session, also those of an older rule book."""
    assert one(topic, {"value": 1}).why is Reason.BY_RULE


# metrics/#


@pytest.mark.parametrize(
    ("topic", "payload", "kind", "value"),
    [
        ("metrics/cpu", {"value": 0.5}, "cpu", 0.5),
        ("metrics/a/b/cpu", b"0.5", "cpu", 0.5),
        ("metrics/cpu", {"value": 1, "type": "gpu"}, "gpu", 1.0),
        ("metrics/cpu", b'"42"', "cpu", 42.0),
        ("metrics/cpu", b"true", "cpu", 1.0),
    ],
)
def test_metrics(topic, payload, kind, value):
    found = one(topic, payload)
    assert isinstance(found, MetricSample)
    assert (found.type, found.value, found.source) == (kind, value, Source.MQTT)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("metrics/cpu", b""),
        ("metrics/cpu", {}),
        ("metrics/cpu", b"x"),
        ("metrics", b"1"),
        ("metrics/", b"1"),
        ("metrics/" + "x" * 65, b"1"),
        ("metrics/cpu", b"[1]"),
        ("metrics/cpu", {"value": 1, "type": []}),
    ],
)
def test_what_is_no_metric(topic, payload):
    found = one(topic, payload)
    if isinstance(found, MetricSample):  # an empty type falls back to the topic's
        assert found.type == "cpu"
    else:
        assert isinstance(found, Rejected)


def test_a_retained_metric_is_an_old_one():
    assert one("metrics/cpu", {"value": 1}, retained=True).why is Reason.RETAINED


# What devices send.


def device(topic, payload, retained=False):
    return one(topic, payload, retained, DEVICES)


@pytest.mark.parametrize(
    ("topic", "payload", "status", "labels"),
    [
        ("zigbee2mqtt/door", {"contact": False, "battery": 97}, "firing", {"alertname": "DoorOpen", "service": "door", "severity": "warning"}),
        ("zigbee2mqtt/door", {"contact": True, "battery": 97}, "resolved", {"alertname": "DoorOpen", "service": "door", "severity": "warning"}),
        ("tele/plug/LWT", b"Offline", "firing", {"alertname": "DeviceOffline", "service": "plug"}),
        ("tele/plug/LWT", b"Online", "resolved", {"alertname": "DeviceOffline", "service": "plug"}),
        ("tele/plug/LWT", b'"Online"', "resolved", {"alertname": "DeviceOffline", "service": "plug"}),
    ],
)  # fmt: skip
def test_a_device_with_on_and_off_has_state(topic, payload, status, labels):
    event = device(topic, payload)
    assert (event.status, event.labels, event.one_shot) == (status, labels, False)


def test_on_and_off_of_one_device_are_one_alert_and_two_devices_are_two():
    opened, closed = device("zigbee2mqtt/a", {"contact": False}), device("zigbee2mqtt/a", {"contact": True})
    other = device("zigbee2mqtt/b", {"contact": False})
    assert opened.fingerprint == closed.fingerprint != other.fingerprint


def test_without_off_each_on_is_one_cue():
    event = device("stat/lamp/POWER", b"ON")
    assert (event.one_shot, event.labels["service"]) == (True, "lamp")
    assert device("stat/lamp/POWER", b"OFF").why is Reason.BY_RULE
    assert device("stat/lamp/POWER", b"ON", retained=True).retained


def test_without_on_everything_is_one_cue():
    assert device("buttons/hall/left", b"single").one_shot
    assert device("buttons", b"7").value == 7.0


@pytest.mark.parametrize(
    ("topic", "payload", "kind", "value", "labels"),
    [
        (
            "tele/shed/SENSOR",
            {"DS18B20": {"Temperature": 21.5}, "TempUnit": "C"},
            "temperature",
            21.5,
            {"service": "shed"},
        ),
        ("home/power/watts", b"1234.5", "power", 1234.5, {}),
        ("home/power/watts", b" 12 \n", "power", 12.0, {}),
        ("rooms/attic/humidity", {"v": [55, 56]}, "humidity", 55.0, {"service": "attic"}),
    ],
)
def test_a_device_that_measures(topic, payload, kind, value, labels):
    found = device(topic, payload)
    assert (found.type, found.value, found.labels) == (kind, value, labels)


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("zigbee2mqtt/door", {"battery": 97}, "by_rule"),  # another message of the same device
        ("zigbee2mqtt/door", {"contact": 0}, "by_rule"),  # 0 is not false
        ("zigbee2mqtt/door", {"contact": None}, "by_rule"),
        ("zigbee2mqtt/door", b"garbage", "by_rule"),
        ("tele/plug/LWT", b"offline", "by_rule"),
        ("tele/plug/LWT", b"", "by_rule"),
        ("tele/shed/SENSOR", {"DS18B20": {}}, "by_rule"),
        ("tele/shed/SENSOR", {"DS18B20": {"Temperature": "warm"}}, "invalid"),
        ("home/power/watts", b"lots", "invalid"),
        ("rooms/attic/" + "x" * 65, {"v": [1]}, "invalid"),
        ("grafana/alerts", {"alerts": {}}, "invalid"),
    ],
)
def test_what_a_device_says_that_means_nothing_has_a_reason(topic, payload, why):
    found = device(topic, payload)
    assert (found.why, found.reason.startswith(topic)) == (why, True)


def test_retained_is_the_state_or_is_ignored():
    state = device("tele/plug/LWT", b"Offline", retained=True)
    assert (state.retained, state.one_shot) == (True, False)
    assert device("tele/shed/SENSOR", {"DS18B20": {"Temperature": 1}}, retained=True).why is Reason.RETAINED


def test_grafanas_mqtt_contact_point_sends_a_webhook():
    found = decode("grafana/alerts", GRAFANA.read_bytes(), rules=DEVICES)
    assert [(e.source, e.labels["severity"]) for e in found] == [(Source.MQTT, "high")] * 2


def test_the_first_filter_that_matches_wins_over_alerts_too():
    (found,) = decode(
        "alerts/x",
        b"ON",
        rules=rules({"filter": "alerts/#", "as": "alert", "on": ["ON"], "labels": {"a": "{2}"}}),
    )
    assert found.labels == {"a": "x"}


# Own origin, and what goes out.


@pytest.mark.parametrize(
    ("payload", "origin"),
    [
        ({"origin": "b1", "value": 1}, "b1"),
        ({"value": 1}, ""),
        ({"alert": {"origin": "b1"}}, ""),
        ({"origin": 7}, ""),
        (["origin"], ""),
        (b'{"origin"', ""),
        (b'"origin"', ""),
    ],
)
def test_the_origin_mark(payload, origin):
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    assert topics.origin(Message("alerts/x", body)) == origin


def published(**alert):
    (event,) = alerts(json.dumps({"alerts": [alert]}).encode(), NOW)
    topic, payload = topics.alert_message(event, "critical", "b1")
    return event, topic, payload


def test_what_is_published_is_the_contract_and_reads_back_as_the_same_alert():
    event, topic, payload = published(
        labels={"severity": "page", "a": "b"}, annotations={"value": "0.5"}, fingerprint="f", x=[1]
    )
    body = json.loads(payload)
    assert topic == "alerts/critical"
    assert (body["value"], body["origin"], body["severity"], body["alert"]["x"]) == (
        0.5,
        "b1",
        "critical",
        [1],
    )
    again = one(topic, payload)
    assert (again.fingerprint, again.labels, again.status, again.value) == (
        event.fingerprint,
        event.labels,
        event.status,
        0.5,
    )


@pytest.mark.parametrize(
    "extra",
    [
        {"labels": {"a": "x" * 10_000_000}},
        {
            "labels": {str(i): "x" * 4000 for i in range(500)},
            "annotations": {str(i): "\u0001" * 4000 for i in range(500)},
        },
        {"x": "y" * 1_000_000},
        {"x": json.loads("[" * 500 + "]" * 500)},
    ],
)
def test_what_no_broker_would_take_is_published_short(extra):
    """A broker ends the connection over a packet that is too large; it would be sent again for ever."""
    event, topic, payload = published(**({"fingerprint": "f"} | extra))
    assert len(payload) < 2 * MAX_PAYLOAD
    again = one(topic, payload)
    assert (again.fingerprint, again.status) == (event.fingerprint, event.status)


def test_a_severity_never_reaches_a_topic_as_it_was_sent():
    for word in ("+", "#", "a/b", "\0", "x" * 70_000):
        assert published(labels={"severity": word})[1] == "alerts/critical"


@pytest.mark.parametrize("kind", ["+", "#", "a/b", "a+b"])
def test_a_type_that_is_no_level_is_not_published(kind):
    assert topics.sample_message(MetricSample(Source.HTTP, kind, 1.0, NOW), "b") is None


def test_a_sample_too_large_is_not_published():
    labels = {str(i): "x" * 4000 for i in range(100)}
    assert topics.sample_message(MetricSample(Source.HTTP, "cpu", 1.0, NOW, labels), "b") is None


def test_a_sample_reads_back_as_itself():
    topic, payload = topics.sample_message(MetricSample(Source.HTTP, "cpu", 0.5, NOW, {"a": "b"}), "b")
    found = one(topic, payload)
    assert (topic, found.type, found.value, found.labels) == ("metrics/cpu", "cpu", 0.5, {"a": "b"})


# Whatever comes.

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.sampled_from(["ON", "Offline", "firing", 10**40]),
)
JSON = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
    st.one_of(st.text(max_size=5), st.sampled_from(["alerts", "alert", "status", "labels", "value", "type", "contact", "origin", "v", "DS18B20", "Temperature"])), inner, max_size=4)), max_leaves=8)  # fmt: skip
PAYLOADS = st.one_of(
    st.binary(max_size=60), JSON.map(lambda v: json.dumps(v).encode("utf-8", "surrogatepass"))
)
TOPICS = st.one_of(
    st.sampled_from(["alerts", "alerts/critical", "metrics/cpu", "metrics", "zigbee2mqtt/x", "tele/x/LWT", "tele/x/SENSOR", "home/power/watts", "rooms/a/b", "grafana/alerts", "buttons", "stat/x/POWER", ""]),
    st.text(st.characters(blacklist_characters="+#\0", blacklist_categories=["Cs"]), max_size=20),
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(TOPICS, PAYLOADS, st.booleans())
def test_any_message_becomes_events_and_raises_nothing(topic, payload, retained):
    message = Message(topic, payload, retained)
    assert isinstance(topics.origin(message), str)
    for event in topics.decode(message, DEVICES, NOW):
        assert isinstance(event, AlertEvent | MetricSample | Rejected)
        assert event.source is Source.MQTT


@given(st.lists(st.text(max_size=4), max_size=3), JSON)
def test_any_path_into_any_payload(path, payload):
    TopicRule("f", "alert", tuple(path)).value_in(payload)
