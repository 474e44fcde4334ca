"""The committed synthdefs and cues are those of the committed sources; told by digest, without SuperCollider."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "supercollider"
REMEDY = "run `make compiled`"


def _script(name: str):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def press():
    _script("catalogue")
    return _script("press")


@pytest.fixture(scope="module")
def manifest(press):
    return json.loads(press.MANIFEST.read_text())


def test_the_sources_are_those_that_were_compiled(press, manifest):
    assert press.sources() == manifest["sources"], REMEDY


def test_the_compiled_files_are_those_of_the_manifest(press, manifest):
    assert press.compiled() == manifest["compiled"], REMEDY
    assert len(press.compiled()) == len(list((FOLDER / "synthdefs").glob("*.scd"))) + 1


def test_the_page_plays_what_the_scores_of_today_say(press, manifest):
    ends = {Path(name).stem: made["end"] for name, made in manifest["rendered"].items()}
    assert set(ends) == set(press.cues()), REMEDY
    assert press.rendered(ends) == manifest["rendered"], REMEDY
    assert {path.name for path in press.CUES.iterdir()} == set(manifest["rendered"])


def test_every_cue_of_the_catalogue_is_rendered(press, manifest):
    cues = {sound.id for sound in press.SOUNDS.values() if sound.kind == "cue"}
    assert {name.partition(".")[0] for name in manifest["rendered"]} == cues, REMEDY


def test_the_ranges_of_the_engine_are_those_of_the_catalogue(press):
    assert (press.COMPILED / "catalogue.scd").read_text() == press.catalogue.text(), REMEDY


def test_every_sound_has_a_synthdef_with_its_controls(press):
    """The names of a compiled synthdef's controls stand in it as Pascal strings."""
    for sound in press.SOUNDS.values():
        binary = (press.COMPILED / f"{sound.id}.scsyndef").read_bytes()
        for name in [*(control.name for control in sound.controls), "out", "gate"]:
            assert bytes([len(name)]) + name.encode() in binary, f"{sound.id} has no control {name}"
