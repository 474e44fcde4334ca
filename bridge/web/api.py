"""`/api/v1`: what the page and the command line ask and tell."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.core.acks import FLATLINE
from bridge.core.durations import duration
from bridge.core.rules import SIGN_OF_LIFE
from bridge.model.catalogue import SOUNDS
from bridge.model.errors import UnreadableError
from bridge.runtime import state
from bridge.runtime.trials import resolutions, trial
from bridge.web.bodies import BAD, UNKNOWN, UNREADABLE, Line, read, schema

if TYPE_CHECKING:
    from bridge.core.acks import Ack
    from bridge.runtime import Runtime

router = APIRouter(prefix="/api/v1", tags=["api"])

DEFAULT_TEST = "60s"
LONGEST_TEST = 3600.0
Word = Field("", max_length=128)


class Fire(BaseModel):
    """A test alert."""

    model_config = ConfigDict(extra="forbid", strict=True)

    severity: Literal["critical", "warning", "info"] = "critical"
    service: str = Word
    name: str = Field("SingingPagerTest", min_length=1, max_length=128)
    for_: str = Field(
        DEFAULT_TEST, alias="for", description="how long it fires, for example 60s or 5m, at most 1h"
    )


class Resolve(BaseModel):
    """Which alert to end. Without a fingerprint: every test alert."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str | None = Field(None, max_length=128)
    by: Line = ""
    why: Line = ""


class Acknowledge(BaseModel):
    """Which alert somebody takes on. Without a fingerprint: everything that fires."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str | None = Field(
        None, min_length=1, max_length=128, description="`flatline` is the flatline"
    )
    by: Line = ""
    why: Line = ""


class Unacknowledge(BaseModel):
    """Whose acknowledgement ends. Without a fingerprint: every one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fingerprint: str | None = Field(None, min_length=1, max_length=128)
    by: Line = ""


class SwitchWatch(BaseModel):
    """Whether the watch is kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on: bool
    by: Line = ""


@router.get("/status")
async def status(request: Request) -> JSONResponse:
    """Everything: what fires, who hears, every part."""
    runtime: Runtime = request.app.state.runtime
    return JSONResponse(state.status(runtime))


@router.get("/digest")
async def digest(request: Request) -> JSONResponse:
    """One sentence: what is wrong, how bad, since when."""
    runtime: Runtime = request.app.state.runtime
    found = state.status(runtime)
    told = [alert for alert in found["firing"] if alert["silenced"] is None]
    worst = told[0]["severity"] if told else None
    return JSONResponse(
        {"digest": found["digest"], "worst": worst, "count": len(told), "hears": found["hears"]}
    )


@router.get("/players")
async def players(request: Request) -> JSONResponse:
    """Who makes sound, and who can be heard."""
    runtime: Runtime = request.app.state.runtime
    found = state.status(runtime)
    return JSONResponse({"players": found["players"], "hears": found["hears"]})


@router.get("/catalogue")
async def catalogue(request: Request) -> JSONResponse:
    """Every sound with its controls, the built-in ones first. `own` says whether it comes from the user's folder."""
    runtime: Runtime = request.app.state.runtime
    known = runtime.engine.book.sounds.values()
    return JSONResponse({"sounds": [{**asdict(sound), "own": sound.id not in SOUNDS} for sound in known]})


@router.post("/fire", responses=BAD, openapi_extra=schema(Fire))
async def fire(request: Request) -> JSONResponse:
    """Fire a test alert. It is marked as TEST everywhere and resolves itself."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Fire)
    seconds = duration(wanted.for_)
    if seconds is None or not 0 < seconds <= LONGEST_TEST:
        raise UnreadableError(f"for: {wanted.for_!r} is no time from 1s to 1h; write 60s or 5m")
    labels = {"alertname": wanted.name, "severity": wanted.severity}
    if wanted.service:
        labels["service"] = wanted.service
    if runtime.engine.book.alert_rule(labels).sound == SIGN_OF_LIFE:
        raise UnreadableError(
            f"name: {wanted.name!r} is the rule book's sign of life; a test must not pretend it"
        )
    event = trial(labels, seconds, f"A test of The Singing Pager for {wanted.for_}.", runtime.clock())
    stored, suppressed = await runtime.try_out(event)
    return JSONResponse(
        {
            "ok": stored,
            "fingerprint": event.fingerprint,
            "for": seconds,
            "suppressed": suppressed,
            "hears": state.hears(runtime),
        },
        200 if stored else 503,
    )


@router.post("/resolve", responses=BAD, openapi_extra=schema(Resolve))
async def resolve(request: Request) -> JSONResponse:
    """End an alert here: by fingerprint, or every test alert."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Resolve)
    ended = resolutions(runtime.engine, wanted.fingerprint, runtime.clock())
    stored = await runtime.duty.resolve(ended, wanted.by, wanted.why)
    return JSONResponse({"ok": stored, "resolved": [e.fingerprint for e in ended]}, 200 if stored else 503)


@router.post("/ack", responses=UNREADABLE | UNKNOWN, openapi_extra=schema(Acknowledge))
async def ack(request: Request) -> JSONResponse:
    """Take an alert on, so that the room is no longer reminded of it. Who was first stays first."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Acknowledge)
    acked = await runtime.duty.acknowledge(wanted.fingerprint, wanted.by, wanted.why)
    if acked.unknown:
        return JSONResponse({"ok": False, "error": _nothing(wanted.fingerprint)}, 404)
    return JSONResponse(
        {
            "ok": True,
            "stored": runtime.duty.stored,
            "acknowledged": [_shown(new) for new in acked.new],
            "already": [_shown(old) for old in acked.old],
        }
    )


def _nothing(fingerprint: str | None) -> str:
    if fingerprint == FLATLINE:
        return "there is no flatline: nothing is missing"
    return f"nothing with the fingerprint {fingerprint!r} fires; see `firing` of /api/v1/status"


def _shown(ack: Ack) -> dict[str, Any]:
    return {name: getattr(ack, name) for name in ("fingerprint", "severity", "by", "why", "at", "until")}


@router.post("/unack", responses=UNREADABLE, openapi_extra=schema(Unacknowledge))
async def unack(request: Request) -> JSONResponse:
    """End an acknowledgement: the alert is reminded of again."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Unacknowledge)
    ended = await runtime.duty.unacknowledge(wanted.fingerprint, wanted.by)
    return JSONResponse({"ok": True, "stored": runtime.duty.stored, "unacknowledged": ended})


@router.post("/watch", responses=UNREADABLE, openapi_extra=schema(SwitchWatch))
async def watch(request: Request) -> JSONResponse:
    """Keep the watch, or leave it off: then no flatline sounds, whatever stops coming in."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, SwitchWatch)
    await runtime.duty.switch_watch(on=wanted.on, by=wanted.by)
    return JSONResponse({"ok": True, "stored": runtime.duty.stored, "watch": state.status(runtime)["watch"]})
