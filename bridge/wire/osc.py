"""Commands into OSC messages for sclang, and its answers back. The contract is docs/osc.md."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.model.catalogue import SEVERITIES
from bridge.model.commands import Command, Play, Release, Set

PROTOCOL = 1
_HEADS = {"cpu": ("freq",), "memory": ("vol",)}
_FULL_HEAD = ("freq", "vol", "dur")
_OURS = re.compile(rb"/(?:hello|ack|stats)\0{1,4},[ifsb]*\0")
"""What an answer begins with. Anything else is not even read: python-osc logs a line for each type that it lacks."""


@dataclass(frozen=True, slots=True)
class Hello:
    """An engine's answer to `/hello`. `driver` "dummy" means that nobody can hear it."""

    session: str
    boot: str
    driver: str
    defs: int


@dataclass(frozen=True, slots=True)
class Ack:
    """An engine's word on one message."""

    session: str
    seq: int
    status: str


@dataclass(frozen=True, slots=True)
class Stats:
    """An engine's counters by name."""

    values: dict[str, float]


def command(told: Command, session: str = "", seq: int | None = None) -> bytes:
    """One datagram. With `seq` it asks for an acknowledgement."""
    builder = OscMessageBuilder("/release") if isinstance(told, Release) else _sound(told)
    _pair(builder, "id", told.id, "s")
    if seq is not None:
        _pair(builder, "session", session, "s")
        _pair(builder, "seq", seq, "i")
    return builder.build().dgram


def _sound(told: Play | Set) -> OscMessageBuilder:
    """Address, head, and the controls that the head does not hold."""
    address = "alert" if told.sound in SEVERITIES else told.sound
    builder = OscMessageBuilder(f"/{address}")
    head = _HEADS.get(told.sound, _FULL_HEAD)
    for name in head:
        builder.add_arg(float(told.params.get(name, 0.0)), "f")
    if head is _FULL_HEAD:
        builder.add_arg(_word_of(told), "s")
    for name, value in told.params.items():
        if name not in head:
            _pair(builder, name, float(value), "f")
    return builder


def _word_of(told: Play | Set) -> str:
    """The last word of a full head. `/alert` sounds what it names: of a rule that chose the cue of another severity, that."""
    if isinstance(told, Set):
        return told.id.partition(":")[0]
    return told.sound if told.sound in SEVERITIES else told.severity


def _pair(builder: OscMessageBuilder, name: str, value: str | float, kind: str) -> None:
    builder.add_arg(name, "s")
    builder.add_arg(value, kind)


def hello(session: str) -> bytes:
    """The question who is there."""
    builder = OscMessageBuilder("/hello")
    _pair(builder, "session", session, "s")
    _pair(builder, "proto", PROTOCOL, "i")
    return builder.build().dgram


def stats() -> bytes:
    """The question for the counters."""
    return OscMessageBuilder("/stats").build().dgram


def answer(datagram: bytes) -> Hello | Ack | Stats | None:
    """What an engine said; None for anything that is no answer of ours."""
    if _OURS.match(datagram) is None:
        return None
    try:
        message = OscMessage(datagram)
        params = list(message.params)
    except (ParseError, ValueError, IndexError):
        return None
    if message.address == "/ack" and len(params) >= 3 and isinstance(params[1], int):  # session seq status
        return Ack(str(params[0]), params[1], str(params[2]))
    pairs = {str(params[i]): params[i + 1] for i in range(0, len(params) - 1, 2)}
    if message.address == "/hello" and "boot" in pairs:
        session, driver = str(pairs.get("session", "")), str(pairs.get("driver", "host"))
        return Hello(session, _word(pairs["boot"]), driver, int(_real(pairs.get("defs"))))
    if message.address == "/stats":
        return Stats({name: _real(value) for name, value in pairs.items()})
    return None


def _word(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _real(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0
