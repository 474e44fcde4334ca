"""MQTT messages into events, and events into MQTT messages.

Payload forms on `alerts/#`, in the order in which they are tried: `alerts[]` is a webhook; `alert`, or `status`
with `labels`, is state; anything else with or without a `value` is one onset. The severity is the topic's last
level unless the payload's labels name one. Own publishes are told by their origin mark.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from bridge.core.links import links
from bridge.core.topics import TopicRule, fill
from bridge.model.errors import UnreadableError
from bridge.model.events import AlertEvent, MetricSample, Reason, Rejected, Source, Status
from bridge.wire import webhooks
from bridge.wire.reading import fingerprint, number, read_json, texts

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LEVEL = 64
"""Characters of a topic level that we make ourselves."""
MAX_PAYLOAD = 1 << 16
"""Bytes of a payload that we publish. A broker drops the connection over one that is too large, again and again."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message. `topic` is without the rule book's prefix."""

    topic: str
    payload: bytes
    retained: bool = False


def origin(message: Message) -> str:
    """The bridge that published the message; empty for anybody else's."""
    if b'"origin"' not in message.payload:
        return ""
    try:
        value = read_json(message.payload)
    except UnreadableError:
        return ""
    found = value.get("origin") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def decode(
    message: Message, rules: Iterable[TopicRule], received: float
) -> list[AlertEvent | MetricSample | Rejected]:
    """Every event of a message. What cannot be read is a Rejected with its reason; nothing raises."""
    try:
        rule = next((rule for rule in rules if rule.matches(message.topic)), None)
        if rule is not None:
            return list(_mapped(message, rule, received))
        kind, _, rest = message.topic.partition("/")
        if kind == "metrics":
            return [_metric(message, rest, received)]
        if kind == "alerts":
            return list(_alert(message, rest, received))
    except UnreadableError as e:
        return [Rejected(Source.MQTT, f"{message.topic}: {e}")]
    # A broker keeps a session's subscriptions, those of an older rule book too.
    return [Rejected(Source.MQTT, f"{message.topic}: the rule book does not name it", Reason.BY_RULE)]


def _metric(message: Message, rest: str, received: float) -> MetricSample | Rejected:
    if message.retained:
        return Rejected(Source.MQTT, f"{message.topic}: a retained sample is an old one", Reason.RETAINED)
    value = read_json(message.payload)
    item = value if isinstance(value, dict) else {"value": value}
    kind = item.get("type") or rest.rpartition("/")[2]
    return webhooks.sample(item | {"type": kind}, Source.MQTT, received, where=message.topic)


def _alert(message: Message, rest: str, received: float) -> Iterable[AlertEvent | Rejected]:
    value = read_json(message.payload)
    if isinstance(value, list):
        raise UnreadableError(
            'a list is no alert; send {"value": 1.0}, {"alert": {...}} or {"alerts": [...]}'
        )
    item = value if isinstance(value, dict) else {"value": value}
    if isinstance(item.get("alerts"), list):
        return webhooks.group(item, received, source=Source.MQTT, retained=message.retained)
    severity = rest.rpartition("/")[2]
    if isinstance(item.get("alert"), dict):
        inner = {"status": item.get("status"), **item["alert"]}
        return [_stated(inner, item.get("value"), severity, message, received)]
    labelled = "status" in item and isinstance(item.get("labels"), dict)
    if labelled or item.get("status") == Status.RESOLVED:  # which must never sound an alarm, labels or not
        return [_stated(item, item.get("value"), severity, message, received)]
    return [_one_shot(item, severity, message, received)]


def _stated(
    item: dict[str, Any], value: Any, severity: str, message: Message, received: float
) -> AlertEvent | Rejected:
    found = webhooks.alert(item, Source.MQTT, received, where=message.topic, retained=message.retained)
    if isinstance(found, Rejected):
        return found
    labels = {"severity": severity, **found.labels} if severity else found.labels
    outer = number(value)
    return replace(
        found,
        labels=labels,
        value=found.value if outer is None else outer,
        fingerprint=fingerprint(item.get("fingerprint"), dict(labels)),
    )


def _one_shot(item: dict[str, Any], severity: str, message: Message, received: float) -> AlertEvent:
    labels = texts(item.get("labels")) | ({"severity": severity} if severity else {})
    return AlertEvent(
        source=Source.MQTT,
        fingerprint=fingerprint(None, labels | {"topic": message.topic}),
        status=Status.FIRING,
        labels=labels,
        received=received,
        value=number(item.get("value")),
        one_shot=True,
        retained=message.retained,
        raw=item,
        links=links(item, texts(item.get("annotations"))),
    )


def _mapped(
    message: Message, rule: TopicRule, received: float
) -> Iterable[AlertEvent | MetricSample | Rejected]:
    if message.retained and not rule.keep_retained:
        return [
            Rejected(
                Source.MQTT, f"{message.topic}: retained, and the rule book ignores these", Reason.RETAINED
            )
        ]
    payload = _payload(message.payload)
    if rule.kind == "alert" and not rule.path and isinstance(payload, dict) and "alerts" in payload:
        return webhooks.group(payload, received, source=Source.MQTT, retained=message.retained)
    value = rule.value_in(payload)
    if value is None:
        return [Rejected(Source.MQTT, f"{message.topic}: no {'.'.join(rule.path)!r} in it", Reason.BY_RULE)]
    if rule.kind == "metric":
        item = {
            "type": fill(rule.type, message.topic),
            "value": value,
            "labels": rule.labels_for(message.topic),
        }
        return [webhooks.sample(item, Source.MQTT, received, where=message.topic)]
    return [_device_alert(message, rule, value, received)]


def _device_alert(message: Message, rule: TopicRule, value: Any, received: float) -> AlertEvent | Rejected:
    status = _status(rule, value)
    if status is None:
        return Rejected(
            Source.MQTT, f"{message.topic}: {str(value)[:40]!r} is neither on nor off", Reason.BY_RULE
        )
    labels = rule.labels_for(message.topic)
    return AlertEvent(
        source=Source.MQTT,
        fingerprint=fingerprint(None, labels | {"topic": message.topic, "filter": rule.filter}),
        status=status,
        labels=labels,
        received=received,
        annotations={"summary": f"{message.topic}: {str(value)[:80]}"},
        value=number(value),
        one_shot=not rule.off,
        retained=message.retained,
    )


def _status(rule: TopicRule, value: Any) -> Status | None:
    """Firing where `on` holds the value (or there is no `on`), resolved where `off` does."""
    if any(_same(value, off) for off in rule.off):
        return Status.RESOLVED
    if not rule.on or any(_same(value, on) for on in rule.on):
        return Status.FIRING
    return None


def _same(value: Any, wanted: Any) -> bool:
    """Equal as JSON: true is not 1, but 1 is 1.0."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def _payload(payload: bytes) -> Any:
    """JSON where it is JSON, else the text itself: many devices send a bare word."""
    try:
        return read_json(payload)
    except UnreadableError:
        return payload.decode("utf-8", "replace").strip()


def alert_message(event: AlertEvent, severity: str, bridge: str) -> tuple[str, bytes]:
    """Topic and payload that publish an alert. `severity` is the mapped one: labels never reach a topic.

    The alert goes out as it was sent; one that is too large or nested too deeply is cut to what matters.
    """
    alert: dict[str, Any] = {
        "status": event.status,
        "fingerprint": event.fingerprint,
        "labels": dict(event.labels),
        "annotations": dict(event.annotations),
    }
    body = {"value": event.value, "severity": severity, "origin": bridge}
    payload = _fitting({**body, "alert": {**event.raw, **alert}})
    if payload is None:
        payload = orjson.dumps({**body, "alert": _short(alert), "truncated": True})
    return f"alerts/{severity}", payload


def _fitting(body: dict[str, Any]) -> bytes | None:
    """The payload, or None where it cannot be written or is too large."""
    try:
        payload = orjson.dumps(body)
    except orjson.JSONEncodeError:
        return None
    return payload if len(payload) <= MAX_PAYLOAD else None


def _short(alert: dict[str, Any]) -> dict[str, Any]:
    """The alert with at most 32 labels and 32 annotations of 128 characters each."""
    cut = {
        name: {key[:128]: text[:128] for key, text in itertools.islice(alert[name].items(), 32)}
        for name in ("labels", "annotations")
    }
    return {**alert, **cut}


def sample_message(sample: MetricSample, bridge: str) -> tuple[str, bytes] | None:
    """Topic and payload that publish a sample; None when its type cannot be a topic level or it is too large."""
    if len(sample.type) > MAX_LEVEL or any(c in sample.type for c in "+#/\0"):
        return None
    body: dict[str, Any] = {"value": sample.value, "origin": bridge}
    if sample.labels:
        body["labels"] = dict(sample.labels)
    payload = _fitting(body)
    return None if payload is None else (f"metrics/{sample.type}", payload)
