"""What answers of Alertmanager may do: confirm, silence, end, start; and what they may not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from events import BOOK, NOW, ends, fires
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.alertmanager import FAILURES, Answer, Cluster, Found, Silence
from bridge.core.clusters import FOREIGN, NEGATIVES, OLD, RELEARN
from bridge.core.conductor import Conductor
from bridge.core.engine import Change
from bridge.core.score import Play
from bridge.model.commands import Why
from bridge.model.events import Reason, Source, Status

A, B = Cluster(("http://a:9093",), ("http://a",)), Cluster(("http://b1", "http://b2"), ("http://b",))
OURS = "web.hook"
SILENCE = Silence("s1", "anna", "new disk", NOW + 3600)


def found(fingerprint="f1", state="active", *, cluster=A, age=300.0, **fields):
    """One alert of an answer."""
    labels = fields.pop("labels", {})
    event = fires(
        fingerprint,
        labels=labels,
        source=Source.ALERTMANAGER_API,
        cluster=cluster.name,
        receiver=OURS,
        starts_at=NOW - age,
    )
    return Found(event, state, **fields)


def answer(*alerts, began=None, since=None, silences=(), receivers=(OURS,)):
    return Answer(
        NOW if began is None else began,
        frozenset(receivers),
        {one.event.fingerprint: one for one in alerts},
        {one.id: one for one in silences},
        since,
    )


class Room:
    """A conductor that is told by webhooks and by answers."""

    def __init__(self, *clusters, book=BOOK):
        self.conductor = Conductor(replace(book, clusters=clusters or (A,)), NOW)
        self.now = NOW
        self.verdicts = []

    def known(self, cluster=A):
        return self.conductor.clusters.of(cluster.name)

    def take(self, event):
        verdict = self.conductor.alert(event, f"e{len(self.verdicts)}", self.now)
        self.verdicts.append((event, verdict))
        return verdict

    def webhook(self, fingerprint="f1", *, cluster=A, event=fires, **fields):
        came = {"cluster": cluster.name, "receiver": OURS, "at": self.now} | fields
        self.conductor.clusters.came(came["cluster"], came["receiver"], self.now)
        return self.take(event(fingerprint, **came))

    def poll(self, *alerts, cluster=A, after=15.0, **fields):
        """(fingerprint, change, reason) of everything that the answer decides."""
        self.now += after
        fields.setdefault("began", self.now - 0.1)
        decided = self.conductor.asked(self.known(cluster), answer(*alerts, **fields), self.now)
        self.decided = decided
        verdicts = [(event.fingerprint, self.take(event)) for event in decided.events]
        return [(fp, str(v.change), v.reason and str(v.reason)) for fp, v in verdicts]

    def fails(self, cluster=A, after=15.0):
        self.now += after
        self.conductor.clusters.failed(
            self.known(cluster), "no answer", self.conductor.engine.active, self.now
        )

    def firing(self):
        return sorted(self.conductor.engine.active)

    def tick(self, after=0.25):
        self.now += after
        return self.conductor.tick(self.now)

    def stale(self):
        return sorted(self.conductor.clusters.stale)


def test_an_alert_that_is_confirmed_stays_and_nothing_is_told():
    room = Room()
    room.webhook()
    for _ in range(5):
        assert room.poll(found()) == []
    assert room.firing() == ["f1"]


def test_two_complete_negative_answers_in_a_row_end():
    room = Room()
    room.webhook()
    assert room.poll() == []
    assert room.poll() == [("f1", "ended", None)]
    event, verdict = room.verdicts[-1]
    assert (event.source, event.status) == (Source.ALERTMANAGER_API, Status.RESOLVED)
    assert verdict.play.sound == "resolved"
    assert room.poll() == []


@pytest.mark.parametrize("between", [lambda room: room.fails(), lambda room: room.poll(found())])
def test_a_failure_or_a_confirmation_breaks_the_row(between):
    room = Room()
    room.webhook()
    for _ in range(4):
        assert room.poll() == []
        between(room)
    assert room.firing() == ["f1"]


def test_no_message_after_the_question_was_put_is_overruled():
    room = Room()
    room.webhook()
    assert room.poll() == []
    room.webhook()  # it says again that it fires
    assert room.poll(began=room.now - 5) == []
    assert room.poll() == []
    assert room.poll() == [("f1", "ended", None)]


def test_an_alert_that_came_while_it_was_asked_is_young():
    room = Room()
    for began in (room.now - 1, room.now - 0.5, room.now):
        room.webhook()
        assert room.poll(after=0.0, began=began) == []
    assert room.firing() == ["f1"]


@pytest.mark.parametrize(
    "fields",
    [
        {"source": Source.GRAFANA},
        {"source": Source.MQTT},
        {"source": Source.FIRE},
        {"source": Source.BRIDGE},
        {"cluster": Cluster((), ("",))},
        {"cluster": Cluster((), ("http://elsewhere",))},
        {"receiver": "others"},
    ],
)
def test_only_what_came_from_this_cluster_through_a_receiver_of_ours_is_ended(fields):
    room = Room()
    room.webhook(**fields)
    for _ in range(5):
        assert room.poll() == []
    assert room.firing() == ["f1"]


def test_the_cluster_that_an_alert_came_from_ends_it_and_no_other():
    room = Room(A, B)
    room.webhook(cluster=A)
    for _ in range(3):
        assert room.poll(cluster=B) == []
    assert room.poll(cluster=A) == []
    assert room.poll(cluster=A) == [("f1", "ended", None)]


def test_one_fingerprint_in_two_clusters_ends_when_neither_has_it():
    room = Room(A, B)
    room.webhook(cluster=A)
    room.webhook(cluster=B)
    assert room.poll(found(cluster=B), cluster=B) == []
    for _ in range(4):
        assert room.poll(cluster=A) == []
    room.poll(cluster=B)
    assert room.poll(cluster=A) == [("f1", "ended", None)]


def test_a_webhook_of_another_cluster_says_that_it_has_it():
    room = Room(A, B)
    room.webhook(cluster=A)
    assert room.poll(cluster=A) == []
    room.webhook(cluster=B)
    for _ in range(4):
        assert room.poll(cluster=A) == []
    room.poll(cluster=B)
    assert room.poll(cluster=A) == [("f1", "ended", None)]


def test_what_a_restarted_alertmanager_was_not_told_yet_goes_on():
    room = Room()
    room.webhook()
    room.poll(found())
    room.tick(10)
    restarted = room.now
    while room.now + 15 < restarted + RELEARN:
        assert room.poll(since=restarted) == []
    assert room.poll(since=restarted) == []
    assert room.poll(since=restarted) == [("f1", "ended", None)]


def test_what_it_was_told_since_it_was_restarted_ends_as_usual():
    room = Room()
    began = room.now - 1
    room.webhook()
    assert room.poll(since=began) == []
    assert room.poll(since=began) == [("f1", "ended", None)]


def test_an_alert_of_an_earlier_run_is_ended_too():
    room = Room()
    first = Room()
    first.webhook()
    room.conductor.engine.restore(first.conductor.engine.active.values())
    assert room.poll() == []
    assert room.poll() == [("f1", "ended", None)]


def test_what_stood_at_the_start_is_digested_and_later_ones_sound():
    room = Room()
    assert room.poll(found("f1"), found("f2", labels={"severity": "warning"})) == [
        ("f1", "fired", "digest"),
        ("f2", "fired", "digest"),
    ]
    cues = [cue for cue in room.tick() if isinstance(cue, Play) and cue.why is Why.DIGEST]
    assert [(cue.sound, cue.severity, cue.params["count"]) for cue in cues] == [("digest", "critical", 1.0)]
    assert not [cue for cue in room.tick() if isinstance(cue, Play) and cue.why is Why.DIGEST]
    assert room.poll(found("f1"), found("f2"), found("f3")) == [("f3", "fired", None)]
    assert room.verdicts[-1][1].play.sound == "critical"


def test_what_comes_by_webhook_before_the_first_answer_sounds():
    room = Room()
    assert room.webhook().play.sound == "critical"
    assert room.poll(found()) == []


def test_a_receiver_that_becomes_known_later_is_digested_too():
    room = Room()
    assert room.poll(receivers=()) == []
    assert room.poll(found()) == [("f1", "fired", "digest")]


@pytest.mark.parametrize("one", [found(age=OLD - 20), found(state="suppressed"), found(state="unprocessed")])
def test_what_is_young_or_not_active_is_not_started(one):
    room = Room()
    room.poll()
    assert room.poll(one, after=1) == []


def test_a_watchdog_comes_by_itself_or_not_at_all():
    room = Room()
    watchdog = found(labels={"alertname": "Watchdog", "severity": "none"})
    assert room.poll(watchdog) == []
    assert room.conductor.engine.watchdog_last is None
    assert not room.conductor.watch.armed


def test_what_was_told_resolved_is_not_started_by_a_replica_that_does_not_know():
    room = Room()
    room.poll()
    room.webhook(starts_at=NOW - 300)
    room.webhook(event=ends, starts_at=NOW - 300, ends_at=room.now)
    assert room.poll(found(age=300)) == []
    assert room.poll(found(age=-30), after=120) == [("f1", "fired", None)], "it fires anew"


def test_what_an_answer_ended_wrongly_it_starts_again():
    room = Room()
    room.webhook(starts_at=NOW - 300)
    room.poll()
    room.poll()
    assert room.firing() == []
    assert room.poll(found(age=300), after=60) == [("f1", "fired", None)]


def test_a_start_that_the_engine_does_not_take_is_not_tried_with_every_answer():
    room = Room()
    room.poll()
    room.poll(found())
    room.conductor.engine.active.clear()  # as where there is no room for it
    assert room.poll(found()) == []


def test_a_silenced_alert_is_not_open_until_the_silence_ends():
    room = Room()
    room.webhook()
    assert room.poll(found(state="suppressed", silenced_by=("s1",)), silences=[SILENCE]) == [
        ("f1", "none", "silenced")
    ]
    assert room.decided.silences == [("f1", SILENCE, True)]
    assert room.conductor.open(room.now) == []
    assert room.conductor.digest(room.now) is None
    assert room.conductor.next_reminder(room.now) is None
    assert room.poll(found(state="suppressed", silenced_by=("s1",)), silences=[SILENCE]) == []
    assert room.poll(found()) == []
    assert room.decided.silences == [("f1", SILENCE, False)]
    assert [alert.event.fingerprint for alert in room.conductor.open(room.now)] == ["f1"]


def test_a_silence_ends_with_its_time_though_nobody_answers():
    room = Room()
    room.webhook()
    short = replace(SILENCE, until=NOW + 60)
    room.poll(found(state="suppressed", silenced_by=("s1",)), silences=[short])
    for _ in range(FAILURES):
        room.fails(after=5)
    room.tick()
    assert room.conductor.open(room.now) == []
    room.tick(40)
    assert len(room.conductor.open(room.now)) == 1


def test_what_ends_while_it_is_silenced_is_silent():
    room = Room()
    room.webhook()
    room.poll(found(state="suppressed", silenced_by=("s1",)), silences=[SILENCE])
    room.poll()
    assert room.poll() == [("f1", "ended", "silenced")]


def test_an_inhibited_alert_is_silent_while_somebody_says_so():
    room = Room()
    room.webhook("f1")
    room.webhook("f2", severity="warning")
    warning = {"severity": "warning"}
    inhibited = found("f2", state="suppressed", inhibited_by=("f1", "gone"), labels=warning)
    assert room.poll(found("f1"), inhibited) == [("f2", "none", "silenced")]
    assert room.conductor.clusters.silenced["f2"].comment == "inhibited by HighCPU, gone"
    for _ in range(FAILURES):
        room.fails()
    assert {alert.event.fingerprint for alert in room.conductor.open(room.now)} == {"f1", "f2"}


def test_a_time_interval_of_a_newer_alertmanager_silences_too():
    room = Room()
    room.webhook()
    assert room.poll(found(muted_by=("weekends",))) == [("f1", "none", "silenced")]
    room.conductor.clusters.swap(())
    room = Room()
    room.poll()
    assert room.poll(found(muted_by=("weekends",))) == []


def test_what_one_cluster_silences_and_another_has_active_is_open():
    room = Room(A, B)
    room.webhook(cluster=A)
    room.poll(found(cluster=B), cluster=B)
    assert room.poll(found(state="suppressed", silenced_by=("s1",)), silences=[SILENCE]) == []
    assert len(room.conductor.open(room.now)) == 1


def test_a_firing_message_lifts_a_silence_only_where_nobody_can_say_better():
    room = Room()
    room.webhook()
    room.poll(found(state="suppressed", silenced_by=("s1",)), silences=[SILENCE])
    room.webhook()
    assert room.conductor.open(room.now) == []
    room.fails()
    room.webhook()
    assert len(room.conductor.open(room.now)) == 1


def test_three_failures_make_stale_and_a_message_or_an_answer_ends_that():
    room = Room()
    room.webhook("f1")
    room.webhook("f2", severity="warning")
    room.webhook("other", cluster=B)
    for _ in range(FAILURES - 1):
        room.fails()
    assert room.stale() == []
    room.fails()
    assert room.stale() == ["f1", "f2"]
    assert room.conductor.clusters.stale["f1"].since == room.now
    room.webhook("f1")
    assert room.stale() == ["f2"]
    room.fails()
    room.fails()
    assert room.stale() == ["f2"], "two failures since its message"
    room.fails()
    assert room.stale() == ["f1", "f2"]
    assert room.poll(found("f1")) == []
    assert room.stale() == []


def test_the_reminder_of_a_stale_alert_is_longer_and_softer():
    room = Room()
    room.webhook()
    for _ in range(FAILURES):
        room.fails(after=1)
    cues = []
    while not cues:
        cues = [cue for cue in room.tick() if isinstance(cue, Play) and cue.why is Why.REMINDER]
    plain = room.verdicts[0][1].play.params
    assert cues[0].params["dur"] == pytest.approx(1.3 * plain["dur"])
    assert cues[0].params["vol"] == pytest.approx(0.5 * plain["vol"])


def test_without_asking_nothing_is_stale_unless_the_rule_book_says_after_how_long():
    for stale_after, expected in ((0.0, []), (3600.0, ["f1", "g"])):
        room = Room(book=replace(BOOK, stale_after=stale_after))
        room.webhook("f1", cluster=B)
        room.webhook("g", source=Source.GRAFANA, cluster=Cluster((), ("",)))
        room.webhook("m", source=Source.MQTT, cluster=Cluster((), ("",)))
        room.tick(3599)
        assert room.stale() == []
        room.tick(10)
        assert room.stale() == expected
        room.webhook("g", source=Source.GRAFANA, cluster=Cluster((), ("",)))
        assert "g" not in room.stale()


def test_receivers_are_learned_and_foreign_alertmanagers_named_within_bounds():
    clusters = Room().conductor.clusters
    assert not clusters.came(A.name, "one", NOW)
    assert not clusters.came(A.name, "one", NOW)
    assert clusters.receivers(clusters.known[0]) == ("one",)
    assert clusters.learned == 1
    assert not clusters.came("", "curl", NOW)
    for i in range(FOREIGN + 5):
        assert clusters.came(f"http://x{i}", "r", NOW + i)
    assert len(clusters.foreign) == FOREIGN
    assert clusters.foreign[f"http://x{FOREIGN + 4}"] == (1, NOW + FOREIGN + 4)
    none = Conductor(BOOK, NOW).clusters
    assert not none.came("http://x", "r", NOW), "where none is configured none is foreign"


def test_what_is_kept_of_alerts_ends_with_them():
    room = Room()
    for i in range(50):
        room.webhook(f"f{i}")
        room.webhook("w", labels={"alertname": "Watchdog"})
    room.poll(
        *(found(f"f{i}", state="suppressed", silenced_by=("s1",)) for i in range(50)), silences=[SILENCE]
    )
    for i in range(50):
        room.webhook(f"f{i}", event=ends)
    room.tick(10)
    clusters = room.conductor.clusters
    assert (clusters.silenced, clusters.stale, clusters._heard) == ({}, {}, {})


def test_a_restart_knows_what_is_silenced():
    room = Room()
    room.webhook()
    room.conductor.clusters.restore([("f1", SILENCE)], {A.name: ["x"]})
    assert room.conductor.open(room.now) == []
    assert room.conductor.clusters.receivers(room.known()) == (OURS, "x")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("webhook"), st.sampled_from("ab"), st.sampled_from([A, B]), st.booleans()),
        st.tuples(st.just("answer"), st.sets(st.sampled_from("ab")), st.sampled_from([A, B]), st.booleans()),
        st.tuples(st.just("fail"), st.none(), st.sampled_from([A, B]), st.none()),
        st.tuples(st.just("grafana"), st.sampled_from("cd"), st.none(), st.none()),
    ),
    max_size=40,
)


@given(STEPS)
def test_whatever_comes_only_two_negative_answers_of_its_own_cluster_in_a_row_end(steps):
    """And no failure, no other cluster, no answer that was asked for before the last message."""
    room = Room(A, B)
    negatives = {}
    owner = {}
    for kind, what, cluster, flag in steps:
        before = set(room.conductor.engine.active)
        if kind == "webhook":
            room.webhook(what, cluster=cluster, event=fires if flag else ends)
            negatives[what] = 0
            if flag and what not in before:
                owner[what] = cluster
        elif kind == "grafana":
            room.webhook(what, source=Source.GRAFANA, cluster=Cluster((), ("",)))
        elif kind == "fail":
            room.fails(cluster)
            negatives.update({fp: 0 for fp, own in owner.items() if own is cluster})
            assert set(room.conductor.engine.active) == before
        else:
            stale_question = room.now - 1 if flag else None
            fields = {} if stale_question is None else {"began": stale_question}
            alerts = [found(fp, "suppressed", cluster=cluster, silenced_by=("s1",)) for fp in what]
            room.poll(*alerts, cluster=cluster, silences=[SILENCE], **fields)
            gone = before - set(room.conductor.engine.active)
            for fp in [fp for fp, own in owner.items() if own is cluster]:
                negatives[fp] = 0 if fp in what else negatives.get(fp, 0) + 1
            for fp in gone:
                assert owner[fp] is cluster
                assert fp not in what
                assert negatives[fp] >= NEGATIVES
        assert set("cd") & before <= set(room.conductor.engine.active)
        assert set(room.conductor.clusters.silenced) <= set(room.conductor.engine.active)


def test_change_is_none_for_what_is_only_confirmed():
    room = Room()
    room.webhook()
    assert room.take(replace(found().event, received=room.now)).change is Change.NONE
    assert room.verdicts[-1][1].reason is Reason.DUPLICATE
