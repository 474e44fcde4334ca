"""HTTP bodies into events: Alertmanager's webhook version 4, Grafana's superset of it, and `/metric`."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, NamedTuple

from bridge.core.links import links
from bridge.model.errors import UnreadableError
from bridge.model.events import AlertEvent, MetricSample, Rejected, Source, Status
from bridge.wire.reading import fingerprint, instant, number, read_json, texts

MAX_BATCH = 20_000
"""Alerts or samples in one body."""
AHEAD = 300.0
"""Seconds that a sender's clock may be ahead."""
MAX_TYPE = 64
"""Characters of a metric type."""
MAX_NAME = 512
"""Characters of an Alertmanager's URL or of a receiver's name; a longer one is not kept."""
ORIGIN = ("externalURL", "receiver")
_QUOTED = re.compile(r"\\([\\.+*?()|\[\]{}^$])")
"""Alertmanager quotes the receiver's name as for a regular expression: `web\\.hook` is called `web.hook`."""


class Came(NamedTuple):
    """Which Alertmanager sent a group, and through which of its receivers."""

    cluster: str = ""
    receiver: str = ""


def alerts(body: bytes, received: float) -> list[AlertEvent | Rejected]:
    """The alerts of a webhook body, in their order. Raises UnreadableError when there is no list of alerts."""
    return group(read_json(body), received)


def group(
    value: Any, received: float, *, source: Source | None = None, retained: bool = False
) -> list[AlertEvent | Rejected]:
    """The alerts of a decoded webhook. Of the group only `alerts` is required; unknown fields are ignored."""
    if not isinstance(value, dict) or not isinstance(value.get("alerts"), list):
        raise UnreadableError('no list of alerts: send {"alerts": [...]}, as Alertmanager and Grafana do')
    if len(value["alerts"]) > MAX_BATCH:
        raise UnreadableError(
            f"{len(value['alerts'])} alerts in one body, at most {MAX_BATCH} are taken; send fewer"
        )
    origin = source or (Source.GRAFANA if "orgId" in value else Source.ALERTMANAGER)
    said = partial(alert, source=origin, received=received, status=value.get("status"), retained=retained)
    came = Came()
    if origin is Source.ALERTMANAGER:
        url, receiver = map(_name, map(value.get, ORIGIN))
        came = Came(url.rstrip("/"), _QUOTED.sub(r"\1", receiver))
    return [said(item, where=f"alerts[{i}]", came=came) for i, item in enumerate(value["alerts"])]


def _name(value: Any) -> str:
    """A URL or a receiver's name: nothing that is no short text."""
    return value if isinstance(value, str) and len(value) <= MAX_NAME else ""


def alert(  # one alert has this much around it
    item: Any,
    source: Source,
    received: float,
    *,
    status: Any = None,
    where: str = "alert",
    retained: bool = False,
    came: Came = Came(),  # noqa: B008 # immutable
) -> AlertEvent | Rejected:
    """One alert object. `status` is the group's, for an alert that has none; without both it fires."""
    if not isinstance(item, dict):
        return Rejected(source, f"{where}: an alert is an object, this is {type(item).__name__}")
    said = item.get("status") or status or Status.FIRING
    if not isinstance(said, str) or said not in {Status.FIRING, Status.RESOLVED}:
        return Rejected(source, f'{where}: status is "firing" or "resolved", this is {str(said)[:40]!r}')
    labels, annotations = texts(item.get("labels")), texts(item.get("annotations"))
    return AlertEvent(
        source=source,
        fingerprint=fingerprint(item.get("fingerprint"), labels),
        status=Status(said),
        labels=labels,
        received=received,
        annotations=annotations,
        starts_at=instant(item.get("startsAt")),
        ends_at=instant(item.get("endsAt")) if said == Status.RESOLVED else None,
        value=_value(item, annotations),
        retained=retained,
        raw=item,
        cluster=came.cluster,
        receiver=came.receiver,
        links=links(item, annotations),
    )


def _value(item: dict[str, Any], annotations: dict[str, str]) -> float | None:
    """The annotation `value`; else the first number among Grafana's `values`."""
    found = number(annotations.get("value"))
    values = item.get("values")
    if found is None and isinstance(values, dict):
        found = next((n for n in map(number, values.values()) if n is not None), None)
    return found


def samples(body: bytes, received: float) -> list[MetricSample | Rejected]:
    """The samples of a `/metric` body: one object or a list of them. Raises UnreadableError for anything else."""
    value = read_json(body)
    items = value if isinstance(value, list) else [value]
    if not isinstance(value, list | dict):
        raise UnreadableError('no sample: send {"type": "cpu", "value": 0.5} or a list of such')
    if len(items) > MAX_BATCH:
        raise UnreadableError(f"{len(items)} samples in one body, at most {MAX_BATCH} are taken; send fewer")
    return [sample(item, Source.HTTP, received, where=f"[{i}]") for i, item in enumerate(items)]


def sample(item: Any, source: Source, received: float, *, where: str = "sample") -> MetricSample | Rejected:
    """One sample object: `type`, `value`, and where the sender has them `labels` and `timestamp` (unix seconds)."""
    if not isinstance(item, dict):
        return Rejected(source, f"{where}: a sample is an object, this is {type(item).__name__}")
    kind, value = item.get("type"), number(item.get("value"))
    if not isinstance(kind, str) or not kind or len(kind) > MAX_TYPE or not kind.isprintable():
        return Rejected(source, f'{where}: "type" must be a text of 1 to {MAX_TYPE} characters')
    if value is None:
        return Rejected(
            source, f'{where}: "value" must be a finite number, this is {str(item.get("value"))[:40]!r}'
        )
    stamp = item.get("timestamp")
    at = instant(stamp) if isinstance(stamp, str) else number(stamp)
    if stamp is not None and at is None:
        return Rejected(source, f'{where}: "timestamp" must be unix seconds or an RFC 3339 time')
    if at is not None and at > received + AHEAD:
        at = None  # a clock that is wrong, or milliseconds: as newest for ever it would silence all that follow
    return MetricSample(source, kind, value, received, texts(item.get("labels")), at)
