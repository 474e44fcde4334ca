"""One voice per series: bounded, superseded, expired."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core.events import BOOK, NOW, sample
from hypothesis import given
from hypothesis import strategies as st

from bridge import config
from bridge.core.voices import INTERVALS, QUIET, Voices, identity
from bridge.model.catalogue import SOUNDS


@pytest.fixture
def voices():
    return Voices(BOOK)


def test_a_sample_sets_its_voice(voices):
    heard = voices.sample(sample("cpu", 0.5), NOW)
    assert (heard.reason, heard.command.id, heard.command.sound) == (None, "cpu", "cpu")
    assert heard.command.params["freq"] == pytest.approx(660)
    assert voices.standing() == [heard.command]


def test_the_newest_value_is_the_voice(voices):
    for value in (0.1, 0.9, 0.3):
        voices.sample(sample("cpu", value), NOW)
    (command,) = voices.standing()
    assert command.params["freq"] == pytest.approx(440 + 440 * 0.3)


def test_labels_make_another_series_whatever_their_order(voices):
    voices.sample(sample("cpu", 0.1), NOW)
    voices.sample(sample("cpu", 0.2, labels={"a": "1", "b": "2"}), NOW)
    voices.sample(sample("cpu", 0.3, labels={"b": "2", "a": "1"}), NOW)
    voices.sample(sample("cpu", 0.4, labels={"a": "2", "b": "1"}), NOW)
    assert len(voices.sounding) == 3
    assert all(voice_id.partition(":")[0] == "cpu" for voice_id in voices.sounding)


@pytest.mark.parametrize(
    ("at", "reason"),
    [(NOW - 1, "superseded"), (NOW, None), (NOW + 1, None), (None, None)],
)
def test_an_older_sample_changes_nothing(voices, at, reason):
    voices.sample(sample("cpu", 0.5, at=NOW), NOW)
    heard = voices.sample(sample("cpu", 0.9, at=at), NOW)
    assert heard.reason == reason
    assert voices.standing()[0].params["freq"] == pytest.approx(440 + 440 * (0.5 if reason else 0.9))


def test_series_beyond_the_limit_are_capped_and_known_ones_go_on(voices):
    reasons = [voices.sample(sample(f"m{i}", 1.0), NOW).reason for i in range(BOOK.max_voices + 3)]
    assert reasons == [None] * BOOK.max_voices + ["capped"] * 3
    assert voices.sample(sample("m0", 2.0), NOW).reason is None
    assert len(voices.sounding) == BOOK.max_voices
    voices.expire(NOW + QUIET + 1)
    assert voices.sample(sample("late", 1.0), NOW + QUIET + 1).reason is None


@pytest.mark.parametrize(
    ("interval", "silence", "gone"),
    [
        (1, QUIET - 0.1, False),
        (1, QUIET + 0.1, True),
        (12, QUIET + 0.1, True),
        (30, 30 * INTERVALS - 0.1, False),
        (30, 30 * INTERVALS + 0.1, True),
    ],
)
def test_a_series_that_goes_quiet_ends_after_a_minute_or_five_intervals(voices, interval, silence, gone):
    for i in range(3):
        voices.sample(sample("cpu"), NOW + i * interval)
    last = NOW + 2 * interval
    assert voices.expire(last + silence) == (["cpu"] if gone else [])
    assert bool(voices.sounding) is not gone


def test_a_silent_rule_makes_no_voice():
    text = b"version: 1\nalerts: [{name: a}]\nmetrics: [{name: q, type: noise, sound: silent}]"
    quiet = Voices(config.parse(text, "x").compiled())
    assert quiet.sample(sample("noise"), NOW).reason == "by_rule"
    assert quiet.sounding == {}


@given(
    st.lists(
        st.tuples(
            st.text(min_size=1, max_size=5),
            st.floats(allow_nan=False, allow_infinity=False),
            st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
            st.one_of(st.none(), st.floats(0, 10)),
        ),
        max_size=60,
    )
)
def test_whatever_is_measured_every_control_stays_in_its_range_and_the_number_bounded(samples):
    voices = Voices(BOOK)
    for kind, value, labels, at in samples:
        voices.sample(sample(kind, value, labels=labels, at=at), NOW)
    assert len(voices.sounding) <= BOOK.max_voices
    for command in voices.standing():
        for control in SOUNDS[command.sound].controls:
            assert control.low <= command.params[control.name] <= control.high


def test_the_same_samples_make_the_same_voices():
    events = [sample(f"m{i % 7}", i, labels={"x": str(i % 3)}) for i in range(40)]
    first, second = Voices(BOOK), Voices(BOOK)
    for event in events:
        first.sample(event, NOW)
        second.sample(replace(event), NOW)
    assert first.standing() == second.standing()


def test_no_label_looks_like_the_border_between_two():
    one, two = sample(labels={"a": "1\0b\x012"}), sample(labels={"a": "1", "b": "2"})
    assert identity(one) != identity(two)
