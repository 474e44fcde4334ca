"""Check 8: eight services are told apart by their motif alone, summed to mono. A proxy, never a result about people."""

from __future__ import annotations

import pytest
from lab import trials

from bridge.core.who import MOTIFS

pytestmark = pytest.mark.system


@pytest.mark.parametrize("cue", ["critical", "warning"])
def test_eight_services_are_told_apart_by_motif(cue):
    tally = trials.services(cue, rounds=4)
    assert tally.asked.total() == 4 * trials.SERVICES
    assert tally.right >= 0.95, tally.mistaken


def test_every_round_asks_another_eight():
    tally = trials.services("warning", rounds=4)
    assert trials.SERVICES < len(tally.asked) <= len(MOTIFS)
    assert max(tally.asked.values()) <= 4
