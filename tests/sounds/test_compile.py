"""`make compiled`, done again from the sources: sclang gives the same bytes, scsynth the same sound."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """The parts of a checkout that compiling needs, compiled again."""
    copy = tmp_path_factory.mktemp("checkout")
    shutil.copytree(
        ROOT / "supercollider", copy / "supercollider", ignore=shutil.ignore_patterns("*.scsyndef")
    )
    made = subprocess.run(
        [copy / "supercollider" / "compile", sys.executable], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return copy


def _compiled(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "supercollider" / "compiled").glob("*.*s*")}


def test_the_synthdefs_are_the_same_bytes(again):
    was, now = _compiled(ROOT), _compiled(again)
    assert sorted(was) == sorted(now)
    assert [name for name in was if was[name] != now[name] and name != "manifest.json"] == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "bridge" / "console" / "sounds").glob("*.flac")), ids=lambda p: p.stem
)
def test_the_cues_of_the_page_are_the_same_sound(again, path):
    was, rate = soundfile.read(path)
    now, same = soundfile.read(again / "bridge" / "console" / "sounds" / path.name)
    assert (rate, was.shape) == (same, now.shape)
    assert np.abs(was - now).max() <= 2 / 32768
