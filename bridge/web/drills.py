"""`/api/v1/drills`: what to learn the sounds by."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from bridge import config
from bridge.core.drills import DRILLS, called
from bridge.web.bodies import UNKNOWN, Responses

if TYPE_CHECKING:
    from bridge.core.rules import RuleBook
    from bridge.web.stage import Stage

router = APIRouter(prefix="/api/v1", tags=["api"])
_BUSY: Responses = {503: {"description": "other performances are being made; ask again later"}}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


@router.get("/drills")
async def drills(request: Request) -> JSONResponse:  # noqa: ARG001 # a route
    """Every drill, in the order in which one learns by them."""
    return JSONResponse({"drills": [drill.listed() for drill in DRILLS]})


@router.get("/drills/{id}", responses=UNKNOWN | _BUSY, openapi_extra={"parameters": [_ID]})  # noqa: FAST003 # an unknown one is a 404 of ours, never a 422
async def drill(request: Request) -> Response:
    """One drill: its performance, its question and the answer."""
    stage: Stage = request.app.state.stage
    found = called(request.path_params["id"])
    if found is None:
        why = "there is no such drill; see /api/v1/drills"
        return JSONResponse({"ok": False, "error": why}, 404)
    return await stage.answer(lambda: found.performed(_built_in()))


@functools.cache
def _built_in() -> RuleBook:
    return config.load(config.DEFAULT_BOOK).compiled()
