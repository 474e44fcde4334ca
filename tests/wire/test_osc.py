"""Commands as datagrams, read back with python-osc; answers of an engine, and of anybody else."""

from __future__ import annotations

import logging
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge import config
from bridge.core.engine import Engine
from bridge.core.voices import Voices
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Play, Release, Set
from bridge.model.events import AlertEvent, MetricSample, Source, Status
from bridge.wire import osc

NOW = 1_800_000_000.0
BOOK = config.load(config.DEFAULT_BOOK).compiled()


def read(datagram):
    """[address, arguments], floats rounded as float32 leaves them."""
    message = OscMessage(datagram)
    return [message.address, *(round(p, 5) if isinstance(p, float) else p for p in message.params)]


def build(address, *arguments):
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


FULL = {"freq": 880.0, "vol": 0.9, "dur": 2.0, "pan": -0.25}


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (
            Play("e1", "critical", FULL, "critical"),
            ["/alert", 880, 0.9, 2, "critical", "pan", -0.25, "id", "e1"],
        ),
        (
            Play("e1", "warning", FULL, "warning"),
            ["/alert", 880, 0.9, 2, "warning", "pan", -0.25, "id", "e1"],
        ),
        (Play("e1", "info", FULL, "info"), ["/alert", 880, 0.9, 2, "info", "pan", -0.25, "id", "e1"]),
        (
            Play("e2", "resolved", FULL, "critical"),
            ["/resolved", 880, 0.9, 2, "critical", "pan", -0.25, "id", "e2"],
        ),
        (Play("h1", "heartbeat", FULL), ["/heartbeat", 880, 0.9, 2, "info", "pan", -0.25, "id", "h1"]),
        (
            Set("cpu", "cpu", {"freq": 660.0, "vol": 0.5, "pan": 0.0}),
            ["/cpu", 660, "vol", 0.5, "pan", 0, "id", "cpu"],
        ),
        (Set("memory", "memory", {"vol": 0.55, "pan": 0.1}), ["/memory", 0.55, "pan", 0.1, "id", "memory"]),
        (
            Set("t:ab", "metric", {"freq": 220.0, "vol": 0.3, "pan": 0.0}),
            ["/metric", 220, 0.3, 0, "t", "pan", 0, "id", "t:ab"],
        ),
        (
            Set("ambient", "ambient", {"freq": 220.0, "vol": 0.3}),
            ["/ambient", 220, 0.3, 0, "ambient", "id", "ambient"],
        ),
        (Release("cpu"), ["/release", "id", "cpu"]),
    ],
)
def test_every_row_of_the_contract(command, sent):
    assert read(osc.command(command)) == sent
    assert read(osc.command(command, "s1", 7)) == [*sent, "session", "s1", "seq", 7]


@pytest.mark.parametrize(
    ("severity", "head"),
    [
        ("critical", [880, 0.9, 2.0]),
        ("warning", [660, 0.7, 1.5]),
        ("info", [440, 0.5, 1.0]),
        ("page", [880, 0.9, 2.0]),
        ("?", [440, 0.5, 1.0]),
    ],
)
def test_the_head_of_an_alert_is_that_of_the_first_design(severity, head):
    event = AlertEvent(Source.ALERTMANAGER, "f", Status.FIRING, {"severity": severity}, NOW)
    verdict = Engine(BOOK).alert(event, "e1", NOW)
    address, *arguments = read(osc.command(verdict.play))
    assert (address, arguments[:3], arguments[3]) == ("/alert", pytest.approx(head), verdict.severity)


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("cpu", 0.0, ["/cpu", 440]),
        ("cpu", 0.25, ["/cpu", 550]),
        ("cpu", 1.0, ["/cpu", 880]),
        ("memory", 0.0, ["/memory", 0.1]),
        ("memory", 0.5, ["/memory", 0.55]),
        ("memory", 1.0, ["/memory", 1.0]),
    ],
)
def test_the_heads_of_cpu_and_memory_are_those_of_the_first_design(kind, value, sent):
    command = Voices(BOOK).sample(MetricSample(Source.HTTP, kind, value, NOW), NOW).command
    assert read(osc.command(command))[:2] == [sent[0], pytest.approx(sent[1])]


def test_questions():
    assert read(osc.hello("s1")) == ["/hello", "session", "s1", "proto", 1]
    assert read(osc.stats()) == ["/stats"]


@pytest.mark.parametrize(
    ("datagram", "answer"),
    [
        (
            build("/hello", "session", "s", "boot", "b", "driver", "dummy", "defs", 9),
            osc.Hello("s", "b", "dummy", 9),
        ),
        (build("/hello", "defs", 9, "boot", "b"), osc.Hello("", "b", "host", 9)),
        (build("/hello", "boot", b"\x01\x02"), osc.Hello("", "0102", "host", 0)),
        (build("/hello", "boot", "b", "defs", math.nan), osc.Hello("", "b", "host", 0)),
        (build("/hello", "boot", "b", "defs", math.inf), osc.Hello("", "b", "host", 0)),
        (build("/hello", "boot", "b", "defs", "many"), osc.Hello("", "b", "host", 0)),
        (build("/hello", "session", "s"), None),
        (build("/ack", "s", 7, "played"), osc.Ack("s", 7, "played")),
        (build("/ack", "s", 7), None),
        (build("/ack", "s", "7", "played"), None),
        (build("/ack", "s", 7.0, "played"), None),
        (build("/stats", "received", 3, "cpu", 0.5), osc.Stats({"received": 3, "cpu": 0.5})),
        (build("/stats", "received", math.inf, "cpu", "x", "odd"), osc.Stats({"received": 0, "cpu": 0})),
        (build("/alert", 1.0), None),
        (build("/hello/x", "boot", "b"), None),
        (b"", None),
        (b"/ack", None),
        (b"#bundle\0" + bytes(8), None),
        (b"/ack\0\0\0\0," + b"[" * 2000 + b"\0\0\0\0", None),
    ],
)
def test_answers(datagram, answer):
    assert osc.answer(datagram) == answer


def test_a_stranger_writes_no_line_into_the_log(caplog):
    with caplog.at_level(logging.DEBUG):
        for kind in b"!cSmrTFNI[]Q\x1b":
            osc.answer(b"/ack\0\0\0\0," + bytes([kind]) + b"\0\0" + bytes(16))
    assert caplog.records == []


ANSWERS = [
    build("/hello", "session", "s", "boot", "b", "driver", "host", "defs", 3),
    build("/ack", "s", 1, "played"),
    build("/stats", "received", 3, "cpu", 1.5),
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(ANSWERS),
    st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=6),
    st.integers(0, 90),
)
def test_a_damaged_answer_raises_nothing(datagram, changes, length):
    damaged = bytearray(datagram)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    osc.answer(bytes(damaged[:length]))


WORDS = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=20
)
NUMBERS = st.floats(-1e6, 1e6, width=32)


@given(st.sampled_from(sorted(SOUNDS)), WORDS, st.data(), st.integers(1, 0x7FFFFFFF))
def test_every_command_reads_back_as_what_it_was(sound, ident, data, seq):
    controls = {c.name: data.draw(NUMBERS) for c in SOUNDS[sound].controls}
    command = (
        Play(ident, sound, controls, "warning")
        if SOUNDS[sound].kind == "cue"
        else Set(ident, sound, controls)
    )
    message = OscMessage(osc.command(command, "s", seq))
    address, arguments = message.address, list(message.params)
    head = {"cpu": ["freq"], "memory": ["vol"]}.get(sound, ["freq", "vol", "dur"])
    assert arguments[: len(head)] == [controls.get(name, 0.0) for name in head]
    rest = arguments[len(head) + (len(head) == 3) :]
    pairs = dict(zip(rest[::2], rest[1::2], strict=True))
    others = {name: value for name, value in controls.items() if name not in head}
    assert pairs == others | {"id": ident, "session": "s", "seq": seq}
    assert address == ("/alert" if sound in {"critical", "warning", "info"} else f"/{sound}")


def test_alert_names_the_cue_that_a_rule_chose():
    found = OscMessage(osc.command(Play("e1", "warning", {"freq": 660.0}, "critical")))
    assert (found.address, found.params[3]) == ("/alert", "warning")
    found = OscMessage(osc.command(Play("e1", "resolved", {"freq": 330.0}, "critical")))
    assert (found.address, found.params[3]) == ("/resolved", "critical")
