"""Quiet hours on the clocks of a place: over midnight, on some days only, and when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.quiet import DAYS, Quiet

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Quiet(BERLIN, 22 * 60, 7 * 60)


def at(text, zone=BERLIN, fold=0):
    """Unix seconds of a time on the clocks there."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def utc(text):
    return at(text, UTC)


@pytest.mark.parametrize(
    ("time", "holds"),
    [
        ("2026-07-01 21:59:59.9", False),
        ("2026-07-01 22:00", True),
        ("2026-07-01 23:59:59", True),
        ("2026-07-02 00:00", True),
        ("2026-07-02 06:59:59.9", True),
        ("2026-07-02 07:00", False),
        ("2026-07-02 12:00", False),
    ],
)
def test_a_night_goes_over_midnight(time, holds):
    assert NIGHT.holds(at(time)) is holds


@pytest.mark.parametrize(
    ("time", "holds"), [("12:59:59", False), ("13:00", True), ("13:59:59", True), ("14:00", False)]
)
def test_a_nap_does_not(time, holds):
    assert Quiet(BERLIN, 13 * 60, 14 * 60).holds(at(f"2026-07-01 {time}")) is holds


@pytest.mark.parametrize(
    ("time", "holds"),
    [
        ("2026-07-03 22:00", True),  # a Friday
        ("2026-07-04 06:59", True),
        ("2026-07-04 22:00", False),
        ("2026-07-05 06:59", False),
        ("2026-07-03 06:59", False),  # it would have begun on Thursday
        ("2026-07-09 23:00", False),
    ],
)
def test_the_days_are_those_on_which_it_begins(time, holds):
    friday = Quiet(BERLIN, 22 * 60, 7 * 60, frozenset({DAYS.index("fri")}))
    assert friday.holds(at(time)) is holds


def test_a_whole_weekend_has_no_hole_at_midnight():
    weekend = Quiet(BERLIN, 0, 24 * 60, frozenset({5, 6}))
    minutes = range(int(at("2026-07-04 00:00")), int(at("2026-07-06 00:00")), 60)
    assert all(weekend.holds(minute) for minute in minutes)
    assert not weekend.holds(minutes[0] - 1)
    assert not weekend.holds(minutes[-1] + 60)


@pytest.mark.parametrize(
    ("time", "holds"),
    [
        # Summer time begins on 2026-03-29: 01:00 UTC is 03:00 in Berlin. Night still ends at seven there.
        ("2026-03-28 20:59:59", False),
        ("2026-03-28 21:00", True),
        ("2026-03-29 00:59:59", True),
        ("2026-03-29 01:00", True),
        ("2026-03-29 04:59:59", True),
        ("2026-03-29 05:00", False),
        ("2026-03-29 19:59:59", False),
        ("2026-03-29 20:00", True),
        # It ends on 2026-10-25: 01:00 UTC is 02:00 again.
        ("2026-10-24 19:59:59", False),
        ("2026-10-24 20:00", True),
        ("2026-10-25 00:30", True),
        ("2026-10-25 01:30", True),
        ("2026-10-25 05:59:59", True),
        ("2026-10-25 06:00", False),
        ("2026-10-25 21:00", True),
    ],
)
def test_the_clocks_of_the_place_count_when_they_change(time, holds):
    assert NIGHT.holds(utc(time)) is holds


def test_a_night_is_an_hour_shorter_in_march_and_longer_in_october():
    def hours(day):
        noon = int(at(f"{day} 12:00"))
        return sum(NIGHT.holds(noon + 60 * minute) for minute in range(24 * 60)) / 60

    assert (hours("2026-03-27"), hours("2026-03-28"), hours("2026-10-24")) == (9, 8, 10)


def test_a_beginning_in_the_hour_that_is_left_out_holds_from_the_change_on():
    quiet = Quiet(BERLIN, 2 * 60 + 30, 6 * 60)
    assert not quiet.holds(utc("2026-03-29 00:59:59"))
    assert quiet.holds(utc("2026-03-29 01:00"))


def test_the_zone_matters():
    tokyo = Quiet(ZoneInfo("Asia/Tokyo"), 22 * 60, 7 * 60)
    assert [tokyo.holds(utc(f"2026-07-01 {hour}:00")) for hour in ("12", "13", "21", "22")] == [
        False,
        True,
        True,
        False,
    ]


@given(
    st.integers(0, 1439), st.integers(0, 1439), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 # naive on purpose
)  # fmt: skip
def test_every_moment_is_quiet_or_its_opposite_is(start, end, when):
    """On every day: what a span leaves out is what the other way round takes in."""
    if start == end:
        end = (start + 1) % 1440
    now = when.replace(tzinfo=UTC).timestamp()
    assert Quiet(BERLIN, start, end).holds(now) is not Quiet(BERLIN, end, start).holds(now)


@given(st.sets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 400))
def test_a_day_begins_as_many_nights_as_it_should(days, start, day):
    """A night of one hour from any minute on, looked at right after its beginning."""
    quiet = Quiet(UTC, start, (start + 60) % 1440, frozenset(days))
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=start)
    assert quiet.holds(begins.timestamp()) is (begins.weekday() in days)
