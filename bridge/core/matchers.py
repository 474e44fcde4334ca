"""Alertmanager's matcher syntax over label sets: `name="value"`, `!=`, `=~`, `!~`, anchored.

A label that is missing counts as empty, as it does in Alertmanager. Regular expressions are RE2, the
engine that Alertmanager itself uses: linear in the length of the label, whatever was sent. So is the reading of a
matcher: its own expression gives nothing back that it has taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import re2

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 16_384
"""Characters of one text of matchers; nobody writes more by hand, and reading takes no longer than they are many."""
MOST = 100
"""Matchers in one text."""
LONGEST_VALUE = 4096
"""Characters of a label that an expression looks at: as many as are kept of one. RE2 is linear, but a counted
repetition such as `.{500}` is that many times the length."""
SHOWN = 200
"""Characters of a text that an error quotes."""
# Every repetition is possessive: it gives nothing back, so that no text makes the reading go back and forth.
_PART = re.compile(
    r"""\s*+(?: "(?P<quoted_name>(?:[^"\\]|\\.)*+)" | (?P<name>[^\s"{}=!~,]++) )
        \s*+(?P<op>=~|!~|!=|=)
        \s*+(?: "(?P<quoted>(?:[^"\\]|\\.)*+)"\s*+ | (?P<bare>[^,{}"]*+) )
        (?:,|$)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r'\\([n"\\])')
_BARE = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
"""A name that every Alertmanager reads without quotes."""
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


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
        return (self.pattern.fullmatch(value[:LONGEST_VALUE]) is not None) == (self.op == "=~")


def parse(text: str) -> tuple[Matcher, ...]:
    """The matchers of one line, braces optional. Raises MatcherError."""
    if len(text) > LONGEST:
        raise MatcherError(f"{_shown(text)}: longer than {LONGEST} characters")
    body = text.strip()
    if body.startswith("{"):
        if not body.endswith("}"):
            raise MatcherError(f"{_shown(text)}: a brace is opened and not closed")
        body = body[1:-1]
    found: list[Matcher] = []
    at = 0
    while at < len(body):
        part = _PART.match(body, at)
        if part is None:
            raise MatcherError(
                f'{_shown(text)}: cannot be read from {_shown(body[at:])}; write name="value", != , =~ or !~'
            )
        if len(found) == MOST:
            raise MatcherError(f"{_shown(text)}: more than {MOST} matchers")
        found.append(_matcher(part))
        at = part.end()
    return tuple(found)


def written(name: str, value: str) -> str:
    """The text of the matcher for exactly this value of a label; `parse` reads it back."""
    shown = name if _BARE.fullmatch(name) else f'"{name.translate(_ESCAPED)}"'
    return f'{shown}="{value.translate(_ESCAPED)}"'


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def _matcher(part: re.Match[str]) -> Matcher:
    name = part["name"] if part["quoted_name"] is None else _unescape(part["quoted_name"])
    value = part["bare"].rstrip() if part["quoted"] is None else _unescape(part["quoted"])
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
        raise MatcherError(f"{_shown(pattern)} is no regular expression (RE2): {reason}") from None
