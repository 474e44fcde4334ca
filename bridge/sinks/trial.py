"""Tries a sound out alone: compiles it with sclang, plays it with `scsynth -N`, hands back samples and what still ran.

Nothing is between the sound and the samples but the reverb: no master, no limiter, no rounding to 16 bit.
"""

from __future__ import annotations

import array
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.core.loudness import RATE
from bridge.core.score import FX, GROUP, OUT, Stage, bundle, message
from bridge.model.errors import PagerError
from bridge.sinks.render import compiled_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.core.score import Sample
    from bridge.model.catalogue import Sound
    from bridge.model.commands import Command
    from bridge.sounds import Own

SCRIPT = Path(__file__).with_name("compile.scd")
LOOK = 0.25
"""Seconds between two looks at what still runs."""
PATIENCE = 60.0
"""Seconds that one run of sclang or scsynth may take."""
_REVERB = 999
"""Its node; those of the stage begin above."""
_COMPLAINTS = ("FAILURE", "ERROR", "exception")


class TrialError(PagerError):
    """The sound could not be tried; the text says why."""


class MissingProgramError(PagerError):
    """sclang or scsynth is not installed; the text names the Debian package."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a trial gave: `left` and `right` at RATE Hz; `ended` is when nothing ran any more (s), None if never."""

    left: array.array[float]
    right: array.array[float]
    ended: float | None

    def channels(self, begin: float, end: float) -> list[array.array[float]]:
        """Both channels from `begin` to `end`, in seconds."""
        span = slice(int(begin * RATE), int(end * RATE))
        return [self.left[span], self.right[span]]


def compiled(file: Path, folder: Path) -> bytes:
    """The compiled synthdef of a `.scd` file, which is left in `folder`. Runs the code of that file in sclang.

    Raises TrialError with sclang's words when it does not compile.
    """
    words = _run(
        [
            _program("sclang", "supercollider-language"),
            "-u",
            str(_free_port()),
            str(SCRIPT),
            str(file),
            str(folder),
        ]
    )
    words = words.partition("*** Welcome")[2].partition("\n")[2]
    name = next((line.split()[1] for line in words.splitlines() if line.startswith("SYNTHDEF ")), None)
    made = folder / f"{name}.scsyndef"
    if name is None or not made.is_file():
        told = [line.strip() for line in words.splitlines() if line.strip() and "cleaning up" not in line]
        raise TrialError(f"{file.name} does not compile: {' / '.join(told[:6]) or 'sclang says nothing'}")
    return made.read_bytes()


def assembled(own: Iterable[Own], folder: Path) -> Path:
    """`folder`, with all of these sounds that are synthdefs compiled in it: what a render needs beside its score."""
    for one in own:
        if one.file.suffix == ".scd":
            compiled(one.file, folder)
        elif not one.channels:
            shutil.copyfile(one.file, folder / one.file.name)
    return folder


def play(
    commands: Iterable[tuple[float, Command]],
    end: float,
    sounds: Mapping[str, Sound],
    samples: Mapping[str, Sample],
    folder: Path,
) -> Heard:
    """Play commands at their times (s) until `end`, with the synthdefs of `folder` beside the built-in ones."""
    stage = Stage(sounds, samples, OUT)
    reverb = message("/s_new", "reverb", _REVERB, 1, 0, "in", FX, "out", OUT)
    entries = [(0.0, [*stage.ground(), reverb])]
    entries += [
        (at, stage.carry_out(command)) for at, command in sorted(commands, key=lambda entry: entry[0])
    ]
    entries += [(k * LOOK, [message("/g_dumpTree", GROUP, 0)]) for k in range(1, int(end / LOOK))]
    entries.sort(key=lambda entry: entry[0])
    score = b"".join(bundle(at, messages) for at, messages in entries)
    with tempfile.TemporaryDirectory() as scratch:
        return _heard(score + bundle(end, [message("/c_set", 0, 0.0)]), Path(scratch), folder)


def _heard(score: bytes, scratch: Path, folder: Path) -> Heard:
    source, made = scratch / "score.osc", scratch / "made.raw"
    source.write_bytes(score)
    command = [_program("scsynth", "supercollider-server"), "-N", str(source), "_", str(made), str(RATE)]
    options = ["RAW", "float", "-o", "2", "-i", "0", "-n", "4096", "-m", "65536"]
    words = _run([*command, *options], {"SC_SYNTHDEF_PATH": f"{compiled_folder()}:{folder}"})
    complaints = [line for line in words.splitlines() if any(word in line for word in _COMPLAINTS)]
    if complaints or not made.is_file():
        raise TrialError(f"scsynth cannot play it: {'; '.join(complaints[:3]) or words[-300:].strip()}")
    samples = array.array("f", made.read_bytes())
    return Heard(samples[::2], samples[1::2], _ended(words))


def _ended(words: str) -> float | None:
    """When the group was empty for good, by the trees that scsynth printed; None when something still runs."""
    trees = words.split("NODE TREE")[1:]
    running = [
        any(line[:1] == " " and line.strip()[:1].isdigit() for line in tree.splitlines()[1:])
        for tree in trees
    ]
    if not running or running[-1]:
        return None
    last = max((i for i, runs in enumerate(running) if runs), default=-1)
    return (last + 2) * LOOK


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingProgramError(f"{name} is missing. On Debian: apt-get install {package}")
    return found


def _run(command: list[str], more: Mapping[str, str] | None = None) -> str:
    """What a program says. sclang is linked with Qt and wants a home: see supercollider/lib/environment.sh."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | _headless(home) | dict(more or {})
        try:
            ran = subprocess.run(  # noqa: S603 - the program is sclang or scsynth, the arguments are paths and ours
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            raise TrialError(f"{Path(command[0]).name} did not end within {PATIENCE:.0f} s") from None
    return ran.stdout + ran.stderr


def _headless(home: str) -> dict[str, str]:
    found = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": home}
    if os.geteuid() == 0:
        found["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
    if not os.access(os.environ.get("HOME", ""), os.W_OK):
        found["HOME"] = home
    return found


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
