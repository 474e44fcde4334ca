"""What `scsynth -N` makes of a score, and that it does not pass off silence, or half of it, as a sound."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lab.programs import Program, wait_for

from bridge.core.score import bundle, message, score
from bridge.model.commands import Play, Set
from bridge.model.errors import PagerError
from bridge.sinks import render as sink
from bridge.sinks.render import RenderError, compiled_folder, render
from bridge.sinks.soundfiles import frames

pytestmark = pytest.mark.system

SCORE = score([(0.0, Play("a", "info", {}))], 1.0)
NAMES = ["a.wav", "a.flac", "a.ogg", "a.aiff"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The samples of SCORE, as WAV has them."""
    return soundfile.read(render(SCORE, tmp_path_factory.mktemp("reference") / "a.wav"))[0]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A copy of the compiled synthdefs, in use."""
    folder = tmp_path / "defs"
    shutil.copytree(compiled_folder(), folder)
    monkeypatch.setattr(sink, "compiled_folder", lambda: folder)
    return folder


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_every_lossless_format_holds_the_same_sound(tmp_path, reference, name):
    """To the last bit but one: libsndfile rounds for FLAC and cuts for WAV."""
    x, rate = soundfile.read(render(SCORE, tmp_path / name))
    assert rate == 48000
    assert np.abs(x - reference).max() <= 1 / 32768


def test_ogg_holds_the_same_sound_but_for_what_vorbis_leaves_out(tmp_path, reference):
    x, rate = soundfile.read(render(SCORE, tmp_path / "a.ogg"))
    assert rate == 48000
    assert x.shape == reference.shape
    alike = np.corrcoef(x.mean(axis=1), reference.mean(axis=1))[0, 1]
    assert alike > 0.99
    assert 20 * np.log10(np.std(x) / np.std(reference)) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_score_gives_the_same_bytes(tmp_path, name):
    digests = {hashlib.sha256(render(SCORE, tmp_path / name).read_bytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_length_is_told_without_decoding(tmp_path, reference, name):
    path = render(SCORE, tmp_path / name)
    assert len(reference) <= frames(path) <= len(reference) + 32  # a header counts as some frames
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    if name != "a.flac":  # its length stands at the beginning
        assert frames(path) < len(reference)


def test_progress_goes_from_nothing_to_all_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sink, "_LOOK", 0.01)
    told: list[float] = []
    render(score([(0.0, Set("a", "ambient"))], 60.0), tmp_path / "a.flac", progress=told.append)
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] == 1.0
    assert any(0 < share < 1 for share in told)


def test_only_the_result_is_left(tmp_path):
    (tmp_path / "a.flac").write_text("the one before")
    render(SCORE, tmp_path / "a.flac")
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]
    assert soundfile.info(tmp_path / "a.flac").frames >= 48000


def test_a_missing_synthdef_is_an_error(tmp_path, own):
    (own / "info.scsyndef").unlink()
    with pytest.raises(RenderError, match=r"missing in .*: info"):
        render(SCORE, tmp_path / "a.wav")
    assert not (tmp_path / "a.wav").exists()


def test_a_synthdef_that_the_score_does_not_use_may_be_missing(tmp_path, own):
    (own / "critical.scsyndef").unlink()
    assert render(SCORE, tmp_path / "a.wav").exists()


def test_further_synthdefs_come_from_further_folders(tmp_path, own, reference):
    more = tmp_path / "more"
    more.mkdir()
    (own / "info.scsyndef").rename(more / "info.scsyndef")
    x, _ = soundfile.read(render(SCORE, tmp_path / "a.wav", synthdefs=[tmp_path, more]))
    assert np.array_equal(x, reference)
    with pytest.raises(RenderError, match="no folder with a colon"):
        render(SCORE, tmp_path / "a.wav", synthdefs=[tmp_path / "a:b"])


def test_a_broken_synthdef_is_an_error(tmp_path, own):
    (own / "info.scsyndef").write_bytes(b"junk")
    with pytest.raises(RenderError, match="scsynth -N failed"):
        render(SCORE, tmp_path / "a.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["defs"]


def test_silence_is_an_error_unless_asked_for(tmp_path):
    with pytest.raises(RenderError, match="silent"):
        render(score([], 1.0), tmp_path / "a.wav")
    assert render(score([], 1.0), tmp_path / "a.wav", silent=True).exists()


def test_a_clipped_result_is_an_error_and_the_old_file_stays(tmp_path):
    """Without the master, ten of the loudest cues at once go beyond full scale."""
    loud = [message("/s_new", "critical", 2000 + i, 0, 0, "out", 0, "vol", 1.0) for i in range(10)]
    (tmp_path / "a.wav").write_text("the one before")
    with pytest.raises(RenderError, match="clipped"):
        render(bundle(0, loud) + bundle(1, [message("/c_set", 0, 0.0)]), tmp_path / "a.wav")
    assert (tmp_path / "a.wav").read_text() == "the one before"


def test_what_cannot_be_written_is_said_before_anything_runs(tmp_path):
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe.wav")
    for name, words in {
        "a.mp3": r"a\.mp3: can write",
        "a": "a file without ending",
        "folder.wav": "is a folder",
        "none/a.wav": "there is no folder",
        "file/a.wav": "there is no folder",
        "pipe.wav": "is no plain file",
    }.items():
        with pytest.raises(RenderError, match=words) as caught:
            render(SCORE, tmp_path / name)
        assert isinstance(caught.value, PagerError)


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link.wav").symlink_to(tmp_path / "real.wav")
    render(SCORE, tmp_path / "link.wav")
    assert (tmp_path / "link.wav").is_symlink()
    assert soundfile.info(tmp_path / "real.wav").frames >= 48000


def test_a_folder_that_cannot_be_written_is_named():
    """/proc takes no file, not even of root."""
    with pytest.raises(RenderError, match=r"^/proc/a\.wav: cannot be written"):
        render(SCORE, Path("/proc/a.wav"))


def test_what_is_too_long_for_one_file_is_refused(tmp_path):
    with pytest.raises(RenderError, match=r"7\.0 h are too long"):
        render(score([], 7 * 3600.0), tmp_path / "a.wav")


def test_a_disk_without_room_is_said_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(sink.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 100_000))
    with pytest.raises(RenderError, match="0 MB are needed and 0 MB are free"):
        render(SCORE, tmp_path / "a.wav")


IN_LITTLE_ROOM = """
    import shutil, sys
    from pathlib import Path
    from bridge.core.score import score
    from bridge.model.commands import Set
    from bridge.sinks import render as sink

    shutil.disk_usage = lambda _: shutil._ntuple_diskusage(0, 0, 10**12)  # it has become full meanwhile
    try:
        sink.render(score([(0.0, Set("a", "ambient"))], 30.0), Path(sys.argv[1]))
    except sink.RenderError as e:
        print(e)
"""


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="this machine lets nobody mount a small disk of his own",
)
def test_a_disk_that_becomes_full_is_an_error_and_leaves_nothing(tmp_path, name):
    """Of itself scsynth says nothing of it, and ends with 0."""
    (tmp_path / "script.py").write_text(textwrap.dedent(IN_LITTLE_ROOM))
    (tmp_path / "disk").mkdir()
    commands = f'mount -t tmpfs -o size=2m none disk && "$0" script.py disk/{name} && ls -A disk'
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", commands, sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the disk is full" in ran.stdout
    assert ran.stdout.count("\n") == 1


UNTIL_STOPPED = """
    import sys
    from pathlib import Path
    from bridge.cli.render import ending
    from bridge.core.score import score
    from bridge.model.commands import Set
    from bridge.sinks.render import render

    with ending():
        render(score([(0.0, Set("a", "ambient"))], 7200.0), Path(sys.argv[1]), progress=lambda _: print("at work", flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_stopped_leaves_nothing(tmp_path, number):
    (tmp_path / "script.py").write_text(textwrap.dedent(UNTIL_STOPPED))
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.wav").write_text("the one before")
    with Program([sys.executable, tmp_path / "script.py", out / "a.wav"], tmp_path / "run") as running:
        running.says("at work")
        wait_for(lambda: len(list(out.iterdir())) == 2, "it works beside the result")
        running.signal(number)
        assert running.wait() != 0
    assert [path.read_text() for path in out.iterdir()] == ["the one before"]


def test_without_scsynth_the_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="apt-get install supercollider-server"):
        render(SCORE, tmp_path / "a.wav")
