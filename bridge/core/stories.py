"""What belongs into the story of one alert: of all that people did, what kept it silent while it fired.

An alert lives from a message that says that it fires to its end, perhaps several times. Of each message until the next one
its labels and its severity are known, so a mute belongs to it if it takes these and holds at such a time: whether it was
given before the alert came or later. That a player was quiet belongs to it where a cue of the alert came meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.core.matchers import MatcherError
from bridge.core.mutes import Mute

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

STARTS = 20
"""So many starts of the bridge are told, the newest."""
NO_CHANGE = {"expired", "retained", "duplicate"}
"""Why a message changed nothing about what fires."""
_ENDS = {"unmute", "mute over", "unquiet"}


@dataclass(slots=True)
class Life:
    """When an alert fired, as what. Spans are (begin, end), unix seconds."""

    fingerprint: str
    as_what: list[tuple[Mapping[str, str], str, list[tuple[float, float]]]] = field(default_factory=list)
    """Labels, severity, and when it was that."""
    cues: list[tuple[float, float]] = field(default_factory=list)
    """When each message came, and until when its outcome was open."""

    @classmethod
    def of(cls, fingerprint: str, events: Sequence[Mapping[str, Any]], now: float, *, firing: bool) -> Life:
        """By its events, the oldest first, as `books.events` tells them. `firing`: whether it fires now."""
        life = cls(fingerprint)
        changes = [e for e in events if e["reason"] not in NO_CHANGE]
        for event, following in zip(changes, [*changes[1:], None], strict=True):
            begin = event["received"]
            if event["status"] != "firing":
                end = begin
            elif following is not None:
                end = following["received"]
            else:
                end = now if firing else begin
            life._was(event["labels"], event["severity"], (begin, end))
        life.cues = [(e["received"], e["received"] if e["ended"] is None else e["ended"]) for e in events]
        return life

    def _was(self, labels: Mapping[str, str], severity: str, span: tuple[float, float]) -> None:
        for known, as_severe, spans in self.as_what:
            if as_severe == severity and known == labels:
                spans.append(span)
                return
        self.as_what.append((labels, severity, [span]))

    @property
    def began(self) -> float:
        """When the first message came; never, where there is none."""
        return min((begin for begin, _ in self.cues), default=math.inf)

    @property
    def ended(self) -> float:
        """When the last of it was: now while it fires."""
        ends = (end for _, _, spans in self.as_what for _, end in spans)
        return max([*ends, *(end for _, end in self.cues)], default=-math.inf)

    def muted(self, deed: Mapping[str, Any], end: float) -> bool:
        """Whether a mute that ended at `end` took it at a time at which it fired."""
        try:
            mute = _mute(deed)
        except MatcherError:
            return False
        return any(
            mute.takes(labels, severity, self.fingerprint) and _meet(spans, deed["at"], end)
            for labels, severity, spans in self.as_what
        )


def belong(
    life: Life, deeds: Iterable[Mapping[str, Any]], silences: Container[str] = ()
) -> list[Mapping[str, Any]]:
    """Of deeds that are about no single alert, the newest first, those that belong to the story; the oldest last.

    `silences` are the ids of those of Alertmanager that took it.
    """
    found: list[Mapping[str, Any]] = []
    ended: dict[tuple[str, str], Mapping[str, Any]] = {}
    starts = 0
    for deed in deeds:
        what, about = deed["what"], deed["about"]
        whose = ("mute", about.get("id", "")) if "mute" in what else ("quiet", about.get("player", ""))
        if what in _ENDS:
            ended[whose] = deed
        elif what == "start" and starts < STARTS and life.began < deed["at"] <= life.ended:
            starts += 1
            found.append(deed)
        elif what == "unsilence" and about.get("silence", "") in silences:
            found.append(deed)
        elif what in {"mute", "quiet"}:
            over = ended.pop(whose, None)
            until = math.inf if deed["until"] is None else deed["until"]
            end = until if over is None else min(until, over["at"])
            if life.muted(deed, end) if what == "mute" else _meet(life.cues, deed["at"], end):
                found += [over, deed] if over is not None and over["what"] in _ENDS else [deed]
            if what == "quiet":  # whoever makes it quiet again while one holds ends that one
                ended[whose] = deed
    return sorted(found, key=when, reverse=True)


def when(deed: Mapping[str, Any]) -> tuple[float, int]:
    """The order of deeds: by their time, then as they were written down."""
    return deed["at"], deed["id"]


def _mute(deed: Mapping[str, Any]) -> Mute:
    """The mute of a deed, without matchers that were too long to keep. Raises MatcherError."""
    about = deed["about"]
    return Mute.of(
        about.get("id", ""),
        about.get("match", ()),
        fingerprint=about.get("fingerprint", ""),
        criticals=about.get("include_critical", False),
        by=deed["by"],
        why=deed["why"],
        at=deed["at"],
        until=deed["until"] or deed["at"],
    )


def _meet(spans: Iterable[tuple[float, float]], begin: float, end: float) -> bool:
    """Whether one of the spans has a moment in common with that from `begin` to `end`."""
    return any(one <= end and begin <= other for one, other in spans)
