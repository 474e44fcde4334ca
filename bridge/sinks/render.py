"""Plays a score into a sound file with `scsynth -N`: no sound card, no sclang, faster than real time.

scsynth gives 0 also for a missing synthdef and then writes silence. So its words are read, and the result is
looked at: a file that is silent or clipped is an error and is not left behind.
"""

from __future__ import annotations

import array
import os
import shutil
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

from bridge.core.score import SYNTHDEFS

RATE = 48000
_FULL = 32767
_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".aiff": "AIFF"}
_COMPLAINTS = ("FAILURE", "ERROR", "exception")


class RenderError(Exception):
    """The file was not made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Loudest:
    """What a look at a rendered file tells: its peak (1 is full scale) and where the last sound in it ends, in s."""

    peak: float
    ends: float


def compiled_folder() -> Path:
    """Where the compiled synthdefs are: in the installed package, else in the checkout. RenderError if nowhere."""
    package = Path(__file__).parents[1]
    for folder in (package / "compiled", package.parent / "supercollider" / "compiled"):
        if folder.is_dir():
            return folder
    raise RenderError(
        "the compiled synthdefs are missing: run `make compiled` in a checkout, or install again"
    )


def render(score: bytes, path: Path, *, silent: bool = False, synthdefs: Path | None = None) -> Path:
    """Play `score` (see bridge.core.score) into `path`: 16 bit, 48 kHz, two channels; .wav, .flac or .aiff.

    `silent` says that silence is what the score asks for. `synthdefs` is another folder of compiled synthdefs.
    Returns `path`. Raises RenderError when a synthdef is missing, scsynth complains, or the result is silent or
    clipped.
    """
    if path.suffix not in _FORMATS:
        raise RenderError(
            f"{path.name}: can write {', '.join(_FORMATS)}, not {path.suffix or 'a file without ending'}"
        )
    folder = synthdefs or compiled_folder()
    if missing := [name for name in SYNTHDEFS if not (folder / f"{name}.scsyndef").is_file()]:
        raise RenderError(f"synthdefs are missing in {folder}: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made.wav"
        _run(score, made, folder)
        _refuse(loudest(made), silent=silent)
        if path.suffix != ".wav":  # the same score gives the same samples, in whatever wrapping
            made = made.with_suffix(path.suffix)
            _run(score, made, folder)
        shutil.copyfile(made, path)
    return path


def loudest(path: Path, *, above: float = 0.0) -> Loudest:
    """Look at a 16 bit WAV file; what does not exceed `above` (1 is full scale) counts as silence for `ends`."""
    peak, ends, frames = 0, 0, 0
    floor = above * _FULL
    with wave.open(str(path)) as sound:
        channels, rate = sound.getnchannels(), sound.getframerate()
        while block := sound.readframes(rate):
            samples = array.array("h", block)
            if sys.byteorder == "big":
                samples.byteswap()
            highest, lowest = max(samples), min(samples)
            top = max(highest, -lowest)
            if top > floor:
                last = next(i for i in range(len(samples) - 1, -1, -1) if abs(samples[i]) > floor)
                ends = frames + last // channels + 1
            peak = max(peak, top)
            frames += len(samples) // channels
    return Loudest(peak / _FULL, ends / rate)


def _refuse(found: Loudest, *, silent: bool) -> None:
    if found.peak >= 1:
        raise RenderError("the result is clipped: the master synthdef is not the last one of the score")
    if not found.peak and not silent:
        raise RenderError("the result is silent: no synthdef of the score made a sound")


def _run(score: bytes, path: Path, folder: Path) -> None:
    program = shutil.which("scsynth")
    if program is None:
        raise RenderError("scsynth is missing. On Debian: apt-get install supercollider-server")
    source = path.with_suffix(".osc")
    source.write_bytes(score)
    command = [program, "-N", str(source), "_", str(path), str(RATE), _FORMATS[path.suffix], "int16"]
    options = ["-o", "2", "-i", "0", "-n", "4096", "-m", "65536"]
    ran = subprocess.run(  # noqa: S603 - the program is scsynth, the arguments are ours
        [*command, *options],
        env=os.environ | {"SC_SYNTHDEF_PATH": str(folder)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    words = ran.stdout + ran.stderr
    complaints = [line for line in words.splitlines() if any(word in line for word in _COMPLAINTS)]
    if ran.returncode or complaints or not path.is_file():
        told = "; ".join(complaints[:3]) or words[-300:].strip()
        raise RenderError(f"scsynth -N failed ({ran.returncode}): {told}")
