"""The rule book: YAML, strictly read, every problem named with file, line, key and what would be right."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from bridge.book import Book
from bridge.model.catalogue import SOUNDS
from bridge.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from bridge.model.catalogue import Sound

M = TypeVar("M", bound=BaseModel)
DEFAULT_BOOK = Path(__file__).with_name("pager.yml")
MAX_BYTES = 1 << 20
"""A rule book beyond 1 MiB is a mistake."""
DEEPEST = 64
"""Levels of nesting. libyaml recurses over them and ends the whole program when there are too many."""


def load(path: Path, sounds: Mapping[str, Sound] = SOUNDS) -> Book:
    """The rule book of a file, over these sounds. Raises ConfigError with one line per problem."""
    try:
        text = path.read_bytes()
    except OSError as e:
        raise ConfigError(
            [f"{path}: cannot be read ({e.strerror}); name a rule book, here or in PAGER_CONFIG"]
        ) from None
    return parse(text, str(path), sounds)


def parse(text: bytes, name: str, sounds: Mapping[str, Sound] = SOUNDS) -> Book:
    """The rule book of a text, over these sounds. `name` is what problems call the file."""
    return read(text, name, Book, {"sounds": sounds})


def read(text: bytes, name: str, model: type[M], context: Mapping[str, Any] | None = None) -> M:
    """A YAML text as `model`; `context` is what pydantic's checks are told. Raises ConfigError."""
    if len(text) > MAX_BYTES:
        raise ConfigError([f"{name}: larger than {MAX_BYTES} bytes"])
    try:
        if (line := _too_deep(text)) is not None:
            raise ConfigError([f"{name}:{line}: nested deeper than {DEEPEST} levels; no key needs that"])
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        value = yaml.load(text, Loader=yaml.CSafeLoader)  # CSafeLoader is the safe loader
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as e:
        raise ConfigError([_yaml_problem(e, name)]) from None
    problems = list(_repeated(node, name, set()))
    try:
        found = model.model_validate({} if value is None else value, context=context)
    except ValidationError as e:
        problems += [_problem(error, node, name, model) for error in e.errors() if not _other_branch(error)]
    if problems:
        raise ConfigError(problems)
    return found


_INNER = re.compile(r"([a-z_]+(?:\.[a-z_]+)*): (.*)", re.DOTALL)
"""Our own checks of several keys together name the one that is wrong, so that its line can be told."""
_LOGIN = re.compile(r"//[^/\s]*@")
"""Name and password in a URL: what is refused is quoted, and that is logged."""
_PLAIN = {
    "missing": "is missing",
    "too_short": "has too few items",
    "too_long": "has too many items",
    "string_too_short": "must not be empty",
    "model_type": "must be keys and values, as in `key: value`",
    "dict_type": "must be keys and values, as in `key: value`",
    "list_type": "must be a list, as in `- item` or [item]",
    "invalid_key": "a key must be a text; quote it",
}
"""Pydantic speaks of Python; whoever writes YAML does not."""


def _too_deep(text: bytes) -> int | None:
    """The line (from 1) where the nesting passes DEEPEST; None where it never does."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            return 1 + (event.start_mark.line if event.start_mark else 0)
    return None


def _yaml_problem(error: Exception, name: str) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return f"{name}: this is no YAML: {' '.join(str(error).split())}"
    return f"{name}:{mark.line + 1}: this is no YAML: {getattr(error, 'problem', error)}"


def _problem(error: ErrorDetails, node: yaml.Node | None, name: str, model: type[BaseModel]) -> str:
    extra = error["type"] == "extra_forbidden"
    branches = error["loc"][:-1] if extra else error["loc"]  # a key that nobody knows may be called anything
    steps = [step for step in branches if not _is_branch(step)] + ([error["loc"][-1]] if extra else [])
    message = error["msg"].removeprefix("Value error, ")
    if (inner := _INNER.match(message)) is not None:
        steps, message = [*steps, *inner[1].split(".")], inner[2]
    key = ".".join(str(step) for step in steps) or "(the whole file)"
    if extra:
        message = _unknown(str(steps[-1]), _fields_at(model, steps[:-1]))
    else:
        message = _PLAIN.get(error["type"], message)
    return f"{name}:{_line(node, steps)}: {key}: {message}{_given(error)}"


def _is_branch(step: str | int) -> bool:
    """Pydantic names the branch of a union in the path; that is no key of the file."""
    return isinstance(step, str) and (step in {"float", "ScaleModel"} or "[" in step)


def _other_branch(error: ErrorDetails) -> bool:
    """A scale that is no number is not a second mistake, and a text that is neither is one."""
    wrong = "float_type" if isinstance(error["input"], dict) else "model_type"
    return error["type"] == wrong and bool(error["loc"]) and _is_branch(error["loc"][-1])


def _given(error: ErrorDetails) -> str:
    given = error.get("input")
    if error["type"] in {"extra_forbidden", "missing"} or isinstance(given, dict | list):
        return ""
    return f" (this is {_LOGIN.sub('//...@', repr(given))[:80]})"


def _unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(known)}"
    return f"unknown key; {hint}"


def _fields_at(model: type[BaseModel], steps: list[str | int]) -> list[str]:
    """The keys that are allowed where `steps` lead, through lists and optional models."""
    current: Any = model
    for step in steps:
        if isinstance(step, int):
            continue
        field = current.model_fields.get(step) or _by_alias(current, step)
        if field is None:  # the free key of a mapping, whose values are of this same model
            continue
        current = _model_in(field.annotation)
        if current is None:
            return []
    return [field.alias or name for name, field in current.model_fields.items()]


def _by_alias(model: type[BaseModel], key: str) -> Any:
    return next((field for field in model.model_fields.values() if field.alias == key), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)


def _line(node: yaml.Node | None, steps: list[str | int]) -> int:
    """The line (from 1) of the deepest node that the path reaches."""
    line = 1 if node is None else node.start_mark.line + 1
    for step in steps:
        found = _child(node, step)
        if found is None:
            return line
        mark, node = found
        line = mark.start_mark.line + 1
    return line


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
        return next(((key, value) for key, value in pairs if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _repeated(node: yaml.Node | None, name: str, done: set[int]) -> Iterator[str]:
    """YAML lets a later key replace an earlier one silently; here that is a problem.

    `done` holds the nodes that were looked at: an alias may lead back to where it stands.
    """
    if node is None or id(node) in done:
        return
    done.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield f"{name}:{key.start_mark.line + 1}: {key.value}: is there twice; keep one"
            seen.add(key.value)
            yield from _repeated(value, name, done)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item, name, done)
