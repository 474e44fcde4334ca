"""Prints the tables of docs/sounds.md, measured from offline renders: `PYTHONPATH=tests python -m lab.figures`."""

from __future__ import annotations

import sys

from bridge.model.catalogue import SOUNDS
from lab import measure, renders

CUE_HEAD = (
    "cue",
    "pulses",
    "length ms",
    "gaps ms",
    "first partial Hz",
    "loudest 0.4 s LUFS",
    "true peak dBTP",
    "end s",
)
VOICE_HEAD = ("voice", "strongest partials Hz", "loudest 0.4 s LUFS", "mean LUFS")


def cue(sound: str) -> list[str]:
    """One row of the cues: pulses are measured dry, levels with reverb and master."""
    x, rate = renders.dry_cue(sound)
    found = measure.pulses(x, rate)
    wet, _ = renders.cue(sound)
    gaps = sorted({round(1000 * gap, -1) for gap in measure.spacings(found)})
    return [
        sound,
        str(len(found)),
        f"{1000 * found[0].length:.0f}",
        ", ".join(f"{gap:.0f}" for gap in gaps) or "-",
        f"{measure.first_partial(x, rate, found[0]):.1f}",
        f"{measure.momentary(wet, rate):.1f}",
        f"{measure.true_peak(wet):.1f}",
        f"{found[-1].end - 0.2:.2f}",
    ]


def voice(sound: str) -> list[str]:
    """One row of the voices, held at the catalogue's values."""
    x, rate = renders.voice(sound)
    lines = [f"{partial.freq:.0f}" for partial in measure.partials(x, rate, below=-20)]
    tones = ", ".join(dict.fromkeys(lines)) if sound != "memory" else "noise, 150 to 400"
    return [sound, tones, f"{measure.momentary(x, rate):.1f}", f"{measure.integrated(x, rate):.1f}"]


def tables() -> list[list[list[str]]]:
    """Both tables, cell by cell, heads included."""
    cues = [cue(sound.id) for sound in SOUNDS.values() if sound.kind == "cue"]
    voices = [voice(sound.id) for sound in SOUNDS.values() if sound.kind == "voice"]
    return [[list(CUE_HEAD), *cues], [list(VOICE_HEAD), *voices]]


def _markdown(table: list[list[str]]) -> str:
    head, *rows = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join([head, "| " + " | ".join("---" for _ in table[0]) + " |", *rows])


if __name__ == "__main__":
    sys.stdout.write("\n\n".join(_markdown(table) for table in tables()) + "\n")
