"""`/api/v1/login`: a browser shows a token once and gets a cookie that no script can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.web import asked
from bridge.web.access import Refused
from bridge.web.bodies import UNREADABLE, Responses, read, schema
from bridge.web.keys import LASTS, Right

if TYPE_CHECKING:
    from bridge.runtime import Runtime
    from bridge.web.access import Access, Grant

router = APIRouter(prefix="/api/v1", tags=["access"])
_WRONG: Responses = {
    401: {"description": "the token allows nothing here"},
    429: {"description": "too many attempts; `Retry-After` says when"},
    503: {"description": "the token file cannot be read"},
}


class Login(BaseModel):
    """A token for reading or for control."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    token: str = Field(min_length=1, max_length=4096)


@router.post("/login", responses=UNREADABLE | _WRONG, openapi_extra=schema(Login))
async def login(request: Request) -> JSONResponse:
    """Open a session: the cookie is HttpOnly and SameSite=Strict, and Secure under TLS."""
    access: Access = request.app.state.access
    wanted = await read(request, Login)
    try:
        found = access.login(wanted.token)
    except Refused as e:
        return JSONResponse({"ok": False, "error": e.text}, e.status, headers=e.headers)
    if found is None:
        runtime: Runtime = request.app.state.runtime
        runtime.metrics.refused.labels("credentials").inc()
        return JSONResponse(
            {"ok": False, "error": "this token allows nothing here"}, 401, access.challenge(Right.READ)
        )
    cookie, key = found
    answer = JSONResponse({"ok": True, "may": sorted(key.rights)})
    answer.set_cookie(
        asked.COOKIE,
        cookie,
        max_age=int(LASTS),
        path="/",
        secure=asked.scheme(request.scope, asked.said(request.scope)) == "https",
        httponly=True,
        samesite="strict",
    )
    return answer


@router.post("/logout")
async def logout(request: Request) -> JSONResponse:
    """End this browser's session."""
    access: Access = request.app.state.access
    cookie = asked.session(asked.said(request.scope))
    if cookie:
        access.sessions.close(cookie)
    answer = JSONResponse({"ok": True})
    answer.delete_cookie(asked.COOKIE, path="/", httponly=True, samesite="strict")
    return answer


@router.get("/session")
async def session(request: Request) -> JSONResponse:
    """What this request may, and whether a session is open; the page asks before it shows its login."""
    grant: Grant = request.scope["grant"]
    return JSONResponse({"ok": True, "may": sorted(grant.rights), "session": grant.cookie is not None})
