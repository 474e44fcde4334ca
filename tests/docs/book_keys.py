"""The rule book's keys as rows of a table, read from the models themselves."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

import annotated_types
from pages import NONE
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_WORDS = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text", type(None): ""}
_KEYS = {"who": "<name>", "params": "<control>", "labels": "<name>"}
"""How the free key of a mapping is written."""


def table_rows(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """One line for each key that a file may hold, in the order of the models."""
    for name, field in model.model_fields.items():
        key = above + (field.alias or name)
        cells = (f"`{key}`", _type(field.annotation), _default(field), _range(field), _text(field))
        yield f"| {' | '.join(cells)} |"
        for inner, step in _inside(field.annotation, key):
            yield from table_rows(inner, f"{step}.")


def _inside(annotation: Any, key: str) -> Iterator[tuple[type[BaseModel], str]]:
    """The models below an annotation, each with the key that leads to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, key
        return
    origin = get_origin(annotation)
    step = {list: f"{key}[]", dict: f"{key}.{_KEYS.get(key.rpartition('.')[2], '<name>')}"}.get(origin, key)
    for part in get_args(annotation):
        yield from _inside(part, step)


def _type(annotation: Any) -> str:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in {Union, types.UnionType}:
        return " or ".join(word for part in parts if (word := _type(part)))
    if origin is list:
        inner = _type(parts[0])
        return f"list of ({inner})" if " or " in inner else f"list of {inner}"
    if origin is dict:
        return f"mapping to {_type(parts[1])}"
    if hasattr(annotation, "__metadata__"):
        return _type(parts[0])
    return _WORDS.get(annotation, "mapping")


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None or isinstance(value, BaseModel):
        return NONE
    return f"`{_written(value)}`"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(_written(item) for item in value)}]"
    return '""' if value == "" else str(value) or "{}"


def _range(field: FieldInfo) -> str:
    bounds = {type(item): item for item in field.metadata}
    low, high = bounds.get(annotated_types.Ge), bounds.get(annotated_types.Le)
    if low is not None and high is not None:
        return f"{low.ge:g} to {high.le:g}"
    if _is_pair(field):
        return "two"
    return "not empty" if annotated_types.MinLen in bounds else ""


def _is_pair(field: FieldInfo) -> bool:
    bounds = {getattr(item, "max_length", None) for item in field.metadata}
    return 2 in bounds


def _text(field: FieldInfo) -> str:
    """The field's own words, else those of its model."""
    words = field.description
    if words is None and isinstance(field.annotation, type):
        words = (field.annotation.__doc__ or "").splitlines()[0]
    return (words or "").replace("|", "\\|")
