"""Reads compiled synthdefs (the file format "SCgf", version 2): names, and controls with their defaults."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC, VERSION = b"SCgf", 2


@dataclass(frozen=True, slots=True)
class SynthDef:
    """One compiled synthdef. `controls` by name, in their order, each with its default (of several its first)."""

    name: str
    controls: Mapping[str, float]


class _Reader:
    """Big-endian numbers and short strings, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, form: str) -> tuple[float, ...]:
        """The next numbers, as `struct` calls them. Raises struct.error at the end."""
        found = struct.unpack_from(f">{form}", self._content, self._at)
        self._at += struct.calcsize(f">{form}")
        return found

    def count(self, form: str = "i") -> int:
        """A number of things to come; never below 0."""
        (found,) = self.take(form)
        if found < 0:
            raise struct.error("a negative count")
        return int(found)

    def text(self) -> str:
        """A string of at most 255 bytes."""
        size = self.count("B")
        (found,) = struct.unpack_from(f"{size}s", self._content, self._at)
        self._at += size
        return str(found.decode("ascii", "replace"))

    @property
    def ended(self) -> bool:
        """Whether everything was read."""
        return self._at == len(self._content)


def read(content: bytes) -> list[SynthDef]:
    """Every synthdef of a compiled file. Raises ValueError where it is none, of another version, or damaged."""
    if not content.startswith(MAGIC):
        raise ValueError("this is no compiled synthdef")
    reader = _Reader(content[len(MAGIC) :])
    try:
        if (version := reader.count()) != VERSION:
            raise ValueError(f"this is version {version} of the format; only {VERSION} can be read")
        found = [_one(reader) for _ in range(reader.count("h"))]
    except struct.error:
        raise ValueError("this compiled synthdef is cut off or damaged") from None
    if not reader.ended:
        raise ValueError("this compiled synthdef is damaged: something follows its end")
    return found


def _one(reader: _Reader) -> SynthDef:
    name = reader.text()
    reader.take(f"{reader.count()}f")  # constants
    values = reader.take(f"{reader.count()}f")
    places = [(reader.text(), reader.count()) for _ in range(reader.count())]
    if any(place >= len(values) for _, place in places):
        raise struct.error("a control outside the values")
    for _ in range(reader.count()):
        _skip_ugen(reader)
    for _ in range(reader.count("h")):  # variants: a name and a value for each control
        reader.text()
        reader.take(f"{len(values)}f")
    return SynthDef(name, {control: values[place] for control, place in places})


def _skip_ugen(reader: _Reader) -> None:
    reader.text()
    reader.take("b")  # its rate
    inputs, outputs = reader.count(), reader.count()
    reader.take(f"h{2 * inputs}i{outputs}b")  # special index, where each input comes from, each output's rate
