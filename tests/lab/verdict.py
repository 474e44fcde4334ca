"""What came of a chaos, judged by the logs of gate and relay, and by the books."""

from __future__ import annotations

import bisect
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from bridge.store.books import ledger
from lab.senders import LATE, number

if TYPE_CHECKING:
    from lab.chaos import Chaos
    from lab.relay import Told

FLIGHT = 2.0
"""Seconds that a cue may be on its way when its alert ends."""
AROUND = 1.0
"""Seconds between a death and what a log could still show of the dead."""


@dataclass(frozen=True, slots=True)
class Row:
    """An alert's message in the store."""

    id: int
    n: int
    status: str
    outcome: str | None
    reason: str
    received: float
    source: str


@dataclass
class Verdict:
    """`wrong` is empty when all is well; `figures` are for the report."""

    wrong: list[str] = field(default_factory=list)
    doubles: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


class _Log:
    """The logs, ordered by alert."""

    def __init__(self, chaos: Chaos) -> None:
        self.chaos = chaos
        self.rows: dict[int, list[Row]] = defaultdict(list)
        for row in rows(chaos):
            self.rows[row.n].append(row)
        self.taken: dict[tuple[int, str], list[float]] = defaultdict(list)
        self.sent: dict[tuple[int, str], list[float]] = defaultdict(list)
        for post in chaos.gate.posts:
            for alert in post.alerts:
                self.sent[alert].append(post.began)
                if post.taken:
                    self.taken[alert].append(post.ended)
        self._boots = [at for at, _ in chaos.relay.boots]
        self.told: dict[int, list[Told]] = defaultdict(list)
        first: dict[tuple[str, int], Told] = {}
        for told in list(chaos.relay.told):
            if told.address == "/alert":
                self.told[number(told.freq)].append(told)
                first.setdefault((told.session, told.seq), told)
        self.heard: dict[int, list[float]] = defaultdict(list)
        """When each onset was acknowledged as played; a copy that the same engine acknowledged again is none."""
        known = set()
        for said in list(chaos.relay.said):
            told = first.get((said.session, said.seq))
            key = (said.session, said.seq, bisect.bisect(self._boots, said.at))
            if told is None or said.status != "played" or ".r" in told.id or key in known:
                continue
            known.add(key)
            self.heard[number(told.freq)].append(said.at)

    def died(self, since: float, until: float) -> str:
        """What of bridge and engine died in that time; empty for nothing."""
        found = [
            f"{part} at {at - self.chaos.began:.2f}"
            for at, part in self.chaos.deaths
            if since - AROUND <= at <= until and part in {"bridge", "sclang", "scsynth"}
        ]
        found += [
            f"a new engine at {at - self.chaos.began:.2f}"
            for at in self._boots
            if since < at <= until + AROUND
        ]
        return ", ".join(found)


def judge(chaos: Chaos) -> Verdict:
    """Look at everything. The bridge must have been stopped."""
    found, log = Verdict(), _Log(chaos)
    _books(chaos, found)
    _onsets(log, found)
    _doubles(log, found)
    _ended(log, found)
    return found


def rows(chaos: Chaos) -> list[Row]:
    """Every alert's message that is in the store, those of the senders only."""
    with closing(sqlite3.connect(chaos.bridge.state / "singing-pager.db")) as db:
        every = db.execute(
            "SELECT id, status, outcome, reason, received, source, body FROM events ORDER BY id"
        )
        return [
            Row(i, int(labels["n"]), status, outcome, reason or "", received, source)
            for i, status, outcome, reason, received, source, body in every
            if "n" in (labels := orjson.loads(body)["labels"])
        ]


def _books(chaos: Chaos, found: Verdict) -> None:
    """The ledger adds up, and holds what its senders were told is taken."""
    books = ledger(chaos.bridge.state)
    found.wrong += books.problems
    if books.open:
        found.wrong.append(f"events are open: {books.open}")
    taken = sum(len(post.alerts) for post in chaos.gate.posts if post.taken)
    unsure = sum(len(post.alerts) for post in chaos.gate.posts if post.unsure)
    received = books.received.get(("alert", "alertmanager"), 0)
    if not taken <= received <= taken + unsure:
        found.wrong.append(
            f"webhooks: {taken} alerts were taken, {unsure} perhaps; the ledger has {received}"
        )
    found.figures |= {
        "cases": len(chaos.senders.cases),
        "alerts in webhooks that were taken": taken,
        "alerts in webhooks without an answer of 2xx": unsure,
        "ledger: alerts by webhook": received,
        "ledger: alerts by MQTT": books.received.get(("alert", "mqtt"), 0),
        "ledger: samples": sum(n for (kind, _), n in books.received.items() if kind == "sample"),
        "forgotten by dead Alertmanagers": chaos.forgotten,
    }
    for count in books.counts:
        if count.kind == "alert":
            name = f"{count.outcome} {count.reason}".strip()
            found.figures[name] = found.figures.get(name, 0) + count.count


def _onsets(log: _Log, found: Verdict) -> None:
    """Every onset that was taken has been heard, unless its end came before it could be."""
    accepted = {n for (n, status) in log.taken if status == "firing"}
    accepted |= {row.n for found_rows in log.rows.values() for row in found_rows if row.status == "firing"}
    silent: dict[str, int] = defaultdict(int)
    for n in sorted(accepted - set(log.heard)):
        onsets = [row for row in log.rows[n] if row.status == "firing"]
        ended = [row for row in log.rows[n] if row.status == "resolved"]
        why = onsets[0].reason if onsets else "no row"
        if why == "superseded" and ended:
            silent["superseded by its end"] += 1
        elif why == "expired" and (ended or log.taken[n, "resolved"]):
            silent["expired: behind its end"] += 1
        else:
            found.wrong.append(f"case {n} was taken and never heard: {log.rows[n]} told {log.told[n]}")
    found.figures["onsets taken"] = len(accepted)
    found.figures["onsets heard"] = len(accepted & set(log.heard))
    found.figures |= {f"onsets not heard: {why}": count for why, count in silent.items()}


def _doubles(log: _Log, found: Verdict) -> None:
    """Heard twice only where the bridge or the engine died in between."""
    for n, at in sorted(log.heard.items()):
        onsets = sum(row.status == "firing" and row.outcome == "played" for row in log.rows[n])
        if len(at) <= max(1, onsets):
            continue
        at.sort()
        died = log.died(at[0], at[-1])
        times = ", ".join(f"{t - log.chaos.began:.2f}" for t in at)
        found.doubles.append(f"case {n} sounded at {times}: {died or 'nothing died'}")
        if not died:
            found.wrong.append(f"{found.doubles[-1]}: {log.rows[n]} {log.told[n]}")
    found.figures["onsets heard twice"] = len(found.doubles)


def _ended(log: _Log, found: Verdict) -> None:
    """What has ended is not told to the engine any more."""
    for n in list(log.told):
        ends = [*log.taken[n, "resolved"]]
        ends += [row.received for row in log.rows[n] if row.status == "resolved" and row.source == "mqtt"]
        if not ends:
            continue
        end = min(ends)
        again = [at for at in log.sent[n, "firing"] if at > end + LATE]
        again += [
            row.received
            for row in log.rows[n]
            if row.status == "firing" and row.received > end and row.reason != "expired"
        ]
        late = [told for told in log.told[n] if end + FLIGHT < told.at < min(again, default=told.at + 1)]
        if late:
            found.wrong.append(
                f"case {n} ended at {end - log.chaos.began:.2f} and sounds: {late} {log.rows[n]}"
            )
