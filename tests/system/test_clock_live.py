"""The real bridge on a clock that is set by a day, either way, while it runs: libfaketime gives it that clock.

The clock runs ten times as fast, so that a heartbeat comes every two seconds; what the bridge waits for is not faked.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from lab.bridge import Bridge
from lab.programs import wait_for
from lab.receiver import Receiver

from bridge.store.books import ledger

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

FAST = 10
BOOK = """
version: 1
osc: {acknowledges: false}
alerts:
  - {name: watchdog, match: ['alertname="Watchdog"'], sound: sign_of_life}
  - {name: critical, severity: critical, sound: critical}
"""


class Clock:
    """The clock of one program, by libfaketime."""

    def __init__(self, folder):
        self._file = folder / "clock"
        self.set(0)
        libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        assert libraries, "libfaketime is missing: make system"
        self.env = {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, seconds):
        """It goes wrong by so much."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d} x{FAST}\n")
        new.replace(self._file)


class Watchdogs:
    """Sends one every half second, that is every five seconds of the bridge, until it is told to stop."""

    def __init__(self, bridge):
        self._bridge, self._stop = bridge, threading.Event()
        self._thread = threading.Thread(target=self._send)

    def _send(self):
        while not self._stop.wait(0.5):
            self._bridge.alert(fingerprint="watchdog", alertname="Watchdog")

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(20)


@pytest.fixture
def ears():
    with Receiver() as found:
        yield found


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


@pytest.fixture
def bridge(tmp_path, ears, clock):
    with Bridge(tmp_path / "bridge", osc_port=ears.port, book=BOOK, env=clock.env) as found:
        yield found


def beats(ears, more):
    """Wait for so many more heartbeats."""
    wanted = len(ears.on("/heartbeat")) + more
    wait_for(lambda: len(ears.on("/heartbeat")) >= wanted, f"{more} heartbeats", 60)


def begun(ears):
    """Which onsets were heard, by their own cue or by a reminder: the ids of their cues."""
    return {args[args.index("id") + 1].partition(".")[0] for args in ears.on("/alert")}


def jumps(bridge, clock, seconds):
    """Set the clock, and see that the bridge has that time."""
    clock.set(seconds)
    wait_for(lambda: abs(bridge.status()["now"] - time.time() - seconds) < 20_000, "the clock is another", 15)


def test_a_clock_that_is_set_by_a_day_and_back(bridge, clock, ears):
    with Watchdogs(bridge):
        wait_for(lambda: bridge.status()["watch"]["armed"], "a Watchdog came")
        assert bridge.alert(fingerprint="before") == (200, {"ok": True})
        beats(ears, 1)
        for number, seconds in enumerate((86_400, 0, -86_400, 0)):
            jumps(bridge, clock, seconds)
            began, sounded, onsets = time.monotonic(), len(ears.on("/alert")), begun(ears)
            beats(ears, 3)
            name = f"after{number}"
            assert bridge.alert(fingerprint=name, service=name) == (200, {"ok": True})
            wait_for(lambda known=onsets: begun(ears) - known, "it sounds", 30)
            assert name in bridge.firing()
            # Reminders are 15 s of the bridge apart; one for the jump, and the new alert's own cue.
            most = (time.monotonic() - began) * FAST / 15 + 3
            assert len(ears.on("/alert")) - sounded <= most
        assert ears.on("/flatline") == [], "nothing was missing"
        assert bridge.status()["watch"]["flatline"] == []
    jumps(bridge, clock, 86_400)
    ears.waits_for("/flatline", deadline=90)
    assert len(ears.on("/flatline")) == 1, "it says so once, and not for every minute of a day"
    assert bridge.alert("resolved", "before") == (200, {"ok": True})
    assert "before" not in bridge.firing()
    bridge.program.stop()
    assert ledger(bridge.state).problems == []
