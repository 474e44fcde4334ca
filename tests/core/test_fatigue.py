"""What somebody at a desk would hear in a day: bounded, and nothing at all while everything is well."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab import day

from bridge.core.bed import SUNK
from bridge.model.commands import Set

TWENTY = [20.0 * i for i in range(4321)]


@pytest.mark.parametrize("spread", [0.0, 60.0, 600.0])
def test_thirty_warnings_and_a_critical_for_a_day(spread):
    ear = day.standing(spread)
    assert 1 + 5 <= len(ear.cues()) <= 40
    counts = ear.counts()
    assert counts["reminder critical"] == 6, "at first, and whenever the acknowledgement lapses"
    assert counts["reminder warning"] == 1
    assert counts["event warning"] + counts["event critical"] + ear.reasons["flood"] == 31
    assert ear.conductor.engine.counts == {"info": 0, "warning": 30, "critical": 1}


@pytest.mark.parametrize(
    "times", [[0] * 5, [0, 1, 2, 3, 4], [600 * i for i in range(5)], [0, 2, 15, 30, 900]]
)
def test_five_open_criticals_for_two_hours(times):
    ear = day.outage(times)
    assert len(times) + 20 < len(ear.cues()) + ear.reasons["flood"]
    assert len(ear.cues()) <= 45


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4 * 7200).map(lambda quarter: quarter / 4), min_size=5, max_size=5))
def test_five_open_criticals_whenever_they_come(times):
    assert len(day.outage(times).cues()) <= 45


def test_a_healthy_day_has_no_cue_and_a_heartbeat_every_twenty_seconds():
    ear = day.healthy()
    assert ear.cues() == []
    assert [at for at, _ in ear.heard] == TWENTY
    assert {cue.params["second"] for _, cue in ear.heard} == {0.0}
    assert ear.conductor.bed.level == SUNK
    levels = [(at, c.params["level"]) for at, c in ear.told if isinstance(c, Set)]
    assert {level for at, level in levels if at > 600} == {SUNK}


@pytest.mark.parametrize(
    "scene",
    [
        lambda quickly: day.standing(0.0, until=day.HOUR, quickly=quickly),
        lambda quickly: day.standing(600.0, until=day.HOUR, quickly=quickly),
        lambda quickly: day.outage([0.0, 1.75, 300.25, 301.0, 2000.5], until=day.HOUR, quickly=quickly),
        lambda quickly: day.healthy(until=day.HOUR, quickly=quickly),
    ],
)
def test_steps_that_are_left_out_change_nothing(scene):
    quick, every = scene(quickly=True), scene(quickly=False)
    assert quick.heard == every.heard
    assert [c for _, c in quick.told] == [c for _, c in every.told]


def test_the_figures_of_these_days():
    figures = day.figures()
    cues = {
        scene: sum(n for what, n in found.items() if not what.startswith("heartbeat"))
        for scene, found in figures.items()
    }
    assert list(cues.values()) == [15, 38, 40, 41, 0]
    assert all(found["heartbeat heartbeat"] in {361, 4321} for found in figures.values())
