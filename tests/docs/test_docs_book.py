"""The rule book's table and every example of a rule book in the docs, against the models and the reader."""

from __future__ import annotations

import pytest
from book_keys import table_rows
from pages import PAGES, ROOT, Block, blocks, code, page, rows, section

from bridge import config
from bridge.book import Book
from bridge.model.catalogue import SOUNDS
from bridge.sounds import Folder

KEYS = {field.alias or name for name, field in Book.model_fields.items()}


def examples() -> list[tuple[str, Block]]:
    """Every YAML block whose keys are the rule book's, with its page."""
    every = [(f"{path.name}:{block.line}", block) for path in PAGES for block in blocks(path.read_text())]
    return [(where, block) for where, block in every if block.tree() and block.tree().keys() <= KEYS]


def test_every_key_has_its_row() -> None:
    documented = [
        line for line in section("docs/configuration.md", "Every key").splitlines() if line.startswith("| `")
    ]
    expected = list(table_rows(Book))
    lacking = [line for line in expected if line not in documented]
    assert not lacking, "docs/configuration.md lacks:\n" + "\n".join(lacking)
    assert documented == expected


def test_every_key_stands_in_the_shipped_book() -> None:
    """Each key by its last name, be it as a comment."""
    text = page("bridge/pager.yml")
    names = {code(row)[0].rpartition(".")[2] for row in table_rows(Book)} - {"<name>", "<control>"}
    assert not [name for name in sorted(names) if f"{name}:" not in text]


def test_there_are_examples() -> None:
    assert len(examples()) > 8


@pytest.mark.parametrize(("where", "block"), examples(), ids=[where for where, _ in examples()])
def test_examples_are_good(where: str, block: Block) -> None:
    """An example leaves out what every rule book has."""
    tree = block.tree()
    text = "" if "version" in tree else "version: 1\n"
    text += "" if "alerts" in tree else "alerts: [{name: all}]\n"
    sounds = Folder(ROOT / "examples" / "own-sounds").sounds if block.kind == "yaml own" else SOUNDS
    assert config.parse((text + block.text).encode(), where, sounds)


def test_the_built_in_rules_are_told() -> None:
    told = [code(row[0])[0] for row in rows(section("docs/configuration.md", "Rules for alerts"))]
    assert told == [rule.name for rule in config.load(config.DEFAULT_BOOK).alerts]


def test_the_built_in_rules_do_what_is_told() -> None:
    """Each word of a row is taken by the row's rule, in capitals too."""
    book = config.load(config.DEFAULT_BOOK).compiled()
    for name, takes, _ in rows(section("docs/configuration.md", "Rules for alerts")):
        for word in code(takes):
            label, _, value = word.replace('"', "").rpartition("=")
            for text in (value,) if label == "alertname" else (value, value.upper()):
                assert book.alert_rule({label or "severity": text}).name == code(name)[0], word
    assert book.alert_rule({"severity": "whatever"}).name == "anything-else"
