"""What the bridge expects of anything that makes sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.model.commands import Play, Release, Set

Level = Literal["cues", "heartbeat", "everything"]
"""How much a player wants to hear: the cues, these and the sign of life, or the bed of voices as well."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a player wants to hear, each as a list of which None is everything (`bridge.core.filters`)."""

    services: tuple[str, ...] | None = None
    severities: tuple[str, ...] | None = None
    voices: tuple[str, ...] | None = None
    """Ids of held voices."""


class Player(Protocol):
    """Something that sounds commands. It calls its listener with (itself, play id, status) for every cue."""

    name: str
    identity: str
    """What stays the same when it connects anew."""
    kind: str
    level: Level
    filter: Filter | None
    hushed: bool
    """Whether it is quiet because somebody asked for it."""

    @property
    def audible(self) -> bool:
        """Whether somebody could hear it now."""

    def play(self, cue: Play) -> None:
        """Sound a cue once; every cue is answered."""

    def bring(self, commands: Iterable[Set | Release]) -> None:
        """Bring voices to these values."""

    def hush(self, *, on: bool, standing: Iterable[Set]) -> None:
        """Make no sound from now on, or sound again; `standing` are the voices that should."""

    def cancel(self, fingerprint: str) -> None:
        """The alert has ended: its onset, if it has not sounded, shall not."""
