"""What was measured, as the tables of docs/sounds.md.

    PYTHONPATH=tests python -m lab.figures             everything (`make sounds`): pictures, and every block of the page
    PYTHONPATH=tests python -m lab.figures NAME...     only blocks whose names begin so; `pictures` for the pictures

The page is written by hand but for its blocks: what stands between `<!-- NAME: made by make sounds -->` and
`<!-- NAME: end -->`. tests/sounds/test_figures.py measures again and compares.
"""

from __future__ import annotations

import math
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.model.catalogue import SEVERITIES, SOUNDS, Sound
from lab import measure, renders
from lab.portraits import ANOMALIES, draw, is_fresh, portraits
from lab.urgency import urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "sounds.md"

Table = list[list[str]]
"""Rows of cells, the head first."""

NONE = "\N{EN DASH}"

CUE_HEAD = [
    "cue",
    "pulses",
    "length ms",
    "gaps ms",
    "rise ms",
    "first partial Hz",
    "loudest 0.4 s LUFS",
    "true peak dBTP",
    "largest step",
    "urgency",
    "end s",
]
VOICE_HEAD = [
    "voice",
    "strongest partials Hz",
    "loudest 0.4 s LUFS",
    "mean LUFS",
    *(f"loudest at anomaly {anomaly:g}" for anomaly in ANOMALIES[1:]),
]

_FILES = {
    "digest": {
        "Hear a warning and three more": "digest.1.3",
        "Hear a critical and five more": "digest.2.5",
    },
    "heartbeat": {"Hear it": "heartbeat", "Hear it while something is muted": "heartbeat.altered"},
}
"""What the page has more than one file of."""

_NOISES = ("memory", "disk")
_STRONGEST = 5
"""So many partials of a voice are named."""


@cache
def cue(sound: str) -> list[str]:
    """One row of the cues: pulses are measured dry, levels with reverb and master."""
    x, rate = renders.dry(sound)
    found = measure.pulses(x, rate)
    wet, _ = renders.wet(sound)
    gaps = sorted({round(1000 * gap, -1) for gap in measure.spacings(found)})
    return [
        sound,
        str(len(found)),
        _range(1000 * pulse.length for pulse in found),
        ", ".join(f"{gap:.0f}" for gap in gaps) or NONE,
        _range(1000 * pulse.rise for pulse in found),
        f"{measure.first_partial(x, rate, found[0]):.1f}",
        f"{measure.momentary(wet, rate):.1f}",
        f"{measure.true_peak(wet):.1f}",
        f"{measure.largest_step(wet):.3f}",
        f"{urgency((x, rate), alone=_dur(sound)):.1f}" if sound in SEVERITIES else NONE,
        f"{found[-1].end - 0.2:.2f}",
    ]


def _dur(sound: str) -> float:
    return SOUNDS[sound].control("dur").default


def _range(values: Iterable[float]) -> str:
    """The lowest and the highest in whole numbers; one of them where they differ by no more than 2."""
    ordered = [round(value) for value in sorted(values)]
    low, high = ordered[0], ordered[-1]
    return f"{low}" if high - low <= 2 else f"{low} to {high}"


@cache
def voice(sound: str) -> list[str]:
    """One row of the voices, held at the catalogue's values, and its loudness when something is wrong."""
    x, rate = renders.voice(sound)
    wrong = [renders.voice(sound, anomaly=anomaly) for anomaly in ANOMALIES[1:]]
    return [
        sound,
        _tones(sound, x, rate),
        f"{measure.momentary(x, rate):.1f}",
        f"{measure.integrated(x, rate):.1f}",
        *(f"{measure.momentary(*heard):.1f}" for heard in wrong),
    ]


def _tones(sound: str, x: np.ndarray, rate: int) -> str:
    """The strongest partials, from low to high; what lies within a semitone of a stronger one belongs to it."""
    if sound in _NOISES:
        low, high = measure.band(x, rate)
        return f"noise, {low:.0f} to {high:.0f}"
    tones: list[float] = []
    for partial in sorted(measure.partials(x, rate, below=-20), key=lambda partial: -partial.level):
        if all(abs(12 * math.log2(partial.freq / tone)) > 1 for tone in tones):
            tones.append(partial.freq)
    return ", ".join(f"{tone:.0f}" for tone in sorted(tones[:_STRONGEST]))


def tables() -> tuple[Table, Table]:
    """All cues, and all voices."""
    cues = [cue(sound.id) for sound in SOUNDS.values() if sound.kind == "cue"]
    voices = [voice(sound.id) for sound in SOUNDS.values() if sound.kind == "voice"]
    return [CUE_HEAD, *cues], [VOICE_HEAD, *voices]


def controls(sound: Sound) -> str:
    """What can be set of a sound, and where the sound itself is to be heard."""
    head = ["control", "unit", "from", "to", "usually", "what it does"]
    rows = [
        [f"`{c.name}`", c.unit, f"{c.low:g}", f"{c.high:g}", f"{c.default:g}", c.text] for c in sound.controls
    ]
    files = _FILES.get(sound.id, {"Hear it": sound.id}) if sound.kind == "cue" else {}
    listen = "".join(f"[{text}](../bridge/console/sounds/{name}.flac). " for text, name in files.items())
    named = zip(
        *((CUE_HEAD, cue(sound.id)) if sound.kind == "cue" else (VOICE_HEAD, voice(sound.id))), strict=True
    )
    told = "; ".join(f"{name} {value}" for name, value in list(named)[1:] if value != NONE)
    return f"{listen}Measured: {told}.\n\n{markdown([head, *rows])}"


def overview() -> str:
    """Every sound in a line."""
    head = ["sound", "what it says"]
    rows = [[f"[`{sound.id}`](#{sound.id})", sound.text] for sound in SOUNDS.values()]
    return markdown([head, *rows])


def blocks() -> dict[str, Callable[[], str]]:
    """What makes each block of the page, by name. `told-apart` and `checks` take minutes."""
    from lab import checks  # noqa: PLC0415 - it asks this file for the tables

    return {
        "overview": overview,
        **{f"sound {sound.id}": lambda sound=sound: controls(sound) for sound in SOUNDS.values()},
        "cues": lambda: markdown(tables()[0]),
        "voices": lambda: markdown(tables()[1]),
        "told-apart": checks.told_apart,
        "checks": checks.table,
    }


def markdown(table: Table) -> str:
    """A table as it stands on the page."""
    head, *rows = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join([head, "| " + " | ".join("---" for _ in table[0]) + " |", *rows])


def block(page: str, name: str) -> str:
    """What stands in a block of the page. ValueError when there is no such block."""
    found = _pattern(name).search(page)
    if found is None:
        raise ValueError(f"{PAGE.name} has no block {name!r}")
    return found[2].strip()


def replaced(page: str, name: str, text: str) -> str:
    """The page with another text in that block."""
    block(page, name)
    return _pattern(name).sub(lambda found: f"{found[1]}\n\n{text}\n\n{found[3]}", page)


def _pattern(name: str) -> re.Pattern[str]:
    begin, end = (re.escape(f"<!-- {name}: {what} -->") for what in ("made by make sounds", "end"))
    return re.compile(f"({begin})(.*?)({end})", re.DOTALL)


def main(wanted: list[str]) -> None:
    """Measure, draw and write what is wanted; everything when nothing is named."""
    for portrait in portraits():
        if not wanted or "pictures" in wanted:
            sys.stdout.write(f"{draw(portrait).name}\n" if not is_fresh(portrait) else "")
    for name, make in blocks().items():
        if not wanted or any(name.startswith(word) for word in wanted):
            PAGE.write_text(replaced(PAGE.read_text(), name, make()))
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
