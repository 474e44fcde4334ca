"""SIGKILL at any instant of the intake: what the bridge has said to have, it has, once, and it sounds.

CRASH_POINTS and CHAOS_SEED set how many and which; `make chaos` takes 200.
"""

from __future__ import annotations

import itertools
import os
import random
import secrets
import sqlite3
import sys
import threading
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest
from lab.bridge import Bridge
from lab.chaos import rule_book
from lab.gate import Gate
from lab.programs import wait_for
from lab.senders import Case, number
from lab.standin import StandIn

from bridge.store.books import ledger

if TYPE_CHECKING:
    from pathlib import Path

POINTS = int(os.environ.get("CRASH_POINTS", "20"))
SEED = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))
SENDERS = 4

pytestmark = [pytest.mark.system, pytest.mark.timeout(120 + 20 * POINTS)]


class Sender(threading.Thread):
    """Posts one webhook after the other, and each again until it is taken. What it began it ends a while later."""

    def __init__(self, gate: Gate, begin: itertools.count[int], chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.taken: Counter[tuple[int, str]] = Counter()
        self.ending, self.pause, self.paused = threading.Event(), threading.Event(), threading.Event()
        self._gate, self._begin, self._chance = gate, begin, chance
        self._firing: list[Case] = []

    def run(self) -> None:
        """Until `ending`."""
        while not self.ending.is_set():
            if self.pause.is_set():
                self.paused.set()
                self.ending.wait(0.01)
                continue
            self.paused.clear()
            self._turn()

    def _turn(self) -> None:
        new = [
            Case(next(self._begin), "c", self._chance.choice(("critical", "warning", "info")), 1.7e9, 1.8e9)
            for _ in range(self._chance.choice((1, 1, 3, 20)))
        ]
        old, self._firing = self._firing[:-30], self._firing[-30:] + new
        batch = [(case, "firing") for case in new] + [(case, "resolved") for case in old]
        while not self._gate.post([case.alert(status) for case, status in batch]):
            if self.ending.wait(0.05):
                return
        self.taken.update((case.n, status) for case, status in batch)


def stored(bridge: Bridge) -> tuple[Counter[tuple[int, str]], dict[int, str]]:
    """How often each message of an alert has a row; how each onset ended."""
    with closing(sqlite3.connect(f"file:{bridge.state}/singing-pager.db?mode=ro", uri=True)) as db:
        rows = [
            (int(orjson.loads(body)["labels"]["n"]), status, reason or outcome)
            for status, outcome, reason, body in db.execute(
                "SELECT status, outcome, reason, body FROM events"
            )
        ]
    return Counter((n, status) for n, status, _ in rows), {n: how for n, s, how in rows if s == "firing"}


def look(bridge: Bridge, senders: list[Sender], engine: StandIn) -> None:
    """With every sender at rest: nothing is missing, nothing is there twice, what was not ended has sounded."""
    wait_for(lambda: not ledger(bridge.state).open, "every event has ended", 60, every=0.05)
    assert ledger(bridge.state).problems == []
    taken = sum((sender.taken for sender in senders), Counter())
    rows, ends = stored(bridge)
    assert {key: rows[key] for key in taken} == dict.fromkeys(taken, 1)
    assert set(rows) == set(taken), "and nothing is there that nobody was told of"
    heard = {number(freq) for freq in engine.tones}
    for n in {n for n, status in taken if status == "firing"} - heard:
        assert (ends[n], taken[n, "resolved"]) == ("superseded", 1), f"alert {n} never sounded"
    firing = {n for n, status in taken if status == "firing"} - {n for n, s in taken if s == "resolved"}
    assert len(bridge.firing()) == len(firing)


def test_what_was_taken_is_there_after_a_kill(tmp_path: Path) -> None:
    sys.stdout.write(f"CHAOS_SEED={SEED} CRASH_POINTS={POINTS}\n")
    chance, begin = random.Random(SEED), itertools.count()
    with (
        StandIn() as engine,
        Bridge(tmp_path, osc_port=engine.port, book=rule_book()) as bridge,
        Gate(bridge.port) as gate,
    ):
        senders = [Sender(gate, begin, random.Random(SEED + i)) for i in range(SENDERS)]
        for sender in senders:
            sender.start()
        try:
            for point in range(POINTS):
                senders[0].ending.wait(chance.uniform(0.0, 0.3))
                bridge.kill()
                bridge.start()
                for sender in senders:
                    sender.pause.set()
                for sender in senders:
                    assert sender.paused.wait(30), f"point {point} of seed {SEED}: a sender is not answered"
                look(bridge, senders, engine)
                for sender in senders:
                    sender.pause.clear()
                    sender.paused.clear()
        finally:
            for sender in senders:
                sender.ending.set()
            for sender in senders:
                sender.join(20)
        assert sum(len(sender.taken) for sender in senders) > 20 * POINTS
        unsure = sum(post.unsure for post in gate.posts)
        for tone, count in engine.tones.items():
            assert count == len(engine.sessions[tone]), (
                f"alert {number(tone)} twice by one and the same bridge"
            )
        again = sum(count > 1 for count in engine.tones.values())
        sys.stdout.write(
            f"{len(engine.tones)} onsets, {again} heard twice, {unsure} webhooks cut by a kill\n"
        )
        assert unsure, "the kills hit the intake"
