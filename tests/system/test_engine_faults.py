"""What goes wrong with an engine, and what is left afterwards: sound again, or words and nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from lab.audio import RUN, Engine, Talk, belongings, dummy_jack, engine
from lab.programs import Program, free_udp_port, wait_for

pytestmark = pytest.mark.system

CRITICAL = ("/alert", 880.0, 0.9, 2.0, "critical")
AGAIN = 42
"""Seconds until an engine must play again: five times the 8.4 that it took after a hang, with the patience of the test."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with engine(tmp_path_factory.mktemp("faults")) as started:
        yield started


def test_a_dead_scsynth_is_replaced_with_what_sounded(running):
    with running.talk("dead") as talk:
        talk.send("/cpu", 600.0)
        assert talk.order("/memory", 0.5) == "set"
        before, voices, pid = talk.hello(), talk.stats()["voices"], running.scsynth
        os.kill(pid, signal.SIGKILL)
        assert talk.order(*CRITICAL, deadline=30) == "played"
        assert talk.hello()["boot"] != before["boot"]
        assert running.scsynth != pid
        assert talk.stats()["voices"] == voices >= 3


def test_a_hung_scsynth_is_not_acknowledged_for_and_replaced(running):
    with running.talk("hung") as talk:
        before, sounded, pid = talk.hello(), talk.stats()["played"], running.scsynth
        os.kill(pid, signal.SIGSTOP)
        talk.send(*CRITICAL, "session", talk.session, "seq", 1)
        talk.send("/hello", "session", talk.session, "proto", 1)
        talk.send("/metric", 200.0, 0.3, 1.0, "disk", "id", "sent meanwhile")
        assert talk.read(0.5) is None
        assert talk.order(*CRITICAL, seq=1, deadline=30) == "played"
        assert talk.stats()["played"] >= sounded + 2, "a repetition sounds: the first was not heard"
        assert talk.hello()["boot"] != before["boot"]
        assert talk.order("/release", "id", "sent meanwhile") == "released"
        wait_for(lambda: pid not in belongings(running), "the hung scsynth is gone")


CRASHING = b"/cpu\0\0\0\0,b\0\0\x7f\xff\xff\xff" + bytes(8)
"""A blob that is longer than its packet."""
HANGING = b"#bundle\0" + bytes(7) + b"\1" + b"\xff\xff\xff\xfc"
"""A bundle with an element of -4 bytes: sclang reads it for ever."""


def _fling(started: Engine, packet: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anybody:
        anybody.sendto(packet, ("127.0.0.1", started.port))


def test_a_sclang_that_a_packet_crashed_is_started_again(running):
    names = {_name(pid): pid for pid in belongings(running)}
    with running.talk("crashed") as talk:
        before = talk.hello()
        wait_for(lambda: _age(names["sclang"]) > 11, "it has played for a while", 30)
        _fling(running, CRASHING)
        wait_for(lambda: "sclang crashed (signal " in running.log, "it is said")
        assert talk.order(*CRITICAL, deadline=AGAIN) == "played"
        assert talk.hello()["boot"] != before["boot"]
        assert running.returncode() is None
    assert not {names["sclang"], names["scsynth"]} & set(belongings(running))


def test_a_sclang_that_a_packet_hung_is_started_again(tmp_path):
    with engine(tmp_path, env={"PAGER_ENGINE_PATIENCE": "6"}) as started, started.talk("hung") as talk:
        before = talk.hello()
        names = {_name(pid): pid for pid in belongings(started)}
        wait_for(lambda: _age(names["sclang"]) > 10, "it has been looked at", 30)
        _fling(started, HANGING)
        wait_for(lambda: "sclang does not answer any more" in started.log, "it is said", AGAIN)
        assert talk.order(*CRITICAL, deadline=AGAIN) == "played"
        assert talk.hello()["boot"] != before["boot"]
        assert started.returncode() is None
        assert not {names["sclang"], names["scsynth"]} & set(belongings(started))


def test_a_sound_system_that_is_away_is_waited_for(tmp_path):
    """Longer than a hung sclang is: one that tries to start scsynth again and again does not hang."""
    with contextlib.ExitStack() as stack:
        with dummy_jack(tmp_path / "first") as name:
            settings = {"jack": name, "env": {"PAGER_ENGINE_PATIENCE": "6"}}
            started = stack.enter_context(engine(tmp_path / "engine", **settings))
            tried = started.log.count("Booting server")
        wait_for(lambda: started.log.count("Booting server") > tried + 5, "it has tried in vain", 90)
        stack.enter_context(dummy_jack(tmp_path / "second", name))
        stack.callback(started.stop)  # before its JACK
        with started.talk("back") as talk:
            assert talk.order(*CRITICAL, deadline=AGAIN) == "played"
        assert "sclang does not answer any more" not in started.log


def _age(pid: int) -> float:
    """Seconds since a process began."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - ticks / os.sysconf("SC_CLK_TCK")


def test_forty_drones_leave_24_places_for_cues(running):
    """The limit that is set unless another one is asked for: 64."""
    with running.talk("drones") as talk:
        talk.order("/release")
        drone = ("/metric", 200.0, 0.1, 1.0, "disk", "id")
        assert [talk.order(*drone, f"d{i}") for i in range(41)] == ["set"] * 40 + ["capped"]
        cue = ("/alert", 440.0, 0.1, 30.0, "info")
        assert [talk.order(*cue) for _ in range(25)] == ["played"] * 24 + ["capped"]
        assert talk.order(*CRITICAL) == "played"
        talk.order("/release")
        wait_for(lambda: talk.stats()["cues"] == 0, "no cue sounds")


@pytest.fixture(scope="module")
def spare(tmp_path_factory):
    """One engine for each way to end it; started together, because a start is mostly waiting.

    All but one find a JACK that runs, as on a computer with sound.
    """
    folder = tmp_path_factory.mktemp("ends")
    with dummy_jack(folder) as jack, contextlib.ExitStack() as stack:
        started = {
            end: stack.enter_context(Engine(folder / end, jack=jack))
            for end in ("term", "stop", "sclang", "run")
        }
        started["jackd"] = stack.enter_context(Engine(folder / "jackd"))
        for one in started.values():
            one.ready()
        yield started


def _ends(started: Engine) -> None:
    wait_for(lambda: not belongings(started), "nothing of it is left", 12)


def test_sigterm_leaves_nothing_behind(spare):
    assert len(belongings(spare["term"])) >= 3
    spare["term"].signal(signal.SIGTERM)
    assert spare["term"].wait() == 0
    _ends(spare["term"])


def test_stop_ends_the_engine(spare):
    with spare["stop"].talk() as talk:
        talk.send("/stop")
    assert spare["stop"].wait() == 0
    _ends(spare["stop"])


@pytest.mark.parametrize("victim", ["sclang", "jackd", "run"])
def test_no_part_outlives_another(spare, victim, tmp_path):
    names = {_name(pid): pid for pid in belongings(spare[victim])}
    pid = spare[victim].pid if victim == "run" else names[victim]
    os.kill(pid, signal.SIGKILL)
    assert spare[victim].wait() != 0
    _ends(spare[victim])
    if victim == "jackd":
        with dummy_jack(tmp_path, spare[victim].jack):
            pass  # frees the name


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def test_a_server_of_somebody_else_is_left_alone(running, tmp_path):
    """A second engine that is told to use the first one's scsynth port ends with words."""
    with Engine(tmp_path, scsynth_port=running.scsynth_port) as second:
        assert second.wait(20) != 0
        assert f"answers on port {running.scsynth_port}" in second.log
    with running.talk("survivor") as talk:
        assert talk.order(*CRITICAL) == "played"


def test_a_taken_port_is_named(running, tmp_path):
    with Engine(tmp_path, port=running.port) as second:
        assert second.wait(20) != 0
        assert f"UDP port {running.port} is taken" in second.log
        assert "OSC_PORT" in second.log
    with running.talk("still there") as talk:
        assert talk.hello()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            lambda defs: (defs / "info.scd").write_text("SynthDef(\\info, { |out| SinOsc.ar( })"),
            "info.scd gives no SynthDef",
        ),
        (
            lambda defs: (defs / "info.scd").write_text("SynthDef(\\other, { })"),
            "defines 'other', not 'info'",
        ),
        (lambda defs: [path.unlink() for path in defs.iterdir()], "no synthdefs in"),
    ],
)
def test_a_broken_synthdef_is_no_silent_engine(tmp_path, damage, told):
    shutil.copytree(RUN.parent, tmp_path / "supercollider")
    damage(tmp_path / "supercollider" / "synthdefs")
    with Engine(tmp_path / "log", run=tmp_path / "supercollider" / "run") as started:
        assert started.wait(20) != 0
        assert told in started.log
        _ends(started)


def test_without_a_sound_server_it_says_what_to_do(tmp_path):
    env = {
        "JACK_DEFAULT_SERVER": "nobody-here",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "OSC_PORT": str(free_udp_port()),
    }
    with Program([RUN], tmp_path, env=env) as started:
        assert started.wait(10) == 69
        assert "--dummy-jack" in started.log


def test_an_empty_environment_will_do(tmp_path):
    """As in a container: no HOME, no XDG_RUNTIME_DIR, no terminal."""
    port, scsynth = free_udp_port(), free_udp_port()
    keep = {"PATH": os.environ["PATH"], "PAGER_AUDIO_DRIVER": "dummy"}
    env = [
        "env",
        "-i",
        *(f"{k}={v}" for k, v in keep.items()),
        f"OSC_PORT={port}",
        f"PAGER_SCSYNTH_PORT={scsynth}",
    ]
    with Program([*env, RUN], tmp_path, name="run") as started:
        started.says("READY osc=", 30)
        talk = Talk(port)
        assert talk.hello()["driver"] == "dummy"
        talk.close()


def test_an_unknown_option_is_refused():
    ran = subprocess.run([RUN, "--loud"], capture_output=True, text=True, check=False)
    assert ran.returncode == 64
    assert "--loud" in ran.stderr
