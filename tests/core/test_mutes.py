"""Mutes: what they take, that criticals are heard all the same, and that each of them ends."""

from __future__ import annotations

import pytest
from core.events import NOW

from bridge.core.matchers import MatcherError
from bridge.core.mutes import LONGEST, MOST, SLACK, Mute, Mutes


def mute(ident="m", texts=(), *, criticals=False, at=NOW, lasts=1800.0):
    return Mute.of(ident, texts, criticals=criticals, by="anna", why="", at=at, until=at + lasts)


def test_all_of_its_matchers_must_hold():
    found = mute(texts=['service="checkout"', "zone=~eu-.*"])
    assert found.takes({"service": "checkout", "zone": "eu-1"}, "warning")
    assert not found.takes({"service": "checkout", "zone": "us-1"}, "warning")
    assert not found.takes({"zone": "eu-1"}, "warning")


def test_without_any_it_is_everything_but_criticals():
    assert [mute().takes({}, severity) for severity in ("info", "warning", "critical")] == [True, True, False]
    assert mute(criticals=True).takes({"a": "b"}, "critical")


def test_a_matcher_that_is_none_is_refused():
    with pytest.raises(MatcherError):
        mute(texts=['service="'])


@pytest.mark.parametrize(
    ("later", "holds"), [(0.0, True), (1799.0, True), (1800.0, False), (-SLACK / 2, True), (-LONGEST, False)]
)
def test_it_ends_and_no_clock_makes_it_longer(later, holds):
    mutes = Mutes()
    mutes.add(mute())
    assert (mutes.of({}, "warning", NOW + later) is not None) is holds
    assert mutes.lapsed(NOW + later) == ([] if holds else ["m"])
    assert bool(mutes) is holds


def test_there_are_so_many_at_most_and_every_change_is_another_version():
    mutes = Mutes()
    versions = {mutes.version}
    for number in range(MOST):
        assert mutes.add(mute(str(number)))
        versions.add(mutes.version)
    assert not mutes.add(mute("more"))
    assert mutes.end("0")
    versions.add(mutes.version)
    assert not mutes.end("0")
    assert len(versions) == MOST + 2
