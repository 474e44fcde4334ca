"""How a cue ended, from what the players said."""

from __future__ import annotations

import pytest

from bridge.core.outcomes import DEADLINE, Outcomes, Settled

NOW = 1000.0


def outcome(*words, players=("s", "b"), audible=("b",)):
    """What comes of a cue when `players` say these (player, status); None while it is open."""
    outcomes = Outcomes()
    settled = outcomes.sent("e1", 1, players, NOW)
    for player, status in words:
        settled += outcomes.answered("e1", player, status, audible=player in audible)
    assert len(settled) <= 1
    if not settled:
        assert len(outcomes) == 1
        return None
    assert settled[0].event_id == 1
    return f"{settled[0].outcome} {settled[0].reason or ''}".strip()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], None),
        ([("b", "played")], "played"),
        ([("s", "played")], None),  # on a dummy driver: not audible
        ([("s", "played"), ("b", "muted")], "suppressed no_listener"),
        ([("s", "played"), ("b", "played")], "played"),
        ([("b", "played"), ("s", "failed")], "played"),
        ([("s", "assumed")], "assumed"),
        ([("s", "unheard"), ("b", "muted")], "suppressed no_listener"),
        ([("s", "expired"), ("b", "failed")], "suppressed no_listener"),
        ([("s", "capped"), ("b", "muted")], "suppressed capped"),
        ([("s", "invalid"), ("b", "capped")], "suppressed capped"),
        ([("s", "invalid"), ("b", "muted")], "suppressed invalid"),
        ([("s", "unknown"), ("b", "muted")], "suppressed invalid"),
        ([("s", "cancelled"), ("b", "muted")], "suppressed superseded"),
        ([("s", "cancelled"), ("b", "played")], "played"),
        ([("s", "a word of tomorrow"), ("b", "☃")], "suppressed no_listener"),
        ([("x", "played")], None),  # nobody whom it was sent to
        ([("b", "muted"), ("b", "played")], None),  # has answered already
        ([("s", "muted"), ("s", "muted")], None),
    ],
)
def test_what_players_say(words, expected):
    assert outcome(*words) == expected


def test_who_was_not_asked_cannot_say_that_it_was_heard():
    assert outcome(("late", "played"), audible=("late",)) is None
    assert outcome(("late", "assumed"), audible=("late",)) is None


def test_without_players_nobody_listens():
    assert outcome(players=()) == "suppressed no_listener"


def test_a_cue_that_nobody_answers_ends_at_its_deadline():
    outcomes = Outcomes()
    outcomes.sent("e1", 1, ["s", "b"], NOW)
    outcomes.answered("e1", "s", "capped", audible=False)
    assert outcomes.due(NOW + DEADLINE - 0.1) == []
    assert outcomes.due(NOW + DEADLINE) == [Settled(1, "suppressed", "capped")]
    assert len(outcomes) == 0


def test_a_player_that_leaves_is_not_waited_for():
    outcomes = Outcomes()
    outcomes.sent("e1", 1, ["s", "b"], NOW)
    outcomes.sent("e2", 2, ["s"], NOW)
    outcomes.answered("e1", "s", "unheard", audible=False)
    assert outcomes.gone("b") == [Settled(1, "suppressed", "no_listener")]
    assert outcomes.gone("b") == []
    assert outcomes.gone("s") == [Settled(2, "suppressed", "no_listener")]


def test_an_answer_to_nothing_is_passed_over():
    assert Outcomes().answered("e9", "s", "played", audible=True) == []
