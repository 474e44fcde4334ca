"""Bytes from outside into plain values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.durations import duration
from bridge.model.errors import UnreadableError
from bridge.wire import reading
from bridge.wire.reading import MAX_TEXT, MAX_TEXTS, fingerprint, instant, number, read_json, texts


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"[NaN, Infinity, -Infinity, 1e999]", [None, None, None, None]),
        (b'"\\ud800"', "?"),
        (b'"a\xffb"', "a\ufffdb"),
        (b"\xef\xbb\xbf1", 1),
        (b"123456789012345678901234567890", 123456789012345678901234567890.0),
        (b"[NaN, " + b"9" * 5000 + b"]", [None, None]),
        (b"[NaN, 1, -2, 3.5, 1e3]", [None, 1, -2, 3.5, 1000]),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"null", None),
    ],
)
def test_json_is_read_as_far_as_it_goes(body, value):
    assert read_json(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{]",
        b"a=1",
        b"\xff\xfe",
        b"\0",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        "{}".encode("utf-16"),
        b"'a'",
        b"[1,]",
    ],
)
def test_what_is_no_json_says_so(body):
    with pytest.raises(UnreadableError, match="this is no JSON"):
        read_json(body)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1.0),
        (-2.5, -2.5),
        (True, 1.0),
        (False, 0.0),
        ("3.5", 3.5),
        (" 7 ", 7.0),
        ("1e3", 1000.0),
        ("NaN", None),
        ("+Inf", None),
        ("-Infinity", None),
        ("93.4%", None),
        ("1.2 GiB", None),
        ("1_000", None),
        ("", None),
        ("9" * 65, None),
        ("1e999", None),
        (math.inf, None),
        (math.nan, None),
        (10**400, None),
        (None, None),
        ([1], None),
        ({"value": 1}, None),
    ],
)
def test_numbers(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-20T10:00:00Z", 1795168800.0),
        ("2026-11-20T10:00:00.123456789Z", 1795168800.123456),
        ("2026-11-20T11:00:00+01:00", 1795168800.0),
        ("2026-11-20T10:00:00", 1795168800.0),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-23:59", 253402387139.0),
        ("yesterday", None),
        ("", None),
        (12, None),
        (None, None),
        ("2026-13-40T99:00:00Z", None),
        ("2026-11-20T10:00:00Z" * 1000, None),
    ],
)
def test_instants(text, seconds):
    assert instant(text) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": "b"}, {"a": "b"}),
        (
            {"a": 1, "b": True, "c": None, "d": [1, {"e": 2}], "f": 1.5},
            {"a": "1", "b": "true", "d": '[1,{"e":2}]', "f": "1.5"},
        ),
        ({"a": "x" * (MAX_TEXT + 9)}, {"a": "x" * MAX_TEXT}),
        (None, {}),
        ([], {}),
        ("a", {}),
    ],
)
def test_label_sets(value, expected):
    assert texts(value) == expected


def test_a_label_that_is_nested_deeper_than_can_be_written_is_a_text_too():
    assert texts(read_json(b'{"a":' + b"[" * 900 + b"]" * 900 + b"}")) == {"a": "(nested too deeply)"}


def test_a_label_set_is_bounded():
    assert len(texts({str(i): "x" for i in range(MAX_TEXTS * 2)})) == MAX_TEXTS


def test_fingerprints():
    assert fingerprint("0123456789abcdef", {}) == "0123456789abcdef"
    made = [
        fingerprint(None, {"a": "1", "b": "2"}),
        fingerprint("", {"a": "2", "b": "1"}),
        fingerprint(7, {"a": "1\0b\x012"}),
        fingerprint("x" * 65, {}),
        fingerprint("a\nb", {}),
        fingerprint("\ud800", {}),
        fingerprint(None, {"\ud800": "\udfff"}),
        fingerprint(None, {}),
    ]
    assert len(set(made)) == len(made)
    assert all(len(found) == 16 and found.isalnum() for found in made)
    assert fingerprint(None, {"b": "2", "a": "1"}) == made[0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1d", 86400),
        ("", None),
        ("90", None),
        ("-1s", None),
        ("1.5h", None),
        ("1 h", None),
        ("s", None),
        ("٣s", None),
    ],
)
def test_durations(text, seconds):
    assert duration(text) == seconds


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(body):
    try:
        read_json(body)
    except UnreadableError:
        return


def test_only_what_is_strict_json_may_be_large():
    """Reading leniently takes so long that a large body would keep everything else waiting."""
    for size in (1000, reading.LENIENT // 2 - 10):
        assert reading.read_json(b"[" + b"1," * size + b"NaN]")[-1] is None
    many = b"[" + b"1," * reading.LENIENT
    assert len(reading.read_json(many + b"1]")) == reading.LENIENT + 1
    with pytest.raises(UnreadableError, match="this is no JSON"):
        reading.read_json(many + b"NaN]")
