"""How an event that was sent to players ended.

Played: an audible player says so. Assumed: it went to a receiver that is declared never to answer. Otherwise, when
every player that could answer has answered or the deadline has passed, it is suppressed with the reason that says
most: capped, invalid, superseded (taken back before it sounded), else no_listener.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.model.events import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

DEADLINE = 35.0
"""Seconds; a player gives a cue up after 30."""
MOST = 20_000
"""Cues whose outcome is open, as many as the largest webhook has; more would only come with `flood: false`."""
_REASONS = {
    "capped": Reason.CAPPED,
    "invalid": Reason.INVALID,
    "unknown": Reason.INVALID,
    "cancelled": Reason.SUPERSEDED,
}


@dataclass(frozen=True, slots=True)
class Settled:
    """One event's end."""

    event_id: int
    outcome: Outcome
    reason: Reason | None = None
    player: str = ""
    """Who sounded it."""


@dataclass(slots=True)
class _Open:
    event_id: int
    waiting: set[str]
    deadline: float
    said: list[str] = field(default_factory=list)


class Outcomes:
    """Cues that were sent and whose outcome is open. Time is unix seconds, an argument."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def full(self) -> bool:
        """Whether a further cue would be one too many: it is capped."""
        return len(self._open) >= MOST

    def waiting_for(self, player: str) -> set[str]:
        """Ids of the cues that this player has been asked to sound and has not answered."""
        return {play_id for play_id, entry in self._open.items() if player in entry.waiting}

    def sent(self, play_id: str, event_id: int, players: Iterable[str], now: float) -> list[Settled]:
        """A cue went to `players` (names of those that will answer)."""
        entry = self._open[play_id] = _Open(event_id, set(players), now + DEADLINE)
        return self._close_if_done(play_id, entry)

    def answered(self, play_id: str, player: str, status: str, *, audible: bool) -> list[Settled]:
        """A player's word: played, muted, failed, capped, invalid, unknown, cancelled, expired, unheard, assumed."""
        entry = self._open.get(play_id)
        if entry is None or player not in entry.waiting:  # who was not asked, or has answered, has no say
            return []
        if status == "assumed" or (status == "played" and audible):
            del self._open[play_id]
            outcome = Outcome.ASSUMED if status == "assumed" else Outcome.PLAYED
            return [Settled(entry.event_id, outcome, None, player)]
        entry.waiting.discard(player)
        entry.said.append(status)
        return self._close_if_done(play_id, entry)

    def gone(self, player: str) -> list[Settled]:
        """A player left; it will answer no more."""
        settled: list[Settled] = []
        for play_id, entry in list(self._open.items()):
            if player in entry.waiting:
                entry.waiting.discard(player)
                settled += self._close_if_done(play_id, entry)
        return settled

    def due(self, now: float) -> list[Settled]:
        """Cues that nobody answered in time."""
        settled: list[Settled] = []
        for play_id, entry in list(self._open.items()):
            if not 0 < entry.deadline - now <= DEADLINE:  # further off it is only where the clock went back
                entry.waiting.clear()
                settled += self._close_if_done(play_id, entry)
        return settled

    def _close_if_done(self, play_id: str, entry: _Open) -> list[Settled]:
        if entry.waiting:
            return []
        del self._open[play_id]
        reason = next((_REASONS[word] for word in _REASONS if word in entry.said), Reason.NO_LISTENER)
        return [Settled(entry.event_id, Outcome.SUPPRESSED, reason)]
