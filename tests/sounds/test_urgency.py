"""The urgency score of tests/lab/urgency.py rises with severity. It is a proxy, no result about people."""

from __future__ import annotations

import itertools

import pytest
from lab import measure
from lab.renders import dry, dry_cue
from lab.urgency import inharmonic, urgency

from bridge.core.who import MOTIFS
from bridge.model.catalogue import SEVERITIES, SOUNDS

pytestmark = pytest.mark.system


def _score(sound: str, **params: float) -> float:
    made = dry_cue(sound, **params) if params else dry(sound)
    return urgency(made, alone=SOUNDS[sound].control("dur").default)


def test_the_score_rises_with_severity():
    scores = [_score(severity) for severity in SEVERITIES]
    assert all(b > 2 * a for a, b in itertools.pairwise(scores))


def test_no_motif_makes_a_warning_as_urgent_as_a_critical():
    info = _score("info")
    warnings = [_score("warning", second=second, third=third) for second, third in MOTIFS]
    criticals = [_score("critical", second=second, third=third) for second, third in MOTIFS]
    assert info < min(warnings)
    assert max([*warnings, _score("warning")]) < min(criticals)


def test_each_of_its_parts_rises_too():
    """Speed, repetition, pitch and inharmonicity agree: none of them is bought with another."""
    found = {severity: measure.pulses(*dry(severity)) for severity in SEVERITIES}
    firsts = [measure.first_partial(*dry(s), found[s][0]) for s in SEVERITIES]
    struck = [measure.cut(*dry(s), found[s][0]) for s in SEVERITIES]
    strangers = [inharmonic(measure.partials(x, 48000, below=-20)) for x in struck]
    quick = [p[1].start - p[0].start for p in (found["critical"], found["warning"])]
    for part in ([len(found[s]) for s in SEVERITIES], firsts, strangers, quick):
        assert part == sorted(set(part))
