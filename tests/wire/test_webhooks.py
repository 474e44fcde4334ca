"""HTTP bodies into events: what Alertmanager and Grafana send, and what nobody should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.links import whole
from bridge.model.errors import UnreadableError
from bridge.model.events import AlertEvent, MetricSample, Rejected, Source, Status
from bridge.wire import webhooks
from bridge.wire.topics import alert_message, sample_message

FIXTURES = Path(__file__).parents[1] / "fixtures" / "webhooks"
NOW = 1_800_000_000.0


def read(**body):
    return webhooks.alerts(json.dumps(body).encode(), NOW)


def one(**alert):
    (event,) = read(alerts=[alert])
    return event


def fixture(name):
    return webhooks.alerts((FIXTURES / name).read_bytes(), NOW)


def test_alertmanager_firing():
    first, second = fixture("alertmanager-firing.json")
    assert (first.source, first.status, first.fingerprint) == (
        Source.ALERTMANAGER,
        Status.FIRING,
        "a1b2c3d4e5f60718",
    )
    assert first.labels == {
        "alertname": "HighCPU",
        "instance": "web-1:9100",
        "job": "node",
        "severity": "critical",
    }
    assert first.annotations["summary"] == "CPU above 80 %"
    assert first.value == pytest.approx(0.934)
    assert (first.starts_at, first.ends_at, first.received) == (1795168800.0, None, NOW)
    assert (second.labels["severity"], second.value) == ("warning", None)  # 1.2 GiB is no number
    assert not first.one_shot
    assert not first.retained


def test_alertmanager_resolved():
    (event,) = fixture("alertmanager-resolved.json")
    assert (event.status, event.ends_at) == (Status.RESOLVED, 1795169100.0)


def test_alertmanager_mixed_keeps_order_and_status():
    assert [e.status for e in fixture("alertmanager-mixed.json")] == ["firing", "resolved", "firing"]


def test_the_watchdog_of_the_shipped_rules():
    (event,) = fixture("alertmanager-watchdog.json")
    assert event.labels["alertname"] == "Watchdog"


def test_grafana():
    first, second = fixture("grafana-firing.json")
    assert (first.source, first.fingerprint) == (Source.GRAFANA, "c6eadffa33fcdf37")
    assert first.value == pytest.approx(22.5)
    assert second.value is None  # no data: values is null
    assert [e.source for e in fixture("grafana-resolved.json")] == [Source.GRAFANA]


def test_links_of_alertmanager_and_of_grafana():
    first, _ = fixture("alertmanager-firing.json")
    assert first.links == {"source": "http://prometheus:9090/graph?g0.expr=x&g0.tab=1"}
    silence = whole(first)["silence"]
    assert silence.startswith("http://alertmanager:9093/#/silences/new?filter=%7Balertname%3D%22HighCPU%22")
    grafana, _ = fixture("grafana-firing.json")
    assert grafana.links == whole(grafana)
    assert grafana.links == {
        "source": "http://prometheus:9090/graph?g0.expr=x&g0.tab=1",
        "dashboard": "https://grafana.example/d/abc",
        "panel": "https://grafana.example/d/abc?viewPanel=2",
        "silence": "https://grafana.example/alerting/silence/new?alertmanager=grafana",
    }


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://u:p@a.example/", 7, None, {"a": []}, "x" * 100_000]
)
def test_a_link_that_is_none_takes_nothing_else_with_it(url):
    names = ("generatorURL", "dashboardURL", "panelURL", "silenceURL")
    event = one(labels={"a": "b"}, annotations={"runbook_url": url}, **dict.fromkeys(names, url))
    assert (event.labels, event.links) == ({"a": "b"}, {})


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda p: p.stem)
def test_every_recorded_body_is_read_whole_and_can_be_published(path):
    events = webhooks.alerts(path.read_bytes(), NOW)
    assert events
    for event in events:
        assert isinstance(event, AlertEvent)
        topic, payload = alert_message(event, "info", "b")
        assert topic == "alerts/info"
        assert json.loads(payload)["alert"]["fingerprint"] == event.fingerprint


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"alerts": None},
        {"alerts": {}},
        {"alerts": "x"},
        [],
        None,
        7,
        "alerts",
        [{"alerts": []}],
        {"Alerts": []},
    ],
)
def test_without_a_list_of_alerts_it_can_never_be_read(body):
    with pytest.raises(UnreadableError, match="no list of alerts"):
        webhooks.alerts(json.dumps(body).encode(), NOW)


def test_an_empty_list_is_taken():
    assert read(alerts=[]) == []


def test_a_batch_is_bounded():
    assert len(read(alerts=[{}] * webhooks.MAX_BATCH)) == webhooks.MAX_BATCH
    with pytest.raises(UnreadableError, match="at most 20000"):
        read(alerts=[{}] * (webhooks.MAX_BATCH + 1))


def test_one_bad_alert_never_stops_the_others():
    good = {"labels": {"alertname": "A"}}
    found = read(
        alerts=[
            good,
            7,
            None,
            [],
            "x",
            {"status": "maybe"},
            {"status": ["firing"]},
            {"status": {"a": 1}},
            good,
        ]
    )
    assert [type(e) for e in found] == [AlertEvent, *[Rejected] * 7, AlertEvent]
    assert [e.reason.partition(":")[0] for e in found[1:-1]] == [f"alerts[{i}]" for i in range(1, 8)]


@pytest.mark.parametrize(
    ("group", "alert", "status"),
    [
        (None, None, "firing"),
        ("resolved", None, "resolved"),
        ("resolved", "firing", "firing"),
        ("firing", "resolved", "resolved"),
        ("", "", "firing"),
    ],
)
def test_whose_status_counts(group, alert, status):
    (event,) = read(status=group, alerts=[{"status": alert}])
    assert event.status == status


@pytest.mark.parametrize("status", [{"a": 1}, ["firing"], 7, "FIRING", "ok", "☃" * 100_000, True])
@pytest.mark.parametrize("where", ["group", "alert"])
def test_a_status_of_any_kind_is_refused_with_a_short_reason(status, where):
    body = {"alerts": [{}], "status": status} if where == "group" else {"alerts": [{"status": status}]}
    (found,) = read(**body)
    assert "status is" in found.reason
    assert len(found.reason) < 120


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"annotations": {"value": "0.5"}}, 0.5),
        ({"annotations": {"value": 0.5}}, 0.5),
        ({"annotations": {"value": "NaN"}}, None),
        ({"annotations": {"value": "+Inf"}}, None),
        ({"annotations": {"value": "93.4%"}}, None),
        ({"annotations": None}, None),
        ({"values": {"A": None, "B": "x", "C": 3}}, 3.0),
        ({"values": {"A": 1, "B": 2}}, 1.0),
        ({"values": [1]}, None),
        ({"annotations": {"value": "7"}, "values": {"A": 1}}, 7.0),
    ],
)
def test_the_value_of_an_alert(fields, value):
    assert one(**fields).value == value


def test_everything_may_be_missing():
    event = one()
    assert (event.labels, event.annotations, event.status, event.starts_at) == ({}, {}, "firing", None)


def test_gos_zero_time_and_the_end_of_a_firing_alert_are_no_times():
    event = one(startsAt="0001-01-01T00:00:00Z", endsAt="2030-01-01T00:00:00Z")
    assert (event.starts_at, event.ends_at) == (None, None)


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ({"type": "cpu", "value": 0.5}, ("cpu", 0.5, {}, None)),
        ({"type": "cpu", "value": "0.5"}, ("cpu", 0.5, {}, None)),
        ({"type": "x", "value": 1, "labels": {"a": 1}}, ("x", 1.0, {"a": "1"}, None)),
        ({"type": "x", "value": 1, "timestamp": 12.5}, ("x", 1.0, {}, 12.5)),
        ({"type": "x", "value": 1, "timestamp": "2026-11-20T10:00:00Z"}, ("x", 1.0, {}, 1795168800.0)),
        ({"type": "Temperatur °C", "value": -3}, ("Temperatur °C", -3.0, {}, None)),
    ],
)
def test_samples(item, fields):
    (found,) = webhooks.samples(json.dumps(item).encode(), NOW)
    assert (found.type, found.value, found.labels, found.at) == fields


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (7, "a sample is an object"),
        ({}, '"type" must be'),
        ({"type": "", "value": 1}, '"type" must be'),
        ({"type": 7, "value": 1}, '"type" must be'),
        ({"type": "x" * 65, "value": 1}, '"type" must be'),
        ({"type": "a\nb", "value": 1}, '"type" must be'),
        ({"type": "a\0b", "value": 1}, '"type" must be'),
        ({"type": "x"}, '"value" must be'),
        ({"type": "x", "value": "much"}, '"value" must be'),
        ({"type": "x", "value": "☃" * 100_000}, '"value" must be'),
        ({"type": "x", "value": {}}, '"value" must be'),
        ({"type": "x", "value": 1, "timestamp": "now"}, '"timestamp" must be'),
        ({"type": "x", "value": 1, "timestamp": []}, '"timestamp" must be'),
    ],
)
def test_samples_that_are_none(item, reason):
    good = {"type": "cpu", "value": 1}
    found = webhooks.samples(json.dumps([good, item, good]).encode(), NOW)
    assert [type(e) for e in found] == [MetricSample, Rejected, MetricSample]
    assert reason in found[1].reason
    assert len(found[1].reason) < 160


@pytest.mark.parametrize("body", [b"7", b'"x"', b"null", b"", b"[" * 10_000])
def test_bodies_without_samples_can_never_be_read(body):
    with pytest.raises(UnreadableError):
        webhooks.samples(body, NOW)


# Whatever comes.

NESTED = st.sampled_from([b"[" * n + b"]" * n for n in (200, 300, 1000)]).map(json.loads)
JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.just(10**40),
        st.sampled_from(["firing", "resolved", "NaN", "+Inf", "0.5", "\ud800", "+", "#", "/", "\0"]),
        NESTED,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
ALERT = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("status", "labels", "annotations", "startsAt", "endsAt", "fingerprint", "values", "x"), JSON
        )
        | {"labels": st.dictionaries(st.text(max_size=8), JSON, max_size=4)},
    ),
)
BODY = st.one_of(
    JSON,
    st.fixed_dictionaries({"alerts": st.lists(ALERT, max_size=4)}, optional={"status": JSON, "orgId": JSON}),
)


def written(value):
    return json.dumps(value).encode("utf-8", "surrogatepass")


@settings(max_examples=150, deadline=None)
@given(BODY)
def test_any_json_is_alerts_or_unreadable(body):
    try:
        found = webhooks.alerts(written(body), NOW)
    except UnreadableError:
        return
    for event in found:
        assert isinstance(event, AlertEvent | Rejected)
        if isinstance(event, AlertEvent):
            assert len(event.fingerprint) <= 64
            assert all(type(k) is type(v) is str for k, v in event.labels.items())
            topic, payload = alert_message(event, "info", "b")
            assert topic == "alerts/info"
            json.loads(payload)


SAMPLE = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {"type": st.text(max_size=70), "value": JSON}, optional={"labels": JSON, "timestamp": JSON}
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(SAMPLE, st.lists(SAMPLE, max_size=4)))
def test_any_json_is_samples_or_unreadable(body):
    try:
        found = webhooks.samples(written(body), NOW)
    except UnreadableError:
        return
    for event in found:
        assert isinstance(event, MetricSample | Rejected)
        if isinstance(event, MetricSample) and (message := sample_message(event, "b")) is not None:
            assert not set("+#\0") & set(message[0])
            assert message[0].count("/") == 1


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_unreadable(body):
    for read_body in (webhooks.alerts, webhooks.samples):
        try:
            read_body(body, NOW)
        except UnreadableError:
            continue


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("web\\.hook", "web.hook"),
        ("web.hook", "web.hook"),
        ("monitoring/a\\.b/sing\\[er\\]", "monitoring/a.b/sing[er]"),
        ("back\\\\slash", "back\\slash"),
        ("C:\\x", "C:\\x"),
        (None, ""),
        ("x" * 513, ""),
    ],
)
def test_the_receiver_has_the_name_that_its_alertmanager_knows(sent, name):
    """Alertmanager quotes it as for a regular expression."""
    text = json.dumps({"receiver": sent, "externalURL": "http://am:9093/", "alerts": [{}]})
    [event] = webhooks.alerts(text.encode(), 0.0)
    assert (event.receiver, event.cluster) == (name, "http://am:9093")
