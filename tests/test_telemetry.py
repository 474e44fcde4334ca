"""Metrics: their names, and that no label can grow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.events import Outcome, Reason, Source
from bridge.telemetry import Metrics

METRICS = Metrics()


def names(metrics):
    return {
        m[1] for m in re.finditer(r"^# TYPE (\S+)", generate_latest(metrics.registry).decode(), re.MULTILINE)
    }


def test_the_five_names_of_the_first_design_are_there():
    assert {
        "alerts_total",
        "mqtt_messages_total",
        "cpu_sound_frequency",
        "memory_sound_volume",
        "alert_processing_seconds",
    } <= names(METRICS)


def test_everything_else_begins_with_pager():
    assert {name for name in names(METRICS) if not name.startswith("pager_")} == {
        "alerts_total",
        "mqtt_messages_total",
        "cpu_sound_frequency",
        "memory_sound_volume",
        "alert_processing_seconds",
    }


@pytest.mark.parametrize(
    ("topic", "label"),
    [
        ("alerts/critical", "alerts/critical"),
        ("alerts/a/b/warning", "alerts/warning"),
        ("alerts/page", "alerts/other"),
        ("alerts", "alerts/other"),
        ("alerts/", "alerts/other"),
        ("metrics/cpu", "metrics/cpu"),
        ("metrics/rack/memory", "metrics/memory"),
        ("metrics/temperature-7", "metrics/other"),
        ("zigbee2mqtt/door", "other"),
        ("Alerts/critical", "other"),
        ("", "other"),
        ("alerts/" + "x" * 60_000, "alerts/other"),
    ],
)
def test_topics_fold(topic, label):
    assert METRICS.mqtt_topic(topic) == label


@given(st.text(), st.sampled_from(["", "alerts/", "metrics/"]))
def test_a_topic_label_is_one_of_a_few(topic, first):
    known = (
        {f"alerts/{s}" for s in (*SEVERITIES, "other")}
        | {f"metrics/{s}" for s in (*SOUNDS, "other")}
        | {"other"}
    )
    assert METRICS.mqtt_topic(first + topic) in known


def test_events_are_counted_by_how_they_ended():
    metrics = Metrics()
    metrics.ended(Source.MQTT, Outcome.SUPPRESSED, Reason.DUPLICATE, 3)
    metrics.ended(Source.HTTP, Outcome.PLAYED, None)
    value = metrics.registry.get_sample_value
    assert (
        value("pager_events_total", {"source": "mqtt", "outcome": "suppressed", "reason": "duplicate"}) == 3
    )
    assert value("pager_events_total", {"source": "http", "outcome": "played", "reason": ""}) == 1


def test_two_bridges_count_apart():
    one, two = Metrics(), Metrics()
    one.active.labels("critical").set(3)
    assert two.registry.get_sample_value("pager_alerts_active", {"severity": "critical"}) == 0
