"""`render` and `preview` as somebody types them: what is written, what is said, and that an error leaves no file."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lab import measure

from bridge.cli import main
from bridge.config import DEFAULT_BOOK
from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

EXAMPLE = Path(__file__).parents[2] / "examples" / "incident.jsonl"
RULES = "  - {name: gong, match: [severity=warning], severity: warning, sound: gong}\n"
WARNING = {"alertname": "HighLatency", "severity": "warning", "service": "checkout"}


@pytest.fixture
def command(monkeypatch, capsys):
    """Run the command: (exit code, stdout, stderr)."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["singing-pager", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        if isinstance(ended.value.code, str):  # Python prints that, and ends with 1
            return 1, said.out, said.err + ended.value.code
        return ended.value.code or 0, said.out, said.err

    return run


@pytest.fixture
def short(tmp_path):
    """A journal of 4 s: a warning at 1 s that is over at 3 s, and a processor at work."""
    lines = [
        {"t": 1000.0, "kind": "sample", "type": "cpu", "value": 0.5},
        {"t": 1001.0, "kind": "alert", "status": "firing", "labels": WARNING},
        {"t": 1003.0, "kind": "alert", "status": "resolved", "labels": WARNING},
        {"t": 1004.0, "kind": "sample", "type": "cpu", "value": 0.7},
    ]
    path = tmp_path / "short.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_a_journal_becomes_a_sound_at_its_times(command, short, tmp_path):
    out = tmp_path / "a.wav"
    code, said, problems = command("render", short, "-o", out)
    assert (code, problems) == (0, "")
    assert said.splitlines()[1] == "4 events: 4 played."
    assert re.search(r"a\.wav: 9\.0 s\. Cues: .*warning 1.*resolved 1", said)
    x, rate = soundfile.read(out)
    assert len(x) == pytest.approx(9.0 * rate, abs=64)
    starts = [pulse.start for pulse in measure.pulses(x[: 3 * rate], rate)]
    assert any(1.0 <= start <= 1.03 for start in starts)
    assert not np.any(np.abs(x[-200:]) > 1e-3), "it fades out at its end"


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg"])
def test_the_same_journal_gives_the_same_bytes(command, short, tmp_path, ending):
    out, digests = tmp_path / f"a.{ending}", set()
    for _ in range(2):
        assert command("render", short, "--quiet", "-o", out) == (0, "", "")
        digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_example_of_the_docs_tells_its_story(command, tmp_path):
    code, said, problems = command("render", EXAMPLE, "--speed", "2", "-o", tmp_path / "a.flac")
    assert (code, problems) == (0, "")
    told = dict(re.findall(r"(\w+) (\d+)", said.splitlines()[0].partition("Cues: ")[2]))
    assert {"critical", "warning", "resolved", "storm", "heartbeat"} <= told.keys()
    total, played, suppressed = map(
        int, re.search(r"(\d+) events: (\d+) played, (\d+) suppressed", said).groups()
    )
    assert total == played + suppressed == len(EXAMPLE.read_text().splitlines())


def test_bad_lines_are_told_and_take_nothing_else_with_them(command, short, tmp_path):
    short.write_text('{"t": 1}\n' + short.read_text() + "{half\n" * 30)
    code, said, problems = command("render", short, "-o", tmp_path / "a.wav")
    assert code == 0
    assert "4 events: 4 played" in said
    lines = problems.splitlines()
    assert lines[0].startswith(f'{short}:1: "kind" is "alert" or "sample"')
    assert lines[-2:] == ["and 11 more", f"{short}: 31 bad lines left out"]
    assert len(lines) == 22


def test_strict_refuses_a_bad_line(command, short, tmp_path):
    short.write_text(short.read_text() + "{half\n")
    code, said, problems = command("render", short, "--strict", "-o", tmp_path / "a.wav")
    assert (code, said) == (1, "")
    assert problems.endswith("1 bad line; mend them, or leave --strict out")
    assert not (tmp_path / "a.wav").exists()


def test_lines_out_of_order_are_sorted_and_that_is_said(command, short, tmp_path):
    command("render", short, "-o", tmp_path / "a.wav")
    short.write_text("\n".join(reversed(short.read_text().splitlines())))
    code, _, problems = command("render", short, "-o", tmp_path / "b.wav")
    assert (code, problems) == (0, f"{short}: its lines are not in the order of time; they were sorted\n")
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_a_line_without_end_is_one_problem(command, short, tmp_path):
    short.write_bytes(b"x" * (5 << 20) + b"\n" + short.read_bytes())
    code, _, problems = command("render", short, "-o", tmp_path / "a.wav")
    assert code == 0
    assert problems.count("longer than") == 1
    assert "1 bad line left out" in problems


def test_a_part_and_another_speed(command, short, tmp_path):
    part = ["--from", "1970-01-01T00:16:42Z", "--until", "1003.5", "--tail", "1"]
    code, said, _ = command("render", short, *part, "-o", tmp_path / "a.wav")
    assert code == 0
    assert "a.wav: 2.0 s." in said
    assert "1 event: 1 played" in said
    code, said, _ = command("render", short, "--speed", "0.5", "-o", tmp_path / "a.wav")
    assert "a.wav: 13.0 s." in said


def test_it_reads_from_a_pipe(command, short, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(short.read_bytes() + b"no\n")))
    code, _, problems = command("render", "-", "-o", tmp_path / "a.wav")
    assert code == 0
    assert problems.startswith("stdin:5: this is no JSON")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.jsonl", "-o", "a.wav"], "none.jsonl: cannot be read (No such file or directory)"),
        ([".", "-o", "a.wav"], ".: cannot be read (Is a directory)"),
        (["empty.jsonl", "-o", "a.wav"], "empty.jsonl: no line of it is an event"),
        (["short.jsonl", "-o", "a.mp3"], "a.mp3: can write .wav, .flac, .ogg"),
        (["short.jsonl", "-o", "none/a.wav"], "none/a.wav: there is no folder"),
        (["short.jsonl", "-o", "a.wav", "--from", "noon"], "--from noon: is unix seconds or an RFC 3339"),
        (["short.jsonl", "-o", "a.wav", "--from", "2000"], ("no event lies between --from and --until; they are "
            "from 1000.000 (1970-01-01T00:16:40Z) to 1004.000 (1970-01-01T00:16:44Z)")),
        (["short.jsonl", "-o", "a.wav", "--speed", "0"], "--speed 0: is a number from 0.01"),
        (["short.jsonl", "-o", "a.wav", "--speed", "nan"], "--speed nan: is a number from 0.01"),
        (["long.jsonl", "-o", "a.wav"], "it would be 1 h of sound; cut it with --from and --until"),
        (["year.jsonl", "-o", "a.wav", "--from", "31535999"], "its first event is 364 d before --from, and 7 d are the most"),
        (["year.jsonl", "-o", "a.wav", "--long"], "it would be 365 d of sound, and 6 h are the most"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("short")
def test_what_cannot_be_done_is_said_and_leaves_no_file(command, tmp_path, monkeypatch, words, told):
    monkeypatch.chdir(tmp_path)
    sample = '{{"t": {}, "kind": "sample", "type": "cpu", "value": 1}}\n'
    Path("empty.jsonl").touch()
    Path("long.jsonl").write_text(sample.format(0) + sample.format(3600))
    Path("year.jsonl").write_text(sample.format(0) + sample.format(365 * 86400))
    code, said, problems = command("render", *words)
    assert (code, said) == (1, "")
    assert problems.startswith(f"singing-pager: {told}")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jsonl"] * 4


def test_a_bar_is_for_terminals_alone(command, short, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    drawn = command("render", short, "-o", tmp_path / "a.wav")[2]
    assert "a.wav" in drawn
    assert "100%" in drawn
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert command("render", short, "--quiet", "-o", tmp_path / "a.wav")[2] == ""


@pytest.mark.parametrize("sound", ["critical", "cpu"])
def test_a_preview_is_the_sound_alone(command, tmp_path, sound):
    out = tmp_path / "a.wav"
    code, said, problems = command("preview", sound, "-o", out)
    x, rate = soundfile.read(out)
    assert (code, said, problems) == (0, f"{out}: {len(x) / rate:.1f} s of {sound}.\n", "")
    dur = SOUNDS[sound].defaults().get("dur", 9.5)
    assert len(x) == pytest.approx((dur + 2.0) * rate, abs=64)
    assert np.abs(x).max() > 0.005
    assert np.abs(x[-rate // 4 :]).max() < 0.01 * np.abs(x).max(), "it has died away"


def test_a_control_is_set(command, tmp_path):
    out = tmp_path / "a.wav"
    assert command("preview", "info", "-o", out, "--set", "freq=600", "--set", "dur=2")[0] == 0
    x, rate = soundfile.read(out)
    assert len(x) == pytest.approx(4.0 * rate, abs=64)
    pulse = measure.pulses(x, rate)[0]
    assert measure.first_partial(x, rate, pulse) == pytest.approx(600, rel=0.01)


GONG = """SynthDef(\\gong, { |out = 0, freq = 500, vol = 0.5, pan = 0, gate = 1|
    var env = EnvGen.kr(Env.perc(0.02, 0.5), doneAction: 2);
    Out.ar(out, Pan2.ar(SinOsc.ar(freq) * env * vol * 0.2, pan));
})"""
DESCRIBED = """kind: cue
text: a gong
controls:
  freq: {unit: Hz, low: 100.0, high: 2000.0, default: 500.0}
  vol: {unit: "1", low: 0.0, high: 1.0, default: 0.5}
  pan: {unit: "1", low: -1.0, high: 1.0, default: 0.0}
"""


@pytest.fixture
def own(tmp_path):
    """A folder of own sounds: a synthdef that has to be compiled, a sound file, and a mistake."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "gong.scd").write_text(GONG)
    (folder / "gong.yml").write_text(DESCRIBED)
    tone = 0.2 * np.sin(2 * np.pi * 700 * np.arange(24000) / 48000) * np.hanning(24000)
    soundfile.write(folder / "chime.wav", tone, 48000)
    (folder / "chime.yml").write_text("text: a chime\n")
    (folder / "alone.yml").write_text("text: nothing\n")
    return folder


@pytest.mark.parametrize(("sound", "freq"), [("gong", 500.0), ("chime", 700.0)])
def test_an_own_sound_can_be_previewed(command, own, tmp_path, sound, freq):
    out = tmp_path / "a.wav"
    code, said, problems = command("preview", sound, "--synthdefs", own, "-o", out)
    assert (code, said.startswith(f"{out}: ")) == (0, True)
    assert "alone.yml: describes nothing" in problems
    x, rate = soundfile.read(out)
    assert measure.first_partial(x, rate, measure.pulses(x, rate)[0]) == pytest.approx(freq, rel=0.01)


def test_own_sounds_are_in_a_render(command, own, short, tmp_path):
    text = DEFAULT_BOOK.read_text().replace("\nalerts:\n", f"\nalerts:\n{RULES}", 1)
    (tmp_path / "book.yml").write_text(text)
    words = ["--synthdefs", own, "--config", tmp_path / "book.yml", "-o", tmp_path / "a.wav"]
    code, said, problems = command("render", short, *words)
    assert code == 0, problems
    assert "gong 1" in said
    assert "alone.yml: describes nothing" in problems


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "say which sound; there are: critical, "),
        (["horn"], "no sound is called 'horn'; there are: critical, "),
        (["info", "--set", "freq"], "--set freq: write it as name=value"),
        (["info", "--set", "colour=1"], "--set colour=1: info has no such control; it has: freq, vol, dur, pan"),
        (["info", "--set", "freq=5"], "--set freq=5: freq of info is a number from 20 to 12000 (Hz)"),
        (["info", "--set", "freq=nan"], "--set freq=nan: freq of info is a number from"),
        (["info", "--set", "vol=0"], "the result is silent"),
    ],
)  # fmt: skip
def test_what_cannot_be_previewed_is_said(command, tmp_path, words, told):
    code, said, problems = command("preview", *words, "-o", tmp_path / "a.wav")
    assert (code, said) == (1, "")
    assert problems.startswith(f"singing-pager: {told}")
    assert not list(tmp_path.iterdir())


def test_the_list_has_every_sound_and_control(command):
    listed = command("preview", "--list")[1].splitlines()
    assert [line.split(maxsplit=2) for line in listed] == [[s.id, s.kind, s.text] for s in SOUNDS.values()]
    for sound in SOUNDS.values():
        head, *controls = command("preview", sound.id, "--list")[1].splitlines()
        assert head == f"{sound.id} ({sound.kind}): {sound.text}"
        assert [line.strip().partition(":")[0] for line in controls] == [c.name for c in sound.controls]
    assert command("preview", "horn", "--list")[0] == 1


def test_of_refused_own_sounds_twenty_are_told(command, short, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    for number in range(23):
        (own / f"s{number}.yml").write_text("text: nothing\n")
    for words in (["render", short, "-o", tmp_path / "a.wav"], ["preview", "--list"]):
        told = command(*words, "--synthdefs", own)[2].splitlines()
        assert (len(told), told[-1]) == (21, "and 3 more")


def _player(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_without_a_file_the_first_player_that_can_plays_it(command, tmp_path, monkeypatch):
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    _player(bin_, "pw-play", "echo no daemon >&2; exit 1")
    _player(bin_, "paplay", f'cp "$1" {tmp_path}/heard.wav')
    assert command("preview", "info") == (0, "", "")
    assert np.abs(soundfile.read(tmp_path / "heard.wav")[0]).max() > 0.01


def test_without_a_player_that_can_it_says_what_to_do(command, tmp_path, monkeypatch):
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "scsynth").symlink_to("/usr/bin/scsynth")
    monkeypatch.setenv("PATH", str(bin_))
    code, _, problems = command("preview", "info")
    assert code == 1
    assert "no player is there (pw-play, paplay, aplay, play, ffplay, afplay)" in problems
    _player(bin_, "aplay", "echo no such card >&2; exit 1")
    assert (
        "nothing could be played (aplay: no such card); write a file with -o" in command("preview", "info")[2]
    )
