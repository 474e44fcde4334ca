"""Chaos: every part real, every part killed and hung at random, by a plan that a seed makes.

    bridge ── relay ── sclang ── scsynth         the relay logs every cue and every acknowledgement
      │ └──── mosquitto ──────┐
     gate ─── 2 Alertmanagers ┴ senders          the gate logs every webhook and what was answered

What came of it is judged by `lab.verdict`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab import proc
from lab.audio import Engine, belongings, dummy_jack
from lab.bridge import Bridge
from lab.gate import Gate
from lab.programs import wait_for
from lab.relay import Relay
from lab.senders import LOW, MOST, SEVERITIES, STEP, Senders
from lab.servers import Alertmanager, Mosquitto

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RATE = 25.0
"""Alerts a second."""
BOOK = """version: 1
alerts:
RULES
metrics:
  - {name: cpu, type: cpu, sound: cpu}
  - {name: memory, type: memory, sound: memory}
  - {name: other, sound: metric}
limits: {flood: false}
"""
ROUTE = """
route:
  receiver: web.hook
  group_by: [service]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
receivers:
  - name: web.hook
    webhook_configs: [{url: "http://x/", send_resolved: true}]
"""
PARTS = ("bridge", "bridge", "broker", "sclang", "scsynth", "alertmanager-0", "alertmanager-1")
"""The bridge twice: it is what is tried."""
HEALED = 90.0
"""Seconds that everything has to come back and to settle."""


def rule_book() -> str:
    """Every cue sounds, shortly, and its frequency tells which alert it is of."""
    freq = f"{{scale: linear, in: [0, {MOST}], out: [{LOW}, {LOW + MOST * STEP}]}}"
    params = f"{{dur: 0.1, vol: 0.1, freq: {freq}}}"
    rules = [
        f"  - {{name: {name}, match: ['severity=\"{name}\"'], severity: {name}, params: {params}}}"
        for name in SEVERITIES
    ]
    return BOOK.replace("RULES", "\n".join(rules))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: `at` seconds from the start, for `length` seconds."""

    at: float
    part: str
    kind: str
    length: float


def plan(seed: int, seconds: float) -> list[Fault]:
    """The faults of a run. A part that is at fault is left alone until it is well."""
    chance, at, faults = random.Random(seed), 3.0, []
    busy: dict[str, float] = {}
    while at < seconds:
        part = chance.choice(PARTS)
        kind = chance.choice(("kill", "hang"))
        length = chance.choice((0.5, 2.0, 6.0)) * chance.uniform(0.3, 1.3)
        if busy.get(part, 0.0) <= at:
            faults.append(Fault(round(at, 2), part, kind, round(length, 2)))
            # An engine that is killed in its first seconds would not be started again by anybody's supervisor.
            busy[part] = at + length + (14.0 if part in {"sclang", "scsynth"} else 4.0)
            if part in {"sclang", "scsynth"}:
                busy["sclang"] = busy["scsynth"] = busy[part]
        at += chance.uniform(0.3, 3.5)
    return faults


class Peer(Alertmanager):
    """One of a pair of Alertmanagers; quick to find the other one again."""

    flags = ("--cluster.peer-timeout=2s", "--cluster.settle-timeout=1s", "--cluster.pushpull-interval=5s")

    def meet(self, other: Alertmanager) -> None:
        """Join `other` at the next start."""
        self._peers = [other.cluster]


class Chaos:
    """Everything that runs. `run` lets it happen; afterwards all is well again and at rest, and `events` tells what was."""

    def __init__(self, folder: Path, seed: int, stack: ExitStack) -> None:
        self.seed, self.folder = seed, folder
        self.deaths: list[tuple[float, str]] = []
        """Every moment at which something was killed: (unix seconds, part)."""
        self.journal: list[str] = []
        self.problems: list[str] = []
        self._stack, self._jack = stack, stack.enter_context(dummy_jack(folder / "jack"))
        self.engine = self._begin_engine()
        stack.callback(self._end_engine)
        self.relay = stack.enter_context(Relay(self.engine.port))
        self.broker = stack.enter_context(Mosquitto(folder / "broker"))
        self.bridge = stack.enter_context(
            Bridge(folder / "bridge", mqtt_port=self.broker.port, osc_port=self.relay.port, book=rule_book())
        )
        self.gate = stack.enter_context(Gate(self.bridge.port))
        first = stack.enter_context(Peer(folder / "am-0", self.gate.url, ROUTE, peers=[]))
        second = stack.enter_context(Peer(folder / "am-1", self.gate.url, ROUTE, peers=[first.cluster]))
        first.meet(second)
        self.alertmanagers = [first, second]
        self.bridge.connected()
        wait_for(self._hears, "the engine answers", 60)
        self.senders = stack.enter_context(
            Senders(seed, RATE, self.gate, self.alertmanagers, self.broker.port, self.bridge.port)
        )
        self.began = time.time()

    def _begin_engine(self, **ports: int) -> Engine:
        env = {"PAGER_ENGINE_PATIENCE": "6", "PAGER_SESSION_TIMEOUT": "7", "PAGER_MAX_VOICES": "400"}
        started = Engine(self.folder / "engine", driver="host", jack=self._jack, env=env, **ports)
        try:
            started.ready()
        except BaseException:
            started.stop()
            raise
        return started

    def _end_engine(self) -> None:
        self.engine.stop()  # the one that runs now

    def _hears(self) -> bool:
        return self.bridge.metrics().value("pager_engine_up") == 1

    def run(self, seconds: float) -> None:
        """Let it happen, then bring everything to rest."""
        threads = []
        for fault in plan(self.seed, seconds):
            time.sleep(max(0.0, self.began + fault.at - time.time()))
            threads.append(threading.Thread(target=self._suffer, args=(fault,), daemon=True))
            threads[-1].start()
        time.sleep(max(0.0, self.began + seconds - time.time()))
        for thread in threads:
            thread.join(HEALED)
            assert not thread.is_alive(), self.evidence("a fault does not end")
        assert not self.problems, self.evidence("; ".join(self.problems))
        self._rest()

    def _rest(self) -> None:
        self.senders.finish()
        wait_for(
            lambda: self.senders.idle, self.evidence("every sender is told that its alerts are taken"), HEALED
        )
        wait_for(self._hears, self.evidence("the engine answers again"), HEALED)
        self.bridge.connected(HEALED)
        with contextlib.suppress(AssertionError):  # a killed Alertmanager may have forgotten what it told
            wait_for(lambda: not self.bridge.firing(), "nothing fires", 25, every=0.5)
        self.forgotten = self._end_forgotten()
        wait_for(lambda: not self.bridge.firing(), self.evidence("nothing fires"), HEALED, every=0.5)

        def at_rest() -> bool:
            scrape = self.bridge.metrics()
            return scrape.sum("pager_events_received_total") == scrape.sum("pager_events_total")

        wait_for(at_rest, self.evidence("every event has ended"), HEALED, every=0.5)

    def _end_forgotten(self) -> int:
        """End what still fires because those who were to tell of its end have died."""
        left = self.bridge.status()["firing"]
        for alert in left:
            with contextlib.suppress(ValueError):
                case = self.senders.cases[int(str(alert["summary"]).removeprefix("case "))]
                assert case.way != "d", f"{case}: its end was taken and it still fires"
                self.gate.post([case.alert("resolved") | {"fingerprint": alert["fingerprint"]}])
        return len(left)

    def _suffer(self, fault: Fault) -> None:
        self._say(f"{fault.part} {fault.kind} for {fault.length} s")
        try:
            getattr(self, f"_{fault.kind}")(fault)
        except Exception as e:  # noqa: BLE001 # in a thread: `run` fails with it
            self.problems.append(f"{fault}: {e!r}")
        self._say(f"{fault.part} is left alone again")

    def _kill(self, fault: Fault) -> None:
        if fault.part == "sclang":
            return self._kill_sclang(fault)
        self.deaths.append((time.time(), fault.part))
        if fault.part == "scsynth":
            return os.kill(self.engine.scsynth, signal.SIGKILL)
        server = self._server(fault.part)
        server.kill()
        time.sleep(fault.length)
        return server.start()

    def _kill_sclang(self, fault: Fault) -> None:
        """Whatever started the engine starts it again, on its ports."""
        self.deaths.append((time.time(), "sclang"))
        self._signal("sclang", signal.SIGKILL)
        old = self.engine
        old.wait(20)
        old.stop()
        time.sleep(fault.length)
        self.engine = self._begin_engine(port=old.port, scsynth_port=old.scsynth_port)

    def _hang(self, fault: Fault) -> None:
        self._signal(fault.part, signal.SIGSTOP)
        time.sleep(fault.length)
        self._signal(fault.part, signal.SIGCONT)

    def _signal(self, part: str, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, StopIteration):
            if part == "scsynth":
                os.kill(self.engine.scsynth, number)
            elif part == "sclang":
                named = (pid for pid in belongings(self.engine) if proc.command(pid) == "sclang")
                os.kill(next(named), number)
            else:
                self._server(part).program.signal(number)

    def _server(self, part: str) -> Any:
        return {
            "bridge": self.bridge,
            "broker": self.broker,
            "alertmanager-0": self.alertmanagers[0],
            "alertmanager-1": self.alertmanagers[1],
        }[part]

    def _say(self, words: str) -> None:
        self.journal.append(f"{time.time() - self.began:7.2f} {words}")

    def evidence(self, what: str, more: Sequence[str] = ()) -> str:
        """What a failure prints: the seed, what was done, what was found."""
        self._dump()
        with contextlib.suppress(OSError):
            log = [
                line for line in self.bridge.program.log.splitlines() if "Traceback" in line or "rror" in line
            ]
            more = [*more, *log[-20:]]
        return "\n".join([f"{what}; seed {self.seed} (CHAOS_SEED={self.seed})", *self.journal, *more])

    def _dump(self) -> None:
        """The logs of relay and gate, beside those of the programs."""
        for name, entries in (
            ("relay-told", self.relay.told),
            ("relay-said", self.relay.said),
            ("gate", self.gate.posts),
        ):
            (self.folder / f"{name}.log").write_text("\n".join(map(repr, list(entries))))
