"""`/api/v1`: what sounds and why, what has happened, and the whole story of one alert."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.core import mutes, stories
from bridge.core.instead import built_in
from bridge.model.commands import Why
from bridge.model.errors import UnreadableError
from bridge.model.events import Outcome, Reason
from bridge.runtime import sounding as now_sounding
from bridge.runtime import state
from bridge.store import books
from bridge.web.bodies import UNKNOWN, Responses, parameters, query, when

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.core.engine import Active
    from bridge.runtime import Runtime

LOOKED_AT = 5000
"""Deeds about no single alert, of its time, that a story looks through, the newest."""
router = APIRouter(prefix="/api/v1", tags=["api"])
_BAD: Responses = {
    400: {"description": "a filter cannot be read; `error` says which"},
    503: {"description": "the store cannot be read now"},
}


class Filters(BaseModel):
    """Which events are asked for."""

    model_config = ConfigDict(extra="forbid")

    fingerprint: str | None = Field(None, min_length=1, max_length=4096)
    service: str | None = Field(None, max_length=4096)
    severity: Literal["critical", "warning", "info"] | None = None
    outcome: Literal["open"] | Outcome | None = Field(None, description="`open`: it has none yet")
    reason: Reason | None = None
    since: str | None = Field(None, max_length=64, description="unix seconds, RFC 3339, or how long ago: 1h")
    until: str | None = Field(None, max_length=64, description="as `since`; later events are left out")
    before: int | None = Field(None, ge=1, lt=1 << 63, description="an `id`: the events that came before it")
    limit: int = Field(100, ge=1, le=books.PAGE)


class Whose(BaseModel):
    """Whose story is asked for."""

    model_config = ConfigDict(extra="forbid")

    fingerprint: str = Field(min_length=1, max_length=4096, description="a fingerprint, or its first letters")


@router.get("/sounding")
async def sounding(request: Request) -> JSONResponse:
    """What sounds: since when, because of which alert or sample, by which rule; and why the rest is silent."""
    runtime: Runtime = request.app.state.runtime
    return JSONResponse(now_sounding.sounding(runtime))


@router.get("/events", responses=_BAD, openapi_extra=parameters(Filters))
async def events(request: Request) -> JSONResponse:
    """What has come and how it ended, the newest first."""
    runtime: Runtime = request.app.state.runtime
    wanted = query(request, Filters)
    now = runtime.clock()
    asked = wanted.model_dump() | {
        "since": when(wanted.since, now, "since"),
        "until": when(wanted.until, now, "until"),
    }
    found = await _ask(books.events, runtime, **asked | {"limit": wanted.limit + 1})
    told = found[: wanted.limit]
    return JSONResponse({"events": told, "before": told[-1]["id"] if len(found) > wanted.limit else None})


@router.get("/explain", responses=_BAD | UNKNOWN, openapi_extra=parameters(Whose))
async def explain(request: Request) -> JSONResponse:
    """The whole story of one alert: what came, how it ended, what people did, how it stands. Its first letters will do."""
    runtime: Runtime = request.app.state.runtime
    fingerprint = query(request, Whose).fingerprint
    found = await _ask(books.called, runtime, fingerprint)
    known = {found_ for found_ in runtime.engine.active if found_.startswith(fingerprint)} | set(found)
    if fingerprint in known:
        known = {fingerprint}
    if not known:
        why = f"nothing with the fingerprint {fingerprint!r} is in the store; see /api/v1/events"
        return JSONResponse({"ok": False, "error": why}, 404)
    if len(known) > 1:
        raise UnreadableError(
            f"fingerprint: {fingerprint!r} begins several: {', '.join(sorted(known)[:20])}; write more of it"
        )
    return JSONResponse(await _story(runtime, known.pop()))


async def _story(runtime: Runtime, fingerprint: str) -> dict[str, Any]:
    alert = runtime.engine.active.get(fingerprint)
    told = await _ask(_told, runtime, fingerprint, runtime.clock(), alert)
    conductor, now = runtime.conductor, runtime.clock()
    alert = runtime.engine.active.get(fingerprint)
    return {
        "fingerprint": fingerprint,
        "now": now,
        "firing": None if alert is None else state.whole(alert, conductor, now),
        "why_silent": None if alert is None else conductor.why_silent(alert, now),
        "cue": None if alert is None else _cue(runtime, alert, now),
        "next_reminder": conductor.next_reminder(now),
        **told,
    }


def _cue(runtime: Runtime, alert: Active, now: float) -> dict[str, Any] | None:
    """How it sounds, for whoever wants to hear it once more; None where the rule book gives it no sound."""
    if not alert.audible:
        return None
    cue = built_in(runtime.conductor.cue(alert, "", Why.REMINDER, now))
    return {"sound": cue.sound, "severity": cue.severity, "params": dict(cue.params)}


def _told(folder: Path, fingerprint: str, now: float, alert: Active | None) -> dict[str, Any]:
    """What the store tells of an alert, the oldest first; `cut`: the newest of it only. Raises StoreError."""
    events = books.events(folder, fingerprint=fingerprint, limit=books.PAGE + 1)
    own = books.deeds(folder, fingerprint, books.PAGE + 1)
    cut = max(len(events), len(own)) > books.PAGE
    events = events[: books.PAGE][::-1]
    life = stories.Life.of(fingerprint, events or _first(alert), now, firing=alert is not None)
    # A mute that held when it came may have been given so long before.
    common = books.deeds(folder, "", LOOKED_AT + 1, life.began - mutes.LONGEST, life.ended)
    cut = cut or len(common) > LOOKED_AT
    silences = {deed["about"].get("silence") for deed in own} - {None}
    found = stories.belong(life, common[:LOOKED_AT], silences)
    cut = cut or len(found) > books.PAGE
    deeds = sorted(own[: books.PAGE][::-1] + found[: books.PAGE][::-1], key=stories.when)
    return {"events": events, "deeds": deeds, "cut": cut}


def _first(alert: Active | None) -> list[dict[str, Any]]:
    """In place of the events of one that fires for longer than they are kept."""
    if alert is None:
        return []
    event = {"received": alert.since, "ended": alert.since, "status": "firing", "reason": None}
    return [event | {"labels": alert.event.labels, "severity": alert.severity}]


async def _ask(question: Any, runtime: Runtime, *values: Any, **wanted: Any) -> Any:
    """Read the store in a thread of its own. Raises StoreError."""
    return await asyncio.to_thread(question, runtime.settings.data_dir, *values, **wanted)
