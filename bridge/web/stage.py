"""Where performances are made: in a thread, one at a time, so that the bridge keeps answering."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from bridge.web.access import RETRY_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable

WAITING = 8
"""Requests that may wait for their turn."""


class Stage:
    """One for each application."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._asked = 0

    async def answer(self, work: Callable[[], dict[str, Any]]) -> Response:
        """What `work` makes, as JSON, which is written in the thread too: it may be long. Raises what `work` raises, and 503."""
        if self._asked > WAITING:
            raise HTTPException(
                503, "other performances are being made; ask again later", {"Retry-After": RETRY_AFTER}
            )
        self._asked += 1
        try:
            async with self._turn:
                body = await asyncio.to_thread(lambda: orjson.dumps(work()))
        finally:
            self._asked -= 1
        return Response(body, media_type="application/json")
