"""Eight hours of the bed, rendered and measured.

One of each voice, set anew every minute and one of them ended and begun again every half hour, in the same way each
hour. It is rendered at 6 kHz instead of 48 kHz, else it would take minutes: nothing of the bed lies above 900 Hz, the
synthdefs are the same, and what adds up over hours (phases, lags, counters, nodes) does so block by block all the same.
The sound goes through a pipe and is measured minute by minute; nothing of it is kept.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from bridge.core.score import Stage, bundle, message
from bridge.model.commands import Command, Release, Set
from bridge.sinks.render import compiled_folder

if TYPE_CHECKING:
    from pathlib import Path

HOURS = 8
RATE = 6000
"""Hz."""

MINUTE = 60


@dataclass(frozen=True)
class Long:
    """`power` and `mean` (of each channel) by minute, full scale 1; `trees`, the synths that stood, by hour."""

    power: np.ndarray
    mean: np.ndarray
    trees: list[list[str]]

    @property
    def lean(self) -> float:
        """The largest mean of a channel over an hour, in full scale: direct current."""
        return float(np.abs(self.mean.reshape(HOURS, 60, 2).mean(axis=1)).max())

    @property
    def drift(self) -> float:
        """By how many dB the hours differ in level."""
        hours = 10 * np.log10(self.power.reshape(HOURS, 60)[:, 1:].mean(axis=1))
        return float(hours.max() - hours.min())


def _minute(minute: int) -> list[Command]:
    """What is set in that minute of any hour."""
    load = 0.5 + 0.5 * np.sin(2 * np.pi * minute / 60)
    off = {"anomaly": 0.3 if 20 <= minute < 25 else 0.0}
    voices: list[Command] = [
        Set("cpu", "cpu", {"freq": 440 + 300 * load}),
        Set("memory", "memory", {"vol": 0.2 + 0.2 * load}),
        Set("network", "network", {"rate": 1 + 4 * load} | off),
        Set("disk", "disk", {"rate": 0.5 + 2 * load}),
        Set("temperature", "temperature", {"freq": 138.6}),
        Set("ambient", "ambient", {"chord": float(bool(off["anomaly"]))}),
    ]
    metric: list[Command] = [Release("metric")] if minute % 30 == 20 else [Set("metric", "metric", {})]
    return voices + (metric if minute % 30 not in (21, 22) else [])


def _score() -> bytes:
    stage = Stage()
    parts = [bundle(0, stage.raise_())]
    for minute in range(60 * HOURS):
        messages = [m for command in _minute(minute % 60) for m in stage.carry_out(command)]
        parts.append(bundle(minute * MINUTE, messages))
        if minute % 60 == 30:
            parts.append(bundle(minute * MINUTE + 30, [message("/g_dumpTree", 0, 0)]))
    return b"".join([*parts, bundle(60 * HOURS * MINUTE, [message("/c_set", 0, 0.0)])])


def heard(folder: Path) -> Long:
    """Render it through a pipe in `folder`, and measure it on the way."""
    (folder / "score.osc").write_bytes(_score())
    os.mkfifo(folder / "sound")
    files = ["-N", folder / "score.osc", "_", folder / "sound", str(RATE), "raw", "int16"]
    with subprocess.Popen(
        ["scsynth", *files, "-o", "2", "-i", "0", "-n", "4096", "-m", "65536"],
        env=os.environ | {"SC_SYNTHDEF_PATH": str(compiled_folder())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as scsynth:
        with (folder / "sound").open("rb") as sound:
            minutes = _minutes(sound)
        words = scsynth.communicate()[0]
    trees = [
        re.findall(r"^ +\d+ (?!group)(\w+)$", tree, re.MULTILINE) for tree in words.split("NODE TREE")[1:]
    ]
    return Long(*minutes, trees)


def _minutes(sound: BinaryIO) -> tuple[np.ndarray, np.ndarray]:
    power, mean = [], []
    while len(block := sound.read(RATE * MINUTE * 4)) == RATE * MINUTE * 4:
        samples = np.frombuffer(block, np.int16).reshape(-1, 2) / 32768
        power.append((samples**2).mean())
        mean.append(samples.mean(axis=0))
    return np.array(power), np.array(mean)
