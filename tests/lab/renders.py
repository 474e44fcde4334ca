"""Sounds rendered offline for measuring: what the engine would play, as arrays."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from bridge.core.score import GROUP, MIX, OUT, Stage, bundle, message, score
from bridge.model.commands import Command, Play, Set
from bridge.sinks.render import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

Sound = tuple["np.ndarray", int]
"""Samples (frames, 2), and the rate in Hz."""


def rendered(data: bytes, *, silent: bool = False) -> Sound:
    """What a score sounds like."""
    with tempfile.TemporaryDirectory() as folder:
        path = render(data, Path(folder) / "sound.wav", silent=silent)
        samples, rate = soundfile.read(path, always_2d=True)
        return samples, rate


def played(events: Iterable[tuple[float, Command]], end: float) -> Sound:
    """Commands at their times, with reverb and master."""
    return rendered(score(events, end))


def cue(sound: str, end: float = 4.0, **params: float) -> Sound:
    """One cue at 0.2 s, with reverb and master."""
    return played([(0.2, Play("cue", sound, params))], end)


def dry_cue(sound: str, end: float = 4.0, **params: float) -> Sound:
    """One cue at 0.2 s, through the master alone."""
    stage = Stage()
    master = message("/s_new", "master", 999, 1, 0, "in", MIX, "out", OUT)
    setup = bundle(0, [message("/g_new", GROUP, 0, 0), master])
    play = bundle(0.2, stage.carry_out(Play("cue", sound, params)))
    return rendered(setup + play + bundle(end, [message("/c_set", 0, 0.0)]))


def voice(sound: str, end: float = 20.0, **params: float) -> Sound:
    """One held voice, its coming in left out: from 8 s on."""
    samples, rate = played([(0, Set("voice", sound, params))], end)
    return samples[8 * rate :], rate
