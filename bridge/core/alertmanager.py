"""What an Alertmanager is, what it answers when it is asked, and how it stands. `core.clusters` decides what follows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.model.events import AlertEvent

FAILURES = 3
"""Questions in a row that fail until nobody vouches for an alert."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One Alertmanager, or several that are replicas of each other. URLs have no slash at the end.

    `urls` are where it is asked; `external_urls` are what its webhooks call it, and its first one is its name.
    `receivers` are those that are ours by the rule book; the webhooks that come tell more.
    """

    urls: tuple[str, ...]
    external_urls: tuple[str, ...]
    receivers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What alerts that are found by asking it carry as their cluster."""
        return self.external_urls[0]


@dataclass(frozen=True, slots=True)
class Silence:
    """Why Alertmanager tells nobody of an alert: a silence of somebody, or (without id and end) an inhibition."""

    id: str = ""
    by: str = ""
    comment: str = ""
    until: float | None = None
    """Unix seconds."""

    def holds(self, now: float) -> bool:
        """Whether its time has not passed."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Found:
    """One alert of an answer. `state` is Alertmanager's: active, suppressed or unprocessed."""

    event: AlertEvent
    state: str
    silenced_by: tuple[str, ...] = ()
    """Ids of silences."""
    inhibited_by: tuple[str, ...] = ()
    """Fingerprints."""
    muted_by: tuple[str, ...] = ()
    """Names of time intervals, where a version of Alertmanager tells them."""

    @property
    def active(self) -> bool:
        """Whether Alertmanager notifies of it."""
        return self.state == "active" and not self.muted_by


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: every alert that goes to `receivers`, by fingerprint, and every silence in force, by id.

    `began` is when the question was put; `since` when that Alertmanager was started, where that is known: it keeps
    no alerts over a restart. Both are unix seconds of the bridge's clock.
    """

    began: float
    receivers: frozenset[str] = frozenset()
    alerts: Mapping[str, Found] = field(default_factory=dict)
    silences: Mapping[str, Silence] = field(default_factory=dict)
    since: float | None = None

    def silence(self, fingerprint: str) -> Silence | None:
        """Why it tells nobody of this alert; None while it does."""
        found = self.alerts.get(fingerprint)
        if found is None or (found.state != "suppressed" and not found.muted_by):
            return None
        if found.silenced_by:
            known = [self.silences[i] for i in found.silenced_by if i in self.silences]
            return max(known, key=lambda s: s.until or 0.0, default=Silence(found.silenced_by[0]))
        if found.muted_by:
            return Silence(comment=f"muted by the time interval {', '.join(found.muted_by[:3])}")
        by = ", ".join(self._named(fp) for fp in found.inhibited_by[:3])
        return Silence(comment=f"inhibited by {by}" if by else "suppressed")

    def _named(self, fingerprint: str) -> str:
        found = self.alerts.get(fingerprint)
        return found.event.labels.get("alertname", fingerprint) if found else fingerprint


@dataclass(frozen=True, slots=True)
class Stale:
    """Since when nobody vouches for an alert (unix seconds), and why."""

    since: float
    why: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What an answer asks for: events to take, and (fingerprint, silence, whether it begins) of what changed."""

    events: list[AlertEvent] = field(default_factory=list)
    silences: list[tuple[str, Silence, bool]] = field(default_factory=list)


@dataclass(slots=True)
class Known:
    """How one cluster stands. Times are unix seconds; `ok` is None before the first answer or failure."""

    cluster: Cluster
    ok: bool | None = None
    last: float | None = None
    failed: int = 0
    error: str = ""
    silences: int = 0
    receivers: dict[str, None] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    """Receivers for which it has answered once: what else it has of them is new."""
    held: dict[str, bool] = field(default_factory=dict)
    """What its last complete answer or a webhook since then had, and whether as active."""
    missing: dict[str, int] = field(default_factory=dict)
    """How many answers in a row have not had an alert that fires."""
    asked: frozenset[str] = frozenset()
    """The receivers that its last complete answer was about."""
    tried: dict[str, float | None] = field(default_factory=dict)
    """What was started because of an answer, with its beginning, as long as the answers have it."""
    failures: deque[float] = field(default_factory=lambda: deque(maxlen=FAILURES))
