"""`/api/v1`: what came once, or a drill, as a performance that a page plays by itself."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from bridge.core.programme import FASTEST, TooLongError, stretch
from bridge.model.errors import UnreadableError
from bridge.store import books
from bridge.web.bodies import Responses, parameters, query, when
from bridge.web.stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.core.rules import RuleBook
    from bridge.model.events import Event
    from bridge.runtime import Runtime

MOST = 20_000
"""Events of a stretch."""
BEFORE, MOST_BEFORE = 3600.0, 5_000
"""Seconds before a stretch that are known to it, and of each kind of event how many."""
router = APIRouter(prefix="/api/v1", tags=["api"])
_BAD: Responses = {
    400: {"description": "the question cannot be read, or the stretch is too long; `error` says why"},
    503: {"description": "the store cannot be read, or other performances are being made"},
}


class Stretch(BaseModel):
    """Which stretch of time is asked for, and how much faster it goes by."""

    model_config = ConfigDict(extra="forbid")

    since: str = Field("5m", max_length=64, description="unix seconds, RFC 3339, or how long ago: 1h")
    until: str | None = Field(None, max_length=64, description="as `since`; now where it is left out")
    speed: float = Field(1.0, ge=1.0, le=FASTEST, description="so many seconds in one of sound")


@router.get("/replay", responses=_BAD, openapi_extra=parameters(Stretch))
async def replay(request: Request) -> Response:
    """What came in a stretch of time, as it sounds with the rule book of today."""
    runtime: Runtime = request.app.state.runtime
    stage: Stage = request.app.state.stage
    wanted, now = query(request, Stretch), runtime.clock()
    since, until = when(wanted.since, now, "since"), when(wanted.until, now, "until")
    since = now if since is None else since
    if until is not None and since > until:
        raise UnreadableError("since: is after until; exchange them")
    return await stage.answer(
        functools.partial(
            _stretch, runtime.settings.data_dir, runtime.engine.book, since, until, wanted.speed
        )
    )


def _stretch(folder: Path, book: RuleBook, since: float, until: float | None, speed: float) -> dict[str, Any]:
    """Raises UnreadableError and StoreError."""
    try:
        return stretch(_events(folder, since, until), book, since, until, speed)
    except TooLongError as e:
        raise UnreadableError(f"speed: {e}") from None


def _events(folder: Path, since: float, until: float | None) -> list[Event]:
    """Those of the stretch, after those before it. Rows of an older version without their text are left out."""
    begin = books.begin(folder, since, BEFORE, MOST_BEFORE)
    before = [event for event in books.journal(folder, begin, since) if event is not None]
    heard = list(itertools.islice(books.journal(folder, since, until), MOST + 1))
    if len(heard) > MOST:
        raise UnreadableError(f"since: more than {MOST:,} events came in it; make it shorter")
    return before + [event for event in heard if event is not None]
