"""Which cue was that? A machine that compares what it hears with a template of every cue, and what it takes for what.

A template is made of a clean render at the tempo of the catalogue, heard through the same loudspeaker; what is to be
recognised is another render, at another tempo, in noise, at a moment that the machine is not told. The nearest template
wins: the one whose normalised correlation is highest over all moments and over tempi within 12 %.

It hears either a spectrogram (twelve bands an octave, logarithmic above the noise that it finds in the clip itself), or
the envelope alone. It knows no level: every clip counts as equally loud. This is a proxy. It says whether the sounds
differ enough for a machine that knows them all and listens to nothing else; it says nothing about people.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

import numpy as np
import scipy.signal as sig
from scipy import fft

from lab.noise import RATE
from lab.takes import SPAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Sense = Literal["spectrum", "envelope"]

WARPS = (0.88, 0.92, 0.96, 1.0, 1.04, 1.08, 1.12)
HOP = RATE // 80
"""Samples from frame to frame: 12.5 ms."""

EARLIEST, LATEST = 0.2, 1.2
"""Seconds between which a cue begins in its clip."""

CLIP = int((SPAN + LATEST) * RATE)
"""Samples of a clip that is to be recognised."""

_LAGS = int((LATEST + 0.2) * RATE / HOP)
_AT_ONCE = 16
"""So many clips are compared at once."""

_SIZE, _ROOM = 512, 1024
_LOW, _HIGH = 80.0, 6000.0


def _bands() -> np.ndarray:
    """(bands, lines): triangles a twelfth of an octave apart, over the lines of a spectrum of `_ROOM` samples."""
    centres = _LOW * 2 ** (np.arange(int(12 * np.log2(_HIGH / _LOW)) + 1) / 12)
    lines = np.maximum(fft.rfftfreq(_ROOM, 1 / RATE), 1.0)
    away = np.abs(12 * np.log2(lines[None, :] / centres[:, None]))
    # Low bands are narrower than a line of the spectrum: they take at least what is nearest.
    width = np.maximum(1.0, 12 * np.log2(1 + RATE / _SIZE / centres))[:, None]
    weights = np.maximum(0, 1 - away / width)
    return weights / weights.sum(axis=1, keepdims=True)


_BANDS = _bands()
_WINDOW = np.hanning(_SIZE)


def spectrum(x: np.ndarray) -> np.ndarray:
    """Power (frames, bands)."""
    frames = np.lib.stride_tricks.sliding_window_view(x, _SIZE)[::HOP]
    power = np.abs(fft.rfft(frames * _WINDOW, _ROOM, axis=1)) ** 2
    return power @ _BANDS.T


def envelope(x: np.ndarray) -> np.ndarray:
    """Amplitude (frames, 1), over 300 to 4000 Hz and 25 ms."""
    heard = sig.sosfilt(_SPEECH, x)
    frames = np.lib.stride_tricks.sliding_window_view(heard, 2 * HOP)[::HOP]
    return np.sqrt((frames**2).mean(axis=1, keepdims=True))


_SPEECH = sig.butter(4, (300, 4000), "bandpass", fs=RATE, output="sos")


def _above(power: np.ndarray, floor: np.ndarray | float) -> np.ndarray:
    """What stands out of the noise, logarithmic: 0 at the noise."""
    return np.log10(np.maximum(power / floor, 1.0))


def heard(x: np.ndarray, sense: Sense) -> np.ndarray:
    """What the machine has of a clip, (frames, bands); it takes the quiet part of the clip for the noise."""
    if sense == "envelope":
        level = envelope(x)
        return np.maximum(level - np.quantile(level, 0.3), 0)
    power = spectrum(x)
    return _above(power, 3 * np.quantile(power, 0.3, axis=0) + 1e-12)


def expected(x: np.ndarray, sense: Sense) -> np.ndarray:
    """What the machine has of a clean render: what lies within 25 dB of the loudest."""
    if sense == "envelope":
        return envelope(x)
    power = spectrum(x)
    return _above(power, power.max() * 10**-2.5)


def _warped(x: np.ndarray, factor: float) -> np.ndarray:
    """The frames of `x` stretched by `factor` in time, as many as before."""
    at = np.minimum(np.arange(len(x)) / factor, len(x) - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, len(x) - 1)
    part = (at - low)[:, None]
    return x[low] * (1 - part) + x[high] * part


class Bank:
    """Templates, each under the name of what it stands for."""

    def __init__(self, named: Iterable[tuple[str, np.ndarray]], sense: Sense) -> None:
        """`named` gives clean renders, as they come out of the loudspeaker."""
        self.sense: Sense = sense
        self._clean = list(named)
        self.names = [name for name, _ in self._clean for _ in WARPS]
        frames = [_warped(expected(x, sense), warp) for _, x in self._clean for warp in WARPS]
        self._length = fft.next_fast_len(2 * len(frames[0]), real=True)
        stacked = np.stack([f / np.sqrt((f**2).sum()) for f in frames], axis=1).astype("float32")
        self._turned = fft.rfft(stacked, self._length, axis=0).conj()  # (lines, templates, bands)
        self._powers: dict[int, np.ndarray] = {}

    def nearest(self, heard_ones: Iterable[np.ndarray]) -> Iterator[str]:
        """For each clip the name of the template that is nearest."""
        for best in self.likeness(heard_ones):
            yield self.names[int(best.argmax())]

    def likeness(self, heard_ones: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """For each clip how much of it every template explains, wherever it begins: (templates,), 0 to 1."""
        waiting = iter(heard_ones)
        while some := [heard(x, self.sense) for x in itertools.islice(waiting, _AT_ONCE)]:
            yield from self._scores(np.stack(some, axis=2)).max(axis=0).T

    def nearest_pair(self, x: np.ndarray) -> frozenset[str]:
        """The names of the two templates that together explain a clip best; both as loud as they were rendered."""
        power = spectrum(x)
        room = np.quantile(power, 0.3, axis=0) + 1e-12
        found = _above(power, 3 * room)
        parts = {name: self._power(*place, len(found)) for name, place in self._places(found).items()}

        def misses(pair: tuple[str, str]) -> float:
            together = _above(parts[pair[0]] + parts[pair[1]] + room, 3 * room)
            return float(((together - found) ** 2).sum())

        return frozenset(min(itertools.combinations(parts, 2), key=misses))

    def _scores(self, found: np.ndarray) -> np.ndarray:
        """(lags, templates, clips): how much of a clip (frames, bands, clips) each template explains from a lag on."""
        whole = np.sqrt((found**2).sum(axis=(0, 1)))
        turned = fft.rfft(found.astype("float32"), self._length, axis=0)
        return fft.irfft(self._turned @ turned, self._length, axis=0)[:_LAGS] / whole

    def _places(self, found: np.ndarray) -> dict[str, tuple[int, int]]:
        """For each name its best template and where that begins."""
        scores = self._scores(found[:, :, None])[:, :, 0]
        order = np.argsort(scores.max(axis=0))  # the best comes last and stays
        return {self.names[i]: (int(i), int(scores[:, i].argmax())) for i in order}

    def _power(self, template: int, lag: int, frames: int) -> np.ndarray:
        """Power (frames, bands) of a template that begins at `lag`."""
        if template not in self._powers:
            of, warp = divmod(template, len(WARPS))
            self._powers[template] = _warped(spectrum(self._clean[of][1]), WARPS[warp])
        return np.pad(self._powers[template], ((lag, frames), (0, 0)))[:frames]
