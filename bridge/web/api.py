"""`/api/v1`: what the page and the command line ask and tell."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.core.rules import SIGN_OF_LIFE
from bridge.model.catalogue import SOUNDS
from bridge.model.errors import UnreadableError
from bridge.runtime import state
from bridge.runtime.trials import resolutions, trial
from bridge.web.intake import read_body
from bridge.wire.reading import duration, read_json

if TYPE_CHECKING:
    from bridge.runtime import Runtime

router = APIRouter(prefix="/api/v1", tags=["api"])

DEFAULT_TEST = "60s"
LONGEST_TEST = 3600.0
_BAD: dict[int | str, dict[str, Any]] = {
    400: {"description": "the body is no such object; `error` says why"},
    503: {"description": "it sounds, but could not be stored"},
}
M = TypeVar("M", bound=BaseModel)
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


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": model.model_json_schema()}}}}


async def _read(request: Request, model: type[M]) -> M:
    body = await read_body(request)
    if body is None:
        raise UnreadableError("the body is too large")
    try:
        return model.model_validate(read_json(body) if body.strip() else {})
    except ValidationError as e:
        problems = [f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['msg']}" for p in e.errors()]
        raise UnreadableError("; ".join(problems)) from None


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
    worst = found["firing"][0]["severity"] if found["firing"] else None
    return JSONResponse(
        {"digest": found["digest"], "worst": worst, "count": len(found["firing"]), "hears": found["hears"]}
    )


@router.get("/players")
async def players(request: Request) -> JSONResponse:
    """Who makes sound, and who can be heard."""
    runtime: Runtime = request.app.state.runtime
    found = state.status(runtime)
    return JSONResponse({"players": found["players"], "hears": found["hears"]})


@router.get("/catalogue")
async def catalogue() -> JSONResponse:
    """Every sound with its controls."""
    return JSONResponse({"sounds": [asdict(sound) for sound in SOUNDS.values()]})


@router.post("/fire", responses=_BAD, openapi_extra=_schema(Fire))
async def fire(request: Request) -> JSONResponse:
    """Fire a test alert. It is marked as TEST everywhere and resolves itself."""
    runtime: Runtime = request.app.state.runtime
    wanted = await _read(request, Fire)
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
    stored = await runtime.take([event])
    return JSONResponse(
        {"ok": stored, "fingerprint": event.fingerprint, "for": seconds, "hears": state.hears(runtime)},
        200 if stored else 503,
    )


@router.post("/resolve", responses=_BAD, openapi_extra=_schema(Resolve))
async def resolve(request: Request) -> JSONResponse:
    """End an alert here: by fingerprint, or every test alert."""
    runtime: Runtime = request.app.state.runtime
    wanted = await _read(request, Resolve)
    ended = resolutions(runtime.engine, wanted.fingerprint, runtime.clock())
    stored = not ended or await runtime.take(ended)
    return JSONResponse({"ok": stored, "resolved": [e.fingerprint for e in ended]}, 200 if stored else 503)
