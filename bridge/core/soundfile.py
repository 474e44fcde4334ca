"""What the head of a sound file tells: channels, rate and length. WAV, AIFF, FLAC and Ogg (Vorbis, Opus)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Heading:
    """A sound file's form: `channels`, `rate` in Hz, `frames` (samples of one channel)."""

    channels: int
    rate: int
    frames: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / self.rate


def heading(content: bytes) -> Heading:
    """The heading of a whole sound file. Raises ValueError when it is none of the four, or is cut off."""
    for magic, read in _READERS.items():
        if content.startswith(magic):
            try:
                found = read(content)
            except (struct.error, IndexError, OverflowError):
                break
            if found.channels > 0 and found.rate > 0 and found.frames > 0:
                return found
            break
    raise ValueError("this is no WAV, AIFF, FLAC or Ogg file, is empty or is cut off")


def _chunks(content: bytes, order: str) -> dict[bytes, int]:
    """Where the body of each chunk of a RIFF or IFF file begins; its size stands in the four bytes before."""
    found: dict[bytes, int] = {}
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from(f"{order}4sI", content, at)
        found.setdefault(name, at + 8)
        at += 8 + size + size % 2
    return found


def _wav(content: bytes) -> Heading:
    chunks = _chunks(content, "<")
    if not {b"fmt ", b"data"} <= chunks.keys():
        raise IndexError
    _, channels, rate, _, block = struct.unpack_from("<HHIIH", content, chunks[b"fmt "])
    (size,) = struct.unpack_from("<I", content, chunks[b"data"] - 4)
    return Heading(channels, rate, min(size, len(content) - chunks[b"data"]) // max(block, 1))


def _aiff(content: bytes) -> Heading:
    chunks = _chunks(content, ">")
    if b"COMM" not in chunks:
        raise IndexError
    channels, frames, _, exponent, mantissa = struct.unpack_from(">hIhHQ", content, chunks[b"COMM"])
    return Heading(channels, int(mantissa * 2.0 ** (exponent - 16383 - 63)), frames)  # 80 bit float, IEEE 754


def _flac(content: bytes) -> Heading:
    (packed,) = struct.unpack_from(">Q", content, 18)  # 20 bit rate, 3 channels - 1, 5 width - 1, 36 frames
    return Heading((packed >> 41 & 7) + 1, packed >> 44, packed & (1 << 36) - 1)


def _ogg(content: bytes) -> Heading:
    first = content[28 : 28 + 19]  # the first packet, behind a page head that has one segment
    (granule,) = struct.unpack_from("<q", content, content.rindex(b"OggS") + 6)
    if first.startswith(b"\x01vorbis"):
        channels, rate = struct.unpack_from("<BI", first, 11)
        return Heading(channels, rate, granule)
    if first.startswith(b"OpusHead"):
        return Heading(first[9], 48000, granule)
    raise IndexError


_READERS: dict[bytes, Callable[[bytes], Heading]] = {
    b"RIFF": _wav,
    b"FORM": _aiff,
    b"fLaC": _flac,
    b"OggS": _ogg,
}
