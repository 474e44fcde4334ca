"""Every row of the engine's table and every one of its rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
from core.events import BOOK, NOW, Told, ends, fires

from bridge import config
from bridge.core.engine import LATE, TOMBSTONES, Change, Engine
from bridge.model.events import Source


@pytest.fixture
def tell():
    return Told()


# The table: known or not, firing or resolved.


def test_an_unknown_alert_that_fires_is_an_onset(tell):
    assert tell(fires()) == ("fired", "critical")
    assert list(tell.engine.active) == ["f1"]
    assert tell.cues[0].fingerprint == "f1"


def test_a_known_alert_that_fires_again_changes_nothing(tell):
    tell(fires())
    assert tell(fires(at=NOW + 60)) == ("none", "duplicate")
    assert tell.engine.active["f1"].since == NOW


def test_a_known_alert_that_is_resolved_ends(tell):
    tell(fires())
    assert tell(ends(at=NOW + 9)) == ("ended", "resolved")
    assert tell.engine.active == {}
    assert tell.cues[-1].fingerprint == ""


def test_an_unknown_alert_that_is_resolved_is_nothing(tell):
    assert tell(ends()) == ("none", "duplicate")


def test_an_ended_alert_that_fires_again_is_an_onset(tell):
    tell(fires())
    tell(ends(at=NOW + 9))
    assert tell(fires(at=NOW + 20)) == ("fired", "critical")


@pytest.mark.parametrize(
    "change", [{}, {"source": Source.MQTT}, {"source": Source.GRAFANA}, {"value": 7.0}, {"retained": True}]
)
def test_a_twin_from_anywhere_sounds_once(tell, change):
    tell(fires(starts_at=NOW - 30))
    assert tell(replace(fires(starts_at=NOW - 30, at=NOW + 15), **change)) == ("none", "duplicate")


@pytest.mark.parametrize(
    ("severity", "told"),
    [("info", "duplicate"), ("warning", "duplicate"), ("critical", "critical")],
)
def test_the_same_fingerprint_with_another_severity_sounds_only_when_it_is_worse(tell, severity, told):
    tell(fires(severity="warning"))
    change, sound = tell(fires(severity=severity, at=NOW + 5))
    assert sound == told
    assert tell.engine.active["f1"].severity == ("critical" if severity == "critical" else "warning")
    assert tell.engine.active["f1"].since == NOW
    assert change == ("fired" if severity == "critical" else "none")


# startsAt and endsAt only order.


@pytest.mark.parametrize(
    ("after", "starts_at", "told"),
    [
        (15, NOW - 30, "expired"),  # the second peer of a pair is late
        (15, NOW - 60, "expired"),  # an older one still
        (15, NOW - 29, "critical"),  # a new start
        (LATE + 1, NOW - 30, "critical"),  # too late to be a twin
        (15, None, "critical"),  # nothing to tell them apart by
    ],
)
def test_a_firing_that_its_own_resolution_has_overtaken(tell, after, starts_at, told):
    tell(fires(starts_at=NOW - 30))
    tell(ends(ends_at=NOW, at=NOW))
    assert tell(fires(starts_at=starts_at, at=NOW + after))[1] == told


@pytest.mark.parametrize(
    ("ends_at", "told"),
    [(NOW - 31, "expired"), (NOW - 30, "resolved"), (NOW, "resolved"), (None, "resolved")],
)
def test_a_resolution_of_an_earlier_firing_ends_nothing(tell, ends_at, told):
    tell(fires(starts_at=NOW - 30))
    assert tell(ends(ends_at=ends_at, at=NOW + 1))[1] == told


def test_a_repeat_moves_the_start_so_that_an_old_resolution_stays_old(tell):
    tell(fires(starts_at=NOW - 30))
    tell(fires(starts_at=NOW - 10, at=NOW + 1))
    assert tell(ends(ends_at=NOW - 20, at=NOW + 2)) == ("none", "expired")


def test_a_start_in_the_future_does_not_keep_an_alert_from_ending(tell):
    """A sender whose clock is wrong, or who wants an alert to stand for ever."""
    tell(fires(starts_at=NOW + 1e9))
    assert tell(ends(ends_at=NOW + 5, at=NOW + 5)) == ("ended", "resolved")
    tell(fires("f2"))
    tell(fires("f2", starts_at=253402300799.0, at=NOW + 1))
    assert tell(ends("f2", ends_at=NOW + 5, at=NOW + 5)) == ("ended", "resolved")


# One subject: labels that differ only in severity.


def pair(low="warning", high="critical"):
    return fires("low", low, labels={"service": "api"}), fires("high", high, labels={"service": "api"})


def resolved(event, after=5.0):
    return replace(ends(event.fingerprint, at=NOW + after), labels=event.labels)


def test_the_higher_severity_takes_the_subject_over(tell):
    low, high = pair()
    assert [tell(low), tell(high)] == [("fired", "warning"), ("fired", "critical")]
    assert tell(resolved(low)) == ("ended", "superseded")
    assert tell(resolved(high)) == ("ended", "resolved")


def test_the_lower_severity_is_superseded_while_the_higher_fires(tell):
    low, high = pair()
    assert [tell(high), tell(low)] == [("fired", "critical"), ("fired", "superseded")]
    assert tell(resolved(high)) == ("ended", "resolved"), "what was critical is mended, and the sound says so"
    assert tell(resolved(low)) == ("ended", "resolved")


def test_the_end_of_the_lower_says_nothing_while_the_higher_fires(tell):
    low, high = pair()
    tell(low)
    tell(high)
    assert tell(resolved(low)) == ("ended", "superseded")


def test_an_end_says_nothing_while_another_as_high_fires(tell):
    _, high = pair()
    page = replace(high, fingerprint="page", labels={**high.labels, "severity": "page"})
    assert [tell(high), tell(page)] == [("fired", "critical"), ("fired", "superseded")]
    assert tell(resolved(high)) == ("ended", "superseded")
    assert tell(resolved(page)) == ("ended", "resolved")


def test_a_much_later_start_means_that_an_end_was_never_told(tell):
    first = fires("a", starts_at=1000.0)
    assert tell(first, 1000.0) == ("fired", "critical")
    assert tell(replace(first, starts_at=1200.0), 1300.0) == ("none", "duplicate"), "a twin's evaluation"
    assert tell(replace(first, starts_at=1700.0), 1750.0) == ("fired", "critical")
    assert tell(replace(first, starts_at=9000.0), 1800.0) == ("none", "duplicate"), "the future says nothing"


@pytest.mark.parametrize("label", ["instance", "alertname", "service"])
def test_another_label_is_another_subject(tell, label):
    low, high = pair()
    tell(high)
    assert tell(replace(low, labels={**low.labels, label: "other"})) == ("fired", "warning")


def test_alerts_without_any_label_share_no_subject(tell):
    assert tell(replace(fires("a"), labels={})) == ("fired", "info")
    assert tell(replace(fires("b"), labels={})) == ("fired", "info")
    assert tell(replace(fires("c"), labels={"severity": "critical"})) == ("fired", "critical")


def test_a_silent_alert_supersedes_nobody(tell):
    silent, loud = (
        fires("s", "none", labels={"service": "api"}),
        fires("l", "info", labels={"service": "api"}),
    )
    assert tell(silent) == ("fired", "by_rule")
    assert tell(loud) == ("fired", "info")
    assert tell(resolved(silent)) == ("ended", "by_rule")


def test_a_fingerprint_that_changes_its_labels_leaves_its_old_subject(tell):
    """Otherwise the old subject remembers an alert that is no longer there, and falls over it."""
    tell(fires("x", "info", labels={"service": "old"}))
    tell(fires("x", "critical", labels={"service": "new"}))
    tell(ends("x", labels={"service": "new"}, at=NOW + 1))
    assert tell(fires("y", "info", labels={"service": "old"}, at=NOW + 2)) == ("fired", "info")
    tell(ends("y", "info", labels={"service": "old"}, at=NOW + 3))
    assert tell.engine._subjects == {}


# One-shot, retained, sign of life, tests.


def test_a_message_without_state_is_one_onset_each_time_and_leaves_nothing(tell):
    assert tell(fires(one_shot=True)) == ("none", "critical")
    assert tell(fires(one_shot=True)) == ("none", "critical")
    assert tell.engine.active == {}
    assert tell.cues[0].fingerprint == ""


def test_a_retained_message_without_state_is_an_old_one(tell):
    assert tell(fires(one_shot=True, retained=True)) == ("none", "retained")


def test_a_retained_message_with_state_is_the_state(tell):
    assert tell(fires(retained=True)) == ("fired", "critical")
    assert tell(ends(retained=True, at=NOW + 1)) == ("ended", "resolved")


@pytest.mark.parametrize("one_shot", [True, False])
def test_a_silent_alert_is_known_and_never_sounds(tell, one_shot):
    event = fires(severity="none", one_shot=one_shot)
    assert tell(event)[1] == "by_rule"
    assert list(tell.engine.active) == ([] if one_shot else ["f1"])


WATCHDOG = {"alertname": "Watchdog"}


def test_the_watchdog_is_remembered_and_never_a_cue(tell):
    assert tell.engine.watchdog_last is None
    assert tell(fires(labels=WATCHDOG)) == ("none", "by_rule")
    assert tell(fires(labels=WATCHDOG, at=NOW + 30)) == ("none", "duplicate")
    assert (tell.engine.watchdog_last, tell.engine.active) == (NOW + 30, {})
    assert tell(ends(labels=WATCHDOG, at=NOW + 60)) == ("none", "duplicate")
    assert tell.engine.watchdog_last == NOW + 30


def test_a_retained_watchdog_proves_nothing(tell):
    tell(fires(labels=WATCHDOG, retained=True))
    assert tell.engine.watchdog_last is None


def test_a_test_that_is_due_resolves_itself(tell):
    tell(fires("t", expires_at=NOW + 60))
    tell(fires("x"))
    assert tell.engine.due(NOW + 59) == []
    (due,) = tell.engine.due(NOW + 60)
    assert (due.fingerprint, due.status) == ("t", "resolved")
    assert tell(due, NOW + 60) == ("ended", "resolved")
    assert tell.engine.due(NOW + 61) == []


def test_a_test_that_becomes_a_real_alert_no_longer_ends_by_itself(tell):
    tell(fires("t", expires_at=NOW + 60))
    tell(fires("t", at=NOW + 1))
    assert tell.engine.due(NOW + 1e6) == []


# State that lasts.


def test_what_was_remembered_replays_no_onset_and_can_end(tell):
    tell(fires())
    again = Told(active=tell.engine.active.values())
    assert again(fires(at=NOW + 60)) == ("none", "duplicate")
    assert again(ends(at=NOW + 61)) == ("ended", "resolved")


def test_what_was_remembered_still_supersedes(tell):
    low, high = pair()
    tell(high)
    assert Told(active=tell.engine.active.values())(low) == ("fired", "superseded")


def test_the_newest_texts_are_kept_and_what_was_sent_is_not(tell):
    tell(fires(annotations={"summary": "a"}, value=1.0, raw={"huge": "x" * 1000}))
    tell(fires(annotations={"summary": "b"}, value=2.0, raw={"huge": "x" * 1000}))
    event = tell.engine.active["f1"].event
    assert (event.annotations, event.value, event.raw) == ({"summary": "b"}, 2.0, {})
    tell(fires())
    assert tell.engine.active["f1"].event.annotations == {"summary": "b"}


def test_ended_alerts_are_forgotten_in_the_end():
    engine = Engine(BOOK)
    for i in range(TOMBSTONES + 50):
        engine.alert(fires(str(i)), "x", NOW)
        engine.alert(ends(str(i)), "y", NOW)
    assert len(engine._ended) == TOMBSTONES
    assert engine._subjects == {}


def new_book(*rules):
    text = "version: 1\nalerts:\n" + "".join(f"  - {rule}\n" for rule in rules)
    return config.parse(text.encode(), "x").compiled()


def test_after_a_new_rule_book_what_fires_keeps_firing(tell):
    tell(fires())
    tell.engine.swap(new_book("{name: quiet, sound: silent}"))
    assert tell(fires(at=NOW + 1)) == ("none", "duplicate")
    assert tell(ends(at=NOW + 2)) == ("ended", "by_rule")
    assert tell.engine.active == {}


def test_an_alert_that_a_new_rule_book_calls_a_sign_of_life_still_ends(tell):
    tell(fires())
    tell.engine.swap(new_book("{name: life, sound: sign_of_life}"))
    assert tell(ends(at=NOW + 2))[0] == Change.ENDED
    assert tell.engine.active == {}


def test_regrouping_follows_the_new_books_subjects(tell):
    low, high = pair()
    tell(replace(high, labels={**high.labels, "pod": "1"}))
    text = b"version: 1\nsubject_without: [severity, pod]\nalerts: [{name: a, match: ['severity=\"critical\"'], severity: critical}, {name: b}]"
    tell.engine.swap(config.parse(text, "x").compiled())
    assert tell(replace(low, labels={**low.labels, "pod": "2"}))[1] == "superseded"


def test_a_firing_that_comes_after_its_own_end_though_nobody_knew_of_it_is_expired():
    told = Told()
    assert told(ends(starts_at=NOW - 5, ends_at=NOW)) == ("none", "duplicate")
    assert told(fires(starts_at=NOW - 5, at=NOW + 20)) == ("none", "expired")
    assert told(ends(starts_at=NOW - 5, ends_at=NOW, at=NOW + 25)) == ("none", "duplicate")
    assert told(fires(starts_at=NOW - 5, at=NOW + 31)) == ("fired", "critical"), "a repeat makes it no longer"
