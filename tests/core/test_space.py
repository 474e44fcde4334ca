"""What happens when more fires than is kept: it sounds once, it is counted, and the bridge says so."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from core.events import BOOK, NOW, Told, ends, fires
from hypothesis import given
from hypothesis import strategies as st

from bridge.core import space
from bridge.core.conductor import Conductor
from bridge.core.engine import TOMBSTONES, Active, Engine
from bridge.core.repeats import HIDDEN
from bridge.core.space import Space, kept, shortened, weight
from bridge.model.events import Reason, Source


def full(most=2, most_bytes=space.BYTES):
    """An engine with room for so many, and as many that fire."""
    told = Told()
    told.engine.space = Space(most, most_bytes)
    for i in range(most):
        assert told(fires(f"old{i}"))[0] == "fired"
    assert not told.engine.full
    return told


def test_one_more_sounds_once_and_is_not_kept():
    told = full()
    assert told(fires("new")) == ("none", "critical")
    assert told.engine.full
    assert told.cues[-1].fingerprint == "", "nobody asks for it again: it is in no list"
    assert told(fires("new", at=NOW + 60)) == ("none", "duplicate")
    assert sorted(told.engine.active) == ["old0", "old1"]
    assert told.engine.counts["critical"] == 2


def test_it_is_said_of_each_that_it_is_not_kept_and_only_once():
    engine = full().engine
    assert [engine.alert(fires("new"), f"n{i}", NOW).kept for i in range(3)] == [False, True, True]
    assert engine.alert(fires("old0"), "o", NOW).kept


def test_what_gets_worse_sounds_again():
    told = full()
    assert told(fires("new", "warning")) == ("none", "warning")
    assert told(fires("new", "critical")) == ("none", "critical")
    assert told(fires("new", "warning")) == ("none", "duplicate")


def test_what_ended_may_come_again():
    told = full()
    told(fires("new", starts_at=NOW))
    assert told(ends("new", at=NOW + 100, starts_at=NOW)) == ("none", "duplicate")
    assert told(fires("new", at=NOW + 110, starts_at=NOW)) == ("none", "expired"), "a late twin"
    assert told(fires("new", at=NOW + 200, starts_at=NOW + 190)) == ("none", "critical")


def test_a_much_later_start_proves_an_end_that_was_not_told():
    told = full()
    told(fires("new", starts_at=NOW))
    later = NOW + HIDDEN
    assert told(fires("new", at=later + 9, starts_at=later)) == ("none", "duplicate")
    assert told(fires("new", at=later + 9, starts_at=later + 1)) == ("none", "critical")


def test_where_there_is_room_again_its_next_message_is_kept_silently():
    told = full()
    told(fires("new", at=NOW + 1))
    assert told(ends("old0", at=NOW + 2)) == ("ended", "resolved")
    assert told(fires("new", at=NOW + 9)) == ("fired", "duplicate")
    assert told.engine.active["new"].since == NOW + 1
    assert told(ends("new", at=NOW + 20)) == ("ended", "resolved")


def test_it_is_full_until_a_tenth_is_free():
    told = full(10)
    told(fires("new"))
    told(ends("old0"))
    assert not told.engine.full
    told(fires("new"))
    told(fires("newer"))
    assert told.engine.full, "one may come again in the place of one that went"
    told.engine.space._most = 100
    told(ends("old1"))
    assert not told.engine.full


def test_a_lesser_one_of_a_subject_that_sounds_stays_superseded():
    told = full()
    same = {"service": "old0"}
    assert told(fires("less", "warning", labels=same)) == ("none", "superseded")
    assert told.engine.alert(fires("less2", "warning", labels=same), "x", NOW).kept is False


def test_what_the_bridge_says_of_itself_is_always_kept():
    told = full()
    assert told(fires("SingingPagerFull", "warning", source=Source.BRIDGE)) == ("fired", "warning")
    assert "SingingPagerFull" in told.engine.active


def test_a_rule_may_still_silence_it():
    silent = replace(BOOK, alerts=(replace(BOOK.alerts[0], matchers=(), sound="silent"),))
    told = full()
    told.engine.swap(silent)
    assert told(fires("new")) == ("none", "by_rule")


def test_the_names_of_what_is_not_kept_are_bounded(monkeypatch):
    monkeypatch.setattr(space, "BEYOND", 3)
    told = full()
    for i in range(5):
        told(fires(f"new{i}"))
    assert len(told.engine.space._beyond) == 3
    assert told(fires("new4")) == ("none", "duplicate")
    assert told(fires("new0"))[1] == "critical", "forgotten, so it is news again: better twice than never"


def test_a_critical_without_room_is_heard_in_the_flood_at_least_as_storm():
    conductor = Conductor(BOOK, NOW)
    conductor.engine.space = Space(0)
    first = conductor.alert(fires("a"), "a", NOW)
    second = conductor.alert(fires("b"), "b", NOW + 0.1)
    assert (first.play.sound, second.reason) == ("critical", Reason.FLOOD)
    assert conductor.cadence.reminders._missed == {}, "there are no reminders of what is not kept"
    storms = [c for i in range(40) for c in conductor.tick(NOW + i / 4) if getattr(c, "sound", "") == "storm"]
    assert len(storms) == 1


def test_a_restart_that_finds_it_full_says_so():
    engine = Engine(BOOK)
    engine.space = Space(2)
    engine.restore([Active(fires(str(i)), NOW, "critical", "r", audible=True) for i in range(2)])
    assert engine.full
    engine.alert(ends("0"), "x", NOW)
    assert not engine.full


def test_a_restart_remembers_no_more_ends_than_it_would_keep():
    engine = Engine(BOOK)
    engine.restore([], [(str(i), NOW, None) for i in range(TOMBSTONES + 50)])
    assert len(engine._ended) == TOMBSTONES
    assert next(iter(engine._ended)) == "50", "the oldest are forgotten"


def test_what_is_kept_stays_so_when_it_comes_anew_or_gets_worse():
    """Found by the state machine: it was forgotten, and the store not told."""
    told = full(0)
    told.engine.space._most = 1
    told(fires("a", "warning", starts_at=NOW))
    told(fires("b"))
    later = NOW + HIDDEN + 1
    assert told(fires("a", "warning", at=later + 1, starts_at=later)) == ("fired", "warning")
    assert told(fires("a", "critical", at=later + 2, starts_at=later)) == ("fired", "critical")
    assert list(told.engine.active) == ["a"]


# Bytes

HUGE = {f"label{i}": "x" * 4096 for i in range(20)}


def test_few_huge_alerts_fill_it_as_many_small_ones_do():
    told = full(0, 1_000_000)
    told.engine.space._most = 1000
    for i in range(30):
        told(fires(f"huge{i}", labels=HUGE | {"n": str(i)}))
    assert 10 < len(told.engine.active) < 13
    assert told.engine.full
    assert told(fires("small")) == ("fired", "critical"), "what is small may still fit"


def test_texts_that_grow_while_it_fires_are_taken_where_there_is_room():
    said = {"summary": "s" * 3000}
    before = fires("a", annotations={"summary": "short"})
    told = full(0, weight(before) + 100)
    told.engine.space._most = 5
    told(before)
    told(fires("a", annotations=said))
    assert told.engine.active["a"].event.annotations == {"summary": "short"}
    told.engine.space._most_bytes += 3000
    told(fires("a", annotations=said))
    assert told.engine.active["a"].event.annotations == said


def test_one_that_gets_worse_and_larger_keeps_its_old_texts_where_there_is_no_room():
    small = fires("a", "warning", labels={"x": "y"})
    told = full(0, weight(small) + 200)
    told.engine.space._most = 5
    told(small)
    assert told(fires("a", "critical", labels=HUGE)) == ("fired", "critical")
    alert = told.engine.active["a"]
    assert (alert.severity, dict(alert.event.labels)) == ("critical", dict(small.labels))
    assert told.engine.space._used == weight(alert.event)


def test_of_annotations_so_many_characters_are_kept_the_summary_first():
    long = {"description": "d" * 5000, "summary": "s" * 100, "runbook_url": "u"}
    found = shortened(long)
    assert sum(len(k) + len(v) for k, v in found.items()) <= space.TEXTS
    assert found["summary"] == "s" * 100
    assert found["description"].startswith("dddd")
    assert shortened({"summary": "s"}) == {"summary": "s"}


@given(st.dictionaries(st.text(max_size=3000), st.text(max_size=3000), max_size=6))
def test_never_more(annotations):
    found = shortened(annotations)
    assert sum(len(k) + len(v) for k, v in found.items()) <= space.TEXTS
    assert all(annotations[name].startswith(text) for name, text in found.items())


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ({}, {}),
        ({f"l{i}": f"v{i}" for i in range(12)}, {"summary": "s" * 80, "description": "d" * 300}),
        ({f"l{i}": f"v{i}" for i in range(128)}, {}),
        ({"l": "\N{LATIN SMALL LETTER A WITH DIAERESIS}" * 4000}, {}),
        ({"l": "\N{MUSICAL SYMBOL G CLEF}" * 4000}, {"summary": "\N{MUSICAL SYMBOL G CLEF}" * 4000}),
        (HUGE, {}),
    ],
)
def test_an_alert_weighs_at_least_what_it_takes(labels, annotations):
    """What the interpreter says of 200 of them, in the engine, with every text of its own."""
    engine = Engine(BOOK)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for i in range(200):
            own = {name: "".join((text, str(i))) for name, text in labels.items()}
            texts = {name: "".join((text, str(i))) for name, text in annotations.items()}
            engine.alert(fires(f"f{i}", labels=own, annotations=texts), f"e{i}", NOW)
        took = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    weighs = sum(weight(alert.event) for alert in engine.active.values())
    assert engine.space._used == weighs
    assert took <= 1.1 * weighs + 200_000
    assert weighs <= 4.5 * took, "and not so much more that room is wasted"


def test_what_was_sent_is_not_kept():
    event = fires(raw={"x": "y" * 10_000}, annotations={"d": "d" * 10_000})
    assert kept(event).raw == {}
    assert weight(kept(event)) < 7000
