"""`make soak`: real parts under an even load for an hour, and what of them grows. Writes docs/soak.md.

PYTHONPATH=tests python -m lab.soak [SECONDS]        or SOAK_SECONDS=1800 make soak
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import platform
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.store.books import ledger
from lab import proc
from lab.audio import Engine, engine
from lab.bridge import Bridge, Metrics
from lab.pages import Listener
from lab.programs import wait_for
from lab.servers import Mosquitto
from lab.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.store.books import Ledger

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
MEGABYTES = 64
"""The store's limit in the soak, so that an hour shows how it stays below it."""
BOOK = f"""version: 1
alerts:
  - {{name: critical, match: ['severity="critical"'], severity: critical}}
  - {{name: warning, match: ['severity="warning"'], severity: warning}}
  - {{name: info}}
metrics:
  - {{name: cpu, type: cpu, sound: cpu}}
  - {{name: memory, type: memory, sound: memory}}
  - {{name: other, sound: metric}}
store: {{megabytes: {MEGABYTES}}}
"""
WARM_UP = 0.2
"""The part of the run before the memory's slope is measured."""


@dataclass(frozen=True)
class Look:
    """What one look showed. Times in seconds since the start, sizes in MB."""

    at: float
    rss: float
    engine_rss: float
    descriptors: int
    nodes: int
    store: float
    unsent: int
    firing: int
    received: int
    played: int
    suppressed: int
    failed: int


class Soak:
    """Everything that runs. `look` may be called at any time."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        self.sound: Engine = stack.enter_context(engine(folder / "engine", driver="host"))
        self.bridge = stack.enter_context(
            Bridge(folder / "bridge", mqtt_port=broker.port, osc_port=self.sound.port, book=BOOK)
        )
        self.bridge.connected()
        wait_for(lambda: self.bridge.metrics().value("pager_engine_up") == 1, "the engine answers", 60)
        self.pages = [
            stack.enter_context(Listener(self.bridge.port, f"page-{number}")) for number in range(2)
        ]
        self.traffic = stack.enter_context(Traffic(self.bridge, broker.port))
        self.began = time.monotonic()

    def look(self) -> Look:
        """The state of everything now."""
        scrape, pid = self.bridge.metrics(), self.bridge.program.pid
        events = "pager_events_total"
        return Look(
            at=time.monotonic() - self.began,
            rss=proc.rss(pid),
            engine_rss=proc.rss(self.sound.scsynth),
            descriptors=proc.descriptors(pid),
            nodes=nodes(self.sound.scsynth_port),
            store=store_size(self.bridge.state),
            unsent=int(scrape.value("pager_mqtt_unsent")),
            firing=int(scrape.sum("pager_alerts_active")),
            received=int(scrape.sum("pager_events_received_total")),
            played=int(scrape.sum(events, outcome="played")),
            suppressed=int(scrape.sum(events, outcome="suppressed")),
            failed=self.traffic.failed,
        )

    def settled(self) -> tuple[Metrics, Ledger]:
        """The last scrape and the books, once every event has ended. The traffic must be over."""

        def at_rest() -> bool:
            scrape = self.bridge.metrics()
            return scrape.sum("pager_events_received_total") == scrape.sum("pager_events_total")

        wait_for(at_rest, "received is the sum of all outcomes", 90, every=0.5)
        scrape = self.bridge.metrics()
        self.bridge.stop()
        return scrape, ledger(self.bridge.state)


def run(
    seconds: float, folder: Path, every: float = 60.0, say: Callable[[str], object] = sys.stdout.write
) -> tuple[list[Look], Metrics, Ledger]:
    """Soak for `seconds`: the looks, the last scrape and the ledger."""
    with ExitStack() as stack:
        soak = Soak(folder, stack)
        looks = [soak.look()]
        say(f"{head()}\n{row(looks[0])}\n")
        while (left := seconds - (time.monotonic() - soak.began)) > 0:
            time.sleep(min(left, every))
            looks.append(soak.look())
            say(f"{row(looks[-1])}\n")
        soak.traffic.__exit__()
        return looks, *soak.settled()


def nodes(port: int) -> int:
    """How many synths the scsynth at `port` holds; its own word."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(1)
        for _ in range(10):
            asker.sendto(OscMessageBuilder("/status").build().dgram, ("127.0.0.1", port))
            with contextlib.suppress(OSError):
                answer = OscMessage(asker.recv(4096))
                if answer.address == "/status.reply":
                    return int(answer.params[2])
    return -1


def store_size(folder: Path) -> float:
    """MB of the store, its log included."""
    return sum(path.stat().st_size for path in folder.glob("singing-pager.db*")) / 1e6


def slope(looks: Sequence[Look]) -> float:
    """How fast the bridge's memory grows after the warm-up, in MB an hour, by least squares."""
    kept = [look for look in looks if look.at >= WARM_UP * looks[-1].at]
    return float(np.polyfit([look.at / 3600 for look in kept], [look.rss for look in kept], 1)[0])


def head() -> str:
    """The head of the table."""
    names = [field.name.replace("_", " ") for field in fields(Look)]
    return f"| {' | '.join(names)} |\n|{' --- |' * len(names)}"


def row(look: Look) -> str:
    """One line of the table."""
    values = [getattr(look, field.name) for field in fields(Look)]
    return f"| {' | '.join(f'{v:.1f}' if isinstance(v, float) else str(v) for v in values)} |"


def report(looks: Sequence[Look], scrape: Metrics, books: Ledger) -> str:
    """The page of a run."""
    first, last = looks[0], looks[-1]
    seconds = last.at
    every = max(1, len(looks) // 30)
    shown = [*looks[:-1:every], last]
    ends = {
        (dict(labels)["outcome"], dict(labels)["reason"]): 0
        for name, labels in scrape.samples
        if name == "pager_events_total"
    }
    for outcome, reason in ends:
        ends[outcome, reason] = int(scrape.sum("pager_events_total", outcome=outcome, reason=reason))
    total = sum(ends.values())
    lines = [
        "# Soak",
        "",
        "What `make soak` found: a real Mosquitto, a real engine (sclang and scsynth on a JACK without a device), two",
        "pages on the WebSocket, and 200 events a second: alerts and samples by HTTP and MQTT, no label ever the same",
        "twice. This page is written by it.",
        "",
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}, {seconds / 60:.1f} min, {os.cpu_count()} shared cores, Python {platform.python_version()}.",
        "",
        "| what | figure |",
        "| --- | --- |",
        f"| events received | {total}, that is {last.received / seconds:.0f} a second |",
        f"| posts that failed | {last.failed} |",
        f"| memory of the bridge | {first.rss:.0f} MB at the start, {last.rss:.0f} MB at the end, highest {max(look.rss for look in looks):.0f} MB |",
        f"| its slope after the first {WARM_UP:.0%} of the run | {slope(looks):+.1f} MB an hour (least squares) |",
        f"| memory of scsynth | {first.engine_rss:.0f} MB, then {last.engine_rss:.0f} MB |",
        f"| descriptors of the bridge | {first.descriptors} at the start, highest {max(look.descriptors for look in looks)}, {last.descriptors} at the end |",
        f"| synths on scsynth | highest {max(look.nodes for look in looks)} |",
        f"| store (limit {MEGABYTES} MB, its log beside it) | highest {max(look.store for look in looks):.0f} MB |",
        f"| publishes that waited for the broker | highest {max(look.unsent for look in looks)} |",
        f"| ledger | {'adds up' if not books.problems else '; '.join(books.problems)} |",
        "",
        "How the events ended:",
        "",
        "| outcome | reason | events |",
        "| --- | --- | --- |",
        *(f"| {outcome} | {reason} | {count} |" for (outcome, reason), count in sorted(ends.items())),
        "",
        "Over time: `at` in seconds, memory and store in MB, the rest counted.",
        "",
        head(),
        *map(row, shown),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run it and write the page."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # a terminal or a file
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument(
        "seconds", nargs="?", type=float, default=float(os.environ.get("SOAK_SECONDS", "3600"))
    )
    asked.add_argument("--page", type=Path, default=PAGE)
    wanted = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="pager-soak-") as folder:
        found = run(wanted.seconds, Path(folder))
    text = report(*found)
    wanted.page.write_text(text)
    sys.stdout.write(text)
    sys.exit(bool(found[2].problems))


if __name__ == "__main__":
    main()
