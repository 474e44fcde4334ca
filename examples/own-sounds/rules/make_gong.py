"""Makes gong.flac, the sound file among the examples: `python examples/own-sounds/rules/make_gong.py FILE`.

Six partials that are no multiples of each other, the high ones dying first; 1.8 s, one channel.
"""
# ruff: noqa: INP001 - a script beside an example, in no package

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

RATE = 24000
PARTIALS = (
    (1.0, 1.0, 2.2),
    (1.52, 0.5, 3.0),
    (2.09, 0.4, 3.6),
    (2.74, 0.25, 4.5),
    (3.4, 0.2, 5.5),
    (4.6, 0.1, 7.0),
)
"""Ratio to 196 Hz, level, decay in 1/s."""


def gong() -> np.ndarray:
    """The samples."""
    t = np.arange(int(1.8 * RATE)) / RATE
    tone = sum(a * np.exp(-d * t) * np.sin(2 * np.pi * 196 * r * t) for r, a, d in PARTIALS)
    rise, fall = np.minimum(t / 0.012, 1), np.minimum((t[-1] - t) / 0.3, 1)
    return 0.35 * tone * rise * fall / np.abs(tone).max()


if __name__ == "__main__":
    soundfile.write(Path(sys.argv[1]), gong(), RATE, subtype="PCM_16")
