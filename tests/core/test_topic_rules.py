"""Topic filters by MQTT's own rule, and what a device's topic says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.topics import TopicRule, fill, filter_matches, filter_problem


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b", "a", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+/+", "/b", True),
        ("+", "/b", False),
        ("a/#", "a", True),  # the parent is included
        ("a/#", "a/b/c", True),
        ("a/#", "ab", False),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/+/c", "a/$b/c", True),
        ("tele/+/LWT", "tele/plug/LWT", True),
        ("A", "a", False),
    ],
)
def test_filters(topic_filter, topic, expected):
    assert filter_matches(topic_filter, topic) is expected


@pytest.mark.parametrize(
    ("topic_filter", "problem"),
    [
        ("a/+/#", None),
        ("#", None),
        ("/", None),
        ("", "at least one character"),
        ("a\0b", "no NUL"),
        ("a/#/b", "# stands alone and last"),
        ("a#", "# stands alone and last"),
        ("a/b+", "+ stands alone in its level"),
        ("++", "+ stands alone in its level"),
    ],
)
def test_what_is_no_filter(topic_filter, problem):
    found = filter_problem(topic_filter)
    assert found is None if problem is None else problem in found


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{1}", "a"),
        ("{2}-{1}", "b-a"),
        ("{3}", ""),
        ("{0}", ""),
        ("{99999999999}", ""),
        ("{x}", "{x}"),
        ("plain", "plain"),
    ],
)
def test_levels_of_the_topic_fill_texts(text, filled):
    assert fill(text, "a/b") == filled


def test_a_level_is_not_read_as_a_level_again():
    assert fill("{1}", "{2}/x") == "{2}"


PAYLOAD = {"a": {"b": [10, {"c": False}]}, "0": "zero"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b.0", 10),
        ("a.b.1.c", False),
        ("0", "zero"),
        ("a.b.7", None),
        ("a.b.x", None),
        ("a.b.²", None),
        ("x.y", None),
        ("a.b.0.c", None),
    ],
)
def test_the_path_into_a_payload(path, value):
    assert TopicRule("f", "alert", tuple(path.split("."))).value_in(PAYLOAD) == value


LEVELS = st.lists(st.text(st.characters(blacklist_characters="/+#\0"), max_size=3), min_size=1, max_size=5)


@given(LEVELS, st.data())
def test_a_topic_is_matched_by_itself_and_by_itself_with_wildcards(levels, data):
    topic = "/".join(levels)
    assert filter_matches(topic, topic)
    masked = ["+" if data.draw(st.booleans()) else level for level in levels]
    if not levels[0].startswith("$"):
        assert filter_matches("/".join(masked), topic)
        assert filter_matches("/".join([*masked[: data.draw(st.integers(0, len(masked)))], "#"]), topic)
