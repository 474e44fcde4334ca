"""Test alerts: how anybody finds out whether the way from here to an ear works."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.core.digest import TEST_LABEL, is_test
from bridge.model.events import AlertEvent, Source, Status
from bridge.wire.reading import fingerprint

if TYPE_CHECKING:
    from bridge.core.engine import Engine


def trial(labels: dict[str, str], seconds: float, summary: str, now: float) -> AlertEvent:
    """A test alert: marked, unlike any other, and resolved by the bridge itself after `seconds`."""
    marked = {**labels, TEST_LABEL: "true", "run": secrets.token_hex(3)}
    return AlertEvent(
        source=Source.FIRE,
        fingerprint=fingerprint(None, marked),
        status=Status.FIRING,
        labels=marked,
        received=now,
        annotations={"summary": summary},
        starts_at=now,
        expires_at=now + seconds,
    )


def resolutions(engine: Engine, wanted: str | None, now: float) -> list[AlertEvent]:
    """What ends the alert of that fingerprint, or with None every test alert."""
    return [
        replace(
            a.event,
            source=Source.FIRE if is_test(a) else Source.RESOLVE,
            status=Status.RESOLVED,
            received=now,
            ends_at=now,
            expires_at=None,
        )
        for fp, a in engine.active.items()
        if fp == wanted or (wanted is None and is_test(a))
    ]
