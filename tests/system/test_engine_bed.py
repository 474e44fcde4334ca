"""The bed in the engine: every voice with every control, and what becomes of it when its sender or scsynth is gone."""

from __future__ import annotations

import os
import signal
import socket
from itertools import islice

import pytest
from lab import measure
from lab.audio import engine
from lab.programs import wait_for
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

VOICES = [sound for sound in SOUNDS.values() if sound.kind == "voice"]
HEADS = {"cpu": ("freq",), "memory": ("vol",)}
OFF = {"anomaly": 0.75, "level": 0.5, "pan": -0.25, "vol": 0.625, "rate": 6.0, "freq": 165.0, "chord": 3.0}
"""Of every control another value than its default; all are exact in float32."""


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with engine(tmp_path_factory.mktemp("bed"), env={"PAGER_SESSION_TIMEOUT": "2"}) as started:
        yield started


@pytest.fixture
def talk(running, request):
    """A sender, and a stage where only the bed stands, as the engine begins it."""
    with running.talk(request.node.name) as sender:
        sender.order("/release")
        sender.send("/ambient")
        wait_for(lambda: list(_standing(running)) == ["ambient"], "only the bed sounds")
        yield sender


def _standing(running) -> dict[str, dict[str, float]]:
    """The voices on scsynth with their controls, as scsynth itself tells; those that are fading out left out."""
    builder = OscMessageBuilder("/g_queryTree")
    builder.add_arg(0)
    builder.add_arg(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(1)
        asker.connect(("127.0.0.1", running.scsynth_port))
        try:
            asker.send(builder.build().dgram)
            found = _synths(list(OscMessage(asker.recv(65536)).params))
        except (TimeoutError, ConnectionRefusedError):
            return {}
    return {name: controls for name, controls in found if name in SOUNDS and controls["gate"] == 1}


def _synths(tree: list) -> list[tuple[str, dict[str, float]]]:
    """What /g_queryTree answers: flag, then node by node its id, how many children, and of a synth (-1) the rest."""
    parts, found = iter(tree[1:]), []
    for _ in parts:
        if next(parts) == -1:
            name, count = next(parts), next(parts)
            pairs = list(islice(parts, 2 * count))
            found.append((name, dict(zip(pairs[::2], pairs[1::2], strict=True))))
    return found


def _set(talk, sound, **params: float) -> str:
    """Send it as the bridge does: the head, then the other controls as pairs."""
    head = HEADS.get(sound.id, ("freq", "vol", "dur"))
    args = [params.get(name, 0.0) for name in head] + ([] if sound.id in HEADS else [sound.id])
    rest = [part for name, value in params.items() if name not in head for part in (name, value)]
    return talk.order(f"/{sound.id}", *args, *rest)


def _off(sound) -> dict[str, float]:
    return {control.name: OFF[control.name] for control in sound.controls}


@pytest.mark.parametrize("sound", VOICES, ids=lambda sound: sound.id)
def test_every_control_of_every_voice_arrives(running, talk, sound):
    """Those of the head and those in pairs; what is left out has the catalogue's default."""
    assert _set(talk, sound, **_off(sound)) == "set"
    told = _standing(running)[sound.id]
    assert {name: told[name] for name in _off(sound)} == _off(sound)
    talk.send(f"/{sound.id}")
    assert talk.order("/release", "id", "nobody") == "released"
    told = _standing(running)[sound.id]
    assert {name: told[name] for name in sound.defaults()} == pytest.approx(sound.defaults(), rel=1e-6)


def test_the_engine_sounds_them_all(running, talk, tmp_path):
    """All at once, each told apart by a tone of its own in what comes out of the engine."""
    own = {"cpu": {"freq": 550.0}, "temperature": {"freq": 123.5}, "metric": {"freq": 196.0}}
    own |= {"disk": {"rate": 8.0, "vol": 0.6, "anomaly": 0.6}, "network": {"rate": 8.0, "vol": 0.6}}
    for sound in VOICES:
        assert _set(talk, sound, **(sound.defaults() | own.get(sound.id, {}))) == "set"
    path = tmp_path / "out.wav"
    with running.recording(path) as recording:

        def recorded() -> bool:
            talk.hello()  # else they would be released
            return path.stat().st_size > 14 * 48000 * 8

        wait_for(recorded, "14 s are recorded", 30, every=0.2)
    x, rate = recording.sound()
    x = x[5 * rate :]
    # One of the bars of network; the tritone in the knock of disk.
    tones = {
        "cpu": 138.6,
        "temperature": 123.5,
        "metric": 196.0,
        "ambient": 330.2,
        "network": 185.0,
        "disk": 304.0,
    }
    between = measure.level_near(x, rate, 150.0, semitones=0.5)
    for name, tone in tones.items():
        assert measure.level_near(x, rate, tone, semitones=0.3) > between + 6, name
    assert -46 < measure.integrated(x, rate) < -34


def test_a_sender_that_is_gone_leaves_the_bed_at_rest(running, talk):
    """What it told through the bed is known no more; how it is tuned stays."""
    ambient = SOUNDS["ambient"]
    with running.talk("told and went") as gone:
        assert _set(gone, ambient, **_off(ambient)) == "set"
    rest = {name: ambient.control(name).default for name in ("anomaly", "level", "chord")}
    kept = {name: OFF[name] for name in ("freq", "vol", "pan")}

    def at_rest() -> bool:
        told = _standing(running)["ambient"]
        return {name: told[name] for name in (*rest, *kept)} == rest | kept

    wait_for(at_rest, "the bed is at rest")
    assert talk.stats()["voices"] == 1


def test_a_sender_that_is_there_keeps_what_it_told(running, talk):
    """Another's end changes nothing, even if that one had set the bed before."""
    ambient = SOUNDS["ambient"]
    with running.talk("was before") as before:
        assert _set(before, ambient, **(_off(ambient) | {"chord": 1.0})) == "set"
        assert before.order("/cpu", 500.0) == "set"
    assert _set(talk, ambient, **_off(ambient)) == "set"

    def only_the_other_is_gone() -> bool:
        talk.hello()
        return list(_standing(running)) == ["ambient"]

    wait_for(only_the_other_is_gone, "the other's voice is released")
    assert _standing(running)["ambient"]["chord"] == OFF["chord"]


def test_the_bed_ends_when_told_and_begins_again(running, talk):
    assert talk.order("/release", "id", "ambient") == "released"
    assert _standing(running) == {}
    assert talk.order("/network", 0.0, 0.3, 0.0, "network", "rate", 2.0, "id", "ambient") == "invalid"
    assert _standing(running) == {}
    assert talk.order("/ambient", 220.0, 0.3, 0.0, "bed") == "set"
    told = _standing(running)["ambient"]
    defaults = SOUNDS["ambient"].defaults()
    assert {name: told[name] for name in defaults} == pytest.approx(defaults, rel=1e-6)


def test_after_a_new_scsynth_the_voices_have_all_their_controls(running, talk):
    for sound in VOICES:
        assert _set(talk, sound, **_off(sound)) == "set"
    before = _standing(running)
    assert len(before) == len(VOICES)
    os.kill(running.scsynth, signal.SIGKILL)

    def back() -> bool:
        talk.send("/hello", "session", talk.session, "proto", 1)
        return len(_standing(running)) == len(VOICES)

    wait_for(back, "they all sound again", 30)
    after = _standing(running)
    for sound in VOICES:
        assert {name: after[sound.id][name] for name in _off(sound)} == _off(sound)
