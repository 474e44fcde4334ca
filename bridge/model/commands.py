"""What goes out: the three commands that every player understands, live or offline."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Why(StrEnum):
    """What makes a cue sound."""

    EVENT = "event"
    """A message: an onset, an escalation, a resolution."""
    REMINDER = "reminder"
    STORM = "storm"
    FLATLINE = "flatline"
    DIGEST = "digest"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class Play:
    """Sound a cue once.

    `id` is unique per onset. `sound` is a cue of the catalogue, `params` holds its controls by name.
    `severity` is the mapped one (critical, warning, info), also for sounds other than the three.
    `fingerprint` names the alert whose onset or reminder this is and which fires; empty for everything else.
    `why` is what made it sound. `service` is who it is about, cut to 128 characters; empty for what is about the whole.
    """

    id: str
    sound: str
    params: Mapping[str, float]
    severity: str = "info"
    fingerprint: str = ""
    why: Why = Why.EVENT
    service: str = ""


@dataclass(frozen=True, slots=True)
class Set:
    """Bring the voice `id` to these values; it begins to sound if it does not yet. `service` as of `Play`."""

    id: str
    sound: str
    params: Mapping[str, float] = field(default_factory=dict)
    service: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """Let the voice `id` end."""

    id: str


Command = Play | Set | Release
