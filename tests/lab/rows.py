"""Rows for tests of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.model.events import AlertEvent, Outcome, Reason, Source, Status

if TYPE_CHECKING:
    from bridge.store import Batch

WAIT = 20
"""Seconds that a write may take."""


def event(fingerprint: str = "f1", **fields: Any) -> AlertEvent:
    return AlertEvent(
        Source.ALERTMANAGER,
        fingerprint,
        Status.FIRING,
        {"a": "ü\0+#/"},
        **{"received": 1000.5, **fields},
    )


def row(
    batch: Batch,
    event_id: int,
    fingerprint: str = "f1",
    outcome: Outcome | None = None,
    reason: Reason | None = None,
    **fields: Any,
) -> Batch:
    batch.event(
        event_id,
        event(fingerprint, **fields),
        severity="critical",
        rule="r",
        sound="critical",
        outcome=outcome,
        reason=reason,
        service="checkout",
    )
    return batch
