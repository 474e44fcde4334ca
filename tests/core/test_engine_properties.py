"""What holds whatever comes: few fingerprints and subjects, so that messages meet in every order."""

from __future__ import annotations

from core.events import BOOK, NOW
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from lab.fuzz import fuzzing

from bridge.core.engine import Change, Engine
from bridge.model.events import AlertEvent, Source, Status

FINGERPRINTS = st.sampled_from("abc")
LABELS = st.fixed_dictionaries(
    {},
    optional={
        "severity": st.sampled_from(["critical", "warning", "info", "none", "?"]),
        "service": st.sampled_from("xy"),
        "alertname": st.sampled_from(["A", "Watchdog"]),
    },
)
TIMES = st.one_of(st.none(), st.floats(-100, 100).map(lambda t: NOW + t), st.just(NOW + 1e9))


class Messages(RuleBasedStateMachine):
    """Messages in any order; `firing` is what their onsets and resolutions say, kept apart from the engine."""

    def __init__(self):
        super().__init__()
        self.engine = Engine(BOOK)
        self.now = NOW
        self.count = 0
        self.firing = {}
        self.ids = set()

    @rule(
        fingerprint=FINGERPRINTS,
        labels=LABELS,
        status=st.sampled_from(Status),
        starts_at=TIMES,
        ends_at=TIMES,
        flags=st.sampled_from(["", "", "", "one_shot", "retained", "both"]),
        expires=st.sampled_from([None, None, 5.0]),
    )
    def message(  # noqa: PLR0917 # hypothesis names them all
        self, fingerprint, labels, status, starts_at, ends_at, flags, expires
    ):
        event = AlertEvent(
            Source.ALERTMANAGER,
            fingerprint,
            status,
            labels,
            self.now,
            starts_at=starts_at,
            ends_at=ends_at,
            one_shot=flags in {"one_shot", "both"},
            retained=flags in {"retained", "both"},
            expires_at=None if expires is None else self.now + expires,
        )
        self.take(event)

    @rule(seconds=st.floats(-30, 60))
    def time_passes(self, seconds):
        self.now += seconds
        for event in self.engine.due(self.now):
            self.take(event)
            assert event.fingerprint not in self.engine.active

    @rule()
    def the_bridge_is_started_again(self):
        active = list(self.engine.active.values())
        self.engine = Engine(BOOK)
        self.engine.restore(active)

    @rule(fingerprint=FINGERPRINTS)
    def somebody_ends_it_by_hand(self, fingerprint):
        if (known := self.engine.active.get(fingerprint)) is not None:
            labels = known.event.labels
            self.take(
                AlertEvent(Source.FIRE, fingerprint, Status.RESOLVED, labels, self.now, ends_at=self.now)
            )

    def take(self, event):
        self.count += 1
        verdict = self.engine.alert(event, f"e{self.count}", self.now)
        assert (verdict.play is None) != (verdict.reason is None)
        fp = event.fingerprint
        if verdict.change is Change.FIRED:
            worse = {"info": 0, "warning": 1, "critical": 2}
            assert fp not in self.firing or worse[verdict.severity] > worse[self.firing[fp]], (
                "one onset, then worse only"
            )
            self.firing[fp] = verdict.severity
        elif verdict.change is Change.ENDED:
            del self.firing[fp]
        if verdict.play is not None:
            self.sounds(event, verdict)

    def sounds(self, event, verdict):
        play = verdict.play
        assert play.id not in self.ids
        self.ids.add(play.id)
        assert event.one_shot or verdict.change is not Change.NONE, "only a change sounds"
        assert (play.sound == "resolved") == (verdict.change is Change.ENDED)
        assert play.fingerprint == (event.fingerprint if verdict.change is Change.FIRED else "")

    @invariant()
    def what_is_active_is_what_fired_and_did_not_end(self):
        assert {fp: a.severity for fp, a in self.engine.active.items()} == self.firing

    @invariant()
    def every_subject_holds_only_what_is_active(self):
        held = [fp for group in self.engine._subjects.values() for fp in group]
        assert sorted(held) == sorted(self.engine.active)


Messages.TestCase.settings = fuzzing(40, steps=30)
TestMessages = Messages.TestCase
