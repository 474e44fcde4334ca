"""Every reader of bytes from outside, given what was once good and is broken somewhere: only documented errors.

`make fuzz` goes on for longer, and writes what it finds into tests/fixtures/fuzz/bytes/<reader>; `make test` reads all that lies
there again.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lab.fuzz import FIXTURES, LONG, fuzzing

from bridge import config
from bridge.core import durations, matchers
from bridge.core.topics import TopicRule
from bridge.model.commands import Play
from bridge.model.errors import ConfigError, UnreadableError
from bridge.model.events import AlertEvent, MetricSample, Rejected
from bridge.wire import journal, osc, synthdef, topics, webhooks
from bridge.wire.reading import moment, number
from bridge.wire.topics import Message

pytestmark = pytest.mark.timeout(0 if LONG else 120)

NOW = 1_800_000_000.0
ROOT = Path(__file__).parents[2]
RULES = (
    TopicRule("zigbee/+", "alert", ("contact",), on=(False,), off=(True,), labels={"service": "{2}"}),
    TopicRule("tele/+/SENSOR", "metric", ("DS18B20", "0"), type="{2}"),
    TopicRule("free/#", "alert"),
)
TOPICS = ("alerts/critical", "alerts/a/b", "metrics/cpu", "zigbee/door", "tele/x/SENSOR", "free/x", "other")


def events(found):
    for event in found:
        assert isinstance(event, AlertEvent | MetricSample | Rejected)
        if isinstance(event, MetricSample):
            assert math.isfinite(event.value)
        elif isinstance(event, AlertEvent):
            assert event.value is None or math.isfinite(event.value)
            assert 0 < len(event.fingerprint) <= 64
            assert event.fingerprint.isprintable()
            topics.alert_message(event, "info", "b")
            assert journal.line(event).endswith(b"\n")


def of_webhook(content):
    for reader in (webhooks.alerts, webhooks.samples):
        try:
            events(reader(content, NOW))
        except UnreadableError as e:
            assert str(e)  # noqa: PT017 # the error is the other good answer


def of_topics(content):
    for topic in TOPICS:
        for retained in (False, True):
            message = Message(topic, content, retained)
            events(topics.decode(message, RULES, NOW))
            assert isinstance(topics.origin(message), str)


def of_journal(content):
    for line, found in journal.read(content.split(b"\n"), "f"):
        if isinstance(found, journal.Problem):
            assert str(found.text).startswith(f"f:{line}: ")
        else:
            events([found])
            assert isinstance(next(journal.read([journal.line(found)], "f"))[1], type(found)), "and again"


def of_matchers(content):
    text = content.decode("utf-8", "replace")
    try:
        found = matchers.parse(text)
    except matchers.MatcherError:
        return
    for matcher in found:
        assert matcher.matches({}) in {True, False}
        assert matcher.matches({matcher.name: text}) in {True, False}


def of_book(content):
    try:
        config.parse(content, "f.yml").compiled()
    except ConfigError as e:
        found = e.problems or ["no problem is named"]
        assert all(problem.startswith("f.yml") for problem in found)


def of_engine(content):
    found = osc.answer(content)
    assert found is None or isinstance(found, osc.Hello | osc.Ack | osc.Stats)


def of_synthdef(content):
    try:
        synthdef.read(content)
    except ValueError as e:
        assert str(e)  # noqa: PT017 # what it says counts


def of_words(content):
    text = content.decode("utf-8", "replace")
    found = durations.duration(text)
    assert found is None or found >= 0
    for read in (number(text), moment(text, NOW)):
        assert read is None or math.isfinite(read)


READERS = {
    reader.__name__: reader
    for reader in (
        of_webhook, of_topics, of_journal, of_matchers, of_book, of_engine, of_synthdef, of_words
    )
}  # fmt: skip
BOOK = config.DEFAULT_BOOK.read_bytes()
GOOD = {
    "of_webhook": [*(f.read_bytes() for f in sorted((ROOT / "tests/fixtures/webhooks").glob("*.json"))),
                   b'[{"type": "cpu", "value": 0.5, "labels": {"a": "b"}, "timestamp": 1800000000}]'],
    "of_topics": [b'{"alert": {"labels": {"a": "b"}, "status": "firing"}, "value": 1}', b'{"alerts": [{}]}', b"0.5",
                  b'{"DS18B20": [21.5]}', b'{"contact": false}', b"ON"],
    "of_journal": [b'{"t": 1760000000, "kind": "alert", "status": "firing", "labels": {"alertname": "A"}, "value": 1}\n',
                   b'{"t": "2026-01-01T00:00:00Z", "kind": "sample", "type": "cpu", "value": 0.93, "labels": {}}'],
    "of_matchers": [b'{severity="critical",service=~"a|b.*","quoted name"!~"x\\"y\\n"}', b"a!=b, c=~[a-z]{2,5}"],
    "of_book": [BOOK, BOOK[:900], b"version: 1\nalerts: [{name: a, match: ['a=\"b\"'], sound: critical}]\nquiet_hours: {from: '22:00', to: '07:00', zone: Europe/Berlin}\n"],
    "of_engine": [osc.command(Play("e1", "critical", {"freq": 880.0, "vol": 0.9, "dur": 2.0}), "s", 7), osc.hello("s"), osc.stats()],
    "of_synthdef": [min((ROOT / "supercollider/compiled").glob("*.scsyndef")).read_bytes()],
    "of_words": [b"90s", b"1h30m", b"2026-01-31T09:00:00Z", b"1e308", b"-0x1p3"],
}  # fmt: skip
PIECES = st.one_of(
    st.binary(max_size=6),
    st.sampled_from(
        [b"null", b"NaN", b"-1e999", b"[" * 2000, b"{", b'"', b"\\ud800", b"\xff\xfe", b"\0", b"9" * 400]
    ),
    st.sampled_from(
        [b"&a [*a]", b"<<: *a", b"!!python/object:x", b"=~", b"(?P<", b"\\", b"\n", b": ", b"- "]
    ),
)


@st.composite
def broken(draw, good):
    """One of the good ones with a few bytes taken out, put in or said twice."""
    content = bytearray(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(0, 4))):
        at, to = sorted((draw(st.integers(0, len(content))), draw(st.integers(0, len(content)))))
        match draw(st.sampled_from(["put", "cut", "twice", "end"])):
            case "put":
                content[at:at] = draw(PIECES)
            case "cut":
                del content[at : min(to, at + 30)]
            case "twice":
                content[at:at] = content[at : min(to, at + 200)]
            case _:
                del content[to:]
    return bytes(content)


@pytest.mark.parametrize("name", READERS)
def test_what_is_broken_somewhere(name):
    @fuzzing(15 if name == "of_book" else 120)
    @given(st.one_of(broken(GOOD[name]), st.binary(max_size=80)))
    def one(content):
        try:
            READERS[name](content)
        except BaseException:
            if LONG:  # the last and smallest stays
                folder = FIXTURES / "bytes" / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / hashlib.sha256(name.encode()).hexdigest()[:8]).write_bytes(content)
            raise

    one()


@pytest.mark.parametrize("name", READERS)
def test_what_is_good_is_read(name):
    for content in GOOD[name]:
        READERS[name](content)


KEPT = sorted(file for file in (FIXTURES / "bytes").glob("*/*") if file.is_file())


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}-{file.name}")
def test_what_was_found_before(file):
    READERS[file.parent.name](file.read_bytes())
