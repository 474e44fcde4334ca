"""Rows of the store as values, and back."""

# ruff: noqa: S608 # tables and columns in the statements are ours

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from bridge.core.acks import Ack
from bridge.core.engine import Active
from bridge.core.mutes import Mute
from bridge.model.events import AlertEvent, MetricSample, Source, Status

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)
T = TypeVar("T")
_ACTIVE = "since, severity, rule, audible, body, onset"
_ACK = "fingerprint, severity, by, why, at, until, covers"
_MUTE = "id, matchers, criticals, by, why, at, until, fingerprint"

_FIELDS = (
    *("source", "fingerprint", "status", "received", "starts_at", "ends_at", "value"),
    *("one_shot", "retained", "expires_at", "cluster", "receiver", "standing"),
)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """One event that is stored and has no outcome yet."""

    id: int
    event: AlertEvent
    severity: str
    sound: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a store knows when it is opened."""

    bridge: str
    next_id: int
    next_publish: int
    active: list[Active]
    ended: list[tuple[str, float, float | None]]
    watchdog: float | None
    open: list[OpenRow]
    publishes: list[tuple[int, str, bytes]]
    who: list[tuple[str, int, float]]
    acks: list[Ack]
    mutes: list[Mute]
    quiets: list[tuple[str, str, str, float, float]]
    """Players that are quiet: (player, by, why, at, until)."""
    watch_off: tuple[float, str] | None
    """Since when the watch is off, and who switched it."""
    meta: dict[str, str]
    """Whatever else was written under a key of its own."""
    unreadable: int = 0
    """Rows that were passed over, because nothing could be made of them."""
    illegible: tuple[int, ...] = ()
    """Open events among these: nobody can sound them any more."""
    aside: str | None = None
    """Where a damaged file was put (empty: it was deleted); then everything else here is new."""


def read(db: sqlite3.Connection) -> Remembered:
    """Everything that a bridge goes on with. One row that nothing can be made of does not take the others away."""
    bad: list[Any] = []
    meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    publishes = db.execute("SELECT id, topic, payload FROM publishes ORDER BY id").fetchall()
    waiting = db.execute("SELECT id, body, severity, sound FROM events WHERE outcome IS NULL ORDER BY id")
    opened = _made(waiting, lambda i, text, severity, sound: OpenRow(i, event(text), severity, sound), bad)
    illegible = tuple(row[0] for row in bad)
    watchdog = _made([(meta["watchdog"],)] if "watchdog" in meta else [], float, bad)
    watch_off = _made([(meta["watch_off"],)] if "watch_off" in meta else [], _switched, bad)
    return Remembered(
        bridge=meta["bridge"],
        next_id=1 + (db.execute("SELECT max(id) FROM events").fetchone()[0] or 0),
        next_publish=1 + (publishes[-1][0] if publishes else 0),
        active=_made(db.execute(f"SELECT {_ACTIVE} FROM active"), _active, bad),
        ended=db.execute("SELECT fingerprint, at, starts_at FROM ended ORDER BY at").fetchall(),
        watchdog=watchdog[0] if watchdog else None,
        open=opened,
        publishes=publishes,
        who=db.execute("SELECT service, slot, seen FROM who ORDER BY service").fetchall(),
        acks=_made(db.execute(f"SELECT {_ACK} FROM acks"), _ack, bad),
        mutes=_made(db.execute(f"SELECT {_MUTE} FROM mutes"), _mute, bad),
        quiets=db.execute("SELECT player, by, why, at, until FROM quiets").fetchall(),
        watch_off=watch_off[0] if watch_off else None,
        meta=meta,
        unreadable=len(bad),
        illegible=illegible,
    )


def _made(rows: Iterable[tuple[Any, ...]], make: Callable[..., T], bad: list[Any]) -> list[T]:
    """What `make` makes of each row; rows that it can make nothing of are added to `bad`."""
    found = []
    for row in rows:
        try:
            found.append(make(*row))
        except (ValueError, TypeError, KeyError) as e:
            log.error("a row of the store is passed over, nothing can be made of it (%s): %.200r", e, row)  # noqa: TRY400 # it says all
            bad.append(row)
    return found


def _switched(text: str) -> tuple[float, str]:
    since, by = orjson.loads(text)
    return float(since), str(by)


def _active(  # a row of that table
    since: float, severity: str, rule: str, audible: int, text: bytes, onset: str
) -> Active:
    return Active(event(text), since, severity, rule, bool(audible), onset)


def _ack(  # noqa: PLR0917 # a row of that table
    fingerprint: str, severity: str, by: str, why: str, at: float, until: float, covers: str
) -> Ack:
    return Ack(fingerprint, severity, by, why, at, until, tuple(covers.split("\n")) if covers else ())


def _mute(  # noqa: PLR0917 # a row of that table
    ident: str, matchers: str, criticals: int, by: str, why: str, at: float, until: float, fingerprint: str
) -> Mute:
    return Mute.of(
        ident,
        orjson.loads(matchers),
        fingerprint=fingerprint,
        criticals=bool(criticals),
        by=by,
        why=why,
        at=at,
        until=until,
    )


def body(alert: AlertEvent) -> bytes:
    """What is kept of an alert: everything but the text as it was sent."""
    fields: dict[str, Any] = {name: getattr(alert, name) for name in _FIELDS}
    sets = {name: dict(getattr(alert, name)) for name in ("labels", "annotations", "links")}
    return orjson.dumps(fields | sets)


def event(text: bytes) -> AlertEvent:
    """The alert of a body; one of an older version lacks what came later."""
    fields = orjson.loads(text)
    fields["source"], fields["status"] = Source(fields["source"]), Status(fields["status"])
    return AlertEvent(**fields)


def sample(  # a row of that table
    received: float, source: str, kind: str, value: float, labels: str, at: float | None
) -> MetricSample:
    """The sample of a row."""
    return MetricSample(Source(source), kind, value, received, orjson.loads(labels), at)
