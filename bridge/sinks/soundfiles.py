"""What can be told of a rendered sound file without decoding it: its length, and of a WAV file how loud it is.

A disk that is full does not stop scsynth and does not change its exit code. What is missing shows in the file.
"""

from __future__ import annotations

import array
import sys
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FULL = 32767
_FRAME = 4
"""Bytes of one frame: two channels, 16 bit."""
_PAGE = 65307
"""Bytes of an Ogg page at most."""
_POLYNOMIAL = 0x04C11DB7
"""Of the checksum of an Ogg page (RFC 3533)."""


@dataclass(frozen=True, slots=True)
class Loudest:
    """What a look at a rendered file tells: its peak (1 is full scale) and where the last sound in it ends, in s."""

    peak: float
    ends: float


def loudest(path: Path, *, above: float = 0.0) -> Loudest:
    """Look at a 16 bit WAV file; what does not exceed `above` (1 is full scale) counts as silence for `ends`."""
    peak, ends, frames = 0, 0, 0
    floor = above * _FULL
    with wave.open(str(path)) as sound:
        channels, rate = sound.getnchannels(), sound.getframerate()
        while block := sound.readframes(rate):
            samples = array.array("h", block)
            if sys.byteorder == "big":
                samples.byteswap()
            highest, lowest = max(samples), min(samples)
            top = max(highest, -lowest)
            if top > floor:
                last = next(i for i in range(len(samples) - 1, -1, -1) if abs(samples[i]) > floor)
                ends = frames + last // channels + 1
            peak = max(peak, top)
            frames += len(samples) // channels
    return Loudest(peak / _FULL, ends / rate)


def flaw(path: Path) -> str:
    """`clipped` or `silent` where a 16 bit WAV file is so, else empty. An hour of sound takes a second."""
    is_silent = True
    with wave.open(str(path)) as sound:
        while block := sound.readframes(sound.getframerate()):
            high = block[1::2]  # of each sample the byte that tells how loud it is
            if (b"\x7f" in high or b"\x80" in high) and _is_clipped(block):
                return "clipped"
            is_silent = is_silent and block.count(0) == len(block)
    return "silent" if is_silent else ""


def _is_clipped(block: bytes) -> bool:
    samples = array.array("h", block)
    if sys.byteorder == "big":
        samples.byteswap()
    return max(samples) >= _FULL or min(samples) <= -_FULL


def frames(path: Path) -> int:
    """Frames that a 16 bit stereo .wav, .aiff, .flac or .ogg file holds; 0 where its end was not written."""
    if path.suffix == ".flac":
        return _flac_frames(path)
    return _ogg_frames(path) if path.suffix == ".ogg" else path.stat().st_size // _FRAME


def _flac_frames(path: Path) -> int:
    """From STREAMINFO: 36 bits, written when the stream is closed (RFC 9639)."""
    with path.open("rb") as file:
        head = file.read(26)
    return int.from_bytes(head[21:26]) & (2**36 - 1)


def _ogg_frames(path: Path) -> int:
    """The position of the last page, if that page says that it is the last (RFC 3533)."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _PAGE))
        end = file.read()
    at = end.rfind(b"OggS")
    is_last = at >= 0 and bool(end[at + 5] & 4)
    return int.from_bytes(end[at + 6 : at + 14], "little") if is_last else 0


def settle(path: Path) -> None:
    """Give the pages of an Ogg file the serial number 1 in place of a random one: same sound, same bytes."""
    pages = bytearray(path.read_bytes())
    at = 0
    while at < len(pages):
        segments = pages[at + 26]
        end = at + 27 + segments + sum(pages[at + 27 : at + 27 + segments])
        pages[at + 14 : at + 18] = (1).to_bytes(4, "little")
        pages[at + 22 : at + 26] = bytes(4)
        pages[at + 22 : at + 26] = _checksum(pages[at:end]).to_bytes(4, "little")
        at = end
    path.write_bytes(pages)


def _table() -> list[int]:
    table = []
    for value in range(256):
        rest = value << 24
        for _ in range(8):
            rest = ((rest << 1) ^ (_POLYNOMIAL if rest & 0x80000000 else 0)) & 0xFFFFFFFF
        table.append(rest)
    return table


_TABLE = _table()


def _checksum(page: bytes | bytearray) -> int:
    rest = 0
    for byte in page:
        rest = ((rest << 8) & 0xFFFFFFFF) ^ _TABLE[rest >> 24 ^ byte]
    return rest
