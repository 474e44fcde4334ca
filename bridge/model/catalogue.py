"""Every sound and every control: unit, range, default, text. Range checks, rule book and docs come from here.

The ranges are what a synthdef accepts without harm, not what sounds best; the defaults of the alert sounds
and of `cpu` and `memory` are the contract of the first design (see docs/design.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["cue", "voice"]


@dataclass(frozen=True, slots=True)
class Control:
    """One control of a sound. `low`, `high` and `default` are in `unit`."""

    name: str
    unit: str
    low: float
    high: float
    default: float
    text: str


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound. A cue ends by itself; a voice is held, set and released."""

    id: str
    kind: Kind
    text: str
    controls: tuple[Control, ...]

    def control(self, name: str) -> Control:
        """The control of that name. Raises KeyError when the sound has none."""
        for control in self.controls:
            if control.name == name:
                return control
        raise KeyError(name)

    def defaults(self) -> dict[str, float]:
        """Default of every control by name."""
        return {control.name: control.default for control in self.controls}


def _freq(default: float) -> Control:
    return Control("freq", "Hz", 20.0, 12000.0, default, "frequency of the first partial")


def _vol(default: float) -> Control:
    return Control("vol", "1", 0.0, 1.0, default, "level, 0 silent to 1 full")


def _dur(default: float) -> Control:
    return Control("dur", "s", 0.05, 30.0, default, "length of the whole burst")


_PAN = Control("pan", "1", -1.0, 1.0, 0.0, "place, -1 left to 1 right")


def _cue(sound: str, freq: float, vol: float, dur: float, text: str) -> Sound:
    return Sound(sound, "cue", text, (_freq(freq), _vol(vol), _dur(dur), _PAN))


def _voice(sound: str, freq: float | None, vol: float, text: str) -> Sound:
    tone = () if freq is None else (_freq(freq),)
    return Sound(sound, "voice", text, (*tone, _vol(vol), _PAN))


SOUNDS: dict[str, Sound] = {
    sound.id: sound
    for sound in (
        _cue("critical", 880.0, 0.9, 2.0, "an alert that needs somebody now: ten quick pulses, 3+2, 3+2"),
        _cue("warning", 660.0, 0.7, 1.5, "an alert that needs somebody soon: three pulses"),
        _cue("info", 440.0, 0.5, 1.0, "something worth knowing: one pulse"),
        _cue("resolved", 330.0, 0.5, 0.6, "an alert is mended: two soft pulses, falling to a consonance"),
        _cue("heartbeat", 82.5, 0.5, 0.6, "the bridge is alive and is being fed: two very soft pulses"),
        _voice("cpu", 440.0, 0.5, "processor use: pitch, sounded two octaves below freq and on a scale"),
        _voice("memory", None, 0.1, "memory in use: the level of a soft band of noise"),
        _voice("metric", 165.0, 0.3, "any other metric: a quiet drone, its pitch follows the value"),
        _voice("ambient", 220.0, 0.3, "the bed that is there all the time: the system is being listened to"),
    )
}

SEVERITIES = ("info", "warning", "critical")
"""Lowest first."""
