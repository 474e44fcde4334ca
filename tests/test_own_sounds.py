"""The folder of own sounds: what is read, what is refused and how that is told, and what stands in for one that is gone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder
from typer.testing import CliRunner

from bridge import config
from bridge.cli import app
from bridge.core.instead import built_in
from bridge.core.score import checked, score
from bridge.core.who import NOBODY
from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.commands import Play, Set
from bridge.model.errors import ConfigError
from bridge.sinks.browser import BrowserPlayer, Sheet
from bridge.sounds import DESCRIBED, LARGEST, POLL, RESERVED, Folder, load_book, read
from bridge.wire.link import Link

EXAMPLES = Path(__file__).parents[1] / "examples" / "own-sounds"
GOOD = """\
kind: cue
text: "a bell"
controls:
  freq: {unit: Hz, low: 100, high: 1000, default: 440, text: "pitch"}
  vol: {unit: "1", low: 0, high: 1, default: 0.5}
  pan: {unit: "1", low: -1, high: 1, default: 0}
"""
VOICE = GOOD.replace("cue", "voice")
BOOK = """\
version: 1
alerts:
  - name: door
    match: ['alertname="Door"']
    severity: critical
    sound: bell
    params: {freq: 880}
  - name: rest
    severity: info
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with the good sound `bell`."""
    put(tmp_path / "own", "bell.scd", "x", GOOD)
    return tmp_path / "own"


def put(folder, name, content, description):
    folder.mkdir(exist_ok=True)
    file = folder / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content)
    if description is not None:
        file.with_suffix(".yml").write_text(description)


def tone(path, seconds=0.5, channels=1, rate=8000):
    soundfile.write(path, np.zeros((int(seconds * rate), channels)) + 0.1, rate)


def problems(folder):
    return [line.removeprefix(f"{folder}/") for line in read(folder)[1]]


def test_a_synthdef_with_its_description(folder):
    found, refused = read(folder)
    assert not refused
    bell = found["bell"].sound
    assert (bell.id, bell.kind, bell.text, found["bell"].file) == (
        "bell",
        "cue",
        "a bell",
        folder / "bell.scd",
    )
    assert bell.defaults() == {"freq": 440.0, "vol": 0.5, "pan": 0.0}
    assert (bell.control("freq").low, bell.control("freq").high, bell.control("freq").unit) == (
        100,
        1000,
        "Hz",
    )


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".aiff"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_file_needs_a_text_alone(tmp_path, ending, channels):
    tone(tmp_path / f"gong{ending}", channels=channels)
    (tmp_path / "gong.yml").write_text("text: a gong\ncontrols: {vol: {default: 0.2}}\n")
    found, refused = read(tmp_path)
    assert not refused
    gong = found["gong"]
    assert (gong.sound.kind, gong.channels, gong.seconds) == ("cue", channels, pytest.approx(0.5))
    assert gong.sound.defaults() == {"vol": 0.2, "pan": 0.0}


BAD = {
    "no description": ("x.scd", "x", None, "x.scd: has no description; write x.yml beside it"),
    "kind": ("x.scd", "x", GOOD.replace("cue", "noise"), "x.yml:1: kind: Input should be 'cue' or 'voice'"),
    "no vol": ("x.scd", "x", "\n".join(line for line in GOOD.splitlines() if "vol" not in line),
               "x.yml:3: controls: every sound has vol and pan; add vol"),
    "range": ("x.scd", "x", GOOD.replace("low: 100", "low: 1000"), "x.yml:4: controls.freq.low: must be below high"),
    "default": ("x.scd", "x", GOOD.replace("440", "4400"), "x.yml:4: controls.freq.default: must be within 100 to 1000"),
    "unknown key": ("x.scd", "x", GOOD.replace('text: "a', 'txt: "a'), "x.yml:2: txt: unknown key; did you mean 'text'?"),
    "wiring": ("x.scd", "x", GOOD.replace("freq", "out"), "x.yml:4: controls.out: is no name for a control"),
    "a control's name": ("x.scd", "x", GOOD.replace("freq", "Freq"), "x.yml:3: controls: Freq: is no name for a control"),
    "infinite": ("x.scd", "x", GOOD.replace("high: 1000", "high: .inf"), "x.yml:4: controls.freq.high: Input should be a finite number"),
    "a text": ("x.scd", "x", GOOD.replace("high: 1000", "high: loud"), "x.yml:4: controls.freq.high: Input should be a valid number"),
    "twice": ("x.scd", "x", GOOD + "text: again\n", "x.yml:7: text: is there twice; keep one"),
    "no YAML": ("x.scd", "x", "kind: [", "x.yml:2: this is no YAML"),
    "empty": ("x.scd", "x", "", "x.yml:1: kind: is missing"),
    "reserved": ("critical.scd", "x", GOOD, "critical.scd: critical is a name of The Singing Pager itself"),
    "an address": ("release.scd", "x", GOOD, "release.scd: release is a name of The Singing Pager itself"),
    "a word": ("silent.scd", "x", GOOD, "silent.scd: silent is a name of The Singing Pager itself"),
    "capitals": ("Bell2.scd", "x", GOOD, "Bell2.scd: 'Bell2' is no name for a sound"),
    "a digit first": ("2bells.scd", "x", GOOD, "2bells.scd: '2bells' is no name for a sound"),
    "too long": (f"{'x' * 33}.scd", "x", GOOD, f"{'x' * 33}.scd: "),
    "no sound file": ("x.wav", "x", "text: a\n", "x.wav: this is no WAV"),
    "a large file": ("x.wav", bytes(LARGEST + 1), "text: a\n", "x.wav: larger than 20 MB"),
    "a file as a voice": ("x.wav", "x", "kind: voice\ntext: a\n", "x.yml:1: kind: Input should be 'cue'"),
    "a file with freq": ("x.wav", "x", "text: a\ncontrols: {freq: {default: 1}}\n", "x.yml:2: controls.freq"),
    "a file too loud": ("x.wav", "x", "text: a\ncontrols: {vol: {default: 2}}\n", "x.yml:2: controls.vol: the default must be within 0 to 1"),
    "a long description": ("x.scd", "x", GOOD + "#" * DESCRIBED, "x.yml: larger than 16 kB"),
    "deep": ("x.scd", "x", "[" * 21, "x.yml: nested deeper than 20 levels"),
    "deep behind brackets": ("x.scd", "x", "# ]]]\n" + "{a: " * 21, "x.yml: nested deeper than 20 levels"),
    "an alias of itself": ("x.scd", "x", "a: &a [*a]", "x.yml: has an anchor (&) and an alias (*); write it out"),
    "UTF-16": ("x.scd", "x", GOOD.replace("a bell", "\0"), "x.yml: this is no text"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_one_is_told_and_takes_nothing_from_the_others(folder, bad):
    name, content, description, told = bad
    put(folder, name, content, description)
    assert any(line.startswith(told) for line in problems(folder)), problems(folder)
    assert list(read(folder)[0]) == ["bell"]


def test_a_sound_file_that_is_too_long(folder):
    tone(folder / "x.flac", seconds=61)
    (folder / "x.yml").write_text("text: a\n")
    assert problems(folder) == ["x.flac: 61 s long; at most 60 s"]


def test_two_files_of_one_name(folder):
    tone(folder / "bell.wav")
    assert problems(folder) == ["bell.wav: bell.scd is there too; keep one"]
    assert not read(folder)[0]


def test_a_description_of_nothing(folder):
    (folder / "x.yml").write_text(GOOD)
    assert problems(folder) == ["x.yml: describes nothing: put x.scd or a sound file beside it"]


def test_other_files_do_not_matter(folder):
    for name in ("README.md", ".hidden.scd", "bell.scd~", "notes.txt"):
        (folder / name).write_text("x")
    (folder / "rules").mkdir()
    found, refused = read(folder)
    assert (list(found), refused) == (["bell"], [])


def test_a_link_to_nowhere_and_a_folder_of_that_name_are_told(folder):
    put(folder, "x.scd", "x", GOOD)
    (folder / "x.scd").unlink()
    (folder / "x.scd").symlink_to(folder / "gone")
    (folder / "y.scd").mkdir()
    (folder / "y.yml").mkdir()
    assert len(problems(folder)) == 2
    assert list(Folder(folder).own) == ["bell"]


@pytest.mark.parametrize("ending", [".scd", ".wav", ".yml"])
@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "device"]
)
@pytest.mark.timeout(20)
def test_what_never_ends_is_not_read(folder, make, ending):
    sounding = "x.scd" if ending == ".yml" else f"x{ending}"
    for name in {sounding, "x.yml"} - {f"x{ending}"}:
        (folder / name).write_text("text: a\n" if sounding == "x.wav" else GOOD)
    make(folder / f"x{ending}")
    assert problems(folder) == [f"x{ending}: is no regular file"]
    assert list(Folder(folder).own) == ["bell"]


def test_links_to_files_are_followed(folder):
    """As Kubernetes mounts a ConfigMap."""
    (folder / "chime.scd").symlink_to(folder / "bell.scd")
    (folder / "chime.yml").symlink_to(folder / "bell.yml")
    assert sorted(read(folder)[0]) == ["bell", "chime"]
    assert not problems(folder)


@pytest.mark.parametrize("name", [b"\xff", b"x\nERROR forged", b"x\x1b[2J", b"x\r"])
def test_no_name_forges_a_line_or_breaks_one(folder, name):
    Path(os.fsdecode(os.fsencode(folder) + b"/" + name + b".wav")).write_text("x")
    own = Folder(folder)
    assert list(own.own) == ["bell"]
    assert len(own.problems) == 2
    for line in own.problems:
        assert line.isprintable()
        assert line.encode()
    status = json.dumps({"problems": own.problems}, ensure_ascii=False).encode()
    assert json.loads(status)["problems"] == own.problems


def test_no_text_in_a_description_forges_a_line(folder):
    put(folder, "x.scd", "x", GOOD.replace("cue", '"a\\nb\\e[2J"') + '"\\u2028\\n": 1\n')
    assert len(problems(folder)) == 2
    assert all(line.isprintable() for line in read(folder)[1])


def test_only_what_changed_is_read_again(folder, monkeypatch):
    put(folder, "chime.scd", "x", GOOD)
    put(folder, "wrong.scd", "x", "kind: cue\n")
    own, opened = Folder(folder), []
    before, refused = dict(own.own), list(own.problems)
    really = os.open
    monkeypatch.setattr(os, "open", lambda path, *more: opened.append(Path(path).name) or really(path, *more))
    own.read()
    assert (opened, own.own, own.problems) == ([], before, refused)
    (folder / "chime.yml").write_text(GOOD.replace("a bell", "a chime"))
    own.read()
    assert sorted(opened) == ["chime.scd", "chime.yml"]
    assert (own.own["chime"].sound.text, own.own["bell"]) == ("a chime", before["bell"])
    assert own.problems == refused


def test_no_folder_and_a_folder_that_is_not_there(tmp_path):
    assert (Folder(None).own, Folder(None).problems) == ({}, [])
    assert not Folder(None).changed(1e9)
    gone = Folder(tmp_path / "gone")
    assert gone.own == {}
    assert gone.problems == [
        f"{tmp_path / 'gone'}: cannot be read (No such file or directory); set PAGER_SYNTHDEFS to a folder"
    ]


def test_every_built_in_name_is_taken():
    assert set(SOUNDS) <= RESERVED
    compiled = Path(__file__).parents[1] / "supercollider" / "compiled"
    assert {path.stem for path in compiled.glob("*.scsyndef")} <= RESERVED


def test_a_change_is_seen_when_it_stands_still(folder):
    own = Folder(folder)
    assert not own.changed(100)
    put(folder, "chime.scd", "x", GOOD)
    assert not own.changed(100 + POLL / 2), "it is too early to look"
    assert not own.changed(100 + POLL), "it may still be written"
    (folder / "chime.scd").write_text("more")
    assert not own.changed(100 + 2 * POLL), "it was"
    assert own.changed(100 + 3 * POLL)
    own.read()
    assert "chime" in own.own
    assert not own.changed(100 + 4 * POLL)


@pytest.mark.parametrize("change", ["time", "removal", "the folder"])
def test_every_kind_of_change_is_seen(folder, change):
    own = Folder(folder)
    if change == "time":
        os.utime(folder / "bell.yml", ns=(1, 1))
    elif change == "removal":
        (folder / "bell.scd").unlink()
    else:
        shutil.rmtree(folder)
    assert not own.changed(100)
    assert own.changed(100 + POLL)


def test_a_clock_that_goes_back_does_not_stop_the_looks(folder):
    own = Folder(folder)
    own.changed(1e6)
    put(folder, "chime.scd", "x", GOOD)
    assert not own.changed(5)
    assert own.changed(5 + POLL)


def book(folder, text=BOOK):
    file = folder.parent / "pager.yml"
    file.write_text(text)
    return load_book(file, Folder(folder))


def test_a_rule_may_name_an_own_sound(folder):
    rules = book(folder).compiled()
    rule = rules.alert_rule({"alertname": "Door"})
    assert rule.sound == "bell"
    assert rules.cue(rule, "bell", None, NOBODY) == {"freq": 880.0, "vol": 0.5, "pan": 0.0}
    assert rules.cue(rule, "resolved", None, NOBODY)["dur"] == SOUNDS["resolved"].control("dur").default
    assert set(rules.sounds) == {*SOUNDS, "bell"}


def test_its_ranges_and_kind_hold(folder):
    for wrong, told in (
        ("params: {freq: 8800}", "params.freq: 8800 is out of range; bell takes 100 to 1000 (Hz)"),
        ("params: {dur: 1}", "params.dur: bell has no such control; it has: freq, vol, pan"),
    ):
        with pytest.raises(ConfigError, match=r"pager\.yml:\d+: alerts\.0\.") as error:
            book(folder, BOOK.replace("params: {freq: 880}", wrong))
        assert told in str(error.value)
    (folder / "bell.yml").write_text(VOICE)
    with pytest.raises(ConfigError, match="sound: 'bell' is none; there are: critical"):
        book(folder)


def test_one_folder_does_not_show_in_another_book(folder):
    book(folder)
    with pytest.raises(ConfigError, match="'bell' is none"):
        config.parse(BOOK.encode(), "other.yml")
    assert "bell" not in SOUNDS


def test_why_a_sound_is_none_is_told_first(folder):
    (folder / "bell.yml").write_text("kind: cue\n")
    with pytest.raises(ConfigError) as error:
        book(folder)
    assert error.value.problems[0].startswith(f"{folder}/bell.yml:1: text: is missing")
    assert "'bell' is none" in error.value.problems[-1]


def test_check_config_takes_the_folder(folder):
    run = CliRunner()
    file = folder.parent / "pager.yml"
    file.write_text(BOOK)
    told = ["check-config", str(file), "--synthdefs", str(folder)]
    assert run.invoke(app, told).exit_code == 0
    assert isinstance(run.invoke(app, told[:2]).exception, ConfigError)
    (folder / "x.scd").write_text("x")
    assert "x.scd: has no description" in str(run.invoke(app, told).exception)
    assert (
        "freq 880"
        in run.invoke(app, ["routes", "test", "alertname=Door", "--config", str(file), *told[2:]]).output
    )


def test_a_cue_of_an_earlier_run_whose_sound_is_gone_has_the_numbers_of_its_severity(folder):
    rules = book(folder).compiled()
    rule = rules.alert_rule({"alertname": "Door"})
    assert rules.cue(rule, "gone", None, NOBODY) == SOUNDS["critical"].defaults()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_stands_in_for_an_own_cue(severity):
    own = Play("a", "bell", {"freq": 300.0, "vol": 0.2, "pan": 0.4}, severity, "f")
    plain = built_in(own)
    assert (plain.id, plain.sound, plain.severity, plain.fingerprint) == ("a", severity, severity, "f")
    assert plain.params == SOUNDS[severity].defaults() | {"pan": 0.4}
    assert built_in(plain) is plain
    assert built_in(Play("a", "bell", {"vol": 0.0}, severity)).params["vol"] == 0, "what is silenced stays so"


def message(address, *arguments):
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


def sent(link):
    found = [OscMessage(datagram) for datagram in link.outbox]
    link.outbox.clear()
    return [(one.address, one.params[one.params.index("seq") + 1]) for one in found if "seq" in one.params]


def test_an_engine_that_does_not_know_an_own_cue_gets_the_one_of_its_severity():
    link = Link("s", 0.0)
    link.datagram(message("/hello", "session", "s", "boot", "b", "driver", "host", "defs", 9), 0.0)
    link.play(Play("a", "bell", {"vol": 0.5, "pan": 0.1}, "critical", "f"), 1.0)
    link.bring([Set("v", "rain", {"vol": 0.5})], 1.0)
    [(first, number), (voice, other)] = sent(link)
    assert (first, voice) == ("/bell", "/rain")
    link.datagram(message("/ack", "s", number, "unknown"), 1.1)
    link.datagram(message("/ack", "s", other, "unknown"), 1.1)
    [(second, number)] = sent(link)
    assert second == "/alert"
    assert not link.answers, "nothing has sounded yet"
    link.datagram(message("/ack", "s", number, "played"), 1.2)
    assert [(answer.play_id, answer.status) for answer in link.answers] == [("a", "played")]


def test_a_built_in_cue_that_is_unknown_is_not_sent_for_ever():
    link = Link("s", 0.0)
    link.datagram(message("/hello", "session", "s", "boot", "b", "driver", "host", "defs", 9), 0.0)
    link.play(Play("a", "storm", SOUNDS["storm"].defaults()), 1.0)
    [(_, number)] = sent(link)
    link.datagram(message("/ack", "s", number, "unknown"), 1.1)
    assert not sent(link)
    assert [answer.status for answer in link.answers] == ["unknown"]


def test_a_page_gets_the_cue_of_the_severity():
    page = BrowserPlayer(1, lambda *_: None, Sheet())
    page.listening = True
    page.play(Play("a", "bell", {"vol": 0.5, "pan": 0.1}, "warning"))
    [told] = map(json.loads, page.waiting())
    assert (told["id"], told["sound"], told["params"]["pan"]) == ("a", "warning", 0.1)
    assert told["params"]["freq"] == SOUNDS["warning"].control("freq").default


def test_offline_scores_read_sound_files_before_anything_sounds(tmp_path):
    tone(tmp_path / "gong.wav", channels=2)
    tone(tmp_path / "ding.wav")
    for name in ("gong", "ding"):
        (tmp_path / f"{name}.yml").write_text("text: a\n")
    own = Folder(tmp_path)
    made = score([(0.5, Play("a", "gong", {"pan": 1.0}))], 1.0, own.sounds, own.samples)
    first, second = made.index(b"/b_allocReadChannel"), made.rindex(b"/b_allocReadChannel")
    assert first < second < made.index(b"/s_new")
    assert str(tmp_path / "ding.wav").encode() in made[first:second]
    assert made[second:].index(b"gong.wav") < made[second:].index(b"sampler")
    assert made == score([(0.5, Play("a", "gong", {"pan": 1.0}))], 1.0, own.sounds, own.samples)
    with pytest.raises(ValueError, match="no such sound"):
        score([(0.5, Play("a", "gong", {}))], 1.0)


def test_numbers_of_own_sounds_are_clipped(folder):
    own = Folder(folder)
    assert checked("bell", {"freq": 1e9}, own.sounds) == {"freq": 1000.0, "vol": 0.5, "pan": 0.0}
    with pytest.raises(ValueError, match="bell has no control dur"):
        checked("bell", {"dur": 1}, own.sounds)


def test_the_examples():
    own = Folder(EXAMPLES)
    assert (sorted(own.own), own.problems) == (["doorbell", "gong", "rain"], [])
    assert (EXAMPLES / "gong.flac").stat().st_size < 40_000
    rules = load_book(EXAMPLES / "rules" / "pager.yml", own).compiled()
    named = {rule.sound for rule in (*rules.alerts, *rules.metrics)}
    assert set(own.own) <= named
