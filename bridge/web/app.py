"""The application: every route, and one form for every error."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from bridge import __version__
from bridge.model.errors import GoneError, StoreError, UnreadableError
from bridge.sinks.browser import Sheet
from bridge.sinks.render import compiled_folder
from bridge.web import (
    answers,
    api,
    drills,
    intake,
    login,
    mutes,
    probes,
    replay,
    rules,
    silences,
    story,
    stream,
)
from bridge.web.access import Access
from bridge.web.files import Files, Page
from bridge.web.guard import Guard
from bridge.web.stage import Stage

if TYPE_CHECKING:
    from bridge.runtime import Runtime

log = logging.getLogger(__name__)

LONGEST = 500
"""Characters of a reason that are given back and logged."""

CONSOLE = Path(__file__).parents[1] / "console"
ENGINE = Path(__file__).parents[1] / "engine" / "files"
"""scsynth for the page. Where it could not be fetched the page plays its cues from files."""

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "credentials are missing or wrong"},
    403: {
        "description": "a page of another site, a Host that is not known, or credentials without this right"
    },
    429: {"description": "too many requests of one client; never of `/alert` and `/metric`"},
    431: {"description": "the request's line and headers are too large, or too many"},
    503: {"description": "not now: `Retry-After` says when"},
}
"""What the guard may answer to any request."""


def create_app(runtime: Runtime, access: Access | None = None) -> FastAPI:
    """The application of one bridge. The runtime must be started before the first request.

    Without `access` it is made of the settings; raises SettingError where they would let in whom nobody meant.
    """
    access = access or Access(runtime.settings)
    app = FastAPI(
        title="The Singing Pager",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=REFUSALS,
    )
    app.state.runtime = runtime
    app.state.states = stream.States()
    app.state.sheet = Sheet()
    app.state.stage = Stage()
    app.state.access = access
    app.include_router(probes.reading)
    for module in (intake, probes, api, mutes, story, rules, replay, drills, silences, login, stream):
        app.include_router(module.router)
    app.add_middleware(
        Guard,
        access=access,
        metrics=runtime.metrics,
        post_rate=runtime.settings.post_rate,
        lost=runtime.notices.refused,
    )
    app.add_exception_handler(UnreadableError, _unreadable)
    app.add_exception_handler(StoreError, _unavailable)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broken)
    app.mount("/console", Files(directory=CONSOLE), name="console")
    app.mount("/engine", Files(directory=ENGINE, check_dir=False), name="engine")
    app.mount("/synthdefs", Files(directory=compiled_folder()), name="synthdefs")
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_api_route("/wall", _wall, include_in_schema=False)
    return app


def create_metrics_app(runtime: Runtime, access: Access | None = None) -> FastAPI:
    """What the metrics port serves: metrics and probes, nothing that could change anything."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.runtime = runtime
    app.include_router(probes.reading)
    app.add_middleware(Guard, access=access or Access(runtime.settings), metrics=runtime.metrics)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _broken)
    return app


async def _page(request: Request) -> Page:
    return _sent(request, "index.html")


async def _wall(request: Request) -> Page:
    return _sent(request, "wall.html")


def _sent(request: Request, file: str) -> Page:
    host = request.headers.get("host", "")
    headers = {
        "Content-Security-Policy": answers.page_policy(host),
        "Cache-Control": "no-cache",
        "Accept-Ranges": "none",
    }
    if answers.is_trustworthy(request.scope, host):
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return Page(CONSOLE / file, headers=headers)


async def _unreadable(request: Request, error: Exception) -> JSONResponse:
    route = request.url.path if request.url.path in {"/alert", "/metric"} else "api"
    said = "".join(
        c if c.isprintable() else "?" for c in str(error)[:LONGEST]
    )  # it quotes what a stranger sent
    if not isinstance(error, GoneError):
        intake.lost(request, route, said)
    log.warning("%s %s from %s: %s", request.method, request.url.path, request.client, said)
    return JSONResponse({"ok": False, "error": said}, 400)


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"ok": False, "error": str(error)}, 503)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 # registered for this type alone
    return JSONResponse({"ok": False, "error": error.detail}, error.status_code, headers=error.headers)


async def _broken(request: Request, _: Exception) -> JSONResponse:
    """A mistake of the bridge itself; uvicorn logs it. It is answered outside of the guard."""
    text = "the bridge made a mistake; its log says which"
    answer = JSONResponse({"ok": False, "error": text}, 500)
    answer.raw_headers[:] = answers.guarded(request.url.scheme, answer.raw_headers)
    return answer
