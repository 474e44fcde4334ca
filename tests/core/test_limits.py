"""Several cues of one sound together are about as loud as one."""

from __future__ import annotations

import pytest

from bridge.core.limits import SOFTEST, UNDER, Crowd, softer
from bridge.model.commands import Play


def cues(*sounds, dur=1.5):
    return [Play(f"e{i}", sound, {"vol": 1.0, "dur": dur}) for i, sound in enumerate(sounds)]


def test_one_alone_has_its_whole_level():
    crowd = Crowd()
    assert crowd.shares(cues("critical"), 0.0) == [1.0]
    assert crowd.shares(cues("critical"), 1.5) == [1.0]


def test_those_of_one_batch_share_the_level():
    found = Crowd().shares(cues("critical", "info", "critical", "critical"), 0.0)
    assert found == [1 / 3, 1.0, 1 / 3, 1 / 3]


def test_those_that_follow_while_others_sound_are_softer():
    crowd = Crowd()
    assert [crowd.shares(cues("warning"), 0.4 * i)[0] for i in range(5)] == [1, 1 / 3, 1 / 5, 1 / 7, 1 / 7]


def test_there_is_a_softest_and_a_bound():
    crowd = Crowd()
    assert set(crowd.shares(cues(*["critical"] * 10_000), 0.0)) == {SOFTEST}
    assert len(crowd._spans["critical"]) <= 32


def test_a_clock_that_goes_back_silences_nobody():
    crowd = Crowd()
    crowd.shares(cues("critical"), 1000.0)
    assert crowd.shares(cues("critical"), 0.0) == [1.0]


def test_softer_touches_the_level_alone():
    cue = Play("e1", "critical", {"freq": 880.0, "vol": 0.9, "dur": 2.0, "pan": 0.1}, "critical", "f")
    assert softer(cue, 1) is cue
    assert softer(cue, 1 / 3).params == pytest.approx({"freq": 880.0, "vol": 0.3, "dur": 2.0, "pan": 0.1})


def test_while_a_critical_sounds_others_are_softer():
    crowd = Crowd()
    alarm = Play("c", "critical", {"vol": 0.9, "dur": 2.0}, "critical")
    assert crowd.shares([*cues("warning"), alarm], 0.0) == [UNDER, 1.0]
    assert crowd.shares(cues("info"), 1.9) == [UNDER]
    assert crowd.shares(cues("info"), 3.5) == [1.0]
    assert crowd.shares([alarm], 100.0) == [1.0]
    assert crowd.shares(cues("info"), 10.0) == [1.0], "the clock went back"
