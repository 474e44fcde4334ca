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
_SECOND = Control("second", "semitones", -12.0, 12.0, 0.0, "interval of the second pulse above the first")
_THIRD = Control("third", "semitones", -12.0, 12.0, 0.0, "interval of the third pulse above the first")
_DENSITY = Control("density", "1/s", 2.0, 40.0, 8.0, "grains a second: how many alerts")
_WORST = Control("worst", "1", 0.0, 2.0, 1.0, "the worst severity: 0 info, 1 warning, 2 critical")
_COUNT = Control("count", "1", 0.0, 5.0, 0.0, "further alerts, one tick each")
_ANOMALY = Control("anomaly", "1", 0.0, 1.0, 0.0, "how wrong it is: rough, out of tune, a tritone, noise")
_LEVEL = Control("level", "1", 0.0, 1.0, 1.0, "share of its level: the bed sinks while all is calm")
_CHORD = Control(
    "chord", "1", 0.0, 4.0, 0.0, "how many metrics are off at once: an open fifth, then ever less at rest"
)


def _rate(default: float) -> Control:
    return Control("rate", "1/s", 0.1, 20.0, default, "pulses a second")


def _cue(sound: str, freq: float, vol: float, dur: float, text: str, *more: Control) -> Sound:
    return Sound(sound, "cue", text, (_freq(freq), _vol(vol), _dur(dur), _PAN, *more))


def _voice(sound: str, tone: Control | None, vol: float, text: str, *more: Control) -> Sound:
    head = () if tone is None else (tone,)
    return Sound(sound, "voice", text, (*head, _vol(vol), _PAN, _ANOMALY, _LEVEL, *more))


SOUNDS: dict[str, Sound] = {
    sound.id: sound
    for sound in (
        _cue(
            "critical",
            880.0,
            0.9,
            2.0,
            "an alert that needs somebody now: ten quick pulses, 3+2, 3+2",
            _SECOND,
            _THIRD,
        ),
        _cue("warning", 660.0, 0.7, 1.5, "an alert that needs somebody soon: three pulses", _SECOND, _THIRD),
        _cue("info", 440.0, 0.5, 1.0, "something worth knowing: one pulse"),
        _cue("resolved", 330.0, 0.5, 0.6, "an alert is mended: two soft pulses, falling to a consonance"),
        _cue("storm", 294.0, 0.5, 1.6, "many alerts at once: a texture, the denser the more", _DENSITY),
        _cue(
            "flapping",
            370.0,
            0.5,
            1.2,
            "an alert comes and goes: two tones in turn, once, then no more of it",
        ),
        _cue(
            "flatline",
            220.0,
            0.7,
            3.0,
            "expected input or a part is gone: one held tone, then the warning's rhythm",
        ),
        _cue("linklost", 392.0, 0.5, 0.9, "the page has lost the bridge: two soft falling pulses"),
        _cue(
            "digest",
            660.0,
            0.5,
            2.0,
            "what stands: the worst severity's first pulses, a tick for each further alert",
            _WORST,
            _COUNT,
        ),
        _cue(
            "heartbeat", 82.5, 0.5, 0.6, "the bridge is alive and is being fed: two very soft pulses", _SECOND
        ),
        _voice(
            "cpu", _freq(440.0), 0.5, "processor use: pitch, sounded two octaves below freq and on a scale"
        ),
        _voice("memory", None, 0.1, "memory in use: the level of a soft band of noise"),
        _voice("network", _rate(1.0), 0.3, "network traffic: soft pulses, the faster the more"),
        _voice("disk", _rate(1.0), 0.3, "disk activity: low muffled knocks, the faster the busier"),
        _voice("temperature", _freq(110.0), 0.3, "temperature: a warm low tone that brightens as it rises"),
        _voice("metric", _freq(165.0), 0.3, "any other metric: a quiet drone, its pitch follows the value"),
        _voice(
            "ambient",
            _freq(220.0),
            0.3,
            "the bed that is there all the time: the system is being listened to",
            _CHORD,
        ),
    )
}

SEVERITIES = ("info", "warning", "critical")
"""Lowest first."""
