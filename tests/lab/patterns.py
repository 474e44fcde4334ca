"""The windows in which every cue's pattern lies, with the catalogue's values. After IEC 60601-1-8, second-hand.

Lengths are at half of a pulse's peak envelope, dry; from the end of one pulse to the start of the next is a spacing.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab import measure, renders

Window = tuple[float, float]

QUICK, GROUP, HALF = (50, 125), (150, 300), (350, 1300)
EVEN, TICK = (125, 250), (50, 125)
FIVE = (QUICK, QUICK, GROUP, QUICK)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Windows in ms of the pulses and of the spacings, in order, and the one in Hz of every first partial."""

    lengths: tuple[Window, ...]
    spacings: tuple[Window, ...]
    first: Window


PATTERNS = {
    "critical": Pattern(((74, 200),) * 10, (*FIVE, HALF, *FIVE), (871, 889)),
    "warning": Pattern((EVEN,) * 3, (EVEN,) * 2, (653, 667)),
    "info": Pattern((EVEN,), (), (436, 444)),
    "resolved": Pattern((EVEN,) * 2, ((40, 80),), (150, 439)),
    "storm": Pattern(((1000, 1600),), (), (200, 400)),
    "flapping": Pattern(((500, 1200),), (), (330, 500)),
    "flatline": Pattern(((1000, 2000), *(EVEN,) * 3), (EVEN,) * 3, (150, 300)),
    "linklost": Pattern(((150, 300),) * 2, ((100, 200),), (300, 400)),
    "digest": Pattern((EVEN,) * 3, (EVEN,) * 2, (653, 667)),
    "heartbeat": Pattern(((80, 150),) * 2, ((150, 250),), (80, 160)),
}
"""Of every cue of the catalogue. A digest is that of a warning alone; DIGESTS has the others."""

DIGESTS = {
    0: Pattern((EVEN,), (), (653, 667)),
    1: PATTERNS["digest"],
    2: Pattern(((74, 200),) * 3, (QUICK,) * 2, (653, 667)),
}
"""By the worst severity, without ticks."""

TONAL = tuple(sound for sound in PATTERNS if sound != "storm")
"""The cues that are made of single pulses of one pitch each, and the flapping."""


def departures(pattern: Pattern, sound: renders.Sound) -> list[str]:
    """What of a dry sound lies outside the windows; nothing when all is as it should be."""
    found = measure.pulses(*sound)
    if len(found) != len(pattern.lengths):
        return [f"{len(found)} pulses, not {len(pattern.lengths)}"]
    lengths = [1000 * pulse.length for pulse in found]
    gaps = [1000 * gap for gap in measure.spacings(found)]
    return [*_outside("pulse", lengths, pattern.lengths), *_outside("gap", gaps, pattern.spacings)]


def _outside(what: str, values: list[float], windows: tuple[Window, ...]) -> list[str]:
    return [
        f"{what} {i + 1}: {value:.0f} ms, not {low} to {high}"
        for i, (value, (low, high)) in enumerate(zip(values, windows, strict=True))
        if not low <= value <= high
    ]
