"""Own sounds in a running engine and a running bridge: put into the folder, heard; broken, told; gone, never silent."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lab import measure
from lab.audio import engine
from lab.bridge import Bridge
from lab.programs import wait_for

from bridge.model.catalogue import SOUNDS
from bridge.sinks import trial
from bridge.sounds import Folder

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

EXAMPLES = Path(__file__).parents[2] / "examples" / "own-sounds"
LIMIT = 16
CONTROLS = """\
controls:
  freq: {unit: Hz, low: 300, high: 600, default: 500}
  vol: {unit: "1", low: 0, high: 1, default: 1}
  pan: {unit: "1", low: -1, high: 1, default: 0}
"""
ENDLESS = "SynthDef(\\NAME, { |out = 0, freq = 500, vol = 1, pan = 0| Out.ar(out, Pan2.ar(SinOsc.ar(freq) * 0.1 * vol, pan)) })"
UNREADABLE = {
    "deep": "[" * 30000,
    "deeper": "[" * 16384,
    "curled": "{a: " * 3000,
    "itself": "a: &a [*a]",
    "bomb": "a: &a [x,x]\n" + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in itertools.pairwise("abcdefghi")),
    "long": f"kind: cue\ntext: x\n{CONTROLS}# {'x' * 16384}\n",
}  # fmt: skip
"""Descriptions that sclang's YAML reader does not survive, or that are too long to be sure."""
BOOK = """\
version: 1
alerts:
  - name: door
    match: ['alertname="Door"']
    severity: critical
    sound: doorbell
  - name: rest
    severity: info
metrics:
  - name: requests
    type: requests
    sound: rain
    params: {rate: {in: [0, 100], out: [1, 20]}}
"""


def put(folder, name, source, kind="cue", controls=CONTROLS):
    (folder / f"{name}.scd").write_text(source.replace("NAME", name))
    (folder / f"{name}.yml").write_text(f"kind: {kind}\ntext: a test\n{controls}")


def not_files(folder, name):
    """Three sounds whose description, or what sounds, is none that could be read: a pipe, a device, a loop of links."""
    for kind in ("pipe", "device", "loop"):
        put(folder, f"{name}-{kind}", ENDLESS)
    (folder / f"{name}-pipe.yml").unlink()
    os.mkfifo(folder / f"{name}-pipe.yml")
    for file, to in ((f"{name}-device.yml", "/dev/zero"), (f"{name}-loop.scd", f"{name}-loop.scd")):
        (folder / file).unlink()
        (folder / file).symlink_to(to)


def examples(folder):
    folder.mkdir()
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, folder)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """An engine with the examples and many broken ones in its folder, whose name looks like a pattern, from the start."""
    home = tmp_path_factory.mktemp("engine")
    folder = home / "own[1] {a,b}"
    examples(folder)
    put(folder, "unclosed", "SynthDef(\\NAME, { |out| ")
    put(folder, "failing", "SynthDef(\\NAME, { |out| SinOsc.aar(nil.foo) })")
    (folder / "damaged.scsyndef").write_bytes(b"SCgf\0\0\0\2\0\1\7damaged\0\0")
    (folder / "damaged.yml").write_text(f"kind: cue\ntext: x\n{CONTROLS}")
    for name, description in UNREADABLE.items():
        (folder / f"{name}.scd").write_text(ENDLESS.replace("NAME", name))
        (folder / f"{name}.yml").write_text(description)
    not_files(folder, "early")
    with engine(home, env={"PAGER_SYNTHDEFS": str(folder), "PAGER_MAX_VOICES": str(LIMIT)}) as started:
        started.own = folder
        yield started


@pytest.fixture
def talk(running, request):
    with running.talk(request.node.name) as sender:
        sender.order("/release", seq=0)
        wait_for(lambda: sender.stats()["cues"] == 0, "no cue sounds", 60)
        yield sender


def cue(talk, name, freq=0.0, vol=0.5, dur=0.0, severity="info", *more):
    return talk.order(f"/{name}", freq, vol, dur, severity, *more)


def test_what_lies_there_at_the_start_sounds(running, talk, tmp_path):
    with running.recording(tmp_path / "out.wav") as recording:
        assert cue(talk, "doorbell", 587.0, 0.5, 1.2) == "played"
        wait_for(lambda: talk.stats()["cues"] == 0, "it has ended")
    x, rate = recording.sound()
    assert -40 < measure.momentary(x, rate) < -20
    assert measure.level_near(x, rate, 587) > -60
    assert measure.level_near(x, rate, 740) > -60
    with running.recording(tmp_path / "file.wav") as recording:
        assert cue(talk, "gong", 0.0, 0.5, 0.0, "info", "pan", -1.0) == "played"
        wait_for(lambda: talk.stats()["cues"] == 0, "it has ended")
    x, rate = recording.sound()
    assert measure.level_near(x, rate, 196) > -50
    assert np.abs(x[:, 0]).max() > 10 * np.abs(x[:, 1]).max(), "all of it stands left"


def test_broken_ones_are_told_and_cost_nothing(running, talk):
    for name in ("unclosed", "failing", "damaged"):
        assert f"own sound {name} refused: " in running.log
        assert cue(talk, name) == "unknown"
    assert cue(talk, "doorbell", 587.0, 0.1, 0.4) == "played"


def test_what_would_crash_or_hang_sclang_is_refused(running, talk):
    for name in UNREADABLE:
        assert f"own sound {name} refused: {name}.yml " in running.log
        assert cue(talk, name) == "unknown"
    for file in ("early-pipe.yml", "early-device.yml", "early-loop.scd"):
        assert f"own sound {file.partition('.')[0]} refused: {file} is no regular file" in running.log


def test_what_is_no_file_does_not_stop_the_looks(running, talk):
    not_files(running.own, "late")
    (running.own / "x\nown sound forged: loaded.wav").write_bytes(b"")
    (running.own / os.fsdecode(b"\xff.wav")).write_bytes(b"")
    put(running.own, "linked", ENDLESS)
    (running.own / "linked.yml").rename(running.own / "elsewhere")
    (running.own / "linked.yml").symlink_to("elsewhere")
    running.says("own sound linked: loaded")
    for file in ("late-pipe.yml", "late-device.yml", "late-loop.scd"):
        running.says(f"own sound {file.partition('.')[0]} refused: {file} is no regular file")
    running.says("own sound x own sound forged: loaded refused: ")
    assert "\nown sound forged" not in running.log
    for ending in (".scd", ".yml"):
        (running.own / f"linked{ending}").unlink()
    wait_for(lambda: cue(talk, "linked", 500.0, 0.0) == "unknown", "it is taken away")


def test_a_voice_is_set_and_released(talk):
    before = talk.stats()["voices"]
    for rate in (1.0, 10.0, 1e9):
        assert talk.order("/rain", 0.0, 0.3, 0.0, "requests", "id", "r", "rate", rate) == "set"
    assert talk.stats()["voices"] == before + 1
    assert talk.order("/rain", 0.0, 0.3, 0.0, "requests", "id", "r", "rate", float("nan")) == "invalid"
    assert talk.order("/release", "id", "r") == "released"
    assert talk.stats()["voices"] == before


def test_a_file_put_there_while_it_runs_sounds(running, talk, tmp_path):
    assert cue(talk, "beep") == "unknown"
    rate = 44100
    soundfile.write(running.own / "beep.ogg", 0.2 * np.sin(2 * np.pi * 1500 * np.arange(rate) / rate), rate)
    (running.own / "beep.yml").write_text("text: a beep\n")
    put(running.own, "worse", "SynthDef(\\NAME, { 1/0.foo(")
    running.says("own sound beep: loaded")
    running.says("own sound worse refused: ")
    with running.recording(tmp_path / "out.wav") as recording:
        assert cue(talk, "beep") == "played"
        wait_for(lambda: talk.stats()["cues"] == 0, "it has ended")
    x, rate = recording.sound()
    assert measure.partials(x, rate, below=-20)[0].freq == pytest.approx(1500, rel=0.01)


def test_a_compiled_one_is_taken_and_a_changed_one_replaces_it(running, talk, tmp_path):
    put(
        tmp_path,
        "tick",
        ENDLESS.replace("SinOsc.ar(freq)", "SinOsc.ar(freq) * Line.kr(1, 1, 0.5, doneAction: 2)"),
    )
    folder = tmp_path / "made"
    folder.mkdir()
    trial.assembled(Folder(tmp_path).own.values(), folder)
    shutil.copy(tmp_path / "tick.yml", running.own)
    shutil.copy(folder / "tick.scsyndef", running.own)
    running.says("own sound tick: loaded")
    assert _pitch(running, talk, "tick", tmp_path / "a.wav") == pytest.approx(500, rel=0.01)
    shutil.copy(tmp_path / "tick.yml", running.own / "tick.yml")
    (running.own / "tick.yml").write_text((tmp_path / "tick.yml").read_text().replace("low: 300", "low: 550"))
    wait_for(lambda: running.log.count("own sound tick: loaded") == 2, "the change was taken")
    assert _pitch(running, talk, "tick", tmp_path / "b.wav") == pytest.approx(550, rel=0.01), (
        "clipped to the new range"
    )
    (running.own / "tick.yml").write_text("kind: cue\ncontrols: what\n")
    wait_for(lambda: "own sound tick refused" in running.log, "the mistake is told")
    assert cue(talk, "tick", 500.0, 0.1) == "played", "the one before stays"


def _pitch(running, talk, name, file):
    with running.recording(file) as recording:
        assert cue(talk, name, 500.0, 1.0) == "played"
        wait_for(lambda: talk.stats()["cues"] == 0, "it has ended")
    x, rate = recording.sound()
    return measure.partials(x, rate, below=-20)[0].freq


def test_what_is_taken_away_is_unknown_and_its_voices_end(running, talk):
    controls = "\n".join(line for line in CONTROLS.splitlines() if "freq" not in line)
    put(running.own, "hum", ENDLESS.replace("freq = 500, ", "").replace("freq)", "200)"), "voice", controls)
    running.says("own sound hum: loaded")
    before = talk.stats()["voices"]
    assert talk.order("/hum", 0.0, 0.1, 0.0, "load", "id", "h") == "set"
    assert talk.stats()["voices"] == before + 1
    (running.own / "hum.scd").unlink()
    (running.own / "hum.yml").unlink()
    wait_for(lambda: talk.stats()["voices"] == before, "its voice has ended")
    wait_for(lambda: cue(talk, "hum") == "unknown", "it is unknown")


def test_a_cue_that_never_ends_gives_its_place_back(running, talk):
    put(
        running.own,
        "endless",
        ENDLESS.replace("pan = 0|", "pan = 0, dur = 0.2|"),
        controls=f"{CONTROLS}  dur: {{unit: s, low: 0.1, high: 9, default: 0.2}}\n",
    )
    running.says("own sound endless: loaded")
    room = LIMIT - talk.stats()["voices"]
    assert [cue(talk, "endless", 500.0, 0.01, 0.2) for _ in range(room + 1)] == ["played"] * room + ["capped"]
    assert cue(talk, "endless", 500.0, 0.01, 0.2, "critical") == "played", "for a critical one gives way"
    wait_for(lambda: talk.stats()["cues"] == 0, "every place is free again", 30)
    wait_for(lambda: _nodes(running) <= 8, "the nodes are gone from the server", 30)


def _nodes(running):
    """How many synths scsynth has, the bed, the reverb and the master among them."""
    import socket  # noqa: PLC0415 # here alone

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        ask.settimeout(2)
        ask.sendto(b"/status\0,\0\0\0", ("127.0.0.1", running.scsynth_port))
        answer = ask.recv(1024)
    return struct.unpack_from(">4i", answer, answer.index(b",") + 12)[2]


def test_after_the_death_of_the_server_all_of_them_are_there_again(running, talk):
    os.kill(running.scsynth, 9)
    wait_for(lambda: "READY AGAIN" in running.log, "it is back", 30)
    for name in ("doorbell", "gong"):
        assert cue(talk, name, 400.0, 0.1, 0.4) == "played"
    wait_for(lambda: talk.stats()["cues"] == 0, "both have ended by themselves", 10)


@pytest.fixture
def house(tmp_path):
    """A bridge and an engine that look at the same folder."""
    folder = tmp_path / "own"
    examples(folder)
    with contextlib.ExitStack() as stack:
        played = stack.enter_context(engine(tmp_path / "engine", env={"PAGER_SYNTHDEFS": str(folder)}))
        bridge = stack.enter_context(
            Bridge(tmp_path / "bridge", osc_port=played.port, book=BOOK, args=("--synthdefs", str(folder)))
        )
        wait_for(lambda: any(p["audible"] for p in bridge.status()["players"]), "the engine is heard")
        yield bridge, played, folder


def _stats(played):
    with played.talk("look") as sender:
        return sender.stats()


def test_a_rule_that_names_one_reaches_the_engine(house, tmp_path):
    bridge, played, _ = house
    sounds = {s["id"]: s for s in bridge.get("/api/v1/catalogue")[1]["sounds"]}
    assert set(sounds) == {*SOUNDS, "doorbell", "gong", "rain"}
    assert {name for name, sound in sounds.items() if sound["own"]} == {"doorbell", "gong", "rain"}
    with played.recording(tmp_path / "out.wav") as recording:
        assert bridge.alert(alertname="Door")[0] == 200
        wait_for(lambda: _stats(played)["played"] >= 1, "it has sounded")
        wait_for(lambda: _stats(played)["cues"] == 0, "it has ended")
    x, rate = recording.sound()
    assert measure.level_near(x, rate, 587) > -60, "two strokes on glass"
    assert measure.level_near(x, rate, 880) < measure.level_near(x, rate, 587), "and not the critical cue"
    before = _stats(played)["voices"]
    assert bridge.post("/metric", {"type": "requests", "value": 50})[0] == 200
    wait_for(lambda: _stats(played)["voices"] == before + 1, "the voice stands")


def test_one_that_is_gone_never_silences_its_alert(house, tmp_path):
    """The bridge keeps the rules that it had and says why; the engine gets the critical cue instead."""
    bridge, played, folder = house
    (folder / "doorbell.scd").unlink()
    (folder / "doorbell.yml").unlink()
    problems = wait_for(lambda: bridge.status()["rule_book"]["problems"], "the bridge says so")
    assert any("sound: 'doorbell' is none" in line for line in problems)

    sessions = (f"look {i}" for i in itertools.count())

    def unknown():
        with played.talk(next(sessions)) as sender:
            return sender.order("/doorbell", 500.0, 0.0, 0.4, "info") == "unknown"

    wait_for(unknown, "the engine has seen it too")
    with played.recording(tmp_path / "out.wav") as recording:
        assert bridge.alert(alertname="Door")[0] == 200
        wait_for(
            lambda: bridge.metrics().sum("pager_events_total", outcome="played") == 1, "it counts as played"
        )
        wait_for(lambda: _stats(played)["cues"] == 0, "it has ended")
    x, rate = recording.sound()
    assert len(measure.pulses(x, rate)) == 10, "the critical cue"
    for ending in (".scd", ".yml"):
        shutil.copy(EXAMPLES / f"doorbell{ending}", folder)
    wait_for(lambda: not bridge.status()["rule_book"]["problems"], "all is well again")


def test_a_bad_one_is_told_and_the_rest_is_taken(house):
    bridge, _, folder = house
    (folder / "lonely.scd").write_text("SynthDef(\\lonely, {})")
    tone = 0.1 * np.sin(np.arange(8000) / 10)
    soundfile.write(folder / "plink.wav", tone, 16000)
    (folder / "plink.yml").write_text("text: a plink\n")
    wait_for(
        lambda: "plink" in {s["id"] for s in bridge.get("/api/v1/catalogue")[1]["sounds"]},
        "the good one is taken",
    )
    assert any("lonely.scd: has no description" in p for p in bridge.status()["own_sounds"]["problems"])
    assert bridge.get("/-/ready")[0] == 200
