"""Links, headings and words of all pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml
from pages import DOCS, PAGES, ROOT, blocks, prose

if TYPE_CHECKING:
    from pathlib import Path

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(path.read_text()), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title) for title in titles)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in plain}


def links(path: Path) -> list[str]:
    return [link for link in _LINK.findall(prose(path.read_text())) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize(
    "path", PAGES, ids=lambda path: path.name if path.parent == ROOT else f"docs/{path.name}"
)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    broken = []
    for link in links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        is_page = target.suffix == ".md" and target.exists()
        if (
            not target.exists()
            or not target.is_relative_to(ROOT)
            or (anchor and is_page and anchor not in anchors(target))
        ):
            broken.append(link)
    assert not broken


def test_every_page_of_the_docs_is_in_the_index() -> None:
    index = {link.partition("#")[0] for link in links(DOCS / "README.md")}
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= index


def test_the_root_has_what_a_stranger_looks_for() -> None:
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"} <= {p.name for p in PAGES}
    assert len((ROOT / "README.md").read_text()) > 1000


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_yaml_and_json_of_the_docs_can_be_read(path: Path) -> None:
    for block in blocks(path.read_text()):
        if block.kind.split(" ")[0] in {"yaml", "json"} and not block.is_fragment:
            assert yaml.safe_load(block.text), f"{path.name}:{block.line}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_names_a_place_of_one_machine(path: Path) -> None:
    found = re.findall(r"(?<!\w)(?:/work/|/root/|/home/(?!me\b)\w+)|\bTODO\b|\bTBD\b", path.read_text())
    assert not found
