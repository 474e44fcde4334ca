"""What every scsynth in a browser is told: each command is made into OSC once, whoever and however many hear it.

The nodes have the same numbers at every listener, and each layer its own buses, for there is a fader behind each. Who
joins later gets the node that the others have, and who never heard of a voice begins it: so a listener needs to know
only which nodes it holds (`Held`), and can be brought to the newest values from wherever it is.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.core.score import BED, CUES, GROUP, bundle, checked, message
from bridge.model.commands import Play, Release, Set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FIRST_NODE, LAST_NODE = 1000, 1_000_000
"""Numbers of the bridge's nodes. What a page begins by itself has others."""
LEAD = 0.1
"""Seconds from a cue's being sent until it sounds, so that the way there moves no onset."""
_UNIX_IN_NTP = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970 (RFC 5905)."""
_LENGTH = 4
"""Bytes that an entry of a score has in front of its bundle."""
BED_GROUP = 2
"""The group of the held voices, apart from the cues (GROUP), which end by themselves."""
CLEAR = message("/g_freeAll", BED_GROUP)
"""Before the whole state: no voice sounds that is not in it."""
LARGEST = 4096
"""Bytes of a bundle of messages. The engine of the page takes 8192, and every frame costs each listener the same."""
AT_ONCE = b"#bundle\0" + struct.pack(">Q", 1)
"""The head of a bundle that is carried out when it comes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One voice at one moment: its node, and the message that begins it or brings it to its values."""

    node: int
    begin: bytes
    bring: bytes


class Parts:
    """The nodes of one bridge."""

    def __init__(self) -> None:
        self._numbers = itertools.cycle(range(FIRST_NODE, LAST_NODE))
        self._nodes: dict[str, tuple[str, int]] = {}
        self._voices: dict[str, tuple[Set, Part]] = {}

    def cue(self, cue: Play, at: float) -> tuple[int, bytes]:
        """Node and OSC bundle of a cue that is sent at `at` (unix seconds); it sounds LEAD later.

        Raises ValueError for a sound, a control or a number that is none.
        """
        values, node = checked(cue.sound, cue.params), next(self._numbers)
        begin = _begin(cue.sound, node, GROUP, CUES, values)
        return node, bundle(at + LEAD + _UNIX_IN_NTP, [begin])[_LENGTH:]

    def voice(self, command: Set) -> Part:
        """A voice with these values. Raises ValueError as `cue`."""
        known = self._voices.get(command.id)
        if known is None or known[0] != command:
            values, node = checked(command.sound, command.params), self._node(command)
            begin = _begin(command.sound, node, BED_GROUP, BED, values)
            part = Part(node, begin, message("/n_set", node, *_flat(values)))
            known = self._voices[command.id] = command, part
        return known[1]

    def node(self, voice: str) -> int | None:
        """The node under which a voice sounds; None where it does not."""
        return self._nodes.get(voice, (None, None))[1]

    def forget(self, voice: str) -> None:
        """A voice was released; should it begin again, it is another node, for the old one may still fade."""
        self._nodes.pop(voice, None)
        self._voices.pop(voice, None)

    def _node(self, command: Set) -> int:
        sound, node = self._nodes.get(command.id, ("", 0))
        if sound != command.sound:
            node = next(self._numbers)
            self._nodes[command.id] = command.sound, node
        return node


class Held:
    """The voices that one listener holds."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._nodes: dict[str, int] = {}
        self._let_go: dict[str, int] = {}
        """By voice: nodes that others hold still. Here they may fade yet, and begin again under the same number."""

    def clear(self) -> bytes:
        """Hold nothing: the message that frees everything."""
        self._nodes.clear()
        self._let_go.clear()
        return CLEAR

    @property
    def voices(self) -> list[str]:
        """Ids of what is held."""
        return list(self._nodes)

    def carry_out(self, commands: Iterable[Set | Release]) -> Iterator[bytes]:
        """The messages that bring the listener there from what it holds."""
        for command in commands:
            held = self._nodes.get(command.id)
            part = self._parts.voice(command) if isinstance(command, Set) else None
            if held is not None and (part is None or part.node != held):
                yield self._end(command.id, held)
            if part is None:
                self._forget(command.id)
            elif command.id in self._nodes:
                yield part.bring
            else:
                yield from self._start(command.id, part)

    def _start(self, voice: str, part: Part) -> Iterator[bytes]:
        if self._let_go.pop(voice, None) == part.node:
            yield message("/n_free", part.node)
        self._nodes[voice] = part.node
        yield part.begin

    def _forget(self, voice: str) -> None:
        """Of a voice that has ended everywhere no number comes back."""
        if self._parts.node(voice) is None:
            self._let_go.pop(voice, None)

    def _end(self, voice: str, node: int) -> bytes:
        del self._nodes[voice]
        if self._parts.node(voice) == node:
            self._let_go[voice] = node
        return message("/n_set", node, "gate", 0.0)


def together(messages: Iterable[bytes]) -> Iterator[bytes]:
    """The same messages in as few packets as LARGEST lets, in their order; one alone stays as it is."""
    waiting: list[bytes] = []
    size = len(AT_ONCE)
    for one in messages:
        if waiting and size + _LENGTH + len(one) > LARGEST:
            yield _packet(waiting)
            waiting, size = [], len(AT_ONCE)
        waiting.append(one)
        size += _LENGTH + len(one)
    if waiting:
        yield _packet(waiting)


def _packet(messages: list[bytes]) -> bytes:
    if len(messages) == 1:
        return messages[0]
    return AT_ONCE + b"".join(struct.pack(">i", len(one)) + one for one in messages)


def numbered(number: int, packet: bytes) -> bytes:
    """A packet with its number in front, by which a listener finds a gap: uint32, big endian."""
    return struct.pack(">I", number & 0xFFFFFFFF) + packet


def _begin(sound: str, node: int, group: int, buses: tuple[int, int], values: Mapping[str, float]) -> bytes:
    out, fx = buses
    return message("/s_new", sound, node, 0, group, "out", out, "fx", fx, *_flat(values))


def _flat(values: Mapping[str, float]) -> list[float | str]:
    return [part for pair in values.items() for part in pair]
