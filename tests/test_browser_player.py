"""A page as a player: what is sent to it, and what is answered for it; and one state for all pages."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pythonosc.osc_message import OscMessage

from bridge import config
from bridge.core.parts import BED_GROUP, FIRST_NODE, LARGEST
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Play, Release, Set
from bridge.model.player import Filter
from bridge.runtime import Runtime
from bridge.settings import Settings
from bridge.sinks.browser import BACKLOG, BrowserPlayer, Sheet
from bridge.web import stream


@pytest.fixture
def said():
    return []


@pytest.fixture
def player(said):
    page = BrowserPlayer(1, lambda _, play_id, status: said.append((play_id, status)), Sheet())
    page.listening = True
    return page


def sent(player):
    return [json.loads(text)["sound"] for text in player.waiting() if isinstance(text, str)]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("cues", ["critical", "flatline"]),
        ("heartbeat", ["critical", "flatline", "heartbeat"]),
        ("everything", ["critical", "flatline", "heartbeat"]),
    ],
)
def test_a_page_gets_what_its_level_lets_through(player, said, level, expected):
    player.level = level
    for sound in ("critical", "flatline", "heartbeat"):
        player.play(Play(sound, sound, {}))
    assert sent(player) == expected
    assert said == [("heartbeat", "muted")] * (level == "cues")


def test_a_page_that_does_not_listen_is_answered_for(player, said):
    player.listening = False
    player.play(Play("p", "critical", {}))
    assert said == [("p", "muted")]
    assert not sent(player)


def test_a_page_that_does_not_read_is_slow(player, said):
    for n in range(BACKLOG + 1):
        player.play(Play(f"p{n}", "info", {}))
    assert player.slow
    assert said == [(f"p{BACKLOG}", "failed")]


def test_the_state_is_made_once_for_all_pages(tmp_path, monkeypatch):
    now = [1000.0]
    settings = Settings(data_dir=tmp_path, config=config.DEFAULT_BOOK, mqtt_host="")
    runtime = Runtime(settings, config.load(config.DEFAULT_BOOK), clock=lambda: now[0])
    made, real = [], stream.state
    monkeypatch.setattr(stream, "state", lambda of: made.append(of.version) or real(of))
    states = stream.States()
    assert len({states.text(runtime) for _ in range(400)}) == 1
    assert made == [0]
    runtime.version += 1
    states.text(runtime)
    assert made == [0, 1]
    now[0] += 1.0
    assert '"now":1001.0' in states.text(runtime)
    assert made == [0, 1, 1]


AMBIENT = Set("ambient", "ambient", SOUNDS["ambient"].defaults())
CPU = Set("cpu", "cpu", {"freq": 500.0})
DISK = Set("disk", "disk", {"rate": 2.0}, "db")


def osc(player):
    """The packets that wait: (number, address, first arguments)."""
    found = []
    for packet in player.waiting():
        if isinstance(packet, bytes):
            number = int.from_bytes(packet[:4], "big")
            found += [
                (number, message.address, message.params) for message in map(OscMessage, inside(packet[4:]))
            ]
    return found


def inside(packet):
    """The messages of a packet: itself, or what its bundle holds."""
    if not packet.startswith(b"#bundle"):
        return [packet]
    found, rest = [], packet[16:]
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        found.append(rest[4:end])
        rest = rest[end:]
    return found


def test_a_page_with_scsynth_is_sent_everything_and_then_what_changes(player):
    player.whole([AMBIENT, CPU])
    first = osc(player)
    assert [(number, address) for number, address, _ in first] == [
        (1, "/g_freeAll"),
        (2, "/s_new"),
        (2, "/s_new"),
    ]
    assert first[0][2] == [BED_GROUP]
    assert [params[:4] for _, _, params in first[1:]] == [
        ["ambient", FIRST_NODE, 0, BED_GROUP],
        ["cpu", FIRST_NODE + 1, 0, BED_GROUP],
    ]
    for freq in (600.0, 610.0, 620.0):
        player.bring([Set("cpu", "cpu", {"freq": freq})])
    [(number, address, params)] = osc(player)
    assert (number, address) == (3, "/n_set")
    assert params[params.index("freq") + 1] == 620.0
    player.bring([Release("cpu")])
    assert osc(player) == [(4, "/n_set", [FIRST_NODE + 1, "gate", 0.0])]
    player.bring([CPU])
    [(_, address, params)] = osc(player)
    assert (address, params[1]) == ("/s_new", FIRST_NODE + 2)


def test_a_cue_is_a_bundle_of_its_own_behind_its_words(player):
    player.whole([])
    osc(player)
    player.play(Play("p", "critical", {"freq": 880.0}, "critical", "f"))
    text, packet = player.waiting()
    told = json.loads(text)
    assert (told["type"], told["id"], told["fingerprint"]) == ("play", "p", "f")
    assert int.from_bytes(packet[:4], "big") == 2
    seconds = int.from_bytes(packet[12:16], "big") + int.from_bytes(packet[16:20], "big") / 2**32
    assert seconds - 2208988800 - told["at"] == pytest.approx(0.1, abs=1e-3)
    message = OscMessage(packet[24:])
    assert message.params[:2] == ["critical", told["node"]]


def test_a_cue_is_made_once_for_all_pages_and_each_voice_too():
    sheet = Sheet()
    pages = [BrowserPlayer(n, lambda *_: None, sheet) for n in range(3)]
    for page in pages:
        page.listening = True
        page.whole([AMBIENT])
        page.waiting()
    cue = Play("p", "warning", {})
    for page in pages:
        page.play(cue)
        page.bring([CPU])
    told = [page.waiting() for page in pages]
    assert told[0] == told[1] == told[2]
    assert told[0][0] is told[1][0]


def test_the_voices_of_one_turn_come_in_few_packets_that_no_engine_finds_too_large(player):
    voices = [Set(f"cpu-{i}", "cpu", SOUNDS["cpu"].defaults()) for i in range(72)]
    player.whole(voices)
    osc(player)
    player.bring(
        [replace(voice, params=voice.params | {"freq": 500.0 + i}) for i, voice in enumerate(voices)]
    )
    packets = player.waiting()
    assert len(packets) <= 6
    assert all(len(packet) <= 4 + LARGEST for packet in packets)
    assert all(packet[4:20] == b"#bundle\0" + bytes(7) + b"\1" for packet in packets), "carried out at once"
    told = [OscMessage(one).params for packet in packets for one in inside(packet[4:])]
    assert [params[params.index("freq") + 1] for params in told] == [500.0 + i for i in range(72)]


def test_without_the_bed_no_voice_is_sent_and_it_comes_back(player):
    player.level = "cues"
    player.whole([AMBIENT, CPU])
    assert [address for _, address, _ in osc(player)] == ["/g_freeAll"]
    player.level = "everything"
    player.rebed([AMBIENT, CPU])
    assert [address for _, address, _ in osc(player)] == ["/s_new", "/s_new"]
    player.level = "heartbeat"
    player.rebed([AMBIENT, CPU])
    assert [params[1:] for _, _, params in osc(player)] == [["gate", 0.0]] * 2


def test_what_the_filter_leaves_out_is_answered_for(player, said):
    player.filter = Filter(services=("shop",))
    for service in ("shop", "db", ""):
        player.play(Play(service, "warning", {}, "warning", service=service))
    player.play(Play("c", "critical", {}, "critical", service="db"))
    assert [json.loads(text)["id"] for text in player.waiting()] == ["shop", "c"]
    assert said == [("db", "muted"), ("", "muted")]


def test_another_filter_ends_and_begins_voices_and_lets_the_others_go_on(player):
    player.whole([AMBIENT, CPU, DISK])
    osc(player)
    player.filter = Filter(voices=("ambient", "cpu"))
    player.bring([replace(DISK, params={"rate": 3.0})])
    player.rebed([AMBIENT, CPU, DISK])
    assert [(address, params[0]) for _, address, params in osc(player)] == [
        ("/n_set", FIRST_NODE),
        ("/n_set", FIRST_NODE + 1),
        ("/n_set", FIRST_NODE + 2),
    ]
    player.bring([DISK])
    assert osc(player) == []
    player.filter = None
    player.rebed([AMBIENT, CPU, DISK])
    told = [(address, params[:2]) for _, address, params in osc(player)]
    assert [address for address, _ in told] == ["/n_set", "/n_set", "/n_free", "/s_new"], (
        "it fades under its number"
    )
    assert told[2][1] == [FIRST_NODE + 2]
    assert told[3][1] == ["disk", FIRST_NODE + 2]


def test_a_voice_that_ended_everywhere_begins_under_a_new_number(player):
    player.whole([CPU])
    osc(player)
    player.filter = Filter(voices=())
    player.rebed([CPU])
    osc(player)
    player.bring([Release("cpu")])
    player.filter = None
    player.rebed([])
    player.bring([CPU])
    assert [(address, params[:2]) for _, address, params in osc(player)] == [
        ("/s_new", ["cpu", FIRST_NODE + 1])
    ]


def test_of_many_states_only_the_newest_waits(player):
    for n in range(10_000):
        player.state(f"{n}")
    assert player.waiting() == ["9999"]


def test_a_slow_page_has_only_the_newest_value_of_each_voice(player):
    player.whole([AMBIENT])
    player.waiting()
    for n in range(10_000):
        player.bring([Set("cpu", "cpu", {"freq": 440.0 + n % 400})])
    assert len(player.waiting()) == 1
    assert not player.slow
