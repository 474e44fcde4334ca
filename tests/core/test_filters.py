"""What a listener's filter lets through, and what is none."""

from __future__ import annotations

import pytest

from bridge.core import filters
from bridge.model.commands import Play, Set, Why


def cue(severity, service="", sound="", why=Why.EVENT):
    return Play("p", sound or severity, {}, severity, why=why, service=service)


@pytest.mark.parametrize(
    ("told", "of", "expected"),
    [
        ({"services": ["shop"]}, cue("critical", "db"), True),
        ({"severities": []}, cue("critical", "db"), True),
        ({"services": ["shop"]}, cue("warning", "db"), False),
        ({"services": ["shop"]}, cue("warning", "shop"), True),
        ({"severities": ["warning"]}, cue("warning", "db"), True),
        ({"severities": ["warning"]}, cue("info", "db"), False),
        ({"severities": ["warning"], "services": ["shop"]}, cue("info", "shop"), False),
        ({"severities": ["warning"]}, cue("info", "db", "resolved"), False),
        ({"severities": ["warning"]}, cue("warning", "db", "resolved"), True),
        ({"severities": []}, cue("warning", sound="storm", why=Why.STORM), True),
        ({"services": [], "severities": []}, cue("warning", sound="flatline", why=Why.FLATLINE), True),
        ({"services": [], "severities": []}, cue("warning", sound="digest", why=Why.DIGEST), True),
        ({"services": [], "severities": []}, cue("info", sound="heartbeat", why=Why.HEARTBEAT), True),
        ({"services": [], "severities": []}, cue("warning"), False),
        ({"services": ["db", ""]}, cue("warning"), True),
        ({"voices": []}, cue("info", "db"), True),
        ({}, cue("info", "db"), True),
        (None, cue("info", "db"), True),
    ],
)
def test_cues(told, of, expected):
    assert filters.lets_through(filters.read(told), of) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, ["ambient", "cpu", "cpu:1"]),
        ({"severities": ["critical"]}, ["ambient", "cpu", "cpu:1"]),
        ({"services": ["shop"]}, ["ambient", "cpu:1"]),
        ({"services": ["shop", ""]}, ["ambient", "cpu", "cpu:1"]),
        ({"voices": ["cpu", "cpu:1"]}, ["cpu", "cpu:1"]),
        ({"voices": ["cpu", "cpu:1"], "services": ["shop"]}, ["cpu:1"]),
        ({"voices": []}, []),
    ],
)
def test_voices(told, expected):
    voices = [Set("ambient", "ambient"), Set("cpu", "cpu"), Set("cpu:1", "cpu", service="shop")]
    assert [voice.id for voice in voices if filters.holds(filters.read(told), voice)] == expected


@pytest.mark.parametrize("told", [{"services": ["a"], "voices": []}, {"severities": ["info"]}, None])
def test_a_filter_is_shown_as_it_was_asked_for(told):
    assert filters.shown(filters.read(told)) == told


@pytest.mark.parametrize(
    "told",
    [
        [],
        "shop",
        {"service": ["shop"]},
        {"services": None},
        {"services": "shop"},
        {"services": [1]},
        {"services": ["a"] * 65},
        {"services": ["a" * 4097]},
        {"severities": ["warn"]},
    ],
)
def test_what_is_no_filter_is_refused_in_words(told):
    with pytest.raises(ValueError, match="filter"):
        filters.read(told)


def test_as_much_as_is_allowed_is_taken():
    assert filters.read({"services": ["a" * 128] * 64}) is not None


def test_a_long_name_is_cut_as_it_is_cut_where_it_is_told():
    chosen = filters.read({"services": ["S" * 3000]})
    assert filters.lets_through(chosen, cue("warning", "S" * 127 + "…"))
