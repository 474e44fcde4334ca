"""Every line "topic, payload, what it is" of docs/mqtt.md, through the reader that the bridge uses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest
import yaml
from pages import blocks, code, page, rows, section

from bridge import config
from bridge.model.events import AlertEvent, MetricSample, Rejected, Source, Status
from bridge.settings import Settings
from bridge.wire import topics, webhooks
from bridge.wire.topics import Message

if TYPE_CHECKING:
    from bridge.core.topics import TopicRule


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: the message, the mappings of its section, and what the page says of it."""

    message: Message
    rules: tuple[TopicRule, ...]
    says: str


def lines() -> list[Line]:
    found = []
    for title in ["What an alert looks like", *re.findall(r"^### (.+)$", page("docs/mqtt.md"), re.MULTILINE)]:
        text = section("docs/mqtt.md", title)
        trees = [block.tree() for block in blocks(text) if block.tree()]
        book = {"version": 1, "alerts": [{"name": "all"}]} | (trees[0] if trees else {})
        rules = config.parse(yaml.safe_dump(book).encode(), title).topics()
        for topic, payload, says in rows(text):
            [name], [body] = code(topic), code(payload)
            found.append(Line(Message(name, body.encode(), "(retained)" in topic), rules, says))
    return found


def said(event: AlertEvent | MetricSample | Rejected) -> str:
    """An event in the words of the page."""
    if isinstance(event, Rejected):
        return f"not taken: {event.why}"
    labels = "".join(f" {name}={value}" for name, value in event.labels.items())
    if isinstance(event, MetricSample):
        return f"sample: {event.type} {event.value:g}{labels}"
    if event.one_shot:
        return f"one onset:{labels}"
    return f"{'fires' if event.status is Status.FIRING else 'ends'}:{labels}"


@pytest.mark.parametrize(
    "line", lines(), ids=lambda line: f"{line.message.topic} {line.message.payload[:30]!r}"
)
def test_a_message_is_what_the_page_says(line: Line) -> None:
    if line.rules:
        assert any(rule.matches(line.message.topic) for rule in line.rules), "no mapping takes it"
    [event] = topics.decode(line.message, line.rules, 0.0)
    assert said(event) == line.says


def test_what_fires_is_ended_by_what_ends() -> None:
    """Neighbouring lines about one thing have one fingerprint."""
    pairs = [
        (a, b)
        for a, b in zip(lines(), lines()[1:], strict=False)
        if b.says == a.says.replace("fires", "ends") != a.says
    ]
    assert len(pairs) >= 4
    for first, second in pairs:
        [fires], [ends] = (topics.decode(line.message, line.rules, 0.0) for line in (first, second))
        assert isinstance(fires, AlertEvent)
        assert isinstance(ends, AlertEvent)
        assert fires.fingerprint == ends.fingerprint


def test_every_named_device_is_there() -> None:
    titles = re.findall(r"^### (.+)$", page("docs/mqtt.md"), re.MULTILINE)
    for word in ("zigbee2mqtt", "Tasmota", "plain number", "Grafana's MQTT contact point"):
        assert any(word in title for title in titles), word


def test_what_is_published_has_the_form_that_is_told() -> None:
    [block] = [b for b in blocks(section("docs/mqtt.md", "What the bridge publishes")) if b.kind == "json"]
    told = orjson.loads(block.text)
    [event] = webhooks.alerts(orjson.dumps({"alerts": [told["alert"]]}), 0.0)
    assert isinstance(event, AlertEvent)
    topic, payload = topics.alert_message(event, told["severity"], told["origin"])
    assert topic == "alerts/critical"
    assert orjson.loads(payload).keys() == told.keys()
    sample = topics.sample_message(MetricSample(Source.HTTP, "cpu", 0.5, 0.0), "…")
    assert sample is not None
    assert sample[0] == "metrics/cpu"
    assert orjson.loads(sample[1]) == {"value": 0.5, "origin": "…"}
    assert '`{"value": 0.5, "origin": "…"}`' in page("docs/mqtt.md")


def test_the_broker_settings_are_those_of_serve() -> None:
    assert {"mqtt_host", "mqtt_port"} <= set(Settings.__dataclass_fields__)
    assert "`MQTT_HOST`" in page("docs/mqtt.md")
