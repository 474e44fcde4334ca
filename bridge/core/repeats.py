"""Two messages of one alert that fires: what the later one proves, and what it adds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.core.space import shortened

if TYPE_CHECKING:
    from bridge.model.events import AlertEvent

HIDDEN = 300.0
"""Seconds. Twins of one alert, from two Prometheus servers, begin within a few evaluations of each other."""


def ended_between(known: float | None, start: float | None, now: float) -> bool:
    """Whether an alert that began at `known` must have ended without our being told, as it began again at `start`."""
    if known is None or start is None or start > now:
        return False
    return start - known > HIDDEN


def renewed(known: AlertEvent, event: AlertEvent) -> AlertEvent:
    """The known alert with the texts and the later start of a repeat."""
    starts = [t for t in (known.starts_at, event.starts_at) if t is not None]
    return replace(
        known,
        annotations=shortened(event.annotations) or known.annotations,
        links=event.links or known.links,
        value=event.value if event.value is not None else known.value,
        starts_at=max(starts, default=None),
        expires_at=event.expires_at if known.expires_at is not None else None,
        cluster=known.cluster or event.cluster,
        receiver=event.receiver if event.cluster == known.cluster else known.receiver or event.receiver,
    )
