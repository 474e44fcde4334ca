"""The rule book: the shipped one, its examples, and every mistake with its exact message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge import config
from bridge.book import Book
from bridge.model.errors import ConfigError

BAD = sorted((Path(__file__).parent / "fixtures" / "config").glob("bad-*.yml"))
SHIPPED = config.DEFAULT_BOOK.read_text()


def problems(text):
    with pytest.raises(ConfigError) as error:
        config.parse(text if isinstance(text, bytes) else text.encode(), "f.yml")
    return error.value.problems


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_every_mistake_is_told_with_file_line_and_key(path):
    with pytest.raises(ConfigError) as error:
        config.parse(path.read_bytes(), path.name)
    assert str(error.value) == path.with_suffix(".txt").read_text().rstrip("\n")
    for problem in error.value.problems:
        assert re.match(rf"{re.escape(path.name)}:\d+: ", problem)
        assert "\n" not in problem


def test_there_are_mistakes_to_look_at():
    assert len(BAD) > 40
    assert {p.stem for p in BAD} == {p.stem for p in BAD[0].parent.glob("bad-*.txt")}


def test_the_shipped_book_is_valid_and_says_what_the_defaults_are():
    shipped = config.load(config.DEFAULT_BOOK)
    bare = Book.model_validate({"version": 1, "alerts": [{"name": "x"}]})
    for key in (
        "alert_scale",
        "identity",
        "who",
        "subject_without",
        "limits",
        "osc",
        "mqtt",
        "expect",
        "cadence",
    ):
        assert getattr(shipped, key) == getattr(bare, key), key


def uncommented(text):
    """Every example of the shipped book in force."""
    text = re.sub(r"^( *)# (user|password_file|tls|quiet_hours): ", r"\1\2: ", text, flags=re.MULTILINE)
    for key in ("who: {}", "expect: []", "cadence: {}", "  topics: []"):
        before, _, after = text.partition(f"{key}\n")
        example = re.match(r"( *#  .*\n?)+", after)[0]
        text = before + key.partition(":")[0] + ":\n" + example.replace("#  ", "  ") + after[len(example) :]
    return text


def test_the_examples_of_the_shipped_book_are_valid_when_uncommented():
    text = uncommented(SHIPPED)
    book = config.parse(text.encode(), "pager.yml")
    assert len(book.mqtt.topics) == SHIPPED.count("- filter:")
    assert len(book.mqtt.topics) >= 5
    assert book.mqtt.user
    assert book.mqtt.password_file
    assert book.mqtt.tls.ca
    assert book.who["search"].motif
    assert book.quiet_hours
    assert len(book.expect) == 2
    assert book.cadence.digest_every
    assert {rule.kind for rule in book.topics()} == {"alert", "metric"}


def test_every_key_of_a_book_is_in_the_shipped_one():
    """What is not shown there is not found by anybody."""
    schema = Book.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    for name in {key for model in models for key in model["properties"]}:
        assert re.search(rf"\b{name}:|{{{name}:|, {name}: ", SHIPPED), name


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(
        ConfigError, match=r"none\.yml: cannot be read .* name a rule book, here or in PAGER_CONFIG"
    ):
        config.load(tmp_path / "none.yml")
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [b"\0", bytes(range(256)), b"version: " + b"9" * 6000, b"\xff\xfe\xfa", b"#" * (config.MAX_BYTES + 1)],
)
def test_what_is_no_text_is_one_problem_on_one_line(text):
    (problem,) = problems(text)[:1]
    assert problem.startswith("f.yml")
    assert "\n" not in problem


def test_hostile_yaml_ends_soon_and_not_the_program():
    """A hundred thousand brackets overflow libyaml's stack; ten aliases of ten aliases are 10^9 nodes."""
    assert "nested deeper" in problems(b"[" * 100_000)[0]
    assert "nested deeper" in problems(b"{a: " * 100_000)[0]
    bomb = "a: &a [x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert len(problems(bomb)) == 11
    assert problems("version: 1\nalerts: [{name: a}]\nwho: &w {x: *w}\n")


def test_a_value_is_not_echoed_whole():
    (problem,) = problems("version: 1\nalert_scale: " + "x" * 5000 + "\nalerts: [{name: a}]")
    assert len(problem) < 200


def test_merged_keys_are_allowed_and_their_mistakes_are_found():
    text = "version: 1\nalerts:\n  - &d {name: a, severity: critical}\n  - {<<: *d, name: b}\n"
    assert [rule.severity for rule in config.parse(text.encode(), "x").alerts] == ["critical", "critical"]
    assert "unknown key" in problems(text.replace("name: b", "nome: b"))[0]


def test_the_bare_words_on_and_off_are_keys():
    text = "version: 1\nalerts: [{name: a}]\nmqtt: {topics: [{filter: a, as: alert, on: [ON, 1, true], off: [OFF]}]}"
    (rule,) = config.parse(text.encode(), "x").topics()
    assert (rule.on, rule.off) == (("ON", 1, True), ("OFF",)) or rule.on == (True, 1, True)


def test_a_prefix_ends_with_a_slash():
    text = "version: 1\nalerts: [{name: a}]\nmqtt: {prefix: site-a}"
    assert config.parse(text.encode(), "x").mqtt.prefix == "site-a/"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_book_or_problems(text):
    assert problems(text)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 100), st.floats(), st.text(max_size=5), st.sampled_from(["critical", "cpu", "metric", "a=~b"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=4), st.integers(0, 3), st.sampled_from(["name", "params", "freq", "out", "in", "topics", "filter"])), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(Book.model_fields)), VALUES)
def test_any_value_of_any_key_is_taken_or_named(key, value):
    tree = {"version": 1, "alerts": [{"name": "a"}]} | {key: value}
    text = yaml.safe_dump(tree, allow_unicode=True)
    found = []
    try:
        config.parse(text.encode("utf-8", "replace"), "f.yml")
    except ConfigError as e:
        found = e.problems or ["no problem is named"]
    assert all(problem.startswith("f.yml") for problem in found)


@pytest.mark.parametrize("key", ["a[0]", "float", "ScaleModel", "[", "m ['a=\"b\"']"])
def test_an_unknown_key_may_be_called_anything(key):
    """Found by fuzzing: such a key was taken for pydantic's word for a branch, and brought the reader down."""
    tree = {"version": 1, "alerts": [{"name": "a", key: 1}], key: 1}
    found = problems(yaml.safe_dump(tree))
    assert len(found) == 2
    assert all(key in problem and "unknown key" in problem for problem in found)
