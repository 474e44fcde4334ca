"""What an ear, or a standard, would say of a sound: pulses, partials, loudness, steps. All on numpy arrays.

A sound is an array (frames, channels) or (frames,), full scale 1, with its rate in Hz.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pyloudnorm
import scipy.signal as sig
from scipy import fft

SILENCE = -120.0
"""What stands for the level of nothing at all, in dB."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """One pulse, at 50 % of its own peak envelope: `start`, `length` and its 10-90 % `rise` in s, `peak` linear."""

    start: float
    length: float
    rise: float
    peak: float

    @property
    def end(self) -> float:
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Partial:
    """One partial: Hz, and dB below the strongest (0 or less)."""

    freq: float
    level: float


def mono(x: np.ndarray) -> np.ndarray:
    """The mean of the channels."""
    return x if x.ndim == 1 else x.mean(axis=1)


def envelope(x: np.ndarray, rate: int, window: float = 0.005) -> np.ndarray:
    """The amplitude over time, smoothed over `window` seconds."""
    shape = np.hanning(int(window * rate) + 1)
    y = mono(x)
    analytic = sig.hilbert(y, fft.next_fast_len(len(y)))[: len(y)]
    return sig.fftconvolve(np.abs(analytic), shape / shape.sum(), "same")


def pulses(x: np.ndarray, rate: int, *, floor: float = 0.15) -> list[Pulse]:
    """The pulses of a cue, each measured at half its own peak.

    A pulse stays above `floor` of the loudest one and passes twice that, so that what trembles about the floor
    (the beating of a reverb's tail) is no pulse.
    """
    env = envelope(x, rate)
    spans = _spans(env, floor * env.max(), patience=int(0.015 * rate))
    return [_pulse(env, rate, a, b) for a, b in spans if env[a:b].max() > 2 * floor * env.max()]


def _spans(env: np.ndarray, level: float, patience: int) -> list[tuple[int, int]]:
    """Where the envelope is above `level`; it may sink below for `patience` samples, as between low partials."""
    loud = np.flatnonzero(env > level)
    breaks = np.flatnonzero(np.diff(loud) > patience)
    begins = [loud[0], *loud[breaks + 1]]
    ends = [*loud[breaks], loud[-1]]
    return [(int(a), int(b) + 1) for a, b in zip(begins, ends, strict=True)]


def _pulse(env: np.ndarray, rate: int, begin: int, end: int) -> Pulse:
    span = env[begin:end]
    peak = float(span.max())
    half = np.flatnonzero(span > 0.5 * peak)
    start, stop = begin + int(half[0]), begin + int(half[-1])
    # The rise ends where 90 % is first reached: a plateau that goes on growing is no rise.
    high = begin + int(np.argmax(span >= 0.9 * peak))
    return Pulse(
        start / rate, (stop - start) / rate, (high - _last_below(env, start, 0.1 * peak)) / rate, peak
    )


def _last_below(env: np.ndarray, top: int, level: float) -> int:
    below = np.flatnonzero(env[:top] < level)
    return int(below[-1]) + 1 if below.size else 0


def spacings(found: list[Pulse]) -> list[float]:
    """From the end of each pulse to the start of the next, in s."""
    return [b.start - a.end for a, b in itertools.pairwise(found)]


def gap_levels(x: np.ndarray, rate: int, found: list[Pulse]) -> list[float]:
    """The highest level in the middle third of each gap, as a share of the pulse before it."""
    env = envelope(x, rate)
    levels = []
    for a, b in itertools.pairwise(found):
        third = (b.start - a.end) / 3
        middle = env[int((a.end + third) * rate) : int((b.start - third) * rate)]
        levels.append(float(middle.max() / a.peak))
    return levels


def partials(x: np.ndarray, rate: int, *, below: float = -30.0) -> list[Partial]:
    """The partials from low to high, down to `below` dB under the strongest; frequencies interpolated."""
    y = mono(x)
    size = max(1 << 17, 1 << int(np.ceil(np.log2(len(y)))))
    spectrum = 20 * np.log10(np.abs(np.fft.rfft(y * np.blackman(len(y)), size)) + 1e-12)
    lobe = max(1, 3 * size // len(y))  # half the main lobe of the window
    peaks, _ = sig.find_peaks(spectrum, height=spectrum.max() + below, distance=lobe)
    return [_partial(spectrum, int(i), rate / size) for i in peaks]


def _partial(spectrum: np.ndarray, i: int, width: float) -> Partial:
    a, b, c = spectrum[i - 1 : i + 2]
    shift = 0.5 * (a - c) / (a - 2 * b + c)
    return Partial(float((i + shift) * width), float(b - spectrum.max()))


def first_partial(x: np.ndarray, rate: int, found: Pulse) -> float:
    """The lowest partial of one pulse of a cue, in Hz."""
    return partials(cut(x, rate, found), rate, below=-20)[0].freq


def cut(x: np.ndarray, rate: int, found: Pulse) -> np.ndarray:
    """The samples of one pulse."""
    return x[int(found.start * rate) : int(found.end * rate)]


def momentary(x: np.ndarray, rate: int) -> float:
    """The loudest 400 ms in LUFS (ITU-R BS.1770 weighting)."""
    size = int(0.4 * rate)
    y = np.pad(x.reshape(len(x), -1), ((size, size), (0, 0)))
    for stage in pyloudnorm.Meter(rate)._filters.values():
        y = sig.lfilter(stage.b, stage.a, y, axis=0)
    power = sig.fftconvolve((y**2).sum(axis=1), np.ones(size) / size, "valid").max()
    return float(-0.691 + 10 * np.log10(max(power, 1e-12)))


def integrated(x: np.ndarray, rate: int) -> float:
    """The loudness of the whole in LUFS, ungated below -70."""
    return float(pyloudnorm.Meter(rate).integrated_loudness(x))


def true_peak(x: np.ndarray) -> float:
    """The peak between the samples in dBTP, at eight times the rate."""
    y = sig.resample_poly(x, 8, 1, axis=0)
    return float(20 * np.log10(max(np.abs(y).max(), 1e-6)))


def largest_step(x: np.ndarray) -> float:
    """The largest difference of two samples in a row, in full scale."""
    return float(np.abs(np.diff(x, axis=0)).max())


def clicks(x: np.ndarray, rate: int, above: float = 2000.0) -> float:
    """The peak of what lies above `above` Hz, in full scale: where a low sound has nothing, a click has its all."""
    high = sig.butter(6, above, "highpass", fs=rate, output="sos")
    return float(np.abs(sig.sosfilt(high, x, axis=0)).max())


def level_near(x: np.ndarray, rate: int, freq: float, semitones: float = 1.0) -> float:
    """The strongest spectral line within `semitones` of `freq`, in dB of amplitude (a sine of 1 gives 0)."""
    y = mono(x)
    y = y[: fft.prev_fast_len(len(y), real=True)]
    window = np.blackman(len(y))
    amplitude = np.abs(np.fft.rfft(y * window)) * 2 / window.sum()
    freqs = np.fft.rfftfreq(len(y), 1 / rate)
    near = np.abs(12 * np.log2(np.maximum(freqs, 1e-3) / freq)) <= semitones
    return float(20 * np.log10(max(amplitude[near].max(), 1e-6)))


def strikes(x: np.ndarray, rate: int, above: float = 550.0) -> list[float]:
    """When something is struck in a texture, in s: where what lies above `above` Hz grows by half within 12 ms.

    A struck bar shows in its upper partials first; what murmurs below is left out.
    """
    high = sig.butter(4, above, "highpass", fs=rate, output="sos")
    env = envelope(sig.sosfilt(high, mono(x)), rate, window=0.008)
    late = int(0.012 * rate)
    grown = np.maximum(env[late:] - 1.5 * env[:-late], 0)
    peaks, _ = sig.find_peaks(grown, height=0.1 * grown.max(), distance=int(0.012 * rate))
    return [float(peak / rate) for peak in peaks]


def band(x: np.ndarray, rate: int, below: float = -10.0) -> tuple[float, float]:
    """Where a noise has its power: the lowest and the highest Hz within `below` dB of its strongest sixth of an octave."""
    freqs, power = sig.welch(mono(x), rate, nperseg=1 << 14)
    centres = 30 * 2 ** (np.arange(48) / 6)
    sums = [power[np.abs(np.log2(np.maximum(freqs, 1) / c)) <= 1 / 12].mean() for c in centres]
    loud = centres[10 * np.log10(np.array(sums) / max(sums)) >= below]
    return float(loud[0]), float(loud[-1])


def roughness(found: list[Partial]) -> float:
    """How much partials rub against each other: 0 for one alone. No unit; only to compare.

    Plomp and Levelt's curve in the form that Sethares gave it, added up over all pairs, each weighed by the softer
    one's amplitude. His figures (0.24, 0.0207, 18.96, 3.5, 5.75) are second-hand.
    """
    total = 0.0
    for a, b in itertools.combinations(found, 2):
        apart = 0.24 / (0.0207 * min(a.freq, b.freq) + 18.96) * abs(a.freq - b.freq)
        total += 10 ** (min(a.level, b.level) / 20) * float(np.exp(-3.5 * apart) - np.exp(-5.75 * apart))
    return total


def _profile(x: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Power from 20 to 1500 Hz in steps of rate / 2^14, averaged over the whole; sums to 1."""
    freqs, power = sig.welch(mono(x), rate, "blackman", nperseg=1 << 14)
    heard = (freqs > 20) & (freqs < 1500)
    return freqs[heard], power[heard] / power[heard].sum()


def unlike(x: np.ndarray, y: np.ndarray, rate: int) -> float:
    """Share of the energy that lies elsewhere in the spectrum (20 to 1500 Hz): 0 the same, 1 nothing in common."""
    return float(np.abs(_profile(x, rate)[1] - _profile(y, rate)[1]).sum() / 2)


def noise_floor(x: np.ndarray, rate: int, low: float = 60.0, high: float = 400.0) -> float:
    """What lies between the partials from `low` to `high` Hz (the median), in dB below the strongest."""
    freqs, power = _profile(x, rate)
    between = power[(freqs > low) & (freqs < high)]
    return float(10 * np.log10(np.median(between) / power.max()))


def fluctuation(x: np.ndarray, rate: int, low: float = 4.0, high: float = 60.0) -> float:
    """How strongly the level sways `low` to `high` times a second: effective value, as a share of the mean level."""
    env = sig.resample_poly(envelope(x, rate, 0.002), 1, 48)
    freqs, power = sig.welch(env - env.mean(), rate / 48, nperseg=1000)
    return float(np.sqrt(power[(freqs > low) & (freqs < high)].sum() * freqs[1]) / env.mean())
