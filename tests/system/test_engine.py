"""The engine as any sender meets it: a real sclang and scsynth on a JACK without a device."""

from __future__ import annotations

import math
import subprocess

import pytest
from lab import measure
from lab.audio import RUN, engine
from lab.programs import wait_for

from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

LIMIT = 16
AMBIENT = ("/ambient", 220.0, 0.3, 1.0, "bed")
CRITICAL = ("/alert", 880.0, 0.9, 2.0, "critical")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with engine(tmp_path_factory.mktemp("engine"), env={"PAGER_MAX_VOICES": str(LIMIT)}) as started:
        yield started


@pytest.fixture
def talk(running, request):
    """A sender with a session of its own, on a stage where only the bed stands."""
    with running.talk(request.node.name) as sender:
        sender.order("/release", seq=0)
        sender.order(*AMBIENT, seq=-1)
        wait_for(lambda: sender.stats()["cues"] == 0, "no cue sounds")
        yield sender


def test_hello_tells_who_is_there(talk):
    hello = talk.hello()
    assert hello["session"] == talk.session
    assert hello["driver"] == "host"
    assert hello["defs"] == len(SOUNDS) + 4  # reverb, master, fader and sampler
    assert hello["boot"]
    assert talk.hello() == hello


def test_the_bed_is_there_from_the_start(running):
    assert "READY osc=" in running.log
    with running.talk("first") as sender:
        assert sender.stats()["voices"] >= 1


@pytest.mark.parametrize("sound", [s for s in SOUNDS if SOUNDS[s].kind == "cue"])
def test_every_cue_is_played_and_acknowledged(talk, sound):
    address = "/alert" if sound in ("critical", "warning", "info") else f"/{sound}"
    before = talk.stats()
    assert talk.order(address, 440.0, 0.5, 0.3, sound, "id", "x", "pan", -0.5) == "played"
    after = talk.stats()
    assert after["played"] == before["played"] + 1
    wait_for(lambda: talk.stats()["cues"] == 0, "the cue has ended by itself")


@pytest.mark.parametrize("sound", [s for s in SOUNDS if SOUNDS[s].kind == "voice"])
def test_every_voice_is_set_once_and_released(talk, sound):
    head = {"cpu": (660.0,), "memory": (0.5,)}.get(sound, (220.0, 0.3, 1.0, "disk"))
    standing = talk.stats()["voices"]
    assert [talk.order(f"/{sound}", *head, "id", "one") for _ in range(3)] == ["set"] * 3
    assert talk.stats()["voices"] == standing + 1
    assert talk.order("/release", "id", "one") == "released"
    assert talk.stats()["voices"] == standing


def test_a_repetition_is_acknowledged_and_not_sounded(talk):
    first = talk.order(*CRITICAL, seq=100)
    sounded = talk.stats()["played"]
    assert {first, *(talk.order(*CRITICAL, seq=100) for _ in range(5))} == {"played"}
    assert talk.stats()["played"] == sounded
    assert talk.order(*CRITICAL, seq=101) == "played"
    assert talk.stats()["played"] == sounded + 1


def test_sessions_count_for_themselves(running, talk):
    with running.talk("another") as other:
        sounded = talk.stats()["played"]
        assert talk.order(*CRITICAL, seq=7) == other.order(*CRITICAL, seq=7) == "played"
        assert talk.stats()["played"] == sounded + 2


def _long(talk, severity, name):
    """A cue that stays until the test has ended."""
    return talk.order("/alert", 440.0, 0.1, 30.0, severity, "id", name)


def test_beyond_the_limit_nothing_sounds_and_it_is_said(talk):
    room = LIMIT - talk.stats()["voices"]
    before = talk.stats()["capped"]
    answers = [_long(talk, "info", f"n{i}") for i in range(room + 2)]
    assert answers == ["played"] * room + ["capped"] * 2
    assert talk.order("/metric", 200.0, 0.3, 1.0, "disk", "id", "no room") == "capped"
    assert talk.order(*AMBIENT) == "set", "a voice that stands can still be set"
    assert talk.stats()["capped"] == before + 3


def test_voices_leave_places_for_cues(talk):
    room = LIMIT // 2 - talk.stats()["voices"]
    answers = [talk.order("/metric", 200.0, 0.1, 1.0, "disk", "id", f"v{i}") for i in range(room + 2)]
    assert answers == ["set"] * room + ["capped"] * 2
    assert [_long(talk, "info", f"c{i}") for i in range(LIMIT // 2)] == ["played"] * (LIMIT // 2)


def test_what_matters_more_takes_the_place_of_what_matters_less(talk):
    """Infos go first, then warnings; nothing takes the place of its equal."""
    room = LIMIT - talk.stats()["voices"]
    assert _long(talk, "warning", "first") == "played"
    assert {_long(talk, "info", f"i{i}") for i in range(room - 1)} == {"played"}
    before = talk.stats()
    assert {_long(talk, "warning", f"w{i}") for i in range(room - 1)} == {"played"}
    assert _long(talk, "warning", "one more") == _long(talk, "info", "one more") == "capped"
    assert {_long(talk, "critical", f"c{i}") for i in range(room)} == {"played"}
    assert _long(talk, "critical", "one more") == _long(talk, "warning", "again") == "capped"
    after = talk.stats()
    assert after["cues"] == room
    assert after["capped"] == before["capped"] + 4
    assert after["played"] == before["played"] + 2 * room - 1


@pytest.mark.parametrize("sound", [s for s in SOUNDS if SOUNDS[s].kind == "voice" and s != "ambient"])
def test_no_other_voice_takes_the_place_of_the_bed(talk, sound):
    before = talk.stats()
    head = (0.5,) if sound in ("cpu", "memory") else (220.0, 0.3, 1.0, "disk")
    assert talk.order(f"/{sound}", *head, "id", "ambient") == "invalid"
    after = talk.stats()
    assert after["invalid"] == before["invalid"] + 1
    assert after["voices"] == before["voices"]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "loud"])
@pytest.mark.parametrize("place", range(3))
def test_what_is_no_number_is_refused_and_counted(talk, bad, place):
    head = [880.0, 0.9, 2.0]
    head[place] = bad
    before = talk.stats()
    assert talk.order("/alert", *head, "critical") == "invalid"
    after = talk.stats()
    assert after["invalid"] == before["invalid"] + 1
    assert after["cues"] == 0


@pytest.mark.parametrize("address", ["/cpu", "/memory"])
@pytest.mark.parametrize("bad", [math.nan, math.inf, "c12"])
def test_a_voice_is_not_set_to_what_is_no_number(talk, address, bad):
    standing = talk.stats()["voices"]
    assert talk.order(address, bad) == "invalid"
    assert talk.order(address, 0.5, "pan", bad) == "invalid"
    assert talk.stats()["voices"] == standing
    assert talk.order(address, 0.5) == "set"


@pytest.mark.parametrize("value", [1e30, -1e30, 0.0, 3])
def test_finite_numbers_are_brought_into_range(talk, value):
    assert talk.order("/alert", value, value, value, "info") == "played"
    assert talk.order("/release") == "released"


def test_an_unknown_sound_is_acknowledged_as_unknown(talk):
    assert talk.order("/theremin", 440.0, 0.5, 1.0, "x") == "unknown"


def test_unknown_names_and_odd_pairs_do_not_matter(talk):
    assert talk.order(*CRITICAL, "colour", "red", "id", "x") == "played"
    talk.send(*CRITICAL, "session", talk.session, "seq")


def test_the_seeds_form_needs_nothing_else(talk):
    before = talk.stats()
    talk.send("/alert", 880.0, 0.9, 2.0, "critical")
    talk.send("/alert", 660, 1, 2, "warning")
    talk.send("/cpu", 440.0)
    talk.send("/memory", 0.3)
    wait_for(lambda: talk.stats()["played"] == before["played"] + 2, "both cues are played")
    assert talk.stats()["voices"] == before["voices"] + 2


def test_missing_numbers_are_those_of_the_catalogue(talk):
    before = talk.stats()
    talk.send("/alert")
    talk.send("/alert", 700.0)
    wait_for(lambda: talk.stats()["played"] == before["played"] + 2, "both cues are played")


def test_garbage_does_not_stop_it(running, talk):
    """Malformed bundles are left out: some crash sclang 3.13 itself, and then it is started again (test_engine_faults)."""
    for junk in (
        b"",
        b"\0",
        b"/alert",
        b"\xff" * 9000,
        b"/alert\0\0,ffb\0\0\0\0",
    ):
        talk._socket.send(junk)
    talk.send("/alert", *["x"] * 40)
    assert talk.order(*CRITICAL) == "played"
    assert running.returncode() is None


def test_release_without_id_ends_all(talk):
    talk.order("/cpu", 500.0)
    talk.order(*CRITICAL)
    assert talk.order("/release") == "released"
    wait_for(lambda: talk.stats()["cues"] == talk.stats()["voices"] == 0, "nothing sounds")


def test_a_recording_shows_the_critical_cue(talk, running, tmp_path):
    """880 Hz and ten pulses come out of the engine, over a processor voice at its highest."""
    talk.order("/cpu", 880.0)
    with running.recording(tmp_path / "out.wav") as recording:
        assert talk.order(*CRITICAL) == "played"
        wait_for(lambda: talk.stats()["cues"] == 0, "the cue has ended")
    x, rate = recording.sound()
    found = measure.pulses(x, rate)
    assert len(found) == 10
    assert measure.first_partial(x, rate, found[0]) == pytest.approx(880, rel=0.01)
    assert -20 <= measure.momentary(x, rate) <= -16


def test_the_health_check_agrees(running):
    ask = [RUN.parent / "healthcheck"]
    assert subprocess.run(ask, env={"OSC_PORT": str(running.port)}, check=False).returncode == 0
    assert subprocess.run(ask, env={"OSC_PORT": "9"}, check=False).returncode == 1
