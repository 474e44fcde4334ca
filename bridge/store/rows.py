"""Rows of the store as values, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from bridge.core.acks import Ack
from bridge.core.engine import Active
from bridge.core.mutes import Mute
from bridge.model.events import AlertEvent, MetricSample, Source, Status

if TYPE_CHECKING:
    import sqlite3

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
    aside: str | None = None
    """Where a damaged file was put; then everything else here is new."""


def read(db: sqlite3.Connection) -> Remembered:
    """Everything that a bridge goes on with. Raises ValueError, TypeError or KeyError for rows that are not ours."""
    meta = dict(db.execute("SELECT key, value FROM meta").fetchall())
    publishes = db.execute("SELECT id, topic, payload FROM publishes ORDER BY id").fetchall()
    waiting = db.execute("SELECT id, body, severity, sound FROM events WHERE outcome IS NULL ORDER BY id")
    watch_off = orjson.loads(meta["watch_off"]) if "watch_off" in meta else None
    return Remembered(
        bridge=meta["bridge"],
        next_id=1 + (db.execute("SELECT max(id) FROM events").fetchone()[0] or 0),
        next_publish=1 + (publishes[-1][0] if publishes else 0),
        active=_active(db),
        ended=db.execute("SELECT fingerprint, at, starts_at FROM ended ORDER BY at").fetchall(),
        watchdog=float(meta["watchdog"]) if "watchdog" in meta else None,
        open=[OpenRow(i, event(body), severity, sound) for i, body, severity, sound in waiting],
        publishes=publishes,
        who=db.execute("SELECT service, slot, seen FROM who ORDER BY service").fetchall(),
        acks=[
            _ack(*row)
            for row in db.execute("SELECT fingerprint, severity, by, why, at, until, covers FROM acks")
        ],
        mutes=[
            _mute(*row) for row in db.execute("SELECT id, matchers, criticals, by, why, at, until FROM mutes")
        ],
        quiets=db.execute("SELECT player, by, why, at, until FROM quiets").fetchall(),
        watch_off=tuple(watch_off) if watch_off else None,
        meta=meta,
    )


def _active(db: sqlite3.Connection) -> list[Active]:
    rows = db.execute("SELECT since, severity, rule, audible, body, onset FROM active")
    return [
        Active(event(body), since, severity, rule, bool(audible), onset)
        for since, severity, rule, audible, body, onset in rows
    ]


def _ack(  # noqa: PLR0917 # a row of that table
    fingerprint: str, severity: str, by: str, why: str, at: float, until: float, covers: str
) -> Ack:
    return Ack(fingerprint, severity, by, why, at, until, tuple(covers.split("\n")) if covers else ())


def _mute(  # noqa: PLR0917 # a row of that table
    ident: str, matchers: str, criticals: int, by: str, why: str, at: float, until: float
) -> Mute:
    return Mute.of(ident, matchers.split("\n"), criticals=bool(criticals), by=by, why=why, at=at, until=until)


def body(alert: AlertEvent) -> bytes:
    """What is kept of an alert: everything but the text as it was sent."""
    fields: dict[str, Any] = {name: getattr(alert, name) for name in _FIELDS}
    return orjson.dumps(fields | {"labels": dict(alert.labels), "annotations": dict(alert.annotations)})


def event(text: bytes) -> AlertEvent:
    """The alert of a body."""
    fields = orjson.loads(text)
    fields["source"], fields["status"] = Source(fields["source"]), Status(fields["status"])
    return AlertEvent(**fields)


def sample(  # a row of that table
    received: float, source: str, kind: str, value: float, labels: str, at: float | None
) -> MetricSample:
    """The sample of a row."""
    return MetricSample(Source(source), kind, value, received, orjson.loads(labels), at)
