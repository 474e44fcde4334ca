"""`/api/v1/rules`: the rules of the rule book, and which of them takes a label set."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bridge.book.rules import ScaleModel
from bridge.core.taken import Taken, alert_taken, sample_taken
from bridge.model.errors import UnreadableError
from bridge.web.bodies import Responses, parameters, query
from bridge.wire.reading import MAX_TEXT, MAX_TEXTS

if TYPE_CHECKING:
    from bridge.book.rules import AlertRuleModel, MetricRuleModel
    from bridge.runtime import Runtime

router = APIRouter(prefix="/api/v1", tags=["api"])
_BAD: Responses = {400: {"description": "the question cannot be read; `error` says why"}}
_LABELS = 'is an object of texts, as {"severity": "critical"}'


class Asked(BaseModel):
    """Whose rule is asked for: an alert's, or with a type a sample's."""

    model_config = ConfigDict(extra="forbid")

    labels: str | None = Field(None, description=f"JSON: {_LABELS}; at most {MAX_TEXTS} labels")
    type: str | None = Field(None, min_length=1, max_length=MAX_TEXT, description="a metric type")
    value: float | None = Field(None, allow_inf_nan=False, description="what a scale in `params` works on")


@router.get("/rules", responses=_BAD, openapi_extra=parameters(Asked))
async def rules(request: Request) -> JSONResponse:
    """Every rule in the order of the rule book; with `labels` or `type` also which one takes them, and what follows."""
    runtime: Runtime = request.app.state.runtime
    wanted, book = query(request, Asked), runtime.book
    found: dict[str, Any] = {
        "alerts": [_alert(rule) for rule in book.alerts],
        "metrics": [_metric(rule) for rule in book.metrics],
    }
    if wanted.labels is not None or wanted.type is not None:
        found["taken"] = asdict(_taken(runtime, wanted))
    elif wanted.value is not None:
        raise UnreadableError("value: of what? Give labels or a type with it")
    return JSONResponse(found)


def _alert(rule: AlertRuleModel) -> dict[str, Any]:
    words = {"name": rule.name, "match": rule.match, "sound": rule.effective, "severity": rule.severity}
    return words | {"params": _params(rule)}


def _metric(rule: MetricRuleModel) -> dict[str, Any]:
    words = {"name": rule.name, "type": rule.type, "match": rule.match, "sound": rule.sound}
    return words | {"params": _params(rule)}


def _params(rule: AlertRuleModel | MetricRuleModel) -> dict[str, Any]:
    """In the words of the rule book: a number, or `scale`, `in` and `out`."""
    return {
        name: param.model_dump(by_alias=True) if isinstance(param, ScaleModel) else param
        for name, param in rule.params.items()
    }


def _taken(runtime: Runtime, wanted: Asked) -> Taken:
    labels = _labels(wanted.labels) if wanted.labels is not None else {}
    book, who = runtime.engine.book, runtime.conductor.who
    if wanted.type is None:
        return alert_taken(book, who, labels, wanted.value)
    return sample_taken(book, who, wanted.type, labels, wanted.value or 0.0)


def _labels(text: str) -> dict[str, str]:
    """The label set of a JSON text. Raises UnreadableError."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise UnreadableError(f"labels: is no JSON; it {_LABELS}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise UnreadableError(f"labels: {_LABELS}")
    if len(found) > MAX_TEXTS:
        raise UnreadableError(f"labels: more than {MAX_TEXTS}; leave some out")
    if long := next((name for name, value in found.items() if max(len(name), len(value)) > MAX_TEXT), None):
        raise UnreadableError(f"labels: {long[:64]!r} has more than {MAX_TEXT} characters; shorten it")
    return found
