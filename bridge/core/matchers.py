"""Alertmanager's matcher syntax over label sets: `name="value"`, `!=`, `=~`, `!~`, anchored.

A label that is missing counts as empty, as it does in Alertmanager. Regular expressions are RE2, the
engine that Alertmanager itself uses: linear in the length of the label, whatever was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(
    r"""\s*(?: "(?P<quoted_name>(?:[^"\\]|\\.)*)" | (?P<name>[^\s"{}=!~,]+) )
        \s*(?P<op>=~|!~|!=|=)
        \s*(?: "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>[^,{}"]*?) )
        \s*(?:,|$)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r'\\([n"\\])')


class MatcherError(ValueError):
    """A matcher that cannot be read; the text says where."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label. `pattern` is the compiled expression of `=~` and `!~`."""

    name: str
    op: str
    value: str
    pattern: Any = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the label set meets the condition."""
        value = labels.get(self.name, "")
        if self.pattern is None:
            return (value == self.value) == (self.op == "=")
        return (self.pattern.fullmatch(value) is not None) == (self.op == "=~")


def parse(text: str) -> tuple[Matcher, ...]:
    """The matchers of one line, braces optional. Raises MatcherError."""
    body = text.strip()
    if body.startswith("{"):
        if not body.endswith("}"):
            raise MatcherError(f"{text!r}: a brace is opened and not closed")
        body = body[1:-1]
    found: list[Matcher] = []
    at = 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None:
            raise MatcherError(
                f'{text!r}: cannot be read from {body[at:]!r}; write name="value", != , =~ or !~'
            )
        found.append(_matcher(part))
        at = part.end()
    return tuple(found)


def _matcher(part: re.Match[str]) -> Matcher:
    name = part["name"] if part["quoted_name"] is None else _unescape(part["quoted_name"])
    value = part["bare"] if part["quoted"] is None else _unescape(part["quoted"])
    if part["op"] in {"=", "!="}:
        return Matcher(name, part["op"], value)
    return Matcher(name, part["op"], value, _compile(value))


def _unescape(text: str) -> str:
    r"""Only these three are escapes; any other backslash stays, so that `\d` needs no doubling."""
    return _ESCAPE.sub(lambda m: {"n": "\n"}.get(m[1], m[1]), text)


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as e:
        reason = e.args[0].decode() if isinstance(e.args[0], bytes) else e.args[0]
        raise MatcherError(f"{pattern!r} is no regular expression (RE2): {reason}") from None
