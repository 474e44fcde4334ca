"""Compiled synthdefs are read right: every committed one, control by control, and damaged ones not at all."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.model.catalogue import SOUNDS
from bridge.sounds import SAMPLER
from bridge.wire.synthdef import SynthDef, read

COMPILED = sorted((Path(__file__).parents[2] / "supercollider" / "compiled").glob("*.scsyndef"))
BY_NAME = {path.stem: path for path in COMPILED}
WIRING = {"cue": {"out", "fx", "gate"}, "voice": {"out", "gate"}}


def pascal(text):
    return bytes([len(text)]) + text.encode()


def made(name="x", controls=(("freq", 440.0), ("vol", 0.5)), version=2, variants=()):
    """A compiled synthdef by hand: two constants, one UGen."""
    body = struct.pack(">i", 2) + struct.pack(">2f", 0, 1)
    body += struct.pack(">i", len(controls)) + b"".join(struct.pack(">f", value) for _, value in controls)
    body += struct.pack(">i", len(controls))
    body += b"".join(pascal(control) + struct.pack(">i", i) for i, (control, _) in enumerate(controls))
    body += struct.pack(">i", 1) + pascal("SinOsc") + struct.pack(">biih", 2, 2, 1, 0)
    body += struct.pack(">4ib", -1, 0, -1, 1, 2)
    body += struct.pack(">h", len(variants)) + b"".join(
        pascal(variant) + struct.pack(f">{len(controls)}f", *values) for variant, values in variants
    )
    return b"SCgf" + struct.pack(">ih", version, 1) + pascal(name) + body


def test_all_sounds_are_compiled():
    assert set(BY_NAME) == {*SOUNDS, "reverb", "master", "fader", "sampler"}


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_every_sound_has_the_controls_and_defaults_of_its_catalogue_entry(sound):
    [found] = read(BY_NAME[sound.id].read_bytes())
    assert found.name == sound.id
    told = {name: value for name, value in found.controls.items() if name not in WIRING[sound.kind]}
    assert told == pytest.approx(sound.defaults())
    assert set(found.controls) - set(told) == WIRING[sound.kind]


def test_the_sampler_has_the_controls_that_every_sound_file_has():
    [found] = read(BY_NAME["sampler"].read_bytes())
    told = {name: value for name, value in found.controls.items() if name in SAMPLER}
    assert told == pytest.approx({name: control.default for name, control in SAMPLER.items()})
    assert set(found.controls) - set(told) == {"out", "fx", "gate", "buf"}


def test_one_made_by_hand():
    assert read(made()) == [SynthDef("x", {"freq": 440.0, "vol": 0.5})]
    assert read(made(variants=[("x.low", (220.0, 0.5))])) == [SynthDef("x", {"freq": 440.0, "vol": 0.5})]


def test_two_in_one_file():
    one, two = made("a"), made("b")
    both = b"SCgf" + struct.pack(">ih", 2, 2) + one[10:] + two[10:]
    assert [found.name for found in read(both)] == ["a", "b"]


@pytest.mark.parametrize("content", [made(), BY_NAME["info"].read_bytes()], ids=["by hand", "info"])
def test_what_is_cut_off_or_longer_is_refused(content):
    for end in range(len(content)):
        with pytest.raises(ValueError, match=r"compiled synthdef"):
            read(content[:end])
    with pytest.raises(ValueError, match="something follows"):
        read(content + b"\0")


@pytest.mark.parametrize("version", [0, 1, 3])
def test_another_version_is_refused(version):
    with pytest.raises(ValueError, match=f"version {version}"):
        read(made(version=version))


@given(st.binary(max_size=200))
def test_noise_is_refused_with_words(noise):
    with pytest.raises(ValueError, match=r"compiled synthdef|version"):
        read(b"SCgf" + struct.pack(">ih", 2, 1) + b"\1x\xff" + noise)


def test_a_control_that_points_nowhere_is_refused():
    content = bytearray(made())
    place = content.index(b"\x03vol") + 4
    content[place : place + 4] = struct.pack(">i", 7)
    with pytest.raises(ValueError, match="damaged"):
        read(bytes(content))
