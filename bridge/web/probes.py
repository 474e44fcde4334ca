"""What orchestrators and Prometheus ask: health, readiness, metrics, reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from bridge.runtime import Runtime

router = APIRouter(tags=["probes"])


@router.get("/-/healthy")
@router.head("/-/healthy", include_in_schema=False)
async def healthy() -> PlainTextResponse:
    """200 while the event loop runs."""
    return PlainTextResponse("healthy\n")


@router.get("/-/ready", responses={503: {"description": "stopping, or the store cannot be written"}})
@router.head("/-/ready", include_in_schema=False)
async def ready(request: Request) -> PlainTextResponse:
    """200 while events can be taken and stored."""
    runtime: Runtime = request.app.state.runtime
    if runtime.draining:
        return PlainTextResponse("stopping\n", 503)
    if not runtime.store_ok:
        return PlainTextResponse("the store cannot be written\n", 503)
    return PlainTextResponse("ready\n")


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The same metrics as on the metrics port."""
    runtime: Runtime = request.app.state.runtime
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(runtime.metrics.registry), media_type=content_type)


@router.post("/-/reload", responses={422: {"description": "the rule book was refused; the old one stays"}})
async def reload(request: Request) -> JSONResponse:
    """Read the rule book again, as SIGHUP does."""
    runtime: Runtime = request.app.state.runtime
    problems = runtime.reload()
    if problems:
        return JSONResponse({"ok": False, "error": "the rule book was refused", "problems": problems}, 422)
    return JSONResponse({"ok": True})
