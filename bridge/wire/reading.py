"""Bytes from outside into plain values, whatever they hold: the parts that webhooks and MQTT share."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from datetime import UTC, datetime
from typing import Any

import orjson

from bridge.core.acks import FLATLINE, OWN
from bridge.core.durations import duration
from bridge.model.errors import UnreadableError

MAX_ID = 64
"""Characters of a fingerprint that are kept; a longer one is hashed. Alertmanager's has 16."""
LENIENT = 4 << 20
"""Bytes of a body that are read leniently: that takes Python's own reader, which a hostile body of 32 MiB would hold
for 5 s in which nothing else is done."""
MAX_TEXTS, MAX_TEXT = 128, 4096
"""Labels or annotations of one event that are kept, and characters of each: nobody hears more."""


def read_json(body: bytes) -> Any:
    """The JSON value of a body. Raises UnreadableError.

    What strict JSON forbids and real senders write (NaN, Infinity, lone surrogates, bytes that are no UTF-8
    inside a text) is read as null or as a replacement character rather than losing the whole body, up to LENIENT.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as e:
        if len(body) > LENIENT:
            raise UnreadableError(f"this is no JSON: {e}; send a JSON object") from None
        return _lenient(body)


def _lenient(body: bytes) -> Any:
    try:
        text = body.decode("utf-8-sig", "replace")
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite, parse_int=_finite)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as e:
        raise UnreadableError(f"this is no JSON: {e}; send a JSON object") from None


def _finite(text: str) -> float | int | None:
    try:
        value = float(text)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(value):
        return None
    return int(text) if value.is_integer() and abs(value) < 2**53 and text.lstrip("-").isdigit() else value


def number(value: Any) -> float | None:
    """A finite number out of a number, a numeric text or a truth value; None for anything else."""
    if isinstance(value, str):
        if len(value) > MAX_ID or "_" in value:  # float() takes 1_000, which no sender means
            return None
        value = value.strip()
    elif not isinstance(value, bool | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def texts(value: Any) -> dict[str, str]:
    """A label set out of anything: not an object is empty, a value that is no text is written as one."""
    if not isinstance(value, dict):
        return {}
    kept = itertools.islice(((k, v) for k, v in value.items() if v is not None), MAX_TEXTS)
    return {str(key)[:MAX_TEXT]: _text(item)[:MAX_TEXT] for key, item in kept}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # nested deeper than it writes, though it reads such
        return "(nested too deeply)"


def instant(value: Any) -> float | None:
    """Unix seconds of an RFC 3339 time; None for anything else and for Go's zero time (year 1)."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return found.timestamp() if found.year > 1 else None
    except (ValueError, OverflowError):
        return None


def moment(text: str, now: float) -> float | None:
    """Unix seconds of a time as a person writes it: unix seconds, RFC 3339, or a duration, which is so long before `now`."""
    ago = duration(text)
    if ago is not None:
        return now - ago
    found = number(text)
    return instant(text) if found is None else found


def fingerprint(sent: Any, labels: dict[str, str]) -> str:
    """The fingerprint as sent, or one made of the labels; always short and printable."""
    if isinstance(sent, str) and sent:
        if len(sent) <= MAX_ID and sent.isprintable() and sent != FLATLINE and not sent.startswith(OWN):
            return sent
        return hashlib.sha256(sent.encode("utf-8", "replace")).hexdigest()[:16]
    text = json.dumps(sorted(labels.items()))  # no label can look like the border between two
    return hashlib.sha256(text.encode()).hexdigest()[:16]
