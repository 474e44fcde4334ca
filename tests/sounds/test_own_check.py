"""`synthdefs check`: what keeps the contract passes, and each way to break it is found, with a figure."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bridge.cli import app
from bridge.model.catalogue import SOUNDS
from bridge.sinks import trial
from bridge.sinks.contract import check
from bridge.sinks.render import compiled_folder
from bridge.sinks.trial import MissingProgramError
from bridge.sounds import Folder, Own

pytestmark = pytest.mark.system

EXAMPLES = Path(__file__).parents[2] / "examples" / "own-sounds"
CONTROLS = """\
controls:
  vol: {unit: "1", low: 0, high: 1, default: 0.5}
  pan: {unit: "1", low: -1, high: 1, default: 0}
"""
SHAPE = "EnvGen.kr(Env([0, 1, 1, 0], [0.02, 0.4, 0.1]), doneAction: 2)"
HELD = "EnvGen.kr(Env.asr(0.5, 1, 0.5), gate, doneAction: 2)"
TONE = "SinOsc.ar(440) * 0.2"


def cue(wave=TONE, shape=SHAPE, head="out = 0, vol = 0.5, pan = 0"):
    return f"{{ |{head}| Out.ar(out, Pan2.ar({wave} * vol * {shape}, pan)) }}"


def voice(wave=TONE, shape=HELD, head="out = 0, vol = 0.5, pan = 0, gate = 1"):
    return cue(f"{wave} * 0.05", shape, head)


BROKEN = {
    "endless": ("cue", cue(shape="1.lag(0.1)"), "ends", r"still runs"),
    "loud": ("cue", cue(f"{TONE} * 20"), "peak", r"\d\.\d dBTP"),
    "soft": ("cue", cue(f"{TONE} * 0.01"), "level", r"-\d\d\.\d LUFS"),
    "mute": ("cue", cue("SinOsc.ar(0)"), "level", r"silent"),
    "clicking": ("cue", cue("DC.ar(1)", "EnvGen.kr(Env([1, 1, 0], [0.2, 0.1]), doneAction: 2)"), "onset", r"0\.\d+ of full"),
    "numberless": ("cue", cue("(SinOsc.ar(440) / DC.ar(0))"), "finite", r"no number"),
    "undescribed": ("cue", cue(head="out = 0, vol = 0.5, pan = 0, colour = 1"), "controls", r"colour is not described"),
    "lacking": ("cue", cue(head="out = 0, vol = 0.5").replace("pan)) }", "0)) }"), "controls", r"has no pan"),
    "differing": ("cue", cue(head="out = 0, vol = 0.4, pan = 0"), "controls", r"vol: the default is 0\.4"),
    "driven": ("cue", cue(f"{TONE} * (1 + (30 * (vol > 0.9)))"), "ranges", r"vol 1 clips"),
    "unstoppable": ("voice", voice(shape="(1 + (gate * 0)).lag(1)"), "ends", r"still runs 10 s after its release"),
    "gateless": ("voice", voice(shape="1", head="out = 0, vol = 0.5, pan = 0"), "controls", r"has no gate"),
    "shouting": ("voice", voice(f"{TONE} * 20"), "level", r"-\d+\.\d LUFS \(-34 at most\)"),
    "misspelt": ("cue", "{ |out| SinOsc.aar(440) }", "plays", r"does not compile: .*aar"),
    "unclosed": ("cue", "{ |out| ", "plays", r"does not compile: .*error"),
}  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What `synthdefs check --json` says of all broken ones, and its exit code."""
    folder = tmp_path_factory.mktemp("own")
    for name, (kind, function, _, _) in BROKEN.items():
        (folder / f"{name}.scd").write_text(f"SynthDef(\\{name}, {function})")
        (folder / f"{name}.yml").write_text(f"kind: {kind}\ntext: broken\n{CONTROLS}")
    (folder / "alone.scd").write_text("SynthDef(\\alone, {})")
    ran = CliRunner().invoke(app, ["synthdefs", "check", str(folder), "--json"])
    return json.loads(ran.output), ran.exit_code


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", BROKEN)
def test_each_way_to_break_the_contract_is_found(broken, name):
    _, _, point, told = BROKEN[name]
    [found] = [sound for sound in broken[0]["sounds"] if sound["id"] == name]
    failed = {one["check"]: one["text"] for one in found["checks"] if not one["ok"]}
    assert re.search(told, failed[point]), found["checks"]
    assert not found["ok"]


@pytest.mark.timeout(300)
def test_the_exit_code_and_what_is_refused(broken):
    answer, code = broken
    assert (code, answer["ok"]) == (1, False)
    assert len(answer["sounds"]) == len(BROKEN)
    assert [line.rpartition("/")[2] for line in answer["refused"]] == [
        "alone.scd: has no description; write alone.yml beside it"
    ]


def test_the_examples_keep_it():
    ran = CliRunner().invoke(app, ["synthdefs", "check", str(EXAMPLES)])
    assert ran.exit_code == 0, ran.output
    assert ran.output.endswith("3 of 3 sounds keep the contract.\n")
    assert "FAIL" not in ran.output


def test_one_file_alone_and_a_compiled_one(tmp_path):
    trial.assembled([Folder(EXAMPLES).own["doorbell"]], tmp_path)
    shutil.copy(EXAMPLES / "doorbell.yml", tmp_path)
    ran = CliRunner().invoke(app, ["synthdefs", "check", str(tmp_path / "doorbell.scsyndef")])
    assert ran.exit_code == 0, ran.output
    assert "doorbell (cue, doorbell.scsyndef)" in ran.output
    (tmp_path / "chime.scsyndef").write_bytes((tmp_path / "doorbell.scsyndef").read_bytes())
    (tmp_path / "chime.yml").write_bytes((tmp_path / "doorbell.yml").read_bytes())
    ran = CliRunner().invoke(app, ["synthdefs", "check", str(tmp_path / "chime.scsyndef")])
    assert ran.exit_code == 1
    assert "must hold one synthdef named chime; it holds doorbell" in ran.output
    (tmp_path / "chime.scsyndef").write_bytes(b"SCgf")
    assert "cut off or damaged" in CliRunner().invoke(app, ["synthdefs", "check", str(tmp_path)]).output


@pytest.mark.parametrize("sound", ["critical", "info", "cpu"])
def test_built_in_sounds_keep_it(sound):
    found = check(Own(SOUNDS[sound], compiled_folder() / f"{sound}.scsyndef"))
    assert {one.check for one in found} >= {"controls", "ends", "level", "peak", "onset", "ranges"}
    assert not [one for one in found if not one.ok]


@pytest.mark.parametrize(
    ("sound", "package"), [("doorbell", "supercollider-language"), ("gong", "supercollider-server")]
)
def test_a_missing_program_is_told_with_its_package(monkeypatch, tmp_path, sound, package):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgramError, match=f"apt-get install {package}"):
        check(Folder(EXAMPLES).own[sound])


@pytest.mark.parametrize("path", ["gone", "notes.txt", "."])
def test_what_is_no_own_sound_is_told(tmp_path, path):
    (tmp_path / "notes.txt").write_text("x")
    ran = CliRunner().invoke(app, ["synthdefs", "check", str(tmp_path / path)])
    assert "docs/own-sounds.md" in str(ran.exception)
