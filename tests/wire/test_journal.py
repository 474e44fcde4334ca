"""Journals: what is written is read again, what a person writes by hand suffices, what is wrong is told by its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.links import NAMES
from bridge.model.events import AlertEvent, MetricSample, Source, Status
from bridge.wire import journal
from bridge.wire.journal import Problem, line, read

TIMES = st.floats(min_value=0, max_value=journal.LATEST)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PRINTABLE = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=64)
LABELS = st.dictionaries(WORDS, WORDS, max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
URLS = st.sampled_from(["https://a.example/x", "http://[::1]:9090/graph?g0.expr=1#x"])
ALERTS = st.builds(
    AlertEvent,
    source=st.sampled_from(Source),
    fingerprint=PRINTABLE,
    status=st.sampled_from(Status),
    labels=LABELS,
    received=TIMES,
    annotations=LABELS,
    starts_at=st.none() | TIMES,
    ends_at=st.none() | TIMES,
    value=st.none() | NUMBERS,
    one_shot=st.booleans(),
    retained=st.booleans(),
    expires_at=st.none() | TIMES,
    raw=st.dictionaries(WORDS, JSON, max_size=4),
    links=st.dictionaries(st.sampled_from(NAMES), URLS, max_size=3),
)
SAMPLES = st.builds(
    MetricSample,
    source=st.sampled_from(Source),
    type=PRINTABLE,
    value=NUMBERS,
    received=TIMES,
    labels=LABELS,
    at=st.none() | TIMES,
)


def told(**fields):
    """What a line of these fields gives."""
    [(number, found)] = read([json.dumps(fields).encode()], "a.jsonl")
    assert number == 1
    return found


@given(st.lists(ALERTS | SAMPLES, max_size=5))
def test_what_is_written_is_read_again(events):
    lines = [line(event) for event in events]
    assert all(text.endswith(b"\n") and text.count(b"\n") == 1 for text in lines)
    assert list(read(lines, "x")) == list(enumerate(events, 1))


def test_an_alert_by_hand_needs_status_and_labels():
    event = told(t=5, kind="alert", status="firing", labels={"severity": "critical"})
    assert isinstance(event, AlertEvent)
    assert (event.received, event.status, event.labels) == (5.0, Status.FIRING, {"severity": "critical"})
    assert event.source is Source.ALERTMANAGER
    assert event.fingerprint == told(t=9, kind="alert", status="resolved", labels=event.labels).fingerprint
    assert event.fingerprint != told(t=5, kind="alert", status="firing", labels={}).fingerprint


def test_a_sample_by_hand_needs_type_and_value():
    expected = MetricSample(Source.HTTP, "cpu", 0.5, 7.25)
    assert told(t=7.25, kind="sample", type="cpu", value=0.5) == expected


def test_a_time_may_be_written_as_people_write_it():
    event = told(t="2026-01-02T03:04:05Z", kind="sample", type="cpu", value=1)
    assert event.received == 1767323045.0


def test_a_link_that_is_none_is_left_out_and_loses_no_line():
    links = {
        "source": "https://a.example/",
        "runbook": "javascript:alert(1)",
        "panel": 7,
        "other": "https://a.example/",
    }
    event = told(t=5, kind="alert", status="firing", labels={}, links=links)
    assert event.links == {"source": "https://a.example/"}


def test_keys_of_a_later_version_are_ignored():
    assert isinstance(told(t=1, kind="sample", type="cpu", value=1, colour="blue"), MetricSample)


def test_blank_lines_count_and_a_bad_line_takes_no_other_with_it():
    good = b'{"t": 1, "kind": "sample", "type": "cpu", "value": 1}'
    found = list(read([b"\xef\xbb\xbf" + good + b"\r\n", b" \r\n", b"{half", good], "x.jsonl"))
    assert [number for number, _ in found] == [1, 3, 4]
    assert isinstance(found[1][1], Problem)
    assert found[1][1].text.startswith("x.jsonl:3: ")
    assert isinstance(found[0][1], MetricSample)
    assert found[0][1] == found[2][1]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"t": 1}, '"kind" is "alert" or "sample", this is nothing'),
        ({"t": 1, "kind": ["alert"]}, '"kind" is "alert" or "sample", this is a list'),
        ({"kind": "sample"}, '"t" and "type" and "value" must be there for samples; add it'),
        ({"t": 1, "kind": "alert", "status": "firing"}, '"labels" must be there for alerts; add it'),
        ({"t": 1, "kind": "alert", "status": "on", "labels": {}}, "\"status\" is \"firing\" or \"resolved\", this is 'on'"),
        ({"t": 1, "kind": "alert", "status": "firing", "labels": "x"}, "\"labels\" is an object of names and texts, this is 'x'"),
        ({"t": "soon", "kind": "sample", "type": "cpu", "value": 1}, "\"t\" is unix seconds (not milliseconds) or an RFC 3339 time, this is 'soon'"),
        ({"t": 1.7e12, "kind": "sample", "type": "cpu", "value": 1}, '"t" is unix seconds (not milliseconds) or an RFC 3339 time, this is 1700000000000.0'),
        ({"t": True, "kind": "sample", "type": "cpu", "value": 1}, '"t" is a finite number, this is True'),
        ({"t": 1, "kind": "sample", "type": "", "value": 1}, "\"type\" is a text of 1 to 64 characters, this is ''"),
        ({"t": 1, "kind": "sample", "type": "cpu", "value": "1"}, "\"value\" is a finite number, this is '1'"),
        ({"t": 1, "kind": "sample", "type": "cpu", "value": float("nan")}, '"value" is a finite number, this is nothing'),
        ({"t": 1, "kind": "sample", "type": "cpu", "value": 1, "source": "x"}, '"source" is one of alertmanager, '),
        ({"t": 1, "kind": "alert", "status": "firing", "labels": {}, "one_shot": 1}, '"one_shot" is true or false, this is 1'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(fields, words):
    problem = told(**fields)
    assert isinstance(problem, Problem)
    assert problem.text.startswith(f"a.jsonl:1: {words}")


@pytest.mark.parametrize("text", [b"5", b"[" * 900 + b"]" * 900, b"\x00\xff", b"x" * (journal.MAX_LINE + 1)])
def test_what_is_no_object_is_a_problem(text):
    [(_, found)] = read([text], "x")
    assert isinstance(found, Problem)
    assert len(found.text) < 200


def test_labels_and_values_of_any_depth_are_short_in_a_problem():
    deep = b'{"t": 1, "kind": "sample", "type": ' + b"[" * 900 + b"]" * 900 + b', "value": 1}'
    [(_, found)] = read([deep], "x")
    assert found == Problem('x:1: "type" is a text of 1 to 64 characters, this is a list')


def test_what_was_sent_is_left_out_when_it_is_nested_too_deeply_to_be_written():
    deep: dict = {}
    for _ in range(300):
        deep = {"a": deep}
    event = AlertEvent(Source.HTTP, "f", Status.FIRING, {}, 1.0, raw=deep)
    [(_, found)] = read([line(event)], "x")
    assert isinstance(found, AlertEvent)
    assert (found.fingerprint, found.raw) == ("f", {})


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_problem(data):
    for _, found in read([data], "x"):
        assert isinstance(found, AlertEvent | MetricSample | Problem)
