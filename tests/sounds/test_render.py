"""What `scsynth -N` makes of a score, and that it does not pass off silence as a sound."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile

from bridge.core.score import bundle, message, score
from bridge.model.commands import Play
from bridge.sinks.render import RenderError, compiled_folder, render

pytestmark = pytest.mark.system

SCORE = score([(0.0, Play("a", "info", {}))], 1.0)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_every_format_holds_the_same_sound(tmp_path, name):
    """To the last bit but one: libsndfile rounds for FLAC and cuts for WAV."""
    x, rate = soundfile.read(render(SCORE, tmp_path / name))
    reference, _ = soundfile.read(render(SCORE, tmp_path / "reference.wav"))
    assert rate == 48000
    assert np.abs(x - reference).max() <= 1 / 32768


def test_a_missing_synthdef_is_an_error(tmp_path):
    shutil.copytree(compiled_folder(), tmp_path / "defs")
    (tmp_path / "defs" / "info.scsyndef").unlink()
    with pytest.raises(RenderError, match=r"missing in .*: info"):
        render(SCORE, tmp_path / "a.wav", synthdefs=tmp_path / "defs")
    assert not (tmp_path / "a.wav").exists()


def test_a_broken_synthdef_is_an_error(tmp_path):
    shutil.copytree(compiled_folder(), tmp_path / "defs")
    (tmp_path / "defs" / "info.scsyndef").write_bytes(b"junk")
    with pytest.raises(RenderError):
        render(SCORE, tmp_path / "a.wav", synthdefs=tmp_path / "defs")


def test_silence_is_an_error_unless_asked_for(tmp_path):
    with pytest.raises(RenderError, match="silent"):
        render(score([], 1.0), tmp_path / "a.wav")
    assert render(score([], 1.0), tmp_path / "a.wav", silent=True).exists()


def test_a_clipped_result_is_an_error(tmp_path):
    """Without the master, ten of the loudest cues at once go beyond full scale."""
    loud = [message("/s_new", "critical", 2000 + i, 0, 0, "out", 0, "vol", 1.0) for i in range(10)]
    with pytest.raises(RenderError, match="clipped"):
        render(bundle(0, loud) + bundle(1, [message("/c_set", 0, 0.0)]), tmp_path / "a.wav")


def test_an_unknown_ending_is_refused(tmp_path):
    with pytest.raises(RenderError, match=r"a\.mp3"):
        render(SCORE, tmp_path / "a.mp3")
