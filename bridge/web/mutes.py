"""`/api/v1`: keeping things silent, for everyone or on one player. All of it ends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.core import mutes
from bridge.core.matchers import MatcherError
from bridge.model.errors import UnreadableError
from bridge.runtime import room, state
from bridge.web.bodies import UNKNOWN, UNREADABLE, Line, Match, Responses, read, schema, seconds

if TYPE_CHECKING:
    from bridge.model.player import Player
    from bridge.runtime import Runtime

router = APIRouter(prefix="/api/v1", tags=["api"])
_FULL: Responses = {409: {"description": "there are too many already; end one first"}}


class Mute(BaseModel):
    """What nobody is to hear for a while."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    fingerprint: str | None = Field(None, min_length=1, max_length=128, description="one alert that fires")
    match: list[Match] = Field([], max_length=mutes.EACH, description="matchers, all must hold")
    all: bool = Field(False, description="everything; one of `fingerprint`, `match`, `all` is given")
    for_: str = Field("30m", alias="for", max_length=32, description="how long, at most 8h")
    include_critical: bool = Field(False, description="also criticals")
    by: Line = ""
    why: Line = ""


class Unmute(BaseModel):
    """Which mute ends. Without an id: every one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | None = Field(None, min_length=1, max_length=64)
    by: Line = ""


class Quiet(BaseModel):
    """Which player is to be quiet."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)

    player: str = Field(min_length=1, max_length=256, description="its name, as in `players` of the status")
    for_: str = Field("10m", alias="for", max_length=32, description="how long, at most 8h")
    by: Line = ""
    why: Line = ""


class Unquiet(BaseModel):
    """Which player is to sound again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    player: str = Field(min_length=1, max_length=256)
    by: Line = ""


@router.post("/mute", responses=UNREADABLE | UNKNOWN | _FULL, openapi_extra=schema(Mute))
async def mute(request: Request) -> JSONResponse:
    """Keep something from everyone's ears for a while; criticals only where that is said."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Mute)
    lasts = seconds(wanted.for_, mutes.LONGEST, "30m or 2h")
    if [wanted.fingerprint is not None, bool(wanted.match), wanted.all].count(True) != 1:
        raise UnreadableError(
            'match: give one of `match`, `fingerprint` (of one alert) and `"all": true` (everything)'
        )
    if wanted.fingerprint is not None:
        alert = runtime.engine.active.get(wanted.fingerprint)
        if alert is None:
            return _unknown(
                f"nothing with the fingerprint {wanted.fingerprint!r} fires; see `firing` of /api/v1/status"
            )
        if alert.severity == "critical" and not wanted.include_critical:
            raise UnreadableError(
                "fingerprint: it is critical, and a mute leaves criticals alone unless `include_critical` "
                "(--include-critical) says so"
            )
    try:
        made = await runtime.duty.mute(
            wanted.match,
            lasts,
            fingerprint=wanted.fingerprint or "",
            criticals=wanted.include_critical,
            by=wanted.by,
            why=wanted.why,
        )
    except MatcherError as e:
        raise UnreadableError(f"match: {e}") from None
    if made is None:
        most = f"at most {mutes.MOST} mutes of {mutes.MATCHERS} matchers in all"
        return JSONResponse({"ok": False, "error": f"{most} may be in force; end one first"}, 409)
    return JSONResponse(
        {
            "ok": True,
            "stored": runtime.duty.stored,
            "mute": state.mute(made, runtime.conductor),
            "cadence": state.cadence(runtime),
        }
    )


@router.post("/unmute", responses=UNREADABLE | UNKNOWN, openapi_extra=schema(Unmute))
async def unmute(request: Request) -> JSONResponse:
    """End a mute, or every one: what still fires is open again."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Unmute)
    ended = await runtime.duty.unmute(wanted.id, wanted.by)
    if wanted.id is not None and not ended:
        return _unknown(f"there is no mute {wanted.id!r}; see `mutes` of /api/v1/status")
    return JSONResponse({"ok": True, "stored": runtime.duty.stored, "unmuted": ended})


@router.post("/quiet", responses=UNREADABLE | UNKNOWN | _FULL, openapi_extra=schema(Quiet))
async def quiet(request: Request) -> JSONResponse:
    """Make one player quiet for a while. The others go on; what it would have sounded is told when it comes back."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Quiet)
    lasts = seconds(wanted.for_, room.LONGEST_QUIET, "10m or 1h")
    player = _player(runtime, wanted.player)
    if player is None:
        return _no_player(wanted.player)
    made = await runtime.duty.quieten(player, lasts, by=wanted.by, why=wanted.why)
    if made is None:
        return JSONResponse({"ok": False, "error": "too many players are quiet; end one first"}, 409)
    return JSONResponse(
        {
            "ok": True,
            "stored": runtime.duty.stored,
            "player": player.name,
            "until": made.until,
            "hears": state.hears(runtime),
        }
    )


@router.post("/unquiet", responses=UNREADABLE | UNKNOWN, openapi_extra=schema(Unquiet))
async def unquiet(request: Request) -> JSONResponse:
    """Let a player sound again."""
    runtime: Runtime = request.app.state.runtime
    wanted = await read(request, Unquiet)
    player = _player(runtime, wanted.player)
    if player is None:
        return _no_player(wanted.player)
    was = player.identity in runtime.room.quiets
    await runtime.duty.quieten(player, None, by=wanted.by, why="")
    answer = {"ok": True, "stored": runtime.duty.stored, "player": player.name, "was_quiet": was}
    return JSONResponse(answer | {"hears": state.hears(runtime)})


def _player(runtime: Runtime, name: str) -> Player | None:
    """The player of a name; `supercollider` is the one that there is."""
    return runtime.room.players.get(runtime.sclang.name if name == "supercollider" else name)


def _no_player(name: str) -> JSONResponse:
    return _unknown(f"there is no player {name!r}; see `players` of /api/v1/status")


def _unknown(why: str) -> JSONResponse:
    return JSONResponse({"ok": False, "error": why}, 404)
