"""Thousands of alerts, each once, on three ways: through Alertmanagers, as direct webhooks, by MQTT; and samples.

Senders behave as real ones do: they repeat what was not taken, some send twice, some late. An alert is a number: in its
label `n`, and as its value, which the rule book of the chaos makes a frequency of, so that a log of OSC tells which alert
sounded.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import heapq
import http.client
import itertools
import json
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from lab.servers import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.gate import Gate
    from lab.servers import Alertmanager

LOW, STEP = 100.0, 0.1
"""Hz of alert 0, and from one to the next."""
MOST = 100_000
"""Alerts that can be told apart."""
SEVERITIES = ("critical", "warning", "info")
LATE = 15.0
"""Seconds after which a copy may come, at most: less than an end is remembered."""
_EVERYTHING = 4
"""Turns of a second after which an Alertmanager is told everything again, as Prometheus does."""
_TOLD_ENDED = 40.0
"""Seconds for which an end is told again."""


def number(freq: float) -> int:
    """The alert whose onset has this frequency."""
    return round((freq - LOW) / STEP)


@dataclass(slots=True)
class Case:
    """One alert. Times are unix seconds."""

    n: int
    way: str
    severity: str
    began: float
    until: float
    ended: float | None = None
    changed: float = 0.0

    @property
    def labels(self) -> dict[str, str]:
        """Unlike those of any other case."""
        return {
            "alertname": "Chaos",
            "severity": self.severity,
            "service": f"s{self.n % 20}",
            "n": str(self.n),
        }

    def alert(self, status: str) -> dict[str, Any]:
        """As in a webhook."""
        end = {"endsAt": _time(self.ended or self.until)} if status == "resolved" else {}
        return {
            "status": status,
            "fingerprint": f"{self.way}{self.n}",
            "labels": self.labels,
            "annotations": {"value": str(self.n), "summary": f"case {self.n}"},
            "startsAt": _time(self.began),
        } | end


class Senders:
    """Begins and ends cases at `rate` a second until `finish`. All chance comes from `seed`."""

    def __init__(
        self, seed: int, rate: float, gate: Gate, alertmanagers: list[Alertmanager], mqtt: int, bridge: int
    ) -> None:
        self.cases: list[Case] = []
        self._chance, self._rate = random.Random(seed), rate
        self._gate, self._bridge = gate, bridge
        self._alertmanagers = alertmanagers
        self._firing: list[tuple[float, int]] = []
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._ticket = itertools.count()
        self._lock = threading.Condition()
        self._open = True
        self._ending = threading.Event()
        self._mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id="chaos", clean_session=False)
        self._mqtt.reconnect_delay_set(1, 1)
        self._mqtt.connect_async("127.0.0.1", mqtt)
        works = [self._begin_and_end, self._samples, *[self._deliver] * 6]
        works += [lambda one=one: self._tell(one) for one in alertmanagers]  # type: ignore[misc]
        self._threads = [threading.Thread(target=work, daemon=True) for work in works]

    def finish(self) -> None:
        """End everything that fires; what is on its way goes on."""
        self._open = False
        with self._lock:
            self._firing = [(0.0, n) for _, n in self._firing]

    @property
    def idle(self) -> bool:
        """Whether all have ended and nothing waits to be sent."""
        with self._lock:
            return not self._open and not self._firing and not self._later

    def _begin_and_end(self) -> None:
        owed, last = 0.0, time.time()
        while not self._ending.wait(0.05):
            now = time.time()
            owed, last = owed + (now - last) * self._rate, now
            if self._chance.random() < 0.005:
                owed += self._rate  # a second's worth at once
            for _ in range(int(owed) if self._open else 0):
                self._begin(now)
            owed -= int(owed)
            while self._firing and self._firing[0][0] <= now:
                self._end(self.cases[heapq.heappop(self._firing)[1]], now)

    def _begin(self, now: float) -> None:
        n = len(self.cases)
        way = self._chance.choices(("a", "d", "m"), (5, 3, 2))[0]
        lives = self._chance.choice((0.3, 3.0, 8.0, 20.0)) * self._chance.uniform(0.5, 1.5)
        case = Case(n, way, self._chance.choice(SEVERITIES), now, now + lives, None, now)
        self.cases.append(case)
        if way == "d":
            self._after(0, lambda: self._post(case, "firing"))
            return
        heapq.heappush(self._firing, (case.until, n))
        if way == "m":
            self._publish(case, "firing")
            for delay in (6.0, 12.0):
                self._after(delay, lambda: case.ended or self._publish(case, "firing"))

    def _end(self, case: Case, now: float) -> None:
        case.ended = case.changed = now
        if case.way == "d":
            self._after(0, lambda: self._post(case, "resolved"))
        elif case.way == "m":
            for delay in (0.0, 8.0, 16.0):
                self._after(delay, lambda: self._publish(case, "resolved"))

    def _post(self, case: Case, status: str) -> None:
        """As Alertmanager does: in the order of one alert, and again until it is taken."""
        if not self._gate.post([case.alert(status)]):
            self._after(self._chance.uniform(0.2, 2.0), lambda: self._post(case, status))
            return
        if status == "firing":
            with self._lock:
                heapq.heappush(self._firing, (max(case.until, time.time()) if self._open else 0.0, case.n))
        if self._chance.random() < 0.3:  # a copy, which may come behind the end of its alert
            delay = self._chance.choice((0.0, LATE)) * self._chance.random()
            self._after(delay, lambda: self._gate.post([case.alert(status)]))

    def _after(self, delay: float, work: Callable[[], Any]) -> None:
        with self._lock:
            heapq.heappush(self._later, (time.time() + delay, next(self._ticket), work))
            self._lock.notify()

    def _deliver(self) -> None:
        while not self._ending.is_set():
            with self._lock:
                if not self._later or self._later[0][0] > time.time():
                    self._lock.wait(0.05)
                    continue
                work = heapq.heappop(self._later)[2]
            work()

    def _publish(self, case: Case, status: str) -> None:
        said = json.dumps({"alert": case.alert(status)})
        self._mqtt.publish(f"alerts/{case.severity}", said, qos=1)

    def _tell(self, alertmanager: Alertmanager) -> None:
        """What Prometheus does: changes at once, and from time to time everything."""
        told = 0.0
        for turn in itertools.count():
            if self._ending.wait(1.0):
                return
            now = time.time()
            since = 0.0 if turn % _EVERYTHING == 0 else told
            found = [
                case
                for case in list(self.cases)
                if case.way == "a"
                and case.changed > since
                and (case.ended is None or now - case.ended < _TOLD_ENDED)
            ]
            if (
                found
                and ask(f"{alertmanager.url}/api/v2/alerts", [_asked(case, now) for case in found])[0] == 200
            ):
                told = now - 0.1

    def _samples(self) -> None:
        for turn in itertools.count():
            if self._ending.wait(0.2):
                return
            body = json.dumps([{"type": kind, "value": turn % 50 / 50} for kind in ("cpu", "memory", "q")])
            connection = http.client.HTTPConnection("127.0.0.1", self._bridge, timeout=5)
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("POST", "/metric", body, {"Content-Type": "application/json"})
                connection.getresponse().read()
            connection.close()
            self._mqtt.publish("metrics/disk", str(turn % 50 / 50), qos=0)

    def __enter__(self) -> Self:
        self._mqtt.loop_start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(30)
        self._mqtt.disconnect()
        self._mqtt.loop_stop()


def _asked(case: Case, now: float) -> dict[str, Any]:
    """As Alertmanager's API takes it. One that fires ends by itself unless it is told again."""
    sent = case.alert("firing")
    return {key: sent[key] for key in ("labels", "annotations", "startsAt")} | {
        "endsAt": _time(case.ended or now + 60.0)
    }


def _time(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds")
