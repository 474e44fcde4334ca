"""Alertmanager's matcher syntax: what it reads, what it refuses, what it matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.matchers import MatcherError, parse


def matches(text, **labels):
    return all(matcher.matches(labels) for matcher in parse(text))


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('severity="critical"', {"severity": "critical"}, True),
        ('severity="critical"', {"severity": "Critical"}, False),
        ('severity!="critical"', {"severity": "info"}, True),
        ('severity!="critical"', {"severity": "critical"}, False),
        ('team=~"a|b"', {"team": "b"}, True),
        ('team=~"a|b"', {"team": "ab"}, False),  # anchored at both ends
        ('team=~"a"', {"team": "xa"}, False),
        ('team=~"a"', {"team": "a\n"}, False),
        ('team=~"a.*"', {"team": "abc"}, True),
        ('team!~"a|b"', {"team": "c"}, True),
        ('team!~"a|b"', {"team": "a"}, False),
        ('team!~"a"', {"team": "xa"}, True),
        # A label that is missing counts as empty.
        ('team=""', {}, True),
        ('team!=""', {}, False),
        ('team!="a"', {}, True),
        ('team=~".*"', {}, True),
        ('team=~".+"', {}, False),
        ('team!~".+"', {}, True),
        ('team!~"a"', {}, True),
        # Several, in braces, with blanks, bare values and quoted names.
        ('{a="1", b="2"}', {"a": "1", "b": "2"}, True),
        ('{a="1", b="2"}', {"a": "1"}, False),
        ('{a="1",}', {"a": "1"}, True),
        ("{}", {"a": "1"}, True),
        ("", {"a": "1"}, True),
        ("  a =  1  ", {"a": "1"}, True),
        ("a=1,b!=2", {"a": "1", "b": "3"}, True),
        ("a=", {}, True),
        ('"label with blanks"="x"', {"label with blanks": "x"}, True),
        ('a="b,c=d"', {"a": "b,c=d"}, True),
        ('a="{}"', {"a": "{}"}, True),
        # Escapes: only a quote, a backslash and n.
        (r'a="x\"y"', {"a": 'x"y'}, True),
        (r'a="x\\y"', {"a": r"x\y"}, True),
        (r'a="x\ny"', {"a": "x\ny"}, True),
        (r'a=~"\d+"', {"a": "42"}, True),
        (r'a=~"x\.y"', {"a": "x.y"}, True),
        (r'a=~"x\.y"', {"a": "xzy"}, False),
        ('a=~"(?i:page)"', {"a": "PaGe"}, True),
        ('a="ü☃"', {"a": "ü☃"}, True),
        ('a=~"."', {"a": "☃"}, True),
    ],
)
def test_what_it_matches(text, labels, expected):
    assert matches(text, **labels) is expected


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "=",
        '="x"',
        '{a="1"',
        'a="1',
        'a=="1"',
        'a="1" b="2"',
        'a="1"x',
        'a=~"["',
        'a=~"(?=x)"',
        r'a=~"\1"',
        ",",
        'a{="1"',
        "a=b}",
    ],
)
def test_what_it_refuses_is_told_with_the_text(text):
    with pytest.raises(MatcherError) as error:
        parse(text)
    assert text in str(error.value) or "no regular expression (RE2)" in str(error.value)


@pytest.mark.parametrize(
    "evil", ["a" * 100_000, "a" * 100_000 + "!", "\0" * 100_000, "☃" * 100_000, "\n" * 100_000]
)
def test_hostile_labels_take_linear_time(evil):
    """Expressions that take a backtracking engine longer than the universe has lasted."""
    for pattern in ("(a+)+", "(a|aa)+", "(.*)*x", "([a-zA-Z]+)*$", "(a|a?)+b"):
        assert matches(f'x=~"{pattern}"', x=evil) in {True, False}


@given(st.text(max_size=30))
def test_any_value_can_be_written_and_matches_itself_alone(value):
    written = value.replace("\\", "\\\\").replace('"', '\\"')
    assert matches(f'x="{written}"', x=value)
    assert not matches(f'x="{written}"', x=value + "x")


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        parse(text)
    except MatcherError:
        return
