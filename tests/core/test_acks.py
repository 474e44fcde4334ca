"""Acknowledgements: the first wins, for as long as the alert is what it was, and never for good."""

from __future__ import annotations

import pytest
from core.events import NOW

from bridge.core.acks import FLATLINE, FLATLINE_LASTS, LASTS, Ack, Acks

HOUR = 3600.0


@pytest.fixture
def acks():
    return Acks()


def test_the_first_one_wins_and_the_second_is_told(acks):
    mine, new = acks.alert("f1", "warning", "ann", "looking", NOW)
    assert (new, mine.by, mine.until) == (True, "ann", NOW + 4 * HOUR)
    assert acks.alert("f1", "warning", "bob", "me too", NOW + 60) == (mine, False)
    assert acks.of("f1", "warning", NOW + 60) == mine


@pytest.mark.parametrize(
    ("after", "holds"), [(0, True), (LASTS - 0.1, True), (LASTS, False), (LASTS + HOUR, False)]
)
def test_it_lapses_after_four_hours(acks, after, holds):
    acks.alert("f1", "warning", "ann", "", NOW)
    assert (acks.of("f1", "warning", NOW + after) is not None) is holds
    assert [a.fingerprint for a in acks.lapsed(NOW + after)] == ([] if holds else ["f1"])
    assert ("f1" in acks.given) is holds


def test_once_lapsed_another_can_be_given(acks):
    acks.alert("f1", "warning", "ann", "", NOW)
    again, new = acks.alert("f1", "warning", "bob", "", NOW + LASTS)
    assert (new, again.by) == (True, "bob")


@pytest.mark.parametrize(("severity", "holds"), [("info", True), ("warning", True), ("critical", False)])
def test_it_covers_nothing_worse(acks, severity, holds):
    acks.alert("f1", "warning", "ann", "", NOW)
    assert (acks.of("f1", severity, NOW) is not None) is holds


def test_what_became_worse_can_be_acknowledged_as_that(acks):
    acks.alert("f1", "warning", "ann", "", NOW)
    again, new = acks.alert("f1", "critical", "bob", "", NOW + 1)
    assert (new, again.severity) == (True, "critical")
    assert acks.of("f1", "critical", NOW + 1) == again


def test_it_is_of_one_alert_and_can_be_taken_back(acks):
    acks.alert("f1", "warning", "ann", "", NOW)
    assert acks.of("f2", "warning", NOW) is None
    assert acks.end("f1")
    assert not acks.end("f1")
    assert acks.of("f1", "warning", NOW) is None


@pytest.mark.parametrize(("back", "holds"), [(10, True), (60, True), (61, False), (86_400, False)])
def test_where_the_clock_goes_back_it_never_holds_for_much_longer_than_was_meant(acks, back, holds):
    acks.alert("f1", "warning", "ann", "", NOW)
    assert (acks.of("f1", "warning", NOW - back) is not None) is holds


@pytest.mark.parametrize(
    ("missing", "holds"),
    [(["watchdog"], True), (["boiler"], True), (["boiler", "watchdog"], True), (["watchdog", "mqtt"], False)],
)
def test_of_a_flatline_it_covers_what_was_missing_then(acks, missing, holds):
    ack, new = acks.flatline(["watchdog", "boiler"], "ann", "", NOW)
    assert (new, ack.covers, ack.fingerprint) == (True, ("boiler", "watchdog"), FLATLINE)
    assert (acks.of_flatline(missing, NOW + 60) is not None) is holds


@pytest.mark.parametrize(("after", "holds"), [(FLATLINE_LASTS - 0.1, True), (FLATLINE_LASTS, False)])
def test_of_a_flatline_it_lapses_after_an_hour(acks, after, holds):
    assert FLATLINE_LASTS == HOUR
    acks.flatline(["watchdog"], "ann", "", NOW)
    assert (acks.of_flatline(["watchdog"], NOW + after) is not None) is holds
    assert [a.fingerprint for a in acks.lapsed(NOW + after)] == ([] if holds else [FLATLINE])


def test_of_a_flatline_the_first_wins_until_more_is_missing(acks):
    first, _ = acks.flatline(["watchdog"], "ann", "", NOW)
    assert acks.flatline(["watchdog"], "bob", "", NOW + 1) == (first, False)
    more, new = acks.flatline(["watchdog", "mqtt"], "bob", "", NOW + 2)
    assert (new, more.by) == (True, "bob")


def test_a_restart_keeps_them(acks):
    given = [
        Ack("f1", "critical", "ann", "", NOW - 60, NOW + 60),
        Ack(FLATLINE, "warning", "bob", "", NOW, NOW + 9, ("x",)),
    ]
    acks.restore(given)
    assert acks.of("f1", "critical", NOW) == given[0]
    assert acks.of_flatline(["x"], NOW) == given[1]


def test_every_change_of_an_alert_is_another_version(acks):
    versions = [acks.version]
    for change in (
        lambda: acks.alert("f1", "warning", "ann", "", NOW),
        lambda: acks.lapsed(NOW + LASTS),
        lambda: acks.alert("f1", "warning", "ann", "", NOW),
        lambda: acks.end("f1"),
        lambda: acks.restore([Ack("f1", "info", "", "", NOW, NOW + 1)]),
    ):
        change()
        versions.append(acks.version)
    assert len(set(versions)) == len(versions)
    acks.alert("f1", "info", "bob", "", NOW)
    assert acks.version == versions[-1]


def test_one_that_ended_because_the_clock_went_back_does_not_hold_again_later(acks):
    """Found by the state machine: the room was reminded, and told that somebody had taken it on."""
    acks.alert("f1", "warning", "ann", "", NOW)
    assert [a.fingerprint for a in acks.lapsed(NOW - 60)] == []
    assert [a.fingerprint for a in acks.lapsed(NOW - 61)] == ["f1"]
    assert acks.of("f1", "warning", NOW) is None
