"""Journals: what came in, one JSON object a line, in a file that a person can read and write.

    {"t": 1760000000, "kind": "alert", "status": "firing", "labels": {"alertname": "HighCPU", "severity": "critical"}}
    {"t": 1760000015, "kind": "sample", "type": "cpu", "value": 0.93}

`t` is when the event was received, in unix seconds; times may also be RFC 3339 texts. The other keys are the fields of
the model under their own names. A line needs the keys of its kind in NEEDED; what is left out has the model's default,
an alert's fingerprint is made of its labels. Keys that are unknown are ignored, so that a later version may add some.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bridge.core.links import checked
from bridge.model.errors import UnreadableError
from bridge.model.events import AlertEvent, Event, MetricSample, Source, Status
from bridge.wire.reading import fingerprint, instant, read_json, texts
from bridge.wire.webhooks import MAX_NAME, MAX_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_LINE = 1 << 20
"""Bytes of one line; a longer one is no event of ours."""
LATEST = 253_402_300_799.0
"""The end of the year 9999, in unix seconds."""
NEEDED = {"alert": ("status", "labels"), "sample": ("type", "value")}
"""By kind, besides `t` and `kind`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that is no event. `text` is for a person: file, line, what is wrong, what to do."""

    text: str


class _WrongError(Exception):
    """What is wrong with a line, without its place."""


def read(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, Event | Problem]]:
    """Every line that is not blank, by its number from 1: its event, or its problem. `name` is the file's."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, _event(line)
        except _WrongError as e:
            yield number, Problem(f"{name}:{number}: {e}")


def _event(line: bytes) -> Event:
    if len(line) > MAX_LINE:
        raise _WrongError(f"longer than {MAX_LINE} bytes; one event is one line")
    try:
        found = read_json(line)
    except UnreadableError as e:
        raise _WrongError(str(e)) from None
    if not isinstance(found, dict):
        raise _WrongError(f"an event is a JSON object, this is {type(found).__name__}")
    if (kind := found.get("kind")) not in ("alert", "sample"):
        raise _WrongError(f'"kind" is "alert" or "sample", this is {_short(kind)}')
    if missing := [key for key in ("t", *NEEDED[kind]) if key not in found]:
        needed = " and ".join(f'"{key}"' for key in missing)
        raise _WrongError(f"{needed} must be there for {kind}s; add it")
    return _alert(found) if kind == "alert" else _sample(found)


def line(happened: Event) -> bytes:
    """The line of an event, with its newline; what has the model's default is left out."""
    if isinstance(happened, AlertEvent):
        found = {"t": happened.received, "kind": "alert"} | _alert_fields(happened)
    else:
        found = {"t": happened.received, "kind": "sample"} | _sample_fields(happened)
    try:
        return orjson.dumps(found) + b"\n"
    except orjson.JSONEncodeError:  # what was sent may be nested deeper than it writes, though it reads such
        return orjson.dumps(found | {"raw": {}}) + b"\n"


def _alert_fields(alert: AlertEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "status": alert.status,
        "labels": dict(alert.labels),
        "source": alert.source,
        "fingerprint": alert.fingerprint,
    }
    objects = {name: dict(getattr(alert, name)) for name in ("annotations", "links", "raw")}
    numbers = {name: getattr(alert, name) for name in ("starts_at", "ends_at", "value", "expires_at")}
    flags = {
        name: getattr(alert, name) for name in ("one_shot", "retained", "cluster", "receiver", "standing")
    }
    fields |= {name: value for name, value in (objects | flags).items() if value}
    return fields | {name: value for name, value in numbers.items() if value is not None}


def _sample_fields(sample: MetricSample) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": sample.type, "value": sample.value, "source": sample.source}
    if sample.labels:
        fields["labels"] = dict(sample.labels)
    if sample.at is not None:
        fields["at"] = sample.at
    return fields


def _alert(found: dict[str, Any]) -> AlertEvent:
    status = found["status"]
    if status not in tuple(Status):
        raise _WrongError(f'"status" is "firing" or "resolved", this is {_short(status)}')
    labels = _texts(found, "labels")
    return AlertEvent(
        source=_source(found, Source.ALERTMANAGER),
        fingerprint=fingerprint(found.get("fingerprint"), labels),
        status=Status(status),
        labels=labels,
        received=_time(found, "t"),
        annotations=_texts(found, "annotations"),
        starts_at=_time_or_none(found, "starts_at"),
        ends_at=_time_or_none(found, "ends_at"),
        value=_number_or_none(found, "value"),
        one_shot=_flag(found, "one_shot"),
        retained=_flag(found, "retained"),
        expires_at=_time_or_none(found, "expires_at"),
        raw=_object(found, "raw"),
        cluster=_name(found, "cluster"),
        receiver=_name(found, "receiver"),
        links=checked(_texts(found, "links")),
        standing=_flag(found, "standing"),
    )


def _sample(found: dict[str, Any]) -> MetricSample:
    kind = found["type"]
    if not isinstance(kind, str) or not kind or len(kind) > MAX_TYPE or not kind.isprintable():
        raise _WrongError(f'"type" is a text of 1 to {MAX_TYPE} characters, this is {_short(kind)}')
    return MetricSample(
        source=_source(found, Source.HTTP),
        type=kind,
        value=_number(found, "value"),
        received=_time(found, "t"),
        labels=_texts(found, "labels"),
        at=_time_or_none(found, "at"),
    )


def _source(found: dict[str, Any], default: Source) -> Source:
    said = found.get("source", default)
    if said not in tuple(Source):
        raise _WrongError(f'"source" is one of {", ".join(Source)}, this is {_short(said)}')
    return Source(said)


def _time(found: dict[str, Any], key: str) -> float:
    """Unix seconds; milliseconds, the usual mistake, lie beyond the year 9999 and are refused."""
    value = found[key]
    seconds = instant(value) if isinstance(value, str) else _number(found, key)
    if seconds is None or not 0 <= seconds <= LATEST:
        raise _WrongError(
            f'"{key}" is unix seconds (not milliseconds) or an RFC 3339 time, this is {_short(value)}'
        )
    return seconds


def _time_or_none(found: dict[str, Any], key: str) -> float | None:
    return None if found.get(key) is None else _time(found, key)


def _number(found: dict[str, Any], key: str) -> float:
    value = found[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongError(f'"{key}" is a finite number, this is {_short(value)}')
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _WrongError(f'"{key}" is a finite number, this is {_short(value)}')
    return number


def _number_or_none(found: dict[str, Any], key: str) -> float | None:
    return None if found.get(key) is None else _number(found, key)


def _flag(found: dict[str, Any], key: str) -> bool:
    value = found.get(key, False)
    if not isinstance(value, bool):
        raise _WrongError(f'"{key}" is true or false, this is {_short(value)}')
    return value


def _name(found: dict[str, Any], key: str) -> str:
    value = found.get(key, "")
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise _WrongError(f'"{key}" is a text of at most {MAX_NAME} characters, this is {_short(value)}')
    return value


def _texts(found: dict[str, Any], key: str) -> dict[str, str]:
    return texts(_object(found, key))


def _object(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = found.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _WrongError(f'"{key}" is an object of names and texts, this is {_short(value)}')
    return value


def _short(value: Any) -> str:
    """What stands there, as far as it fits into a line."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else repr(value)[:40]
