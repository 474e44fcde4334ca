"""`POST /alert` and `POST /metric`: taken means decided and stored."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from bridge.model.errors import GoneError
from bridge.model.events import Rejected
from bridge.wire import webhooks

if TYPE_CHECKING:
    from bridge.model.events import Event
    from bridge.runtime import Runtime

router = APIRouter(tags=["intake"])

MAX_BODY = 32 << 20
"""Bytes. Alertmanager's largest group of 20,000 alerts stays well below."""
RETRY_AFTER = "5"

_OBJECT = {"type": "object", "additionalProperties": True}
_ALERTS = {
    "type": "object",
    "required": ["alerts"],
    "properties": {"alerts": {"type": "array", "maxItems": webhooks.MAX_BATCH, "items": _OBJECT}},
}
_SAMPLE = {
    "type": "object",
    "required": ["type", "value"],
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": webhooks.MAX_TYPE},
        "value": {"type": "number"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "timestamp": {"type": "number", "description": "unix seconds"},
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "taken and stored; `rejected` says what was wrong with parts of it"},
    400: {"description": "can never be read; sending it again does not help"},
    413: {"description": "larger than 32 MiB"},
    503: {"description": "cannot be stored now, or the bridge is stopping: send again"},
}


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post("/alert", responses=_RESPONSES, openapi_extra=_body(_ALERTS))
async def alert(request: Request) -> JSONResponse:
    """Alertmanager's webhook (version 4) or Grafana's."""
    runtime: Runtime = request.app.state.runtime
    body = await read_body(request)
    if body is None:
        return _too_large(request, "/alert")
    began = time.perf_counter()
    items = webhooks.alerts(body, runtime.clock())
    response = await _take(runtime, items)
    if rejected := next((item.reason for item in items if isinstance(item, Rejected)), None):
        runtime.notices.unreadable("/alert", sender(request), rejected)
    runtime.metrics.processing.observe(time.perf_counter() - began)
    return response


@router.post(
    "/metric",
    responses=_RESPONSES,
    openapi_extra=_body({"oneOf": [_SAMPLE, {"type": "array", "items": _SAMPLE}]}),
)
async def metric(request: Request) -> JSONResponse:
    """One sample, or a list of them."""
    runtime: Runtime = request.app.state.runtime
    body = await read_body(request)
    if body is None:
        return _too_large(request, "/metric")
    return await _take(runtime, webhooks.samples(body, runtime.clock()))


async def read_body(request: Request) -> bytes | None:
    """The whole body; None when it is larger than MAX_BODY, told before it is read where the sender says so."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY:
        return None
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                return None
            parts.append(part)
    except ClientDisconnect:
        raise GoneError("the sender went away before the body ended") from None
    return b"".join(parts)


async def _take(runtime: Runtime, items: list[Any]) -> JSONResponse:
    if runtime.draining:
        return _later("the bridge is stopping")
    if runtime.full:
        return _later("too much waits for the store; nothing more can be taken now")
    taken: list[Event | Rejected] = items
    if not await runtime.take(taken):
        return _later("the store cannot be written; the events sounded and are not safe")
    answer: dict[str, Any] = {"ok": True}
    if rejected := [item.reason for item in items if isinstance(item, Rejected)]:
        answer["rejected"] = rejected[:20]
    return JSONResponse(answer)


def _later(why: str) -> JSONResponse:
    return JSONResponse({"ok": False, "error": why}, 503, headers={"Retry-After": RETRY_AFTER})


def _too_large(request: Request, route: str) -> JSONResponse:
    why = f"larger than {MAX_BODY} bytes; send smaller batches"
    lost(request, route, why)
    return JSONResponse({"ok": False, "error": why}, 413)


def lost(request: Request, route: str, why: str) -> None:
    """A body that can never be read: counted, and of alerts heard, because its sender will not send it again."""
    runtime: Runtime = request.app.state.runtime
    runtime.metrics.unreadable.labels(route).inc()
    if route == "/alert":
        runtime.notices.unreadable(route, sender(request), why)


def sender(request: Request) -> str:
    """Who sends, for a person."""
    return request.client.host if request.client else "somebody"
