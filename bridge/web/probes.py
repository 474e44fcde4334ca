"""What orchestrators and Prometheus ask: health, readiness, metrics, reload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client.exposition import choose_encoder

if TYPE_CHECKING:
    from bridge.runtime import Runtime

reading = APIRouter(tags=["probes"])
router = APIRouter(tags=["probes"])


@reading.get("/-/healthy", response_class=PlainTextResponse)
@reading.head("/-/healthy", include_in_schema=False)
async def healthy() -> PlainTextResponse:
    """200 while the event loop runs."""
    return PlainTextResponse("healthy\n")


@reading.get(
    "/-/ready",
    response_class=PlainTextResponse,
    responses={503: {"description": "stopping, or the store cannot be written"}},
)
@reading.head("/-/ready", include_in_schema=False)
async def ready(request: Request) -> PlainTextResponse:
    """200 while events can be taken and stored."""
    runtime: Runtime = request.app.state.runtime
    if runtime.draining:
        return PlainTextResponse("stopping\n", 503)
    if not runtime.store_ok:
        return PlainTextResponse("the store cannot be written\n", 503)
    return PlainTextResponse("ready\n")


@reading.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/openmetrics-text": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """The same metrics as on the metrics port."""
    runtime: Runtime = request.app.state.runtime
    try:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
    except (TypeError, ValueError):  # an Accept header that prometheus_client cannot read
        encode, content_type = choose_encoder("")
    return Response(encode(runtime.metrics.registry), media_type=content_type)


@router.post("/-/reload", responses={422: {"description": "the rule book was refused; the old one stays"}})
async def reload(request: Request) -> JSONResponse:
    """Read the rule book again, as SIGHUP does."""
    runtime: Runtime = request.app.state.runtime
    problems = runtime.reload()
    if problems:
        return JSONResponse({"ok": False, "error": "the rule book was refused", "problems": problems}, 422)
    return JSONResponse({"ok": True})
