"""Commands for scsynth itself, and offline scores: the same sounds without sclang, as bytes.

What a command becomes:

    Play     /s_new of the cue; the node ends by itself
    Set      /s_new of the voice when its id is new, else /n_set
    Release  /n_set gate 0: the voice fades out and ends

Numbers are clipped to the catalogue's ranges; what is no finite number is a ValueError and sounds nothing.
A sound that is a sound file (`samples`) is read into a buffer before anything sounds and played by the synthdef
`sampler`; one that is a synthdef of the user's own needs the folder that holds it compiled, wherever the score is played.
Nothing here knows a clock: times are seconds from the beginning of the score.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Command, Play, Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.model.catalogue import Sound

GROUP = 1
"""The group of voices and cues. Plain scsynth (offline, in a browser) begins without it."""

MIX, FX, OUT = 16, 18, 0
"""Buses: all dry sound, what goes to the reverb, the output."""

CUES, BED = (20, 24), (22, 26)
"""Buses of a player with a fader for each layer: its dry sound, and what of it goes to the reverb."""

SYNTHDEFS = (*SOUNDS, "reverb", "master", "fader")
"""Every synthdef that a player must have loaded."""

SAMPLER = "sampler"
"""The synthdef that plays sound files. It wants two channels."""

_ADD_TO_HEAD, _ADD_TO_TAIL = 0, 1
_FIRST_NODE = 1000


def message(address: str, *args: float | str) -> bytes:
    """One OSC message; whole numbers as int32, others as float32."""
    builder = OscMessageBuilder(address)
    for arg in args:
        builder.add_arg(arg)
    return builder.build().dgram


@dataclass(frozen=True, slots=True)
class Sample:
    """A sound file: its absolute path as scsynth finds it, and how many channels it has."""

    path: str
    channels: int


class Stage:
    """The nodes of one scsynth, as a sender sees them: gives for each command the messages that carry it out.

    `sounds` are those that it knows, `samples` those of them that are sound files. `out` is the bus of the dry sound.
    """

    def __init__(
        self,
        sounds: Mapping[str, Sound] = SOUNDS,
        samples: Mapping[str, Sample] | None = None,
        out: int = MIX,
    ) -> None:
        self._next = _FIRST_NODE
        self._voices: dict[str, tuple[str, int]] = {}
        self._sounds, self._out = sounds, out
        self._samples = dict(sorted((samples or {}).items()))
        self._buffers = {sound: number for number, sound in enumerate(self._samples)}

    def raise_(self) -> list[bytes]:
        """The messages to send once, before any command: sound files, group, reverb, master."""
        return [
            *self.ground(),
            message("/s_new", "reverb", self._node(), _ADD_TO_TAIL, 0, "in", FX, "out", MIX),
            message("/s_new", "master", self._node(), _ADD_TO_TAIL, 0, "in", MIX, "out", OUT),
        ]

    def ground(self) -> list[bytes]:
        """Of these messages those without which no command can be carried out: sound files and group."""
        read = [read_sample(self._buffers[sound], found) for sound, found in self._samples.items()]
        return [*read, message("/g_new", GROUP, _ADD_TO_HEAD, 0)]

    def carry_out(self, command: Command) -> list[bytes]:
        """The messages of one command; ValueError when its sound, a control or a number is none."""
        if isinstance(command, Release):
            return self._release(command.id)
        values = checked(command.sound, command.params, self._sounds)
        if isinstance(command, Play):
            return [self._begin(command.sound, self._node(), values)]
        return self._set(command.id, command.sound, values)

    def _set(self, voice: str, sound: str, values: Mapping[str, float]) -> list[bytes]:
        held, node = self._voices.get(voice, ("", 0))
        if held == sound:
            return [message("/n_set", node, *_flat(values))]
        ended = self._release(voice)
        node = self._node()
        self._voices[voice] = (sound, node)
        return [*ended, self._begin(sound, node, values)]

    def _release(self, voice: str) -> list[bytes]:
        held = self._voices.pop(voice, None)
        return [] if held is None else [message("/n_set", held[1], "gate", 0.0)]

    def _begin(self, sound: str, node: int, values: Mapping[str, float]) -> bytes:
        wiring: list[float | str] = ["out", self._out, "fx", FX]
        if sound in self._buffers:
            wiring += ["buf", self._buffers[sound]]
            sound = SAMPLER
        return message("/s_new", sound, node, _ADD_TO_HEAD, GROUP, *wiring, *_flat(values))

    def _node(self) -> int:
        self._next += 1
        return self._next - 1


def read_sample(buffer: int, found: Sample) -> bytes:
    """The message that reads a sound file into a buffer of two channels; one channel goes to both."""
    second = min(found.channels, 2) - 1
    return message("/b_allocReadChannel", buffer, found.path, 0, -1, 0, second)


def checked(
    sound: str, params: Mapping[str, float], sounds: Mapping[str, Sound] = SOUNDS
) -> dict[str, float]:
    """Every control of the sound: the given ones clipped to their range, the others at their default.

    Raises ValueError for an unknown sound or control and for what is no finite number.
    """
    if sound not in sounds:
        raise ValueError(f"no such sound: {sound!r} (there are {', '.join(sounds)})")
    controls = {control.name: control for control in sounds[sound].controls}
    if unknown := params.keys() - controls.keys():
        raise ValueError(
            f"{sound} has no control {', '.join(sorted(unknown))} (it has {', '.join(controls)})"
        )
    values = sounds[sound].defaults() | dict(params)
    for name, value in values.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{sound}: {name} must be a finite number, not {value!r}")
        values[name] = float(min(max(value, controls[name].low), controls[name].high))
    return values


def bundle(at: float, messages: Iterable[bytes]) -> bytes:
    """One entry of a score: int32 length, then a bundle whose time tag counts seconds from 0."""
    seconds = math.floor(at)
    fraction = math.floor((at - seconds) * 2**32)
    body = b"#bundle\0" + struct.pack(">II", seconds, fraction)
    body += b"".join(struct.pack(">i", len(m)) + m for m in messages)
    return struct.pack(">i", len(body)) + body


def score(
    events: Iterable[tuple[float, Command]],
    end: float,
    sounds: Mapping[str, Sound] = SOUNDS,
    samples: Mapping[str, Sample] | None = None,
) -> bytes:
    """An offline score for `scsynth -N`: commands at their times, in seconds from 0, until `end`.

    `events` may come in any order; those of one time keep theirs. The same events give the same bytes.
    `sounds` and `samples` as for `Stage`.
    Raises ValueError for a time outside 0 to `end` and for a command that cannot be carried out.
    """
    stage = Stage(sounds, samples)
    parts = [bundle(0.0, stage.raise_())]
    for at, command in sorted(events, key=lambda event: event[0]):
        if not 0 <= at <= end:
            raise ValueError(f"{command.id} is at {at} s, outside 0 to {end} s")
        if messages := stage.carry_out(command):
            parts.append(bundle(at, messages))
    parts.append(bundle(end, [message("/c_set", 0, 0.0)]))  # the last entry sets the end
    return b"".join(parts)


def _flat(values: Mapping[str, float]) -> list[float | str]:
    return [part for pair in values.items() for part in pair]
