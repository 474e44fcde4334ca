"""Alertmanager's API, version 2: its answers into values, and what it is told.

An answer is read strictly. What has another shape than Alertmanager gives is not half an answer but none, because
whatever is missing from it would seem to have ended.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bridge.core.alertmanager import Found, Silence
from bridge.core.digest import printable
from bridge.model.errors import UnreadableError
from bridge.model.events import AlertEvent, Source, Status
from bridge.wire.reading import instant, read_json
from bridge.wire.webhooks import Came, alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bridge.core.matchers import Matcher

STATES = {"active", "suppressed", "unprocessed"}
MAX_SAID = 256
"""Characters that are kept of what somebody wrote into a silence."""
_SPECIAL = frozenset(r"\.+*?()|[]{}^$")


def receiver_filter(receivers: Iterable[str]) -> str:
    """The expression (RE2, anchored by Alertmanager) that takes exactly these receivers."""
    quoted = ("".join(f"\\{c}" if c in _SPECIAL else c for c in name) for name in receivers)
    return "|".join(sorted(quoted))


def alerts(body: bytes, cluster: str, receivers: Sequence[str], now: float) -> dict[str, Found]:
    """The answer to `GET /api/v2/alerts`, by fingerprint. Raises UnreadableError unless every alert of it is whole."""
    found = {}
    for i, item in enumerate(_list(body, "alerts")):
        one = _found(item, f"alerts[{i}]", cluster, receivers, now)
        found[one.event.fingerprint] = one
    return found


def silences(body: bytes) -> dict[str, Silence]:
    """The silences in force of `GET /api/v2/silences`, by id. Raises UnreadableError."""
    found = {}
    for i, item in enumerate(_list(body, "silences")):
        where = f"silences[{i}]"
        status = _object(item, where).get("status")
        ident, until = item.get("id"), instant(item.get("endsAt"))
        if not isinstance(ident, str) or not isinstance(status, dict) or until is None:
            raise UnreadableError(f"{where}: no id, status or endsAt")
        if status.get("state") == "active":
            found[ident] = Silence(ident, _said(item.get("createdBy")), _said(item.get("comment")), until)
    return found


def receivers(body: bytes) -> list[str]:
    """The names of `GET /api/v2/receivers`. Raises UnreadableError."""
    return _names(_list(body, "receivers"), "receivers")


def started(body: bytes) -> float:
    """When that Alertmanager was started (unix seconds of its own clock), by `GET /api/v2/status`. Raises UnreadableError."""
    value = read_json(body)
    at = instant(value.get("uptime")) if isinstance(value, dict) else None
    if at is None:
        raise UnreadableError("status: no uptime; is this an Alertmanager?")
    return at


def silence_id(body: bytes) -> str:
    """The id that `POST /api/v2/silences` answers. Raises UnreadableError."""
    value = read_json(body)
    ident = value.get("silenceID") if isinstance(value, dict) else None
    if not isinstance(ident, str) or not ident:
        raise UnreadableError("no silenceID in the answer")
    return ident


def error(body: bytes) -> str:
    """What Alertmanager says went wrong: a JSON text, or an object with a message."""
    try:
        value = read_json(body[:65536])
    except UnreadableError:
        value = body[:MAX_SAID].decode("utf-8", "replace")
    if isinstance(value, dict):
        value = value.get("message", "")
    return _said(value).strip()


def silence_body(
    matchers: Iterable[Matcher], by: str, comment: str, begins: float, ends: float
) -> dict[str, Any]:
    """What `POST /api/v2/silences` takes. Times are unix seconds."""
    return {
        "matchers": [
            {"name": m.name, "value": m.value, "isRegex": "~" in m.op, "isEqual": not m.op.startswith("!")}
            for m in matchers
        ],
        "createdBy": by,
        "comment": comment,
        "startsAt": _written(begins),
        "endsAt": _written(ends),
    }


def _found(item: Any, where: str, cluster: str, ours: Sequence[str], now: float) -> Found:
    status = _object(item, where).get("status")
    ident, begins = item.get("fingerprint"), instant(item.get("startsAt"))
    sets = all(isinstance(item.get(key), dict) for key in ("labels", "annotations"))
    if not isinstance(ident, str) or not ident or not sets or begins is None:
        raise UnreadableError(f"{where}: no fingerprint, labels, annotations or startsAt")
    if not isinstance(status, dict) or status.get("state") not in STATES:
        raise UnreadableError(f"{where}: no state among {', '.join(sorted(STATES))}")
    through = _names(item.get("receivers"), f"{where}.receivers")
    receiver = next((name for name in through if name in ours), through[0] if through else "")
    kept = ("fingerprint", "labels", "annotations", "startsAt", "generatorURL")
    raw = {key: item[key] for key in kept if key in item}
    came, firing = Came(cluster, receiver), Status.FIRING
    event = alert(raw, Source.ALERTMANAGER_API, now, status=firing, where=where, came=came)
    if not isinstance(event, AlertEvent):
        raise UnreadableError(event.reason)
    silenced, inhibited = (_texts(status.get(key), where) for key in ("silencedBy", "inhibitedBy"))
    muted = _texts(status.get("mutedBy", []), where)  # older versions do not tell it
    return Found(event, status["state"], silenced, inhibited, muted)


def _list(body: bytes, what: str) -> list[Any]:
    value = read_json(body)
    if not isinstance(value, list):
        raise UnreadableError(f"{what}: no list, but {type(value).__name__}")
    return value


def _object(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise UnreadableError(f"{where}: no object, but {type(item).__name__}")
    return item


def _names(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not all(
        isinstance(v, dict) and isinstance(v.get("name"), str) for v in value
    ):
        raise UnreadableError(f"{where}: no list of names")
    return [v["name"] for v in value]


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise UnreadableError(f"{where}: its status lacks a list of what suppresses it")
    return tuple(value)


def _said(value: Any) -> str:
    return printable(value[:MAX_SAID]) if isinstance(value, str) else ""


def _written(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
