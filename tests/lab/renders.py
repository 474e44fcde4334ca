"""Sounds rendered offline for measuring: what the engine would play, as arrays."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from bridge.core.score import GROUP, MIX, OUT, Stage, bundle, message, score
from bridge.model.commands import Command, Play, Set
from bridge.sinks.render import compiled_folder, render

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


dry = lru_cache(maxsize=32)(dry_cue)
"""As `dry_cue`; what was rendered last is kept. Not to be written to."""

wet = lru_cache(maxsize=32)(cue)
"""As `cue`; what was rendered last is kept. Not to be written to."""


def standing(steps: Iterable[tuple[float, list[bytes]]], looks: Iterable[float]) -> list[list[str]]:
    """Which synths stand on scsynth's node tree at each of `looks`, reverb and master left out.

    `steps` are messages at their times, sent behind those that build the stage. `Stage.carry_out` makes them.
    """
    dumps = [(at, [message("/g_dumpTree", 0, 0)]) for at in looks]
    entries = sorted([*steps, *dumps], key=lambda entry: entry[0])
    data = bundle(0, Stage().raise_()) + b"".join(bundle(at, messages) for at, messages in entries)
    words = _words(data + bundle(entries[-1][0] + 0.01, [message("/c_set", 0, 0.0)]))
    trees = words.split("NODE TREE Group 0")[1:]
    assert len(trees) == len(dumps), words
    nodes = [re.findall(r"^ +\d+ (\w+)$", tree, re.MULTILINE) for tree in trees]
    return [[node for node in tree if node not in ("group", "reverb", "master")] for tree in nodes]


def _words(data: bytes) -> str:
    """What scsynth prints while it plays a score."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "score.osc").write_bytes(data)
        files = [f"{folder}/score.osc", "_", f"{folder}/sound.wav"]
        ran = subprocess.run(
            ["scsynth", "-N", *files, "48000", "WAV", "int16", "-o", "2", "-i", "0", "-n", "4096"],
            env=os.environ | {"SC_SYNTHDEF_PATH": str(compiled_folder())},
            capture_output=True,
            text=True,
            check=True,
        )
    return ran.stdout + ran.stderr
