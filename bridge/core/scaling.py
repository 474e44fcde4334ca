"""From a value to a control: linear, exponential, or onto the notes of a scale.

Outside its input range a value is held at the nearer end, so that no input can drive a control out of its range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

ScaleKind = Literal["linear", "exponential", "musical"]

PENTATONIC = (0, 2, 4, 7, 9)
"""Major pentatonic, in semitones: no two of its notes clash, whatever sounds together."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [in_low, in_high] to [out_low, out_high]; either range may fall.

    `exponential` and `musical` move by equal ratios and need both output ends above zero; `musical` then
    takes the nearest note of a pentatonic scale built on `out_low`.
    """

    kind: ScaleKind
    in_low: float
    in_high: float
    out_low: float
    out_high: float

    def __call__(self, value: float) -> float:
        """The control for a finite value."""
        part = (value - self.in_low) / (self.in_high - self.in_low)
        part = min(1.0, max(0.0, part))
        if self.kind == "linear":
            return self.out_low + part * (self.out_high - self.out_low)
        exact = self.out_low * (self.out_high / self.out_low) ** part
        return exact if self.kind == "exponential" else nearest_note(exact, self.out_low)


def nearest_note(freq: float, base: float) -> float:
    """The pentatonic note nearest to `freq` (Hz) on the scale that has `base` (Hz) as its first note."""
    semitones = 12 * math.log2(freq / base)
    octave = math.floor(semitones / 12)
    notes = [12 * o + step for o in (octave - 1, octave, octave + 1) for step in PENTATONIC]
    nearest = min(notes, key=lambda note: abs(note - semitones))
    return float(base * 2 ** (nearest / 12))
