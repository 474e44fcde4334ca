"""The documentation as the tests read it: texts, tables, code blocks and links of the Markdown files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NONE = "\N{EN DASH}"
"""What stands in a cell that has nothing to say."""
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])

_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: what stands behind its fence, its text without indentation, and the line of the fence.

    Behind the fence stands the language, and for some a word more that says what the block is.
    """

    kind: str
    text: str
    line: int

    @property
    def is_fragment(self) -> bool:
        """Whether it begins in the middle of something: its first line is indented."""
        return self.text.startswith(" ")

    def tree(self) -> dict[str, Any]:
        """A whole YAML mapping; empty for everything else."""
        if self.kind.partition(" ")[0] != "yaml" or self.is_fragment:
            return {}
        found = yaml.safe_load(self.text)
        return found if isinstance(found, dict) else {}


def page(name: str) -> str:
    """The text of a page, named from the repository's root."""
    return (ROOT / name).read_text()


def everything() -> str:
    """The text of all pages."""
    return "\n".join(path.read_text() for path in PAGES)


def section(name: str, title: str) -> str:
    """What stands below a heading of a page, up to the next heading of the same level or a higher one."""
    text = page(name)
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert found, f"{name} has no heading {title!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def rows(text: str) -> list[tuple[str, ...]]:
    """The cells of every table row in the text, headings and rulers left out."""
    found: list[tuple[str, ...]] = []
    lines = text.splitlines()
    for i, line in enumerate(lines):
        is_head = i + 1 < len(lines) and lines[i + 1].startswith("| ---")
        if line.startswith("|") and not line.startswith("| ---") and not is_head:
            found.append(tuple(cell.strip() for cell in _CELL.split(line)[1:-1]))
    return found


def code(cell: str) -> list[str]:
    """Everything that stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a text."""
    for found in _FENCE.finditer(text):
        indent = len(found[1])
        body = "".join(line[indent:] for line in found[3].splitlines(keepends=True))
        yield Block(found[2], body, text.count("\n", 0, found.start()) + 1)


def prose(text: str) -> str:
    """A text without its fenced blocks."""
    return _FENCE.sub("", text)
