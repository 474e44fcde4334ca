"""Whether an own sound keeps the contract of docs/own-sounds.md, with the figures that say so."""

from __future__ import annotations

import math
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.core import loudness
from bridge.model.commands import Play, Release, Set
from bridge.sinks import trial
from bridge.sinks.trial import TrialError
from bridge.wire import synthdef

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.core.score import Sample
    from bridge.model.catalogue import Sound
    from bridge.model.commands import Command
    from bridge.sinks.trial import Heard
    from bridge.sounds import Own

CUE_LEVEL = (-30.0, -16.0)
"""LUFS momentary; the built-in cues that tell an alert lie between -25 and -18."""
VOICE_LEVEL = -34.0
"""LUFS momentary at most: 10 below the info cue."""
TRUE_PEAK = -1.0
"""dBTP at most, before the master's limiter."""
STEP = 0.1
"""Full scale, from one sample to the next."""
GRACE = 5.0
"""Seconds after its `dur` that a cue may take to end; the engine ends it then."""
LONGEST_CUE = 30.0
"""Seconds that a cue without `dur` may take."""
RELEASE = 10.0
"""Seconds that a voice may take to end."""
_AT = 0.1
_HELD, _RELEASED = 4.0, 10.0
"""A voice is listened to from when it has come in until it is released."""
_NAME = "sound"


@dataclass(frozen=True, slots=True)
class Finding:
    """One point of the contract: whether it is kept, and the figure or the words that say so."""

    check: str
    ok: bool
    text: str


def check(own: Own) -> list[Finding]:
    """Every point of the contract for one sound. Raises MissingProgramError."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        found: list[Finding] = []
        try:
            if not own.channels:
                found.append(_controls(own, _compiled(own, folder)))
            found += _sounding(own, folder) if all(one.ok for one in found) else []
        except TrialError as e:
            found.append(Finding("plays", ok=False, text=str(e)))
        return found


def _compiled(own: Own, folder: Path) -> synthdef.SynthDef:
    """The one synthdef of the sound, which is put into `folder`."""
    if own.file.suffix == ".scd":
        content = trial.compiled(own.file, folder)
    else:
        content = own.file.read_bytes()
        shutil.copyfile(own.file, folder / own.file.name)
    try:
        found = synthdef.read(content)
    except ValueError as e:
        raise TrialError(f"{own.file.name}: {e}") from None
    if [one.name for one in found] != [own.sound.id]:
        names = ", ".join(one.name for one in found) or "none"
        raise TrialError(f"{own.file.name} must hold one synthdef named {own.sound.id}; it holds {names}")
    return found[0]


def _controls(own: Own, made: synthdef.SynthDef) -> Finding:
    """Whether the compiled controls are the described ones, with the same defaults."""
    told = {control.name: control.default for control in own.sound.controls}
    needed = {"out", "gate"} if own.sound.kind == "voice" else {"out"}
    problems = [
        f"the synthdef has no {name}" for name in [*told, *sorted(needed)] if name not in made.controls
    ]
    strange = [name for name in made.controls if name not in {*told, "out", "fx", "gate"}]
    problems += [f"{name} is not described" for name in strange]
    problems += [
        f"{name}: the default is {made.controls[name]:g} in the synthdef and {default:g} in the description"
        for name, default in told.items()
        if name in made.controls
        and not math.isclose(made.controls[name], default, rel_tol=1e-6, abs_tol=1e-9)
    ]
    return Finding("controls", not problems, "; ".join(problems) or ", ".join(told))


def _sounding(own: Own, folder: Path) -> list[Finding]:
    heard = _heard(own, own.sound.defaults(), folder)
    if not all(map(math.isfinite, (sum(heard.left), sum(heard.right)))):
        return [Finding("finite", ok=False, text="it gives what is no number")]
    begin, end = (_HELD, _RELEASED) if own.sound.kind == "voice" else (0.0, len(heard.left) / loudness.RATE)
    whole = [heard.left, heard.right]
    if loudness.peak(heard.channels(begin, end)) < loudness.AUDIBLE:
        return [Finding("level", ok=False, text="it is silent")]
    part = loudness.audible(heard.channels(begin, end))
    return [
        Finding("finite", ok=True, text="every sample is a number"),
        _ending(own, heard.ended),
        _level(own.sound, loudness.momentary(part)),
        _peak(loudness.true_peak(loudness.audible(whole))),
        _step(loudness.onset(whole)),
        _ends(own, folder),
    ]


def _ending(own: Own, ended: float | None) -> Finding:
    if own.sound.kind == "voice":
        within, what = RELEASE, "after its release"
        took = None if ended is None else max(0.0, ended - _RELEASED)
    else:
        within, what = _lasts(own, own.sound.defaults()), "after its beginning"
        took = None if ended is None else ended - _AT
    if took is None:
        return Finding("ends", ok=False, text=f"still runs {within:g} s {what}; free it with doneAction: 2")
    return Finding("ends", took <= within, f"within {took:.1f} s {what} ({within:g} s at most)")


def _level(sound: Sound, level: float) -> Finding:
    if sound.kind == "voice":
        return Finding("level", level <= VOICE_LEVEL, f"{level:.1f} LUFS ({VOICE_LEVEL:g} at most)")
    low, high = CUE_LEVEL
    return Finding("level", low <= level <= high, f"{level:.1f} LUFS ({low:g} to {high:g})")


def _peak(level: float) -> Finding:
    return Finding("peak", level <= TRUE_PEAK, f"{level:.1f} dBTP ({TRUE_PEAK:g} at most)")


def _step(step: float) -> Finding:
    return Finding("onset", step <= STEP, f"largest step {step:.3f} of full scale ({STEP:g} at most)")


def _ends(own: Own, folder: Path) -> Finding:
    """Each control at both ends of its range, the others at their defaults."""
    problems, loudest = [], 0.0
    for name, value, heard in _driven(own, folder):
        level = loudness.peak([heard.left, heard.right])
        if not loudness.finite([heard.left, heard.right]):
            problems.append(f"{name} {value:g} gives what is no number")
        elif level >= 1:
            problems.append(f"{name} {value:g} clips ({loudness.decibels(level):.1f} dB)")
        elif heard.ended is None:
            problems.append(f"{name} {value:g}: it does not end")
        loudest = max(loudest, level)
    text = "; ".join(problems) or f"every control at both ends: peak {loudness.decibels(loudest):.1f} dBFS"
    return Finding("ranges", not problems, text)


def _driven(own: Own, folder: Path) -> Iterator[tuple[str, float, Heard]]:
    for control in own.sound.controls:
        for value in (control.low, control.high):
            yield control.name, value, _heard(own, own.sound.defaults() | {control.name: value}, folder)


def _lasts(own: Own, params: Mapping[str, float]) -> float:
    """Seconds after which the engine ends a cue."""
    return (own.seconds or params.get("dur", LONGEST_CUE)) + GRACE


def _heard(own: Own, params: Mapping[str, float], folder: Path) -> Heard:
    sound = own.sound
    samples: dict[str, Sample] = own.samples()
    commands: list[tuple[float, Command]]
    if sound.kind == "voice":
        # It begins at its defaults and is then driven, as the engine does it.
        commands = [
            (_AT, Set(_NAME, sound.id)),
            (1.0, Set(_NAME, sound.id, params)),
            (_RELEASED, Release(_NAME)),
        ]
        return trial.play(commands, _RELEASED + RELEASE + 1, {sound.id: sound}, samples, folder)
    end = _lasts(own, params) + 1
    return trial.play([(_AT, Play(_NAME, sound.id, params))], end, {sound.id: sound}, samples, folder)
