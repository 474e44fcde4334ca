"""Pictures of the sounds for docs/sounds/: what is heard when, at which pitch. `make sounds` draws them.

A picture carries in its file a digest of what it was made of, so that a test can tell an old one from a new one without
drawing it again.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import scipy.signal as sig
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from bridge.core.score import score
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Command, Play, Set
from bridge.sinks.render import compiled_folder
from lab import measure, renders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FOLDER = Path(__file__).parents[2] / "docs" / "sounds"

ANOMALIES = (0.0, 0.3, 0.6, 1.0)
CHORDS = (0.0, 1.0, 2.0, 3.0, 4.0)

_STAY = 8.0
"""Seconds for which a voice holds each value of a control; its coming in is left out."""

_LOW, _HIGH, _DEPTH = 50.0, 8000.0, 50.0
"""Hz, Hz, and dB below the loudest: what a picture shows."""

_TICKS = [55, 110, 220, 440, 880, 1760, 3520, 7040]

_MADE_OF = "Made of"


@dataclass(frozen=True, slots=True)
class Portrait:
    """A picture to be drawn: the name of its file, its score, and which part of it is shown, in s."""

    name: str
    sound: str
    title: str
    events: tuple[tuple[float, Command], ...]
    begin: float
    end: float
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.png"

    def score(self) -> bytes:
        return score(self.events, self.end)

    def made_of(self) -> str:
        """Digest of the score and of the synthdefs that play it."""
        files = [compiled_folder() / f"{name}.scsyndef" for name in (self.sound, "reverb", "master")]
        return hashlib.sha256(b"".join([self.score(), *(file.read_bytes() for file in files)])).hexdigest()


def portraits() -> Iterator[Portrait]:
    """One of every sound, and one more of the ambient's chords."""
    for sound in SOUNDS.values():
        yield _cue(sound.id) if sound.kind == "cue" else _voice(sound.id, "anomaly", ANOMALIES)
    yield _voice("ambient", "chord", CHORDS)


def _cue(sound: str) -> Portrait:
    lasts = SOUNDS[sound].control("dur").default
    shown = {"count": 3.0} if sound == "digest" else {}
    title = sound + "".join(f", {name} {value:g}" for name, value in shown.items())
    return Portrait(sound, sound, title, ((0.1, Play(sound, sound, shown)),), 0.0, lasts + 0.7)


def _voice(sound: str, control: str, values: Sequence[float]) -> Portrait:
    times = [0.0, *(_STAY * (i + 2) for i in range(len(values) - 1))]
    steps = tuple((at, Set(sound, sound, {control: value})) for at, value in zip(times, values, strict=True))
    marks = tuple((_STAY * i, f"{control} {value:g}") for i, value in enumerate(values))
    name = sound if control == "anomaly" else f"{sound}-{control}"
    return Portrait(name, sound, sound, steps, _STAY, _STAY * (len(values) + 1), marks)


def is_fresh(portrait: Portrait) -> bool:
    """Whether the picture that is there was made of the score and the synthdefs that are there."""
    if not portrait.path.is_file():
        return False
    with Image.open(portrait.path) as picture:
        return picture.info.get(_MADE_OF) == portrait.made_of()


def draw(portrait: Portrait) -> Path:
    """Render the score and draw it. The same score gives the same picture."""
    x, rate = renders.rendered(portrait.score())
    times, freqs, level = _spectrogram(measure.mono(x[int(portrait.begin * rate) :]), rate)
    picture = _picture(portrait, times, freqs, level)
    info = PngInfo()
    info.add_text(_MADE_OF, portrait.made_of())
    portrait.path.parent.mkdir(exist_ok=True)
    # 48 colours say as much as sixteen million, in a quarter of the bytes.
    picture.convert("RGB").quantize(48, dither=Image.Dither.NONE).save(
        portrait.path, pnginfo=info, optimize=True
    )
    return portrait.path


def _spectrogram(x: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times in s, frequencies in Hz at equal ratios, and dB below the loudest (freqs, times)."""
    y, half = sig.resample_poly(x, 1, 2), rate // 2
    # A voice changes slowly, so that its pitches can be told better than the moments of a cue.
    size = 1024 if len(y) < 10 * half else 8192
    short = sig.ShortTimeFFT(np.hanning(size), max(size // 16, len(y) // 700), half, mfft=8192)
    power = short.spectrogram(y)
    freqs = np.geomspace(_LOW, _HIGH, 220)
    rows = np.stack([np.interp(freqs, short.f, column) for column in power.T], axis=1)
    level = 10 * np.log10(np.maximum(rows / rows.max(), 10 ** (-_DEPTH / 10)))
    return short.t(len(y)), freqs, level


def _picture(portrait: Portrait, times: np.ndarray, freqs: np.ndarray, level: np.ndarray) -> Image.Image:
    import matplotlib as mpl  # noqa: PLC0415 - only who draws needs it, and it takes a second to import

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7.2, 2.9), dpi=100, layout="constrained")
    mesh = axes.pcolormesh(
        times, freqs, level, cmap="magma", vmin=-_DEPTH, vmax=0, shading="nearest", rasterized=True
    )
    axes.set_yscale("log")
    axes.set_yticks(_TICKS, labels=_TICKS)
    axes.minorticks_off()
    axes.set(
        xlim=(0, portrait.end - portrait.begin),
        ylim=(_LOW, _HIGH),
        xlabel="time in s",
        ylabel="frequency in Hz",
    )
    axes.set_title(portrait.title, loc="left", fontsize=10)
    for at, text in portrait.marks:
        axes.axvline(at, color="white", linewidth=0.6, linestyle=":")
        axes.text(at + 0.2, 0.86 * _HIGH, text, color="white", fontsize=9, verticalalignment="top")
    figure.colorbar(mesh, ax=axes, label="dB below the loudest", pad=0.01)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    plt.close(figure)
    return Image.open(file)
