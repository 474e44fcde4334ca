"""What the sound itself costs: offline, and live. Printed by `make bench`; nothing here is asserted."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from lab.audio import Engine, belongings, engine  # noqa: E402
from run import cpu  # noqa: E402

from bridge.core.score import score  # noqa: E402
from bridge.model.catalogue import SOUNDS  # noqa: E402
from bridge.model.commands import Set  # noqa: E402
from bridge.sinks.render import render  # noqa: E402

VOICES = [sound.id for sound in SOUNDS.values() if sound.kind == "voice"]
LENGTH, HELD = 600.0, 20
"""Seconds of the offline bed, and its voices."""

WINDOW, CUES, AGAIN = 10.0, 16, 2.0
"""Seconds for which the live engine is watched, cues that sound all the time, and s after which they have ended."""

MOST = 40
"""Voices that the engine takes at most, with PAGER_MAX_VOICES as it comes (docs/osc.md)."""


def offline() -> tuple[float, float]:
    """How many times faster than real time a bed of HELD voices is rendered: by the clock, and by CPU time."""
    voices = [(0.0, Set(str(i), VOICES[i % len(VOICES)])) for i in range(HELD)]
    changes = [
        (float(at), Set(str(at % HELD), VOICES[at % HELD % len(VOICES)], {"vol": 0.2 + at % 5 / 10}))
        for at in range(1, int(LENGTH), 5)
    ]
    data = score([*voices, *changes], LENGTH)
    with tempfile.TemporaryDirectory() as folder:
        began, used = time.perf_counter(), _used()
        render(data, Path(folder) / "bed.wav")
        return LENGTH / (time.perf_counter() - began), LENGTH / (_used() - used)


def _used() -> float:
    """CPU seconds of this process and of those it started and saw end."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def live(voices: int) -> tuple[float, dict[str, int]]:
    """The share of one core that sclang and scsynth use while so many voices and CUES cues sound, and what sounded."""
    with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as running, running.talk() as talk:
        for i in range(voices):
            sound = VOICES[i % len(VOICES)]
            talk.order(f"/{sound}", *_head(sound), "id", f"voice-{i}")
        pids = [running.scsynth, _sclang(running)]
        began, before, most = time.monotonic(), sum(map(cpu, pids)), {}
        rounds = 0
        while time.monotonic() - began < WINDOW:
            for i in range(CUES):
                talk.send("/alert", 880.0, 0.9, 2.0, "critical", "id", f"cue-{rounds}-{i}")
            rounds += 1
            heard = talk.stats()
            most = {name: max(heard[name], most.get(name, 0)) for name in ("voices", "cues", "capped")}
            time.sleep(max(0, began + rounds * AGAIN - time.monotonic()))
        return (sum(map(cpu, pids)) - before) / (time.monotonic() - began), most


def _head(sound: str) -> tuple[float | str, ...]:
    """The numbers that the address takes first, as the catalogue has them."""
    usual = SOUNDS[sound].defaults()
    if sound in {"cpu", "memory"}:
        return (usual["freq" if sound == "cpu" else "vol"],)
    return usual.get("freq", 0.0), usual["vol"], 0.0, sound


def _sclang(running: Engine) -> int:
    named = {Path(f"/proc/{pid}/comm").read_text().strip(): pid for pid in belongings(running)}
    return named["sclang"]


def main() -> None:
    by_clock, by_cpu = offline()
    print(
        f"\nsound, {LENGTH:.0f} s of bed with {HELD} voices rendered offline:"
        f" {by_clock:.0f} x real time ({by_cpu:.0f} x by CPU time)"
    )
    for voices in (len(VOICES), MOST - 1):  # the engine has its own bed besides
        share, most = live(voices)
        print(
            f"sound, live engine with {most['voices']} voices and {most['cues']} cues"
            f" ({most['capped']} capped): {100 * share:.1f} % of a core"
        )


if __name__ == "__main__":
    main()
