"""275 alerts in eleven minutes, as an on-call engineer once had them: what a person in the room hears of it."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from lab.day import Ear, alert

from bridge.core.flood import ONSETS, RESOLUTIONS
from bridge.model.commands import Why
from bridge.model.events import Status

SECONDS, ALERTS, CRITICALS, WARNINGS = 660.0, 275, 12, 150
AFTER = 300.0


def evening(seed, bursts):
    """(seconds, message): onsets at any time or in so many bursts; of what is no critical two of three end in 1 to 5 min."""
    dice = random.Random(seed)
    severities = ["critical"] * CRITICALS + ["warning"] * WARNINGS
    severities += ["info"] * (ALERTS - len(severities))
    dice.shuffle(severities)
    begins = [dice.uniform(0, SECONDS - 10) for _ in range(bursts)]
    for i, severity in enumerate(severities):
        at = dice.choice(begins) + dice.uniform(0, 5) if begins else dice.uniform(0, SECONDS)
        yield at, alert(f"a{i}", severity)
        if severity != "critical" and dice.random() < 2 / 3:
            yield at + dice.uniform(60, 300), alert(f"a{i}", severity, status=Status.RESOLVED)


@pytest.fixture(scope="module", params=[(seed, bursts) for bursts in (0, 8) for seed in range(4)])
def story(request):
    ear = Ear()
    messages = sorted(evening(*request.param), key=lambda entry: entry[0])
    ear.play(messages, SECONDS + AFTER)
    cues = [(at, cue) for at, cue in ear.heard if cue.why is not Why.HEARTBEAT]
    return ear, messages, cues


def test_every_message_sounds_or_is_counted_in_a_storm(story):
    ear, messages, cues = story
    assert ear.reasons.keys() <= {"flood"}
    assert sum(cue.why is Why.EVENT for _, cue in cues) + ear.reasons["flood"] == len(messages)
    assert ear.reasons["flood"] > 30
    assert ear.conductor.cadence.flood.counted == 0, "a storm has told of each"


def test_the_storm_sounds_and_is_no_second_flood(story):
    _, _, cues = story
    storms = [at for at, cue in cues if cue.why is Why.STORM]
    assert 3 <= len(storms) <= 40
    assert max(sum(at <= other < at + 60 for other in storms) for at in storms) <= 7


def test_whenever_a_critical_begins_a_critical_is_heard(story):
    """Its own cue at once, or that of another one that sounds just then; the storm counts it, and reminders tell it."""
    _, messages, cues = story
    alarms = [at for at, cue in cues if cue.sound == "critical"]
    own = {cue.fingerprint: at for at, cue in reversed(cues) if cue.sound == "critical"}
    began = {e.fingerprint: at for at, e in messages if e.labels["severity"] == "critical"}
    assert len(began) == CRITICALS
    for name, at in began.items():
        assert any(at - 2 < other <= at for other in alarms), name
    at_once = [name for name, at in began.items() if own.get(name) == at]
    assert len(at_once) >= CRITICALS / 3
    missed = [name for name, at in began.items() if own.get(name) is None]
    assert len(missed) <= 2, "the reminders of so old a stream are five minutes apart"


def test_there_is_never_more_at_once_than_an_ear_can_take(story):
    _, _, cues = story
    quiet = [at for at, cue in cues if cue.severity != "critical" and cue.why is Why.EVENT]
    most = max(sum(at <= other < at + 10 for other in quiet) for at in quiet)
    assert most <= ONSETS + RESOLUTIONS
    every = [at for at, _ in cues]
    assert max(sum(at <= other < at + 10 for other in every) for at in every) <= 14


def test_the_heart_beats_through_it(story):
    ear, _, _ = story
    beats = [at for at, cue in ear.heard if cue.why is Why.HEARTBEAT]
    assert {round(b - a, 3) for a, b in pairwise(beats)} == {20.0}
    assert len(beats) == int((SECONDS + AFTER) // 20) + 1


def test_afterwards_it_is_calm(story):
    """What stands is reminded of; criticals that nobody has taken on every five minutes by then."""
    _, _, cues = story
    said = Counter(
        cue.why for at, cue in cues if at > SECONDS + 20 and cue.sound not in {"resolved", "storm"}
    )
    assert set(said) <= {Why.REMINDER}
    assert said[Why.REMINDER] <= 3
