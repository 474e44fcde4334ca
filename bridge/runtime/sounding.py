"""What sounds, since when and because of what; and why the rest is silent. For people who ask what they hear."""

from __future__ import annotations

from collections import Counter
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from bridge.core import digest
from bridge.core.bed import AMBIENT
from bridge.core.voices import few
from bridge.runtime import state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.core.engine import Active
    from bridge.core.voices import Voice
    from bridge.model.events import MetricSample
    from bridge.runtime.runtime import Runtime

LISTED = 1000
"""Alerts, and series, that are told one by one."""


def sounding(runtime: Runtime) -> dict[str, Any]:
    """Everything that `GET /api/v1/sounding` shows. Times are unix seconds.

    `alerts` are those that stand open: their onsets have sounded, and people are reminded of them as docs/cadence.md
    says. `silent` alerts fire too, each with its reason in `why`.
    """
    conductor, now = runtime.conductor, runtime.clock()
    heard, silent = [], []
    for alert in _worst_first(runtime.engine.active.values()):
        why = conductor.why_silent(alert, now)
        shown = state.firing(alert, conductor, now) | {"onset": alert.onset}
        if why is None:
            heard.append(shown | {"reminded": alert.severity != "info"})
        else:
            silent.append(shown | {"why": why})
    return {
        "now": now,
        "hears": state.hears(runtime),
        "alerts": heard[:LISTED],
        "voices": voices(runtime),
        "bed": _ambient(runtime),
        "flatline": state.watch(conductor, now)["flatline"],
        "next_reminder": conductor.next_reminder(now),
        "silent": {"alerts": silent[:LISTED], "series": _silent_series(runtime)},
        "counts": {
            "alerts": len(heard),
            "voices": len(runtime.voices.sounding),
            "silent_alerts": Counter(one["why"] for one in silent),
            "silent_series": Counter(str(found.reason) for found in runtime.voices.silent.values()),
        },
        "quiet_players": [p for p in state.players(runtime) if p["quiet"] is not None],
    }


def _worst_first(active: Any) -> list[Active]:
    found = list(active)
    return digest.worst_first(found) + [alert for alert in found if not alert.audible]


def _sample(found: MetricSample) -> dict[str, Any]:
    return {
        "type": found.type,
        "labels": dict(few(found.labels)),
        "value": found.value,
        "source": str(found.source),
        "at": found.at if found.at is not None else found.received,
    }


def voices(runtime: Runtime, most: int | None = None) -> list[dict[str, Any]]:
    """Every held voice with its sample and its controls, the newest of them where there are more than `most`."""
    told = {command.id: dict(command.params) for command in runtime.conductor.standing()}
    return [
        state.voice(found, runtime.conductor.book)
        | {"sample": _sample(found.sample), "controls": told.get(voice_id, dict(found.command.params))}
        for voice_id, found in _newest(runtime.voices.sounding, most)
    ]


def _newest(sounding: Mapping[str, Voice], most: int | None) -> Iterable[tuple[str, Voice]]:
    if most is None or len(sounding) <= most:
        return sounding.items()
    return nlargest(most, sounding.items(), key=lambda one: one[1].since)


def _ambient(runtime: Runtime) -> dict[str, Any]:
    """The bed that is there without any sample."""
    bed = runtime.conductor.bed
    return {"sound": AMBIENT, "since": runtime.began, "level": bed.level, "chord": bed.chord}


def _silent_series(runtime: Runtime) -> list[dict[str, Any]]:
    return [
        {"id": voice_id, "why": str(found.reason), "rule": found.rule, "last": found.last}
        | {"sample": _sample(found.sample)}
        for voice_id, found in reversed(runtime.voices.silent.items())
    ]
