"""What comes in. Whatever the source, it becomes one of these two; nothing else enters the core."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(StrEnum):
    """The two states of an alert, as Alertmanager words them."""

    FIRING = "firing"
    RESOLVED = "resolved"


class Source(StrEnum):
    """Where an event came in."""

    ALERTMANAGER = "alertmanager"
    """Its webhook."""
    ALERTMANAGER_API = "alertmanager_api"
    """What the bridge found out by asking an Alertmanager."""
    GRAFANA = "grafana"
    MQTT = "mqtt"
    FIRE = "fire"
    RESOLVE = "resolve"
    """A person ended it here: `POST /api/v1/resolve`."""
    HTTP = "http"
    """`POST /metric`."""
    BRIDGE = "bridge"
    """What the bridge itself has to say: its store fails, a sender cannot be read."""


class Outcome(StrEnum):
    """How an event ended. Every event gets exactly one."""

    PLAYED = "played"
    """Acknowledged by an audible player."""
    ASSUMED = "assumed"
    """Sent to a player that is declared not to acknowledge (`osc: {acknowledges: false}`)."""
    SUPPRESSED = "suppressed"
    """Not heard; the reason says why."""


class Reason(StrEnum):
    """Why an event was suppressed. Members come with the feature that uses them."""

    DUPLICATE = "duplicate"
    BY_RULE = "by_rule"
    NO_LISTENER = "no_listener"
    RETAINED = "retained"
    INVALID = "invalid"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CAPPED = "capped"
    FLOOD = "flood"
    FLAPPING = "flapping"
    QUIET_HOURS = "quiet_hours"
    SILENCED = "silenced"
    MUTED = "muted"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One message about one alert.

    Times are unix seconds. `value` is None where the sender gave no finite number. `one_shot` marks a
    message that is an onset and no state (an MQTT payload without status and without alert).
    """

    source: Source
    fingerprint: str
    status: Status
    labels: Mapping[str, str]
    received: float
    annotations: Mapping[str, str] = field(default_factory=dict)
    starts_at: float | None = None
    ends_at: float | None = None
    value: float | None = None
    one_shot: bool = False
    retained: bool = False
    expires_at: float | None = None
    """When the bridge itself resolves it (a test of `fire`)."""
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The alert as it was sent, for the MQTT payload."""
    cluster: str = ""
    """The `externalURL` of the Alertmanager that sent it, without a slash at the end; empty for every other source."""
    receiver: str = ""
    """The receiver that its Alertmanager sent it through."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Where it came from, for a person: see `core.links`."""
    standing: bool = False
    """It stood already when the bridge began to ask: one digest tells of all such."""


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One measured value of one series. `value` is finite; `at` and `received` are unix seconds."""

    source: Source
    type: str
    value: float
    received: float
    labels: Mapping[str, str] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message, or a part of one, that is no event. `reason` is for a person: what, where, what to do."""

    source: Source
    reason: str
    why: Reason = Reason.INVALID


Event = AlertEvent | MetricSample
