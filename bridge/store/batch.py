"""Writes that belong together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import orjson

from bridge.core import acks, mutes
from bridge.core.engine import LATE
from bridge.store.rows import body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.core.acks import Ack
    from bridge.core.engine import Active
    from bridge.core.mutes import Mute
    from bridge.model.events import AlertEvent, MetricSample, Outcome, Reason, Source

Statement = tuple[str, tuple[Any, ...]]
HEAVY = 1024
Count = tuple[str, str, str, str]
"""Kind (`alert`, `sample`, `rejected`), source, outcome, reason."""
_LONGEST = {"acks": acks.LASTS, "mutes": mutes.LONGEST, "quiets": mutes.LONGEST}
"""Seconds that each may hold at most."""
BY, WHY, ABOUT = 128, 256, 400
"""Bytes that a deed keeps of who and why, and of the matchers or the player that it is about."""
_RECEIVED = "INSERT INTO received VALUES (?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count"
_TALLY = "INSERT INTO tally VALUES (?,?,?,?,?,0) ON CONFLICT DO UPDATE SET count = count + excluded.count"


def weight(statements: Iterable[Statement]) -> int:
    """How many statements these are worth where room is short: one more for each HEAVY bytes that one holds."""
    return sum(1 + _bytes(values) // HEAVY for _, values in statements)


def _bytes(values: Iterable[Any]) -> int:
    return sum(len(value) for value in values if isinstance(value, bytes | str))


def short(text: str, most: int) -> str:
    """The text in at most so many bytes of UTF-8; what is cut ends with three dots."""
    told = text.encode("utf-8", "replace")
    return told.decode() if len(told) <= most else told[: most - 3].decode("utf-8", "ignore") + "..."


def _about(found: Mapping[str, Any]) -> str:
    """What a deed is about, as JSON. Of matchers whole ones are kept; `cut` says that some are not."""
    kept = {name: short(x, ABOUT) if isinstance(x, str) else x for name, x in found.items()}
    if texts := found.get("match"):
        used = accumulate(len(text.encode("utf-8", "replace")) for text in texts)
        kept["match"] = [text for text, bytes_ in zip(texts, used, strict=True) if bytes_ <= ABOUT]
        if len(kept["match"]) < len(texts):
            kept["cut"] = True
    return orjson.dumps(kept).decode()


@dataclass(slots=True)
class Batch:
    """Writes that belong together; they are committed whole or not at all."""

    statements: list[Statement] = field(default_factory=list)
    counts: Counter[Count] = field(default_factory=Counter)
    received: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.statements or self.counts or self.received)

    def all(self) -> list[Statement]:
        """Every statement, those of the counts last."""
        came = [(_RECEIVED, (*key, n)) for key, n in self.received.items()]
        return [*self.statements, *came, *((_TALLY, (*key, n)) for key, n in self.counts.items())]

    def came(self, kind: str, source: Source, times: int = 1) -> None:
        """Events that came and will have no row of their own."""
        self.received[kind, source] += times

    def count(
        self, kind: str, source: Source, outcome: Outcome, reason: Reason | None, times: int = 1
    ) -> None:
        """Events without a row of their own that ended so."""
        self.counts[kind, source, outcome, reason or ""] += times

    def forget_state(self) -> None:
        """Forget what stands: all of it follows in this batch."""
        for table in ("active", "acks", "mutes", "quiets", "who"):
            self.statements.append((f"DELETE FROM {table}", ()))  # noqa: S608 # names of ours

    def event(
        self,
        event_id: int,
        event: AlertEvent,
        *,
        severity: str,
        rule: str,
        sound: str,
        outcome: Outcome | None,
        reason: Reason | None,
        service: str = "",
    ) -> None:
        """A new event; without an outcome it is open."""
        row = (event_id, event.received, event.source, event.fingerprint, event.status, severity, rule, sound)
        sql = "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,'')"
        ended = None if outcome is None else event.received
        self.statements.append((sql, (*row, outcome, reason, body(event), service, ended)))

    def outcome(
        self,
        event_id: int,
        outcome: Outcome,
        reason: Reason | None,
        at: float | None = None,
        player: str = "",
    ) -> None:
        """How an open event ended: at `at` (unix seconds), by the word of `player` where one sounded it."""
        sql = "UPDATE events SET outcome = ?, reason = ?, ended = ?, player = ? WHERE id = ? AND outcome IS NULL"
        self.statements.append((sql, (outcome, reason, at, player, event_id)))

    def sample(self, sample: MetricSample) -> None:
        """The newest sample of a voice."""
        labels = orjson.dumps(dict(sample.labels)).decode()
        row = (sample.received, sample.source, sample.type, sample.value, labels, sample.at)
        sql = "INSERT INTO samples (received, source, type, value, labels, at) VALUES (?,?,?,?,?,?)"
        self.statements.append((sql, row))

    def fires(self, row: Active) -> None:
        """An alert fires, or what is known of one that fires has changed."""
        sql = "INSERT OR REPLACE INTO active VALUES (?,?,?,?,?,?,?)"
        kept = body(row.event)
        values = (row.event.fingerprint, row.since, row.severity, row.rule, row.audible, kept, row.onset)
        self.statements.append((sql, values))

    def ended(self, fingerprint: str, at: float, starts_at: float | None) -> None:
        """An alert fires no more: it ended at `at` (unix seconds). Late messages of it are told by its start."""
        self.statements.append(("DELETE FROM active WHERE fingerprint = ?", (fingerprint,)))
        self.statements.append(("INSERT OR REPLACE INTO ended VALUES (?,?,?)", (fingerprint, at, starts_at)))

    def meta(self, key: str, value: str | None) -> None:
        """A word to remember under a key, or None to forget it."""
        if value is None:
            self.statements.append(("DELETE FROM meta WHERE key = ?", (key,)))
        else:
            self.statements.append(("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value)))

    def watchdog(self, at: float) -> None:
        """The Watchdog was heard at `at` (unix seconds)."""
        self.meta("watchdog", repr(at))

    def watch(self, off_since: float | None, by: str) -> None:
        """The watch was switched: off since `off_since` (unix seconds), or on."""
        self.meta("watch_off", None if off_since is None else orjson.dumps([off_since, by]).decode())

    def who(self, service: str, slot: int, seen: float) -> None:
        """A service has a slot and was heard of at `seen` (unix seconds)."""
        self.statements.append(("INSERT OR REPLACE INTO who VALUES (?,?,?)", (service, slot, seen)))

    def nobody(self, service: str) -> None:
        """A service gave its slot up."""
        self.statements.append(("DELETE FROM who WHERE service = ?", (service,)))

    def ack(self, ack: Ack) -> None:
        """An acknowledgement holds."""
        row = (ack.fingerprint, ack.severity, ack.by, ack.why, ack.at, ack.until, "\n".join(ack.covers))
        self.statements.append(("INSERT OR REPLACE INTO acks VALUES (?,?,?,?,?,?,?)", row))

    def unack(self, fingerprint: str) -> None:
        """An acknowledgement holds no more."""
        self.statements.append(("DELETE FROM acks WHERE fingerprint = ?", (fingerprint,)))

    def mute(self, mute: Mute) -> None:
        """Something is muted for everyone."""
        row = (
            mute.id,
            orjson.dumps(mute.texts).decode(),
            mute.criticals,
            mute.by,
            mute.why,
            mute.at,
            mute.until,
            mute.fingerprint,
        )
        self.statements.append(("INSERT OR REPLACE INTO mutes VALUES (?,?,?,?,?,?,?,?)", row))

    def unmute(self, ident: str) -> None:
        """A mute holds no more."""
        self.statements.append(("DELETE FROM mutes WHERE id = ?", (ident,)))

    def quiet(self, player: str, by: str, why: str, at: float, until: float) -> None:
        """A player is quiet until `until` (unix seconds)."""
        self.statements.append(
            ("INSERT OR REPLACE INTO quiets VALUES (?,?,?,?,?)", (player, by, why, at, until))
        )

    def unquiet(self, player: str) -> None:
        """A player is no longer quiet."""
        self.statements.append(("DELETE FROM quiets WHERE player = ?", (player,)))

    def deed(  # a row of that table
        self,
        at: float,
        what: str,
        fingerprint: str,
        by: str,
        why: str,
        until: float | None,
        *,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Somebody did something, or it ended by itself; for the story of an alert where `fingerprint` names one.

        `about` says what it was done to, where that is no single alert. Long texts are shortened.
        """
        sql = "INSERT INTO deeds (at, what, fingerprint, by, why, until, about) VALUES (?,?,?,?,?,?,?)"
        values = (at, what, fingerprint, short(by, BY), short(why, WHY), until, _about(about or {}))
        self.statements.append((sql, values))

    def publish(self, publish_id: int, topic: str, payload: bytes) -> None:
        """A message that waits for the broker."""
        self.statements.append(("INSERT INTO publishes VALUES (?,?,?)", (publish_id, topic, payload)))

    def published(self, publish_id: int) -> None:
        """The broker has the message, or it was given up."""
        self.statements.append(("DELETE FROM publishes WHERE id = ?", (publish_id,)))

    def lapse(self, now: float) -> None:
        """Forget ends that no late message can meet any more, and what people said whose time is over."""
        self.statements.append(("DELETE FROM ended WHERE at < ?", (now - LATE,)))
        for table, longest in _LONGEST.items():  # later than that it ends only where the clock went back
            sql = f"DELETE FROM {table} WHERE until <= ? OR until > ?"  # noqa: S608 # names of ours
            self.statements.append((sql, (now, now + longest + mutes.SLACK)))
