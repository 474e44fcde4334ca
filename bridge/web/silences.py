"""`/api/v1`: silences, which are Alertmanager's own. Every pager behind it falls silent with them, not this one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.core.matchers import Matcher, MatcherError, parse
from bridge.model.errors import UnreadableError
from bridge.sources.alertmanager import AskError
from bridge.web.bodies import UNKNOWN, UNREADABLE, Line, Match, Responses, read, schema, seconds

if TYPE_CHECKING:
    from bridge.core.alertmanager import Known
    from bridge.runtime import Runtime
    from bridge.runtime.asking import Made

router = APIRouter(prefix="/api/v1", tags=["api"])
LONGEST = 30 * 86400.0
"""Seconds."""
_REFUSED: Responses = {
    409: {"description": "no Alertmanager that is asked has it; `error` says what to configure"},
    502: {"description": "an Alertmanager does not answer, or refuses; `error` holds its words"},
}


class Silence(BaseModel):
    """What Alertmanager is to keep from everybody for a while."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    fingerprint: str | None = Field(None, min_length=1, max_length=128, description="one alert that fires")
    match: list[Match] = Field(
        [], max_length=20, description="matchers, all must hold; in place of a fingerprint"
    )
    alertmanager: str | None = Field(
        None,
        min_length=1,
        max_length=512,
        description="one of its URLs; with `match` alone: without it every one",
    )
    for_: str = Field("2h", alias="for", max_length=32, description="how long, at most 720h")
    by: Line = ""
    why: Line = ""


class Unsilence(BaseModel):
    """Which silence ends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
    by: Line = ""


@router.post("/silence", responses=UNREADABLE | UNKNOWN | _REFUSED, openapi_extra=schema(Silence))
async def silence(request: Request) -> JSONResponse:
    """Make a real silence in the Alertmanager that an alert came from, or by matchers in every one."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Silence)
    lasts = seconds(wanted.for_, LONGEST, "2h or 7d")
    if (wanted.fingerprint is None) == (not wanted.match):
        raise UnreadableError("fingerprint: give the fingerprint of one alert, or `match`, and not both")
    clusters = _clusters(runtime, wanted)
    matchers = _matchers(runtime, wanted)
    made: list[Made] = []
    errors: list[str] = []
    for known in clusters:
        try:
            made.append(
                await runtime.asking.silence(
                    known, matchers, lasts, by=wanted.by, why=wanted.why, about=wanted.fingerprint or ""
                )
            )
        except AskError as e:
            errors.append(str(e))
    answer: dict[str, Any] = {"ok": not errors, "silences": [_shown(one) for one in made]}
    if errors:
        return JSONResponse(answer | {"error": "; ".join(errors)}, 502)
    return JSONResponse(answer)


@router.post("/unsilence", responses=UNREADABLE | UNKNOWN | _REFUSED, openapi_extra=schema(Unsilence))
async def unsilence(request: Request) -> JSONResponse:
    """End a silence in Alertmanager: what it kept silent and still fires is open again."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Unsilence)
    if not runtime.asking.clusters.known:
        raise HTTPException(409, _NOT_ASKED)
    try:
        ended = await runtime.asking.unsilence(wanted.id, wanted.by)
    except AskError as e:
        raise HTTPException(502, str(e)) from None
    if not ended:
        raise HTTPException(404, f"no Alertmanager has a silence {wanted.id!r}")
    return JSONResponse({"ok": True, "unsilenced": ended})


_NOT_ASKED = (
    "no Alertmanager is asked: name it under alertmanager: in the rule book, or in PAGER_ALERTMANAGER_URL"
)


def _clusters(runtime: Runtime, wanted: Silence) -> list[Known]:
    """Where the silence belongs. Raises HTTPException where nowhere."""
    asking = runtime.asking
    if wanted.fingerprint is not None:
        alert = runtime.engine.active.get(wanted.fingerprint)
        if alert is None:
            raise HTTPException(
                404,
                f"nothing with the fingerprint {wanted.fingerprint!r} fires; see `firing` of /api/v1/status",
            )
        if (known := asking.clusters.of(alert.event.cluster)) is None:
            came = f"It came from {alert.event.cluster}. " if alert.event.cluster else ""
            raise HTTPException(
                409, f"{came}It is of no Alertmanager that is asked: mute it, or see docs/alertmanager.md"
            )
        return [known]
    if not asking.clusters.known:
        raise HTTPException(409, _NOT_ASKED)
    if wanted.alertmanager is None:
        return list(asking.clusters.known)
    if (known := asking.named(wanted.alertmanager)) is None:
        raise HTTPException(
            404, f"no Alertmanager {wanted.alertmanager!r} is asked; see `alertmanager` of /api/v1/status"
        )
    return [known]


def _matchers(runtime: Runtime, wanted: Silence) -> list[Matcher]:
    """What the silence takes. Raises UnreadableError."""
    if wanted.fingerprint is not None:
        labels = runtime.engine.active[wanted.fingerprint].event.labels
        return [Matcher(name, "=", value) for name, value in labels.items() if value]
    try:
        found = [matcher for text in wanted.match for matcher in parse(text)]
    except MatcherError as e:
        raise UnreadableError(f"match: {e}") from None
    if not found:
        raise UnreadableError('match: no matcher in it; write service="api"')
    return found


def _shown(made: Made) -> dict[str, Any]:
    return {"id": made.id, "url": made.url, "alertmanager": made.alertmanager, "until": made.until}
