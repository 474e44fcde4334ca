"""Commands become bundles of bytes: nothing here needs SuperCollider."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from bridge.core.score import FX, GROUP, MIX, Stage, bundle, checked, message, score
from bridge.model.commands import Play, Release, Set


def _read(data: bytes) -> list[tuple[float, list[tuple[str, list]]]]:
    """A score as [(seconds, [(address, arguments)])]."""
    found = []
    while data:
        size = struct.unpack(">i", data[:4])[0]
        part, data = data[4 : 4 + size], data[4 + size :]
        seconds, fraction = struct.unpack(">II", part[8:16])
        messages = [(m.address, list(m.params)) for m in OscBundle(part)]
        found.append((seconds + fraction / 2**32, messages))
    return found


def _sent(messages: list[bytes]) -> list[tuple[str, list]]:
    return [(m.address, list(m.params)) for m in map(OscMessage, messages)]


def test_the_stage_is_raised_once_with_reverb_before_master():
    first = _read(score([], 1.0))[0]
    assert first[0] == 0
    assert [(address, args[0]) for address, args in first[1]] == [
        ("/g_new", GROUP),
        ("/s_new", "reverb"),
        ("/s_new", "master"),
    ]


def test_a_cue_is_a_node_with_every_control_as_a_float():
    at, messages = _read(score([(1.5, Play("a", "critical", {"pan": 0.5}))], 3.0))[1]
    assert at == 1.5
    address, args = messages[0]
    assert (address, args[0], args[3]) == ("/s_new", "critical", GROUP)
    pairs = dict(zip(args[4::2], args[5::2], strict=True))
    told = {"freq": 880.0, "vol": 0.9, "dur": 2.0, "pan": 0.5, "second": 0.0, "third": 0.0}
    assert pairs == pytest.approx({"out": MIX, "fx": FX} | told, abs=1e-6)
    assert all(isinstance(pairs[name], float) for name in ("freq", "vol", "dur", "pan"))


def test_a_voice_begins_once_is_set_and_ends():
    stage = Stage()
    began = _sent(stage.carry_out(Set("cpu", "cpu", {"freq": 500})))[0]
    moved = _sent(stage.carry_out(Set("cpu", "cpu", {"freq": 600})))[0]
    ended = _sent(stage.carry_out(Release("cpu")))[0]
    assert (began[0], moved[0], ended) == ("/s_new", "/n_set", ("/n_set", [began[1][1], "gate", 0.0]))
    assert moved[1][0] == began[1][1]
    assert stage.carry_out(Release("cpu")) == []


def test_an_id_that_changes_its_sound_lets_the_old_voice_go():
    stage = Stage()
    node = _sent(stage.carry_out(Set("x", "cpu")))[0][1][1]
    ended, began = _sent(stage.carry_out(Set("x", "memory")))
    assert ended == ("/n_set", [node, "gate", 0.0])
    assert began[1][0] == "memory"


def test_events_are_ordered_by_time_and_keep_their_order_within_one():
    events = [(2.0, Play("c", "info", {})), (1.0, Play("a", "critical", {})), (1.0, Play("b", "warning", {}))]
    names = [messages[0][1][0] for _, messages in _read(score(events, 3.0))[1:-1]]
    assert names == ["critical", "warning", "info"]


def test_the_last_entry_is_the_end():
    assert _read(score([], 2.25))[-1] == (2.25, [("/c_set", [0, 0.0])])


def test_the_same_events_give_the_same_bytes():
    events = [(0.0, Set("m", "memory", {"vol": 0.5})), (1.0, Play("a", "info", {}))]
    assert score(events, 2.0) == score(events, 2.0)


@pytest.mark.parametrize(
    ("sound", "params", "told"),
    [
        ("nope", {}, "no such sound"),
        ("critical", {"colour": 1.0}, "no control colour"),
        ("critical", {"freq": float("nan")}, "finite"),
        ("critical", {"freq": float("inf")}, "finite"),
        ("critical", {"vol": "loud"}, "finite"),
    ],
)
def test_what_cannot_sound_is_refused_with_words(sound, params, told):
    with pytest.raises(ValueError, match=told):
        checked(sound, params)


@pytest.mark.parametrize("at", [-1.0, 5.1])
def test_a_time_outside_the_score_is_refused(at):
    with pytest.raises(ValueError, match="outside"):
        score([(at, Play("a", "info", {}))], 5.0)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_number_ends_up_in_range(value):
    assert 20.0 <= checked("critical", {"freq": value})["freq"] <= 12000.0


@given(st.floats(min_value=0, max_value=1e6))
def test_a_time_tag_holds_its_seconds(at):
    assert _read(bundle(at, [message("/x")]))[0][0] == pytest.approx(at, abs=1e-9)
