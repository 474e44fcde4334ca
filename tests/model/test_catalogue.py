"""The catalogue: defaults of the contract, and controls that make sense."""

from __future__ import annotations

import pytest

from bridge.model.catalogue import SEVERITIES, SOUNDS

ALL = [(sound, control) for sound in SOUNDS.values() for control in sound.controls]


@pytest.mark.parametrize(
    ("sound", "defaults"),
    [
        ("critical", {"freq": 880, "vol": 0.9, "dur": 2.0}),
        ("warning", {"freq": 660, "vol": 0.7, "dur": 1.5}),
        ("info", {"freq": 440, "vol": 0.5, "dur": 1.0}),
        ("cpu", {"freq": 440}),
        ("memory", {"vol": 0.1}),
        ("ambient", {"freq": 220}),
    ],
)
def test_the_defaults_of_the_first_design(sound, defaults):
    found = SOUNDS[sound].defaults()
    assert {name: found[name] for name in defaults} == defaults


@pytest.mark.parametrize(("sound", "control"), ALL, ids=[f"{s.id}.{c.name}" for s, c in ALL])
def test_a_default_lies_in_its_range_and_every_control_has_a_unit_and_a_text(sound, control):
    assert control.low <= control.default <= control.high
    assert control.low < control.high
    assert control.unit
    assert control.text
    assert sound.control(control.name) is control


def test_a_control_that_is_not_there():
    with pytest.raises(KeyError):
        SOUNDS["memory"].control("freq")


def test_every_severity_is_a_cue_and_every_sound_is_its_own_id():
    assert {SOUNDS[severity].kind for severity in SEVERITIES} == {"cue"}
    assert all(name == sound.id for name, sound in SOUNDS.items())
    assert {sound.kind for sound in SOUNDS.values()} == {"cue", "voice"}
