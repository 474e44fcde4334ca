"""Plays a score into a sound file with `scsynth -N`: no sound card, no sclang, faster than real time.

scsynth gives 0 also for a missing synthdef and then writes silence, and also on a full disk and then writes a part.
So its words are read, and the result is looked at: a file that is silent, clipped or too short is an error. All work is
done in a folder beside the result, which takes its place as a whole at the end: a file of that name is either the old
one or a good one, never half of one.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.model.errors import PagerError
from bridge.sinks.soundfiles import flaw, frames, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Progress = Callable[[float], None]

RATE = 48000
FORMATS = {
    ".wav": ("WAV", "int16"),
    ".flac": ("FLAC", "int16"),
    ".ogg": ("OGG", "vorbis"),
    ".aiff": ("AIFF", "int16"),
}
"""What a file's ending makes of it: the header and the sample format of scsynth."""
SECOND = RATE * 4
"""Bytes of one second of the WAV file that every render begins with."""
LONGEST = 6 * 3600.0
"""Seconds. A WAV file ends at 4 GiB, which is 6.2 h."""
_BLOCK = 64
"""Frames that scsynth reckons at once: a file may be longer than its score by so many."""
_LOOK = 0.2
"""Seconds between two looks at how far it is."""
_COMPLAINTS = ("FAILURE", "ERROR", "exception")


class RenderError(PagerError):
    """The file was not made; the text says why and what to do."""


def compiled_folder() -> Path:
    """Where the compiled synthdefs are: in the installed package, else in the checkout. RenderError if nowhere."""
    package = Path(__file__).parents[1]
    for folder in (package / "compiled", package.parent / "supercollider" / "compiled"):
        if folder.is_dir():
            return folder
    raise RenderError(
        "the compiled synthdefs are missing: run `make compiled` in a checkout, or install again"
    )


def render(
    score: bytes,
    path: Path,
    *,
    silent: bool = False,
    synthdefs: Sequence[Path] = (),
    progress: Progress | None = None,
) -> Path:
    """Play `score` (see bridge.core.score) into `path`: 16 bit, 48 kHz, two channels; the ending as in FORMATS.

    `silent` says that silence is what the score asks for. `synthdefs` are further folders of compiled synthdefs,
    beside the project's own. `progress` is told from time to time which share
    is done, 0 to 1. A file that is there is replaced. Returns `path`. Raises RenderError when the file cannot be
    written, a synthdef is missing, scsynth complains, or the result is silent, clipped or too short.
    """
    folders = [compiled_folder(), *synthdefs]
    _check(score, folders)
    place = _place(path)
    tell = progress or (lambda _: None)
    try:
        with tempfile.TemporaryDirectory(prefix=".singing-pager-", dir=place.parent) as scratch:
            _room(place.parent, _length(score))
            made = _make(score, Path(scratch) / f"made{path.suffix}", folders, tell, silent=silent)
            made.replace(place)
    except OSError as e:
        raise RenderError(
            f"{path}: cannot be written ({e.strerror}); name another file or folder with -o"
        ) from None
    return path


def _make(score: bytes, path: Path, folders: list[Path], tell: Progress, *, silent: bool) -> Path:
    """The same score gives the same samples, in whatever wrapping; the plain one is the one that is looked at."""
    length, plain = _length(score), path.with_suffix(".wav")
    passes = 1 if path == plain else 2
    began = time.monotonic()
    _run(score, plain, folders, lambda: tell(min(1.0, _size(plain) / (length * SECOND)) / passes))
    _refuse(plain, silent=silent)
    if path != plain:
        took = time.monotonic() - began
        plain.unlink()
        _run(score, path, folders, lambda: tell(0.5 + 0.5 * min(1.0, (time.monotonic() - began) / took - 1)))
    if path.suffix == ".ogg":
        settle(path)
    tell(1.0)
    return path


def _check(score: bytes, folders: list[Path]) -> None:
    """Before a long render rather than after it: is everything there, and can the result be as long as that?"""
    if odd := [folder for folder in folders if ":" in str(folder)]:
        raise RenderError(f"{odd[0]}: scsynth takes no folder with a colon in its name")
    used = {name for _, messages in _entries(score) for name in map(_synthdef, messages) if name}
    missing = [n for n in sorted(used) if not any((f / f"{n}.scsyndef").is_file() for f in folders)]
    if missing:
        raise RenderError(f"synthdefs are missing in {', '.join(map(str, folders))}: {', '.join(missing)}")
    if (length := _length(score)) > LONGEST:
        raise RenderError(f"{length / 3600:.1f} h are too long for one file; {LONGEST / 3600:g} h are not")


def _place(path: Path) -> Path:
    """Where the result goes: a link is followed. RenderError when nothing can go there."""
    if path.suffix not in FORMATS:
        raise RenderError(
            f"{path.name}: can write {', '.join(FORMATS)}, not {path.suffix or 'a file without ending'}"
        )
    place = path.resolve()
    if place.is_dir():
        raise RenderError(f"{path}: is a folder; name a file in it")
    if not place.parent.is_dir():
        raise RenderError(f"{path}: there is no folder {place.parent}; make it, or name another one")
    if place.exists() and not place.is_file():
        raise RenderError(f"{path}: is no plain file; name one that may be replaced")
    return place


def _room(folder: Path, length: float) -> None:
    free, needed = shutil.disk_usage(folder).free, int(length * SECOND)
    if free < needed:
        raise RenderError(
            f"{folder}: {needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free; "
            "make room, or name another folder with -o"
        )


def _refuse(path: Path, *, silent: bool) -> None:
    found = flaw(path)
    if found == "clipped":
        raise RenderError("the result is clipped: the master synthdef is not the last one of the score")
    if found == "silent" and not silent:
        raise RenderError("the result is silent: no synthdef of the score made a sound")


def _run(score: bytes, path: Path, folders: list[Path], look: Callable[[], None]) -> None:
    program = shutil.which("scsynth")
    if program is None:
        raise RenderError("scsynth is missing. On Debian: apt-get install supercollider-server")
    source, said = path.with_suffix(".osc"), path.with_suffix(".log")
    source.write_bytes(score)
    command = [program, "-N", str(source), "_", str(path), str(RATE), *FORMATS[path.suffix]]
    command += ["-o", "2", "-i", "0", "-n", "4096", "-m", "65536"]
    code = _watched(command, folders, said, look)
    words = said.read_text(errors="replace")
    complaints = [line for line in words.splitlines() if any(word in line for word in _COMPLAINTS)]
    if code or complaints or not path.is_file():
        told = "; ".join(complaints[:3]) or words[-300:].strip()
        raise RenderError(f"scsynth -N failed ({code}): {told}")
    if frames(path) < _length(score) * RATE - _BLOCK:
        raise RenderError(f"{path.parent.parent}: the disk is full, or the file too large for it; make room")


def _watched(command: list[str], folders: list[Path], said: Path, look: Callable[[], None]) -> int:
    """Run scsynth to its end and look now and then; whatever happens here, it does not stay behind."""
    env = os.environ | {"SC_SYNTHDEF_PATH": ":".join(map(str, folders))}
    with said.open("wb") as log:
        ran = subprocess.Popen(  # noqa: S603 - the program is scsynth, the arguments are ours
            command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while True:
                try:
                    return ran.wait(_LOOK)
                except subprocess.TimeoutExpired:
                    look()
        finally:
            if ran.poll() is None:
                ran.kill()
                ran.wait()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _entries(score: bytes) -> Iterator[tuple[float, list[bytes]]]:
    """Every bundle of a score: its time in seconds, its messages."""
    at = 0
    while at < len(score):
        (size,) = struct.unpack_from(">i", score, at)
        seconds, fraction = struct.unpack_from(">II", score, at + 12)
        yield seconds + fraction / 2**32, list(_messages(score[at + 20 : at + 4 + size]))
        at += 4 + size


def _messages(body: bytes) -> Iterator[bytes]:
    while body:
        (size,) = struct.unpack_from(">i", body)
        yield body[4 : 4 + size]
        body = body[4 + size :]


def _length(score: bytes) -> float:
    """Seconds until the last entry, which sets the end."""
    return max((at for at, _ in _entries(score)), default=0.0)


_NEW = re.compile(rb"/s_new\0\0,s[^\0]*\0+([^\0]+)\0")


def _synthdef(message: bytes) -> str:
    """The synthdef that a message asks for; empty for every other message."""
    found = _NEW.match(message)
    return found[1].decode() if found else ""
