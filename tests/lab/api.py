"""A bridge in this process, asked by its HTTP routes, on a clock of the test's own. No broker, nobody to hear."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx

from bridge import config
from bridge.model.events import AlertEvent, Source, Status
from bridge.runtime import Runtime
from bridge.settings import Settings
from bridge.web import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BEGAN = 1_800_000_000.0


class Client:
    """The routes of one bridge; `now[0]` is its clock."""

    def __init__(self, runtime: Runtime, http: httpx.AsyncClient, now: list[float]) -> None:
        self.runtime, self.http, self.now = runtime, http, now

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        """POST to a route below /api/v1."""
        answer = await self.http.post(f"/api/v1/{path}", json=body)
        return answer.status_code, answer.json()

    async def get(self, path: str, **query: object) -> tuple[int, Any]:
        """GET a route below /api/v1."""
        answer = await self.http.get(f"/api/v1/{path}", params=query)
        return answer.status_code, answer.json()

    async def status(self) -> Any:
        return (await self.get("status"))[1]

    async def tells(self, status: Status, *fingerprints: str, severity: str, **labels: str) -> None:
        """Messages about alerts that are called as their fingerprints."""
        events = [
            AlertEvent(
                Source.ALERTMANAGER,
                fp,
                status,
                {"alertname": fp, "severity": severity, **labels},
                self.now[0],
            )
            for fp in fingerprints
        ]
        assert await self.runtime.take(events)

    async def fires(self, *fingerprints: str, severity: str = "critical", **labels: str) -> None:
        await self.tells(Status.FIRING, *fingerprints, severity=severity, **labels)

    async def ends(self, *fingerprints: str, severity: str = "critical", **labels: str) -> None:
        await self.tells(Status.RESOLVED, *fingerprints, severity=severity, **labels)


@contextlib.asynccontextmanager
async def running(folder: Path, now: list[float] | None = None, **further: str) -> AsyncIterator[Client]:
    """One bridge over the state of `folder`. `further` are settings."""
    clock = now or [BEGAN]
    settings = Settings(
        data_dir=folder,
        config=config.DEFAULT_BOOK,
        mqtt_host="",
        osc_port=9,
        **further,  # type: ignore[arg-type]
    )
    runtime = Runtime(settings, config.load(config.DEFAULT_BOOK), clock=lambda: clock[0])
    await runtime.start()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(runtime.stop)
        transport = httpx.ASGITransport(create_app(runtime))
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://localhost")
        )
        yield Client(runtime, http, clock)
