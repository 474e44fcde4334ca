"""How urgent a cue is, as far as a formula can say: a proxy, no result about people.

After Hellier and Edworthy's power laws of perceived urgency (and Patterson's guidelines before them), whose
exponents are quoted here second-hand: speed 1.35, repetition 0.50, pitch 0.38, inharmonicity 0.12. So

    urgency = rate ** 1.35 * count ** 0.5 * (pitch / 440) ** 0.38 * (1 + strangers) ** 0.12

- rate: pulses a second, from the middle of the times between two onsets; a single pulse counts once in `alone` s
- count: pulses of the burst
- pitch: the geometric mean of the first partials of all pulses, in Hz
- strangers: partials of the first pulse, down to 20 dB under the strongest, that are off the harmonic series of
  its first partial by more than 0.3 %

Everything is measured from the sound. The numbers have no unit; only their order is of use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab import measure

if TYPE_CHECKING:
    from lab.renders import Sound


def urgency(sound: Sound, alone: float = 1.0) -> float:
    """The score of one dry cue."""
    x, rate = sound
    found = measure.pulses(x, rate)
    pitch = np.exp(np.mean([np.log(measure.first_partial(x, rate, pulse)) for pulse in found]))
    strangers = inharmonic(measure.partials(measure.cut(x, rate, found[0]), rate, below=-20))
    speed = _speed([pulse.start for pulse in found], alone)
    return float(speed**1.35 * len(found) ** 0.5 * (pitch / 440) ** 0.38 * (1 + strangers) ** 0.12)


def inharmonic(partials: list[measure.Partial]) -> int:
    """How many of them are no whole multiple of the first."""
    ratios = [partial.freq / partials[0].freq for partial in partials]
    return sum(abs(ratio / max(1, round(ratio)) - 1) > 0.003 for ratio in ratios)


def _speed(starts: list[float], alone: float) -> float:
    return 1 / float(np.median(np.diff(starts))) if len(starts) > 1 else 1 / alone
