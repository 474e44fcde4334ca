"""Who sings: slots, motifs and places; nobody shares while there are free ones, and nothing else of a cue changes."""

from __future__ import annotations

import pytest
from core.events import BOOK, NOW
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.who import FORGOTTEN, MOTIFS, NOBODY, PLACE, PLACES, Choice, Who, preferred
from bridge.model.catalogue import SOUNDS

SERVICES = st.lists(st.text(min_size=1, max_size=8), min_size=15, max_size=15, unique=True)
FIFTEEN = [f"service-{i}" for i in range(len(MOTIFS))]


def slots(who, services, now=NOW):
    return [who.identity(service, now).slot for service in services]


def test_there_are_fifteen_motifs_and_fifteen_places():
    assert len(set(MOTIFS)) == len(set(PLACES)) == 15
    assert (0.0, 0.0) not in MOTIFS
    assert (min(PLACES), max(PLACES)) == (-PLACE, PLACE)
    assert sum(PLACES) == pytest.approx(0)


def test_what_concerns_nobody_has_neither_motif_nor_slot():
    who = Who()
    assert who.identity("", NOW) == NOBODY
    assert NOBODY.controls() == {"pan": 0.0, "second": 0.0, "third": 0.0}
    assert who.slots == {}


@given(SERVICES)
def test_fifteen_services_are_told_apart_whatever_their_names(services):
    who = Who()
    found = [who.identity(service, NOW) for service in services]
    assert {i.slot for i in found} == set(range(15))
    assert len({(i.second, i.third) for i in found}) == len({i.pan for i in found}) == 15
    assert (0.0, 0.0) not in {(i.second, i.third) for i in found}


@given(st.permutations(FIFTEEN))
def test_their_order_does_not_matter_for_being_told_apart_and_each_keeps_what_it_has(order):
    who = Who()
    first = {service: who.identity(service, NOW) for service in order}
    assert {i.slot for i in first.values()} == set(range(15))
    assert {service: who.identity(service, NOW + 9) for service in FIFTEEN} == first


def test_a_service_alone_has_the_slot_of_its_name():
    for service in FIFTEEN:
        assert slots(Who(), [service]) == [preferred(service)]


def test_the_slot_of_a_name_is_the_same_in_every_run():
    """Python's own hash is not; a change here moves every service that a store does not know."""
    assert [preferred(service) for service in ("checkout", "search", "db", "x")] == [0, 0, 4, 6]


@given(st.permutations(FIFTEEN))
def test_a_restart_keeps_everybody(order):
    who, again = Who(), Who()
    before = slots(who, order)
    again.restore(who.rows())
    assert slots(again, order, NOW + 60) == before


def test_rows_are_told_once_and_again_when_heard_of():
    who = Who()
    who.identity("a", NOW)
    assert who.rows() == [("a", preferred("a"), NOW)]
    assert who.rows() == []
    who.identity("a", NOW + 5)
    assert who.rows() == [("a", preferred("a"), NOW + 5)]


@pytest.mark.parametrize("slot", [-1, 15, 99])
def test_a_row_of_another_version_is_left_out(slot):
    who = Who()
    who.restore([("a", slot, NOW)])
    assert who.identity("a", NOW).slot == preferred("a")


def test_a_sixteenth_shares_the_slot_of_its_name_and_takes_nobodys():
    who = Who()
    before = slots(who, FIFTEEN)
    assert who.identity("late", NOW + 1).slot == preferred("late")
    assert "late" not in who.slots
    assert slots(who, FIFTEEN, NOW + 2) == before


@pytest.mark.parametrize(("silent", "shares"), [(FORGOTTEN, True), (FORGOTTEN + 1, False)])
def test_one_that_is_forgotten_gives_its_slot_to_a_newcomer(silent, shares):
    who = Who()
    slots(who, FIFTEEN)
    slots(who, FIFTEEN[1:], NOW + silent)
    who.news()
    freed = who.slots[FIFTEEN[0]]
    found = who.identity("late", NOW + silent).slot
    assert found == (preferred("late") if shares else freed)
    new, gone = who.news()
    assert (new, gone) == (([], []) if shares else ([("late", freed, NOW + silent)], [FIFTEEN[0]]))
    assert who.news() == ([], [])


def test_nobody_is_forgotten_while_there_are_free_slots():
    who = Who()
    who.identity("a", NOW)
    who.identity("b", NOW + 10 * FORGOTTEN)
    assert set(who.slots) == {"a", "b"}


def test_one_that_was_forgotten_and_comes_again_is_a_newcomer():
    who = Who()
    slots(who, FIFTEEN)
    slots(who, FIFTEEN[2:], NOW + 2 * FORGOTTEN)
    who.identity("late", NOW + 2 * FORGOTTEN)
    (lost,) = who.news()[1]
    assert who.identity(lost, NOW + 2 * FORGOTTEN).slot in range(15)
    assert len(set(who.slots.values())) == len(who.slots) == 15
    new, gone = who.news()
    assert ([row[0] for row in new], len(gone)) == ([lost], 1)


@pytest.mark.parametrize(
    ("choice", "pan", "motif"),
    [
        (Choice(pan=0.0), 0.0, MOTIFS[preferred("shop")]),
        (Choice(motif=(7.0, 0.0)), PLACES[preferred("shop")], (7.0, 0.0)),
        (Choice(-0.6, (0.0, 0.0)), -0.6, (0.0, 0.0)),
    ],
)
def test_the_rule_book_chooses_a_place_a_motif_or_both(choice, pan, motif):
    found = Who({"shop": choice}).identity("shop", NOW)
    assert (found.pan, found.second, found.third, found.chosen) == (pan, *motif, True)


def test_the_table_holds_everybody_by_name_and_those_chosen_before_they_are_heard():
    who = Who({"z": Choice(pan=0.1)})
    slots(who, ["b", "a"])
    table = who.table()
    assert [(i.service, i.chosen) for i in table] == [("a", False), ("b", False), ("z", True)]
    assert table[0] == who.identity("a", NOW)
    assert set(who.slots) == {"a", "b"}


@given(
    st.text(min_size=1),
    st.sampled_from([s for s in SOUNDS.values() if s.kind == "cue"]),
    st.one_of(st.none(), st.floats(-0.6, 0.6)),
    st.one_of(st.none(), st.tuples(st.floats(-12, 12), st.floats(-12, 12))),
)
def test_who_it_is_never_changes_pitch_level_or_length(service, sound, pan, motif):
    who = Who({service: Choice(pan, motif)})
    rule = BOOK.alert_rule({"severity": "critical"})
    known, nobody = (BOOK.cue(rule, sound.id, None, i) for i in (who.identity(service, NOW), NOBODY))
    differs = {name for name in nobody if known[name] != nobody[name]}
    assert differs <= {"pan", "second", "third"}
    assert known.keys() == sound.defaults().keys()
