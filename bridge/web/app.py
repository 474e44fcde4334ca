"""The application: every route, and one form for every error."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from bridge import __version__
from bridge.model.errors import GoneError, StoreError, UnreadableError
from bridge.web import api, intake, mutes, probes, silences, story, stream

if TYPE_CHECKING:
    from bridge.runtime import Runtime

log = logging.getLogger(__name__)

LONGEST = 500
"""Characters of a reason that are given back and logged."""

CONSOLE = Path(__file__).parents[1] / "console"
POLICY = "default-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; frame-ancestors 'none'"
"""The page needs nothing from elsewhere. ws: is named because some browsers do not count it to 'self'."""


def create_app(runtime: Runtime) -> FastAPI:
    """The application of one bridge. The runtime must be started before the first request."""
    app = FastAPI(
        title="The Singing Pager",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.runtime = runtime
    app.state.states = stream.States()
    for router in (
        intake.router,
        probes.reading,
        probes.router,
        api.router,
        mutes.router,
        story.router,
        silences.router,
        stream.router,
    ):
        app.include_router(router)
    app.add_exception_handler(UnreadableError, _unreadable)
    app.add_exception_handler(StoreError, _unavailable)
    app.add_exception_handler(HTTPException, _refused)
    app.mount("/console", _Files(directory=CONSOLE), name="console")
    app.add_api_route("/", _page, include_in_schema=False)
    return app


def create_metrics_app(runtime: Runtime) -> FastAPI:
    """What the metrics port serves: metrics and probes, nothing that could change anything."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.runtime = runtime
    app.include_router(probes.reading)
    app.add_exception_handler(HTTPException, _refused)
    return app


class _Files(StaticFiles):
    """Files that a browser asks about before it uses them again: after an upgrade no old module meets a new one."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


async def _page() -> FileResponse:
    return FileResponse(
        CONSOLE / "index.html", headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    )


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
