"""The whole core, its intake and its store, whatever happens to them: a bridge on a clock of its own, and what holds always.

1. Received is what ended and what is open, for every kind and source, in the store's books and in the metrics.
2. What the store says fires is what the bridge knows to fire: the same alerts, as severe, since the same time
   unless the clock went back.
3. What was resolved does not fire, and no message that its own end has overtaken brings it back.
4. A cue that names an alert sounds only while that fires; the id of a cue that has sounded is never heard again.
5. Reminders are for critical and warning alerts that fire, may sound, and that nobody has acknowledged or muted; no two
   come within 15 s.
6. The onset of a critical is never kept silent by quiet hours, and by the flood only while the cue of another sounds.
7. No sound has more voices than the rule books allow, and a player's voices are those that should stand.
8. The counts by severity are what counting gives, and the room that is taken is that of what fires.
9. A restart changes nothing of what fires, of what somebody took on or muted, nor of who sings.
10. Nothing that grows is beyond its bound.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import UTC
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from lab.fuzz import fuzzing
from lab.still import BOOK, Still

from bridge.core import flood, outcomes, space
from bridge.core.cadence import APART
from bridge.core.digest import is_test
from bridge.core.engine import LATE
from bridge.core.quiet import Quiet
from bridge.core.space import weight
from bridge.core.watch import Expectation
from bridge.core.who import MOTIFS
from bridge.model.commands import Why
from bridge.model.events import AlertEvent, MetricSample, Reason, Rejected, Source, Status
from bridge.runtime.trials import resolutions, trial
from bridge.store.books import _reading, ledger

RULES = BOOK.compiled()
BOOKS = {
    "built-in": RULES,
    "no flood limit": replace(RULES, flood=False),
    "quiet": replace(RULES, quiet=Quiet(UTC, 0, 1440)),
    "few voices": replace(RULES, max_voices=2),
    "other subjects": replace(RULES, subject_without=frozenset({"severity", "service"})),
    "expects": replace(RULES, expected=(Expectation("cpu", 60.0, "cpu"),), digest_every=300.0),
}
MOST = 4
NAMES = st.sampled_from("abcdef")
SEVERITIES = st.sampled_from(["critical", "critical", "warning", "info"])
SOURCES = st.sampled_from([Source.ALERTMANAGER, Source.ALERTMANAGER, Source.GRAFANA, Source.MQTT])
JUMPS = [-86400.0, -3600.0, -61.0, -5.0, 3600.0, 86400.0]


def by_source(counter):
    """What it counted of each source."""
    found = Counter()
    for metric in counter.collect():
        for sample in metric.samples:
            found[sample.labels["source"]] += sample.value
    return +found


class Bridge(RuleBasedStateMachine):
    """Few names, so that everything meets everything."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.still = Still(self.folder)
        self.still.ear.on_play = self.noted(self.sounds)
        self.count = 0
        self.last = {}
        self.held = []
        self.critical_until = self.reminded = float("-inf")
        self.answered = set()
        self.wrong = []
        self.went_back = False
        self.started()

    def started(self):
        self.engine.space._most = MOST
        self.engine.space.restored()
        intake, decide = self.still.runtime.conductor, self.still.runtime.conductor.alert

        def judged(event, onset, now):
            verdict = decide(event, onset, now)
            self.noted(self.decided)(event, verdict, now)
            return verdict

        intake.alert = judged

    def teardown(self):
        if not hasattr(self, "still"):
            return
        try:
            self.still.wait(45 + outcomes.DEADLINE + 10, 3.0)  # tests end within 40 s, and that is said
            self.books()
            self.nothing_was_wrong_inside()
            assert not self.still.runtime.writes.open, "at rest nothing is open"
        finally:
            self.still.close()
            shutil.rmtree(self.folder)

    @property
    def engine(self):
        return self.still.runtime.engine

    @property
    def conductor(self):
        return self.still.runtime.conductor

    # What comes in

    def event(self, name, severity, status=Status.FIRING, source=Source.ALERTMANAGER, **fields):
        labels = {"alertname": "HighCPU", "service": name.lower(), "severity": severity}
        if status is Status.FIRING:  # each start is later than all before, unless the clock went back
            self.count += 1
            fields = {"starts_at": self.still.now - 1 + self.count / 10_000} | fields
        return AlertEvent(source, name, status, labels, self.still.now, **fields)

    def take(self, *events):
        for event in events:
            if isinstance(event, AlertEvent) and not event.one_shot:
                self.last[event.fingerprint] = event
        assert self.still.take(*events)

    @rule(name=NAMES, severity=SEVERITIES, source=SOURCES)
    def fires(self, name, severity, source):
        room = self.engine.space.fits(self.event(name, severity)) or name in self.engine.active
        self.take(self.event(name, severity, source=source))
        assert not room or name in self.engine.active

    @rule(name=NAMES, severity=SEVERITIES)
    def gets_worse_under_another_name(self, name, severity):
        """Alertmanager gives the critical of a subject another fingerprint than its warning."""
        self.take(replace(self.event(name, severity), fingerprint=f"{name}-{severity}"))

    @rule(name=NAMES, severity=SEVERITIES)
    def ends(self, name, severity):
        self.take(self.event(name, severity, Status.RESOLVED, ends_at=self.still.now))
        assert name not in self.engine.active

    @precondition(lambda self: self.last)
    @rule(data=st.data())
    def comes_again(self, data):
        self.take(data.draw(st.sampled_from(sorted(self.last.values(), key=lambda e: e.fingerprint))))

    @rule(name=NAMES, severity=SEVERITIES)
    def comes_and_goes_in_one_batch(self, name, severity):
        fires, ends = (
            self.event(name, severity),
            self.event(name, severity, Status.RESOLVED, ends_at=self.still.now),
        )
        self.take(fires, fires, ends, ends)
        assert name not in self.engine.active

    @rule(name=NAMES, severity=SEVERITIES)
    def is_overtaken_by_its_end(self, name, severity):
        fires = self.event(name, severity, starts_at=self.still.now - 2)
        over = {"starts_at": fires.starts_at, "ends_at": self.still.now}
        self.take(self.event(name, severity, Status.RESOLVED, **over))
        at, began = self.engine._ended[name]
        self.take(fires)
        now = self.still.now
        if 0 <= now - at <= LATE and began is not None and fires.starts_at <= began <= now:
            assert name not in self.engine.active

    @rule(name=NAMES, severity=SEVERITIES)
    def is_held_back(self, name, severity):
        self.held += [
            self.event(name, severity),
            self.event(name, severity, Status.RESOLVED, ends_at=self.still.now),
        ]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def arrives_late(self, data):
        order = data.draw(st.permutations(range(len(self.held))))
        events, self.held = [self.held[i] for i in order], []
        self.take(*events)

    @rule(name=NAMES, retained=st.booleans())
    def has_no_state(self, name, retained):
        self.take(self.event(f"{name}!", "warning", source=Source.MQTT, one_shot=True, retained=retained))
        assert f"{name}!" not in self.engine.active

    @rule(seconds=st.sampled_from([1.0, 40.0]))
    def is_a_test(self, seconds):
        event = trial({"alertname": "Test", "severity": "critical"}, seconds, "a test", self.still.now)
        self.take(replace(event, fingerprint=f"test{seconds}"))

    @rule()
    def tests_are_ended(self):
        if ended := resolutions(self.engine, None, self.still.now):
            self.take(*ended)
        assert not any(map(is_test, self.engine.active.values()))

    @rule()
    def is_a_sign_of_life(self):
        self.take(
            replace(self.event("watchdog", "none"), labels={"alertname": "Watchdog", "severity": "none"})
        )
        assert "watchdog" not in self.engine.active

    @rule()
    def cannot_be_read(self):
        self.take(Rejected(Source.MQTT, "no JSON"), Rejected(Source.MQTT, "old", Reason.RETAINED))

    @rule(
        kind=st.sampled_from(["cpu", "memory", "queue"]),
        machine=st.integers(0, 5),
        values=st.lists(st.floats(0, 1), min_size=1, max_size=3),
    )
    def is_measured(self, kind, machine, values):
        labels = {"instance": str(machine), "service": "abcdef"[machine]}
        self.take(*(MetricSample(Source.HTTP, kind, value, self.still.now, labels) for value in values))

    # What people do

    @rule(name=st.one_of(st.none(), NAMES))
    def somebody_takes_it_on(self, name):
        self.still.do(self.still.runtime.duty.acknowledge(name, "ann", "mine"))

    @rule(name=st.one_of(st.none(), NAMES))
    def somebody_gives_it_back(self, name):
        self.still.do(self.still.runtime.duty.unacknowledge(name, "ann"))

    @rule(
        match=st.sampled_from([[], ['service="a"'], ['service=~"a|b"', 'severity!="info"']]),
        seconds=st.sampled_from([5.0, 600.0, 8 * 3600.0]),
        criticals=st.booleans(),
    )
    def somebody_mutes(self, match, seconds, criticals):
        self.still.do(self.still.runtime.duty.mute(match, seconds, criticals=criticals, by="ann", why=""))

    @rule()
    def somebody_unmutes(self):
        self.still.do(self.still.runtime.duty.unmute(None, "ann"))

    @rule(on=st.booleans())
    def the_watch_is_switched(self, on):
        self.still.do(self.still.runtime.duty.switch_watch(on=on, by="ann"))

    @rule(name=st.sampled_from(sorted(BOOKS)))
    def the_rule_book_is_another(self, name):
        self.conductor.swap(BOOKS[name], self.still.now)

    @rule(listening=st.booleans(), answers=st.booleans())
    def who_listens_changes(self, listening, answers):
        ear = self.still.ear
        ear.listening, ear.answers = listening, answers
        if answers:
            self.still.call(ear.answer)

    # What time does

    @rule(quarters=st.integers(1, 12))
    def a_moment_passes(self, quarters):
        self.still.wait(quarters / 4)

    @rule(seconds=st.sampled_from([20.0, 61.0, 130.0, 700.0]))
    def a_while_passes(self, seconds):
        self.still.wait(seconds, seconds / 20)

    @rule(by=st.sampled_from(JUMPS))
    def the_clock_jumps(self, by):
        self.still.now += by
        if by < 0:
            self.went_back = True
            self.critical_until = self.reminded = float("-inf")
        self.still.tick()

    @rule(clean=st.booleans())
    def the_bridge_is_started_again(self, clean):
        before = self.remembered()
        self.still.stop(clean=clean)
        self.reminded = float("-inf")
        self.still.start()
        self.started()
        after = self.remembered()
        assert after == before, [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]

    def remembered(self):
        now, acks = self.still.now, self.conductor.acks
        return (
            {
                f: (a.severity, None if self.went_back else a.since, a.rule, a.audible, a.onset)
                for f, a in self.engine.active.items()
            },
            {f: acks.of(f, a.severity, now) for f, a in self.engine.active.items()},
            {m.id for m in self.conductor.mutes.given.values() if m.holds(now)},
            dict(self.conductor.who.slots),
            None if self.went_back else self.engine.watchdog_last,
            self.conductor.watch.on,
            self.still.runtime.bridge,
        )

    # What must hold

    def noted(self, check):
        """A check inside the bridge, whose failure is told outside of it."""

        def checked(*args):
            try:
                check(*args)
            except (AssertionError, KeyError) as e:
                self.wrong.append((e, args))

        return checked

    @invariant()
    def nothing_was_wrong_inside(self):
        if hasattr(self, "still"):
            assert not self.wrong, self.wrong

    def decided(self, event, verdict, now):
        assert (verdict.play is None) != (verdict.reason is None)
        assert verdict.reason is not Reason.MUTED or self.conductor.mutes
        if verdict.severity == "critical" and event.status is Status.FIRING:
            assert verdict.reason is not Reason.QUIET_HOURS
            if verdict.reason is Reason.FLOOD:
                assert now < self.critical_until, "only while the cue of another one sounds"
        play = verdict.play
        if play is not None and flood.alarms(play):
            self.critical_until = max(self.critical_until, now + play.params["dur"])

    def sounds(self, cue):
        now = self.still.now
        if cue.fingerprint:
            assert cue.fingerprint in self.engine.active, "it fires"
        if cue.why is Why.EVENT:
            assert cue.id not in self.answered, "once"
            if self.still.ear.answers:
                self.answered.add(cue.id)
        if cue.why is Why.REMINDER:
            self.reminds(cue, now)

    def reminds(self, cue, now):
        alert = self.engine.active[cue.fingerprint]
        assert alert.audible
        assert alert.severity in {"critical", "warning"}
        assert self.conductor.acks.of(cue.fingerprint, alert.severity, now) is None
        assert self.conductor.mute_of(alert, now) is None
        assert now - self.reminded >= APART
        self.reminded = now
        if flood.alarms(cue):
            self.critical_until = max(self.critical_until, now + cue.params["dur"])

    @invariant()
    def books(self):
        if not hasattr(self, "still"):
            return
        found = ledger(self.folder)
        assert found.problems == []
        metrics = self.still.runtime.metrics
        came, ended = (by_source(counter) for counter in (metrics.received, metrics.events))
        assert came == ended + Counter(map(str, self.still.runtime.writes.open.values()))

    @invariant()
    def what_the_store_says_fires_does(self):
        if not hasattr(self, "still"):
            return
        with _reading(self.folder) as db:
            rows = db.execute("SELECT fingerprint, since, severity, audible, onset FROM active").fetchall()
        known = {f: (a.severity, int(a.audible), a.onset) for f, a in self.engine.active.items()}
        assert {f: row for f, _, *row in rows} == {f: [*row] for f, row in known.items()}
        for fingerprint, since, *_ in rows:
            began = self.engine.active[fingerprint].since
            assert began == since or (self.went_back and began <= since)

    @invariant()
    def counts_and_room_are_what_counting_gives(self):
        if not hasattr(self, "still"):
            return
        active = self.engine.active.values()
        counted = Counter(a.severity for a in active)
        assert {s: n for s, n in self.engine.counts.items() if n} == dict(counted)
        assert self.engine.space._used == sum(weight(a.event) for a in active)
        assert self.engine.space._count == sum(a.event.source is not Source.BRIDGE for a in active)
        held = [fp for group in self.engine._subjects.values() for fp in group]
        assert sorted(held) == sorted(self.engine.active)

    @invariant()
    def voices_are_few_and_every_player_has_them(self):
        if not hasattr(self, "still"):
            return
        sounding = self.conductor.voices.sounding.values()
        assert all(n <= RULES.max_voices for n in Counter(v.command.sound for v in sounding).values())
        standing = {voice.id: voice for voice in self.conductor.standing()}
        assert standing.keys() - {"ambient"} == self.conductor.voices.sounding.keys()
        assert {i: v for i, v in self.still.ear.voices.items() if i != "ambient"} == {
            i: v for i, v in standing.items() if i != "ambient"
        }

    @invariant()
    def nothing_is_beyond_its_bound(self):
        if not hasattr(self, "still"):
            return
        flapping, conductor = self.conductor.cadence.flapping, self.conductor
        assert len([a for a in self.engine.active.values() if a.event.source is not Source.BRIDGE]) <= MOST
        assert len(self.engine.space._beyond) <= space.BEYOND
        assert not self.engine.space._beyond.keys() & self.engine.active.keys()
        assert flapping.since.keys() == flapping._worst.keys()
        assert len(conductor.who.slots) == len(set(conductor.who.slots.values())) <= len(MOTIFS)
        assert conductor.acks.given.keys() <= self.engine.active.keys() | {"flatline"}
        assert conductor.cadence.reminders._missed.keys() <= self.engine.active.keys()
        assert conductor.bed._told.keys() <= conductor.voices.sounding.keys() | {"ambient"}


Bridge.TestCase.settings = fuzzing(40, steps=30)
TestBridge = Bridge.TestCase
