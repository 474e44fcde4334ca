"""Everybody who makes sound, and how each cue ended."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.core.outcomes import Outcomes, Settled
from bridge.model.events import Outcome, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bridge.model.commands import Play, Release, Set
    from bridge.model.player import Player
    from bridge.telemetry import Metrics


DEFAULT_QUIET, LONGEST_QUIET, SLACK = 600.0, 8 * 3600.0, 60.0
"""Seconds that a player is quiet unless told otherwise, and at most; seconds that a clock may go back meanwhile."""
ABSENT = 10.0
"""Seconds."""
LONGEST_ID, REMEMBERED = 200, 4096
"""Bounds of what pages may make us remember."""


@dataclass(frozen=True, slots=True)
class Quieted:
    """Who made a player quiet, and until when (unix seconds)."""

    by: str
    why: str
    at: float
    until: float


class Room:
    """The players. What is sent never depends on who is audible; only the outcome does."""

    def __init__(
        self, clock: Callable[[], float], metrics: Metrics, settled: Callable[[list[Settled]], None]
    ) -> None:
        self.players: dict[str, Player] = {}
        self._outcomes = Outcomes()
        self._heard: dict[str, float] = {}
        self._played: dict[tuple[str, str], float] = {}
        self._clock = clock
        self._metrics = metrics
        self._settled = settled
        self.quiets: dict[str, Quieted] = {}
        """By identity: the players that somebody has made quiet."""

    def join(self, player: Player) -> None:
        """A player is there."""
        self.players[player.name] = player
        self.hush(())
        self.count()

    def quieten(self, identity: str, quieted: Quieted | None, standing: Iterable[Set]) -> bool:
        """Make a player quiet until its time is over, or with None let it sound; False where there are too many."""
        if quieted is None:
            self.quiets.pop(identity, None)
        elif identity not in self.quiets and len(self.quiets) >= REMEMBERED:
            return False
        else:
            self.quiets[identity] = quieted
        self.hush(standing)
        return True

    def rename(self, player: Player, identity: str) -> Quieted | None:
        """A player says who it is. What made it quiet before goes with it, and is given back."""
        moved = None if identity == player.identity else self.quiets.pop(player.identity, None)
        player.identity = identity
        if moved is not None:
            self.quiets.setdefault(identity, moved)
        return moved

    def hush(self, standing: Iterable[Set]) -> bool:
        """Bring every player to being quiet, or not; whether any has changed."""
        now, told, changed = self._clock(), list(standing), False
        for identity in [i for i, q in self.quiets.items() if not 0 < q.until - now <= LONGEST_QUIET + SLACK]:
            del self.quiets[identity]
        for player in self.players.values():
            if (on := player.identity in self.quiets) != player.hushed:
                player.hush(on=on, standing=told)
                self.stopped(player)  # when it sounds again it is told what stands, however short that was
                changed = True
        return changed

    def leave(self, player: Player) -> None:
        """A player is gone; it will answer no more."""
        self.players.pop(player.name, None)
        self._settled(self._outcomes.gone(player.name))
        self.count()

    def play(self, cue: Play, event_id: int | None = None) -> None:
        """Send a cue to everybody. With an event id its outcome is told to `settled`."""
        if event_id is not None:
            if self._outcomes.full:
                self._settled([Settled(event_id, Outcome.SUPPRESSED, Reason.CAPPED)])
                return
            self._settled(self._outcomes.sent(cue.id, event_id, self.players, self._clock()))
        self._metrics.cue(cue)
        for player in list(self.players.values()):
            player.play(cue)

    def bring(self, commands: Iterable[Set | Release]) -> None:
        """Bring everybody's voices to these values."""
        told = list(commands)
        for player in self.players.values():
            player.bring(told)

    def cancel(self, fingerprint: str) -> None:
        """An alert has ended: where its onset has not sounded yet, it shall not."""
        for player in self.players.values():
            player.cancel(fingerprint)

    def answered(self, player: Player, play_id: str, status: str) -> None:
        """A player's word on a cue."""
        if status == "played" and len(play_id) <= LONGEST_ID and len(self._played) < REMEMBERED:
            self._played[player.identity, play_id] = self._clock()
        self._settled(self._outcomes.answered(play_id, player.name, status, audible=player.audible))

    def tick(self) -> None:
        """Close what nobody answered in time."""
        now = self._clock()
        self._settled(self._outcomes.due(now))
        self._played = {key: at for key, at in self._played.items() if 0 <= now - at < ABSENT}

    def told(self, player: Player) -> set[str]:
        """Ids of the cues that this player has sounded within ABSENT seconds, or is about to."""
        played = {play_id for identity, play_id in self._played if identity == player.identity}
        return played | self._outcomes.waiting_for(player.name)

    @property
    def open(self) -> int:
        """Cues whose outcome is not known yet."""
        return len(self._outcomes)

    def newcomers(self, now: float) -> list[Player]:
        """Players that have begun to be audible; one that was so within ABSENT seconds was only away for a moment."""
        audible = self.audible()
        found = [p for p in audible if not 0 <= now - self._heard.get(p.identity, -math.inf) < ABSENT]
        kept = {identity: at for identity, at in self._heard.items() if 0 <= now - at < ABSENT}
        self._heard = kept | {player.identity: now for player in audible}
        return found

    def stopped(self, player: Player) -> None:
        """Somebody has stopped it: when it listens again it is a newcomer."""
        self._heard.pop(player.identity, None)

    def audible(self) -> list[Player]:
        """Who can be heard now."""
        return [player for player in self.players.values() if player.audible]

    def count(self) -> None:
        """Bring the gauge up to date."""
        for kind in ("sclang", "browser"):
            for audible in (True, False):
                n = sum(p.kind == kind and p.audible is audible for p in self.players.values())
                self._metrics.players.labels(kind, str(audible).lower()).set(n)
