"""A page as a player: what is sent to it, and what is answered for it; and one state for all pages."""

from __future__ import annotations

import pytest

from bridge import config
from bridge.model.commands import Play
from bridge.runtime import Runtime
from bridge.settings import Settings
from bridge.sinks.browser import BACKLOG, BrowserPlayer
from bridge.web import stream


@pytest.fixture
def said():
    return []


@pytest.fixture
def player(said):
    page = BrowserPlayer(1, lambda _, play_id, status: said.append((play_id, status)))
    page.listening = True
    return page


def sent(player):
    return [player.outbox.get_nowait()["sound"] for _ in range(player.outbox.qsize())]


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
