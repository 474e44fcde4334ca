"""When memory is given back; that it helps, tests/system/test_flood.py measures."""

from __future__ import annotations

from bridge.runtime.memory import AGAIN, CALM, LONGEST, MANY, Leavings, give_back


def test_once_when_a_flood_is_over():
    leavings = Leavings()
    assert not leavings.due(MANY - 1, 1000.0)
    assert not leavings.due(MANY - 1, 1000.0 + CALM), "too few to matter"
    assert not leavings.due(MANY, 2000.0)
    assert not leavings.due(MANY, 2000.0 + CALM / 2)
    assert leavings.due(MANY, 2000.0 + CALM)
    over = 2000.0 + CALM
    times = [t for t in range(1, 100) if leavings.due(MANY, over + t)]
    assert times == list(AGAIN), "what is written down late is given back as well"
    assert not leavings.due(MANY + 1, 3000.0)


def test_now_and_then_while_a_flood_lasts():
    leavings = Leavings()
    times = [t for t in range(100) if leavings.due(MANY * (t + 1), float(t))]
    assert times == [LONGEST, 2 * LONGEST + 1, 3 * LONGEST + 2]


def test_a_clock_that_goes_back_holds_nothing_up():
    leavings = Leavings()
    assert not leavings.due(MANY, 1000.0)
    assert leavings.due(MANY, 10.0)


def test_it_can_be_done_at_any_time():
    give_back()
