"""Eight hours of the bed: it neither grows nor leans nor drifts. What is rendered, and how: tests/lab/eight_hours.py."""

from __future__ import annotations

import numpy as np
import pytest
from lab import eight_hours
from lab.eight_hours import HOURS

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> eight_hours.Long:
    return eight_hours.heard(tmp_path_factory.mktemp("long"))


def test_all_of_it_was_heard(heard):
    assert len(heard.power) == 60 * HOURS
    assert (10 * np.log10(heard.power[1:]) > -60).all()


def test_no_node_is_left_over(heard):
    voices = ["cpu", "memory", "network", "disk", "temperature", "metric", "ambient"]
    assert len(heard.trees) == HOURS
    assert all(sorted(tree) == sorted([*voices, "reverb", "master"]) for tree in heard.trees)


def test_it_does_not_lean(heard):
    """No direct current: over each hour the mean of each channel is less than a step of 16 bit."""
    assert heard.lean < 1 / 32768


def test_its_level_does_not_drift(heard):
    assert heard.drift < 0.5
    assert 10 * np.log10(heard.power.max() / np.median(heard.power)) < 6
