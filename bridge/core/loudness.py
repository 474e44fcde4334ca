"""What a meter says of samples: loudness, true peak, steps. Plain arithmetic, for two seconds of sound in a second.

Channels are sequences of samples, full scale 1, at RATE. The weighting is that of ITU-R BS.1770-4.
"""

from __future__ import annotations

import math
from itertools import accumulate
from operator import mul, sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 48000
"""Hz. The filters below hold for this rate alone."""
WINDOW = 0.4
"""Seconds of a momentary loudness."""
HOP = 480
SILENCE = -120.0
"""What stands for the level of nothing at all, in LUFS or dB."""
AUDIBLE = 1e-5
"""-100 dB of full scale."""

_SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
_HIGHPASS = (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)
"""b0 b1 b2 a1 a2 of the two filters, at 48 kHz (BS.1770-4, tables 1 and 2)."""
_TAPS = 12
_BETWEEN = (0.25, 0.5, 0.75)
"""BS.1770-4 asks for four times the rate: three values between two samples."""
_NEAR = 0.7
"""Only beside samples that loud, as a share of the peak, may the wave between them be the loudest."""


def momentary(channels: Sequence[Sequence[float]]) -> float:
    """The loudest 0.4 s, in LUFS."""
    size = int(WINDOW * RATE)
    powers: list[float] = [0.0] * (max(map(len, channels)) + 2 * size)
    for channel in channels:
        for i, x in enumerate(_weighted(channel), size):
            powers[i] += x * x
    sums = [0.0, *accumulate(powers)]
    loudest = max(sums[i + size] - sums[i] for i in range(0, len(powers) - size, HOP)) / size
    return max(SILENCE, -0.691 + 10 * math.log10(max(loudest, 1e-30)))


def true_peak(channels: Sequence[Sequence[float]]) -> float:
    """The highest value of the wave, between the samples too, in dBTP."""
    return decibels(max(_highest(channel) for channel in channels))


def peak(channels: Sequence[Sequence[float]]) -> float:
    """The highest sample; 1 is full scale."""
    return max(_top(channel) for channel in channels)


def finite(channels: Sequence[Sequence[float]]) -> bool:
    """Whether every sample is a number."""
    return all(math.isfinite(sum(channel)) or all(map(math.isfinite, channel)) for channel in channels)


def onset(channels: Sequence[Sequence[float]], within: float = 0.01) -> float:
    """The largest step from one sample to the next in the first `within` seconds of sound; 1 is full scale."""
    first = min((_first(channel) for channel in channels), default=0)
    span = slice(max(0, first - 1), first + int(within * RATE))
    return max(_step(channel[span]) for channel in channels)


def decibels(level: float) -> float:
    """A level as dB below full scale."""
    return max(SILENCE, 20 * math.log10(max(level, 1e-30)))


def audible(channels: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """The channels from the first sample that can be heard to the last one."""
    first = min(_first(channel) for channel in channels)
    last = max(len(channel) - _first(channel[::-1]) for channel in channels)
    return [channel[first : max(last, first + 1)] for channel in channels]


def _top(channel: Sequence[float]) -> float:
    return max(map(abs, channel))


def _first(channel: Sequence[float]) -> int:
    return next((i for i, x in enumerate(channel) if abs(x) > AUDIBLE), len(channel))


def _step(channel: Sequence[float]) -> float:
    return max(map(abs, map(sub, channel[1:], channel)), default=0.0)


def _weighted(channel: Sequence[float]) -> list[float]:
    return _biquad(_biquad(channel, _SHELF), _HIGHPASS)


def _biquad(channel: Sequence[float], factors: tuple[float, float, float, float, float]) -> list[float]:
    b0, b1, b2, a1, a2 = factors
    s1 = s2 = 0.0
    out = []
    for x in channel:
        y = b0 * x + s1
        s1 = b1 * x - a1 * y + s2
        s2 = b2 * x - a2 * y
        out.append(y)
    return out


def _highest(channel: Sequence[float]) -> float:
    top = _top(channel)
    padded = [0.0] * _TAPS + list(channel) + [0.0] * _TAPS
    near = [i for i, x in enumerate(padded) if abs(x) > _NEAR * top]
    places = sorted({i - 1 for i in near} | set(near))
    between = (
        abs(sum(map(mul, kernel, padded[i - _TAPS + 1 : i + _TAPS + 1])))
        for kernel in _KERNELS
        for i in places
    )
    return max(top, *between) if places else top


def _kernel(shift: float) -> list[float]:
    """A windowed sinc that gives the value `shift` samples after the middle one."""
    distances = [k - shift for k in range(1 - _TAPS, _TAPS + 1)]
    raw = [_sinc(d) * math.cos(math.pi * d / (2 * _TAPS + 1)) ** 2 for d in distances]
    return [x / sum(raw) for x in raw]


def _sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x)


_KERNELS = [_kernel(shift) for shift in _BETWEEN]
