"""A room and a loudspeaker: pink noise, a laptop's high-pass, a cue at a signal-to-noise ratio. Mono, at `RATE`."""

from __future__ import annotations

import numpy as np
import scipy.signal as sig
from scipy import fft

RATE = 16000
"""Hz. Every cue has its partials below 5 kHz."""

LAPTOP = 300.0
"""Below this many Hz a laptop's loudspeaker gives next to nothing."""

_HIGHPASS = sig.butter(4, LAPTOP, "highpass", fs=RATE, output="sos")
_FRAME = RATE // 100


def pink(size: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls by 3 dB an octave, at a mean square of 1."""
    spectrum = rng.standard_normal(size // 2 + 1) + 1j * rng.standard_normal(size // 2 + 1)
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = fft.irfft(spectrum, size)
    return noise / np.sqrt((noise**2).mean())


def laptop(x: np.ndarray) -> np.ndarray:
    """What a loudspeaker leaves that gives nothing below 300 Hz (24 dB an octave)."""
    return sig.sosfilt(_HIGHPASS, x)


def sounding(x: np.ndarray) -> float:
    """The mean square while it sounds: in those hundredths of a second that come within 20 dB of the loudest one."""
    power = (x[: len(x) // _FRAME * _FRAME].reshape(-1, _FRAME) ** 2).mean(axis=1)
    return float(power[power > 0.01 * power.max()].mean())


def noisy(x: np.ndarray, snr: float, rng: np.random.Generator) -> np.ndarray:
    """`x` through a laptop in pink noise that lies `snr` dB below it, both taken above 300 Hz and while it sounds."""
    heard, room = laptop(x), laptop(pink(len(x), rng))
    return heard + room * np.sqrt(sounding(heard) / (room**2).mean() / 10 ** (snr / 10))
