"""Nothing that a cue is told keeps it for ever, clips, or harms what sounds after it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from lab import measure, renders
from lab.patterns import PATTERNS

from bridge.core.score import FX, GROUP, MIX, Stage, bundle, checked, message, score
from bridge.model.catalogue import SOUNDS, Sound
from bridge.model.commands import Command, Play, Set

pytestmark = pytest.mark.system

CUES = [SOUNDS[sound] for sound in PATTERNS]
VOICES = [sound.id for sound in SOUNDS.values() if sound.kind == "voice"]


def _all(sounds: list[str], at: float = 0.1, **params: float) -> list[tuple[float, list[bytes]]]:
    stage = Stage()
    stage.raise_()
    return [(at, stage.carry_out(Play(sound, sound, params))) for sound in sounds]


def _extremes(sound: Sound) -> list[dict[str, float]]:
    """Every control at either end of its range, all the others at their defaults; then all at one end."""
    ends = [{c.name: value} for c in sound.controls for value in (c.low, c.high) if c.name != "dur"]
    together = [
        {c.name: getattr(c, end) for c in sound.controls if c.name != "dur"} for end in ("low", "high")
    ]
    return [*ends, *together, *({**full, "dur": 0.05} for full in ({}, *together))]


@pytest.mark.parametrize("count", [0.0, 5.0])
def test_after_a_cue_its_node_is_gone(count):
    sounds = list(PATTERNS)
    longest = max(sound.control("dur").default for sound in CUES)
    steps = _all([s for s in sounds if s != "digest"])
    stage = Stage()
    stage.raise_()
    digest = [message("/s_new", "digest", 5000, 0, GROUP, "out", MIX, "fx", FX, "count", count)]
    during, after = renders.standing([*steps, (0.1, digest)], [0.15, 0.1 + longest + 0.05])
    assert sorted(during) == sorted(sounds)
    assert after == []


@pytest.mark.parametrize("dur", [0.05, 0.5, 30.0])
def test_after_a_cue_of_any_length_its_node_is_gone(dur):
    during, after = renders.standing(_all(list(PATTERNS), dur=dur), [0.11, 0.1 + dur + 0.05])
    assert sorted(during) == sorted(PATTERNS)
    assert after == []


def test_a_cue_that_is_released_ends_at_once():
    ended = [message("/n_set", GROUP, "gate", 0.0)]
    before, after = renders.standing([*_all(list(PATTERNS)), (0.2, ended)], [0.19, 0.25])
    assert sorted(before) == sorted(PATTERNS)
    assert after == []


@pytest.mark.parametrize("sound", CUES, ids=lambda sound: sound.id)
def test_the_ends_of_the_ranges_do_no_harm(sound):
    """One after another; in the end there is silence again."""
    every = sound.control("dur").default + 0.3
    plays = [(i * every, Play(str(i), sound.id, params)) for i, params in enumerate(_extremes(sound))]
    x, rate = renders.played(plays, len(plays) * every + 4)
    assert np.isfinite(x).all()
    assert measure.true_peak(x) <= -1
    assert np.abs(x[-rate // 2 :]).max() == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "loud", None])
def test_what_is_no_number_is_refused(value):
    for sound in CUES:
        for control in sound.controls:
            with pytest.raises(ValueError, match=f"{sound.id}: {control.name} must be a finite number"):
                checked(sound.id, {control.name: value})


@pytest.mark.parametrize("value", [1e30, -1e30])
def test_what_is_out_of_range_is_brought_to_its_end(value):
    for sound in CUES:
        for control in sound.controls:
            assert checked(sound.id, {control.name: value})[control.name] in (control.low, control.high)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
@pytest.mark.parametrize("control", ["freq", "vol", "pan"])
def test_a_bad_number_that_gets_through_harms_nothing_that_sounds_later(control, value):
    """Sent to the server itself, past every check: reverb and master must be clean again when it has ended."""
    stage = Stage()
    bad = message("/s_new", "info", 5000, 0, GROUP, "out", MIX, "fx", FX, "dur", 0.2, control, value)
    setup = bundle(0, stage.raise_()) + bundle(0.1, [bad])
    good = bundle(8, stage.carry_out(Play("a", "critical", {})))
    x, rate = renders.rendered(setup + good + bundle(11, [message("/c_set", 0, 0.0)]))
    assert np.abs(x).max() < 0.9
    assert np.abs(x[6 * rate : 8 * rate]).max() == 0
    clean, _ = renders.wet("critical")
    assert measure.momentary(x[int(7.8 * rate) :], rate) == pytest.approx(
        measure.momentary(clean, rate), abs=0.1
    )


def test_sixty_four_cues_and_voices_at_full_level_do_not_clip():
    sounds = itertools.islice(itertools.cycle([*PATTERNS, *VOICES]), 64)
    commands: list[Command] = [
        (Play if s in PATTERNS else Set)(f"{s}{i}", s, {"vol": 1.0}) for i, s in enumerate(sounds)
    ]
    voices = [(0.0, command) for command in commands if isinstance(command, Set)]
    cues = [(4.0, command) for command in commands if isinstance(command, Play)]
    x, rate = renders.played([*voices, *cues], 8.0)
    assert np.isfinite(x).all()
    assert measure.true_peak(x) <= -1
    assert measure.true_peak(x[4 * rate :]) > -6  # it was loud enough to have been held back


def test_the_loudest_cue_sixty_four_times_does_not_clip():
    x, _ = renders.played([(0.1, Play(str(i), "critical", {"vol": 1.0})) for i in range(64)], 3.0)
    assert measure.true_peak(x) <= -1


def test_the_same_score_gives_the_same_bytes():
    """Also of what is random: the storm twice at once, over the noise of the bed."""
    storms = [(1.0 + 0.3 * i, Play(f"s{i}", "storm", {"density": 20.0})) for i in range(2)]
    events = [(0.0, Set("m", "memory", {"vol": 1.0})), *storms, (2.0, Play("a", "critical", {}))]
    assert score(events, 4.0) == score(list(reversed(events)), 4.0)
    first, second = (renders.played(events, 4.0)[0] for _ in range(2))
    assert (first == second).all()


def test_a_storm_is_the_same_whatever_sounded_before():
    alone, rate = renders.dry("storm")
    late, _ = renders.played([(0.2, Play("a", "storm", {})), (4.2, Play("b", "storm", {}))], 8.0)
    early = late[: 2 * rate]
    assert np.abs(early - late[4 * rate :][: 2 * rate]).max() <= 2e-3
    assert measure.strikes(alone, rate) == pytest.approx(measure.strikes(early, rate), abs=0.003)
