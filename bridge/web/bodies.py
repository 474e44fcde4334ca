"""What the bodies of `/api/v1` have in common: how they are read, and what is answered to one that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from bridge.core.durations import duration
from bridge.model.errors import UnreadableError
from bridge.web.intake import read_body
from bridge.wire.reading import moment, read_json

if TYPE_CHECKING:
    from fastapi import Request

Responses = dict[int | str, dict[str, Any]]
UNREADABLE: Responses = {
    400: {"description": "the body is no such object; `error` says why"},
}
BAD: Responses = UNREADABLE | {
    503: {"description": "it holds, but could not be stored"},
}
UNKNOWN: Responses = {
    404: {"description": "there is no such; `error` says what there is none of"},
}
M = TypeVar("M", bound=BaseModel)


def printable(text: str) -> str:
    """A text that cannot steer a terminal. Raises ValueError."""
    if not text.isprintable():
        raise ValueError("a character of it cannot be printed; write one line of plain text")
    return text


Match = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(printable)]
"""One matcher, or several, as a person writes it."""
Line = Annotated[str, Field(max_length=128), AfterValidator(printable)]
"""What a person says: it is shown to others, so nothing in it may steer a terminal."""


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI is told of a body."""
    return {"requestBody": {"content": {"application/json": {"schema": model.model_json_schema()}}}}


async def read(request: Request, model: type[M]) -> M:
    """The body as `model`; an empty one has all its defaults. Raises UnreadableError."""
    body = await read_body(request)
    if body is None:
        raise UnreadableError("the body is too large")
    return _valid(read_json(body) if body.strip() else {}, model)


def query(request: Request, model: type[M]) -> M:
    """The query of the address as `model`. Raises UnreadableError."""
    return _valid(dict(request.query_params), model)


def parameters(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI is told of a query."""
    found = model.model_json_schema()
    needed = found.get("required", ())
    return {
        "parameters": [
            {"name": name, "in": "query", "required": name in needed, "schema": schema}
            for name, schema in found["properties"].items()
        ]
    }


def _valid(value: Any, model: type[M]) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as e:
        problems = [
            f"{'.'.join(map(str, p['loc'])) or 'body'}: {p['msg'].removeprefix('Value error, ')}"
            for p in e.errors()
        ]
        raise UnreadableError("; ".join(problems)) from None


def when(text: str | None, now: float, name: str) -> float | None:
    """A time of a query: unix seconds, RFC 3339, or a duration, which is so long ago. Raises UnreadableError."""
    if text is None:
        return None
    found = moment(text, now)
    if found is None:
        raise UnreadableError(
            f"{name}: {text!r} is no time; write unix seconds, 2026-01-31T09:00:00Z, or 1h for an hour ago"
        )
    return found


def seconds(text: str, most: float, example: str) -> float:
    """The duration of `for:`, above nothing and at most `most` seconds. Raises UnreadableError."""
    found, longest = duration(text), f"{most / 3600:g}h"
    if not found:
        raise UnreadableError(f"for: {text!r} is no time up to {longest}; write {example}")
    if found > most:
        raise UnreadableError(f"for: {text!r} is longer than {longest}; write {example}")
    return found
