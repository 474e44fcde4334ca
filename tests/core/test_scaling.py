"""Scales: their ends, what lies outside them, falling ranges, notes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.scaling import PENTATONIC, Scale, nearest_note

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("scale", "value", "expected"),
    [
        (Scale("linear", 0, 1, 440, 880), 0, 440),
        (Scale("linear", 0, 1, 440, 880), 0.5, 660),
        (Scale("linear", 0, 1, 440, 880), 1, 880),
        (Scale("linear", 0, 1, 440, 880), -3, 440),
        (Scale("linear", 0, 1, 440, 880), 1e300, 880),
        (Scale("linear", 0, 1, 0.1, 1.0), 0.5, 0.55),
        (Scale("linear", 100, 0, 0.0, 1.0), 25, 0.75),  # the input falls
        (Scale("linear", 100, 0, 0.0, 1.0), 200, 0.0),
        (Scale("linear", 0, 10, 1.0, -1.0), 10, -1.0),  # the output falls
        (Scale("linear", 0, 1, 5, 5), 0.3, 5),
        (Scale("exponential", 0, 2, 110, 440), 0, 110),
        (Scale("exponential", 0, 2, 110, 440), 1, 220),
        (Scale("exponential", 0, 2, 110, 440), 2, 440),
        (Scale("exponential", 0, 2, 440, 110), 1, 220),
        (Scale("musical", 0, 100, 220, 440), 0, 220),
        (Scale("musical", 0, 100, 220, 440), 100, 440),
        (Scale("musical", 0, 100, 220, 440), 1, 220),  # nearer to the first note than to the next
        (Scale("musical", 0, 100, 220, 440), 58, 220 * 2 ** (7 / 12)),
        (Scale("musical", 0, 1, 440, 220), 1, 220),
    ],
)
def test_value_to_control(scale, value, expected):
    assert scale(value) == pytest.approx(expected)


@pytest.mark.parametrize("semitones", range(-24, 25))
def test_the_nearest_note_is_a_note_of_the_scale(semitones):
    found = 12 * math.log2(nearest_note(220 * 2 ** (semitones / 12), 220) / 220)
    assert round(found) % 12 in PENTATONIC
    assert abs(found - semitones) <= 1.5 + 1e-9


@given(
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.floats(1, 10_000),
    st.floats(1, 10_000),
    st.sampled_from(["linear", "exponential"]),
)
def test_no_value_leaves_the_range(value, low, high, out_low, out_high, kind):
    if low == high or not math.isfinite(high - low) or not math.isfinite(value - low):
        return
    found = Scale(kind, low, high, out_low, out_high)(value)
    assert min(out_low, out_high) * (1 - 1e-9) <= found <= max(out_low, out_high) * (1 + 1e-9)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["linear", "exponential", "musical"]))
def test_more_is_never_lower(a, b, kind):
    scale = Scale(kind, 0, 1, 110, 880)
    assert scale(min(a, b)) <= scale(max(a, b)) * (1 + 1e-12)
