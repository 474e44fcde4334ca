"""The watch: what is waited for, from when, and when it is missing."""

from __future__ import annotations

import pytest
from core.events import NOW

from bridge.core.matchers import parse
from bridge.core.watch import LIMIT, WATCHDOG, Expectation, Watch

BOILER = Expectation("boiler", 60.0, "temperature")
WEST = Expectation("west", 180.0, None, tuple(parse('cluster="west"')))
HOT = Expectation("hot", 30.0, "temperature", tuple(parse('room="1"')))


def missing(watch, after):
    return [found.name for found in watch.missing(NOW + after)]


def test_without_a_watchdog_or_anything_expected_nothing_is_missing_and_nothing_armed():
    watch = Watch((), NOW)
    assert not watch.armed
    assert missing(watch, 1e9) == []
    (only,) = watch.inputs(NOW)
    assert (only.name, only.armed, only.last) == (WATCHDOG, False, None)


@pytest.mark.parametrize(("after", "late"), [(LIMIT, False), (LIMIT + 0.25, True)])
def test_the_watchdog_is_missing_after_two_minutes(after, late):
    watch = Watch((), NOW)
    watch.watchdog = NOW + 500
    assert watch.armed
    assert missing(watch, 500 + after) == ([WATCHDOG] if late else [])


@pytest.mark.parametrize(("after", "late"), [(60, False), (60.25, True)])
def test_what_is_expected_is_waited_for_from_the_start(after, late):
    watch = Watch((BOILER,), NOW)
    assert watch.armed
    assert missing(watch, after) == (["boiler"] if late else [])


@pytest.mark.parametrize(
    ("expected", "labels", "kind", "sign"),
    [
        (BOILER, {}, "temperature", True),
        (BOILER, {"room": "2"}, "temperature", True),
        (BOILER, {}, "cpu", False),
        (BOILER, {}, None, False),
        (HOT, {"room": "1"}, "temperature", True),
        (HOT, {"room": "2"}, "temperature", False),
        (WEST, {"cluster": "west", "alertname": "x"}, None, True),
        (WEST, {"cluster": "east"}, None, False),
        (WEST, {}, None, False),
        (WEST, {"cluster": "west"}, "temperature", False),
    ],
)
def test_a_sign_is_a_sample_of_the_type_or_an_alert_that_matches(expected, labels, kind, sign):
    watch = Watch((expected,), NOW)
    watch.sign(labels, kind, NOW + expected.within)
    assert missing(watch, 1.5 * expected.within) == ([] if sign else [expected.name])
    assert missing(watch, 2 * expected.within + 1) == [expected.name]


def test_one_message_is_a_sign_of_everything_that_it_fits():
    watch = Watch((BOILER, HOT), NOW)
    watch.sign({"room": "1"}, "temperature", NOW + 50)
    assert [i.last for i in watch.inputs(NOW + 50)] == [None, NOW + 50, NOW + 50]


@pytest.mark.parametrize(("after", "gone"), [(LIMIT, False), (LIMIT + 0.25, True)])
def test_a_part_that_was_there_is_missing_two_minutes_after(after, gone):
    watch = Watch((), NOW)
    watch.part("broker", there=True, now=NOW + 7)
    watch.part("broker", there=False, now=NOW + 8)
    assert missing(watch, 7 + after) == (["broker"] if gone else [])
    watch.part("broker", there=True, now=NOW + 7 + after)
    assert missing(watch, 7 + after) == []


def test_a_part_that_never_was_is_not_waited_for():
    watch = Watch((), NOW)
    watch.part("broker", there=False, now=NOW)
    assert missing(watch, 1e6) == []
    assert len(watch.inputs(NOW)) == 1


@pytest.mark.parametrize(("after", "late"), [(LIMIT, False), (LIMIT + 0.25, True)])
def test_after_a_restart_everything_has_its_time_again(after, late):
    """What nobody could have taken in is not missing."""
    watch = Watch((), NOW)
    watch.watchdog = NOW - 86400
    assert missing(watch, after) == ([WATCHDOG] if late else [])


def test_while_it_is_off_nothing_is_missing_and_nothing_armed():
    watch = Watch((BOILER,), NOW)
    watch.watchdog = NOW
    watch.switch(on=False, by="ann", now=NOW + 5)
    assert not watch.armed
    assert missing(watch, 1e6) == []
    assert not any(i.armed or i.late for i in watch.inputs(NOW + 1e6))
    assert (watch.off_since, watch.off_by) == (NOW + 5, "ann")


def test_who_switches_off_what_is_off_is_not_the_one():
    watch = Watch((), NOW)
    watch.switch(on=False, by="ann", now=NOW + 5)
    watch.switch(on=False, by="bob", now=NOW + 6)
    assert (watch.off_since, watch.off_by) == (NOW + 5, "ann")


def test_once_it_is_on_again_everything_has_its_time_from_then():
    watch = Watch((BOILER,), NOW)
    watch.watchdog = NOW
    watch.switch(on=False, by="ann", now=NOW + 5)
    watch.switch(on=True, by="bob", now=NOW + 1000)
    assert (watch.off_since, watch.off_by) == (None, "")
    assert missing(watch, 1060) == []
    assert missing(watch, 1061) == ["boiler"]
    assert missing(watch, 1121) == [WATCHDOG, "boiler"]


def test_to_switch_on_what_is_on_gives_nothing_more_time():
    watch = Watch((BOILER,), NOW)
    watch.switch(on=True, by="ann", now=NOW + 59)
    assert missing(watch, 61) == ["boiler"]


def test_a_new_rule_book_gives_time_to_what_is_new_in_it_alone():
    watch = Watch((BOILER,), NOW)
    watch.expect((BOILER, WEST), NOW + 50)
    assert missing(watch, 61) == ["boiler"]
    assert missing(watch, 230) == ["boiler"]
    assert missing(watch, 231) == ["boiler", "west"]
    watch.expect((WEST,), NOW + 240)
    assert missing(watch, 240) == ["west"]
    watch.expect((WEST, BOILER), NOW + 250)
    assert missing(watch, 310) == ["west"]


def test_where_the_clock_goes_back_nothing_is_missing():
    watch = Watch((BOILER,), NOW)
    watch.watchdog = NOW + 10
    assert missing(watch, -500) == []
