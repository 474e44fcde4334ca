"""`preview`: one sound, through the loudspeaker or into a file."""

from __future__ import annotations

import contextlib
import math
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge.cli.instruments import instruments
from bridge.cli.render import ending, tell_problems
from bridge.cli.rulebook import Synthdefs
from bridge.core.score import score
from bridge.model.commands import Command, Play, Release, Set
from bridge.model.errors import PagerError
from bridge.sinks import render as sink
from bridge.sounds import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.model.catalogue import Sound

HELD, GOING, REVERB = 6.0, 5.5, 2.0
"""Seconds: a voice is held, goes; a cue's reverb dies away."""
PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("play", "-q"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
    ("afplay",),
)
"""Programs that play a WAV file, in the order in which they are tried."""


def preview(
    sound: Annotated[str, typer.Argument(help="its id, see --list", show_default=False)] = "",
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="write .wav, .flac or .ogg instead", show_default=False),
    ] = None,
    values: Annotated[
        list[str] | None, typer.Option("--set", help="a control, as freq=440; may be given again")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="say which sounds there are, or which controls SOUND has")
    ] = False,
    synthdefs: Synthdefs = None,
) -> None:
    """Let one sound be heard: a cue once, a voice held for 6 s and released."""
    own = Folder(synthdefs)
    tell_problems(own.problems)
    if listed:
        told = _described(_sound(sound, own.sounds)) if sound else _listed(own.sounds)
        typer.echo("\n".join(told))
        return
    found = _sound(sound, own.sounds)
    controls = dict(_control(found, text) for text in values or [])
    length = own.own[sound].seconds if sound in own.own else 0.0
    events, end = _events(found, controls, length)
    with ending(), instruments(own.own, [c for _, c in events]) as ready, _file(out) as path:
        notes = score(events, end, own.sounds, ready.samples)
        sink.render(notes, path, synthdefs=ready.folders)
        if out is None:
            _play(path)
        else:
            typer.echo(f"{out}: {end:.1f} s of {sound}.")


@contextlib.contextmanager
def _file(out: Path | None) -> Iterator[Path]:
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="singing-pager-") as folder:
        yield Path(folder) / "preview.wav"


def _events(
    sound: Sound, controls: Mapping[str, float], length: float
) -> tuple[list[tuple[float, Command]], float]:
    """The commands, and where the file ends. `length` is a sound file's, in s; else 0."""
    if sound.kind == "voice":
        return [(0.0, Set("preview", sound.id, controls)), (HELD, Release("preview"))], HELD + GOING
    length = length or controls.get("dur", sound.defaults().get("dur", HELD))
    return [(0.0, Play("preview", sound.id, controls))], length + REVERB


def _sound(name: str, sounds: Mapping[str, Sound]) -> Sound:
    if name not in sounds:
        said = f"no sound is called {name!r}; there are" if name else "say which sound; there are"
        raise PagerError(f"{said}: {', '.join(sounds)}")
    return sounds[name]


def _control(sound: Sound, text: str) -> tuple[str, float]:
    """A control and its value, checked against the catalogue."""
    name, separator, said = text.partition("=")
    if not separator:
        raise PagerError(f"--set {text}: write it as name=value, for example --set freq=440")
    controls = {control.name: control for control in sound.controls}
    if name not in controls:
        raise PagerError(f"--set {text}: {sound.id} has no such control; it has: {', '.join(controls)}")
    control = controls[name]
    try:
        value = float(said)
    except ValueError:
        value = math.nan
    if not control.low <= value <= control.high:
        raise PagerError(
            f"--set {text}: {name} of {sound.id} is a number from {control.low:g} to {control.high:g} ({control.unit})"
        )
    return name, value


def _listed(sounds: Mapping[str, Sound]) -> list[str]:
    """One line each: id, kind, text."""
    width = max(map(len, sounds))
    return [f"{name:{width}}  {sound.kind:5}  {sound.text}" for name, sound in sounds.items()]


def _described(sound: Sound) -> list[str]:
    lines = [f"{sound.id} ({sound.kind}): {sound.text}"]
    for control in sound.controls:
        span = f"{control.low:g} to {control.high:g} ({control.unit}), {control.default:g} unless set"
        lines.append(f"  {control.name}: {control.text}; {span}")
    return lines


def _play(path: Path) -> None:
    """Through the first player that can. Raises PagerError when there is none, or none of them can."""
    there = [player for player in PLAYERS if shutil.which(player[0])]
    if not there:
        names = ", ".join(player[0] for player in PLAYERS)
        raise PagerError(f"no player is there ({names}); install one, or write a file with -o FILE.wav")
    problems = []
    for player in there:
        ran = subprocess.run(  # noqa: S603 - a player of the list above, and our own file
            [*player, str(path)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if ran.returncode == 0:
            return
        said = (ran.stderr or ran.stdout).strip().splitlines()
        problems.append(f"{player[0]}: {said[-1] if said else f'exit code {ran.returncode}'}")
    raise PagerError(f"nothing could be played ({'; '.join(problems)}); write a file with -o FILE.wav")
