"""Whose voices sound: a sender that is gone leaves none behind, one that is there keeps its own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from lab.audio import belongings, engine
from lab.programs import wait_for

pytestmark = pytest.mark.system

DISK = ("/metric", 220.0, 0.3, 1.0, "disk", "id")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with engine(tmp_path_factory.mktemp("sessions"), env={"PAGER_SESSION_TIMEOUT": "2"}) as started:
        yield started


@pytest.fixture
def talk(running, request):
    """Somebody who only looks on, and a stage where nothing but the bed stands."""
    with running.talk(f"looks on at {request.node.name}") as looker:
        looker.order("/release")
        looker.send("/ambient")
        wait_for(lambda: looker.stats()["voices"] == 1, "only the bed sounds")
        yield looker


def test_what_a_session_set_goes_with_it(running, talk):
    """The bed stays, and so does what somebody set who gave no session."""
    with running.talk("gone") as gone:
        assert (
            gone.order("/ambient", 220.0, 0.3, 1.0, "bed")
            == gone.order("/cpu", 600.0)
            == gone.order(*DISK, "one")
            == "set"
        )
        talk.send(*DISK, "a third party's")
        wait_for(lambda: talk.stats()["voices"] == 4, "all sound")
    wait_for(lambda: talk.stats()["voices"] == 2, "what the session set is released")
    for kept in ("ambient", "a third party's"):
        talk.order("/release", "id", kept)
    assert talk.stats()["voices"] == 0


def test_hello_keeps_the_voices_and_another_takes_them_over(running, talk):
    """Two sessions set the same voice; the first ends, and what the second has set last stays."""
    with running.talk("before") as before, running.talk("after") as after:
        assert (
            before.order(*DISK, "both") == before.order(*DISK, "own") == after.order(*DISK, "both") == "set"
        )
        told = after.hello()

        def only_the_first_ended() -> bool:
            assert after.hello() == told
            return talk.stats()["voices"] == 2

        wait_for(only_the_first_ended, "the voice of the first session is released")
        assert after.order("/release", "id", "both") == "released"
        assert talk.stats()["voices"] == 1


def test_a_session_that_comes_back_is_told_so(running, talk):
    """As of a computer that slept: it must send its state again."""
    with running.talk("sleeper") as sleeper:
        told = sleeper.hello()
        assert sleeper.order(*DISK, "one") == "set"
        wait_for(lambda: talk.stats()["voices"] == 1, "its voice is released")
        again = sleeper.hello()
        assert again["boot"] != told["boot"]
        assert again == sleeper.hello()


def test_a_new_scsynth_brings_back_nobody_who_is_gone(running, talk):
    talk.order("/cpu", 500.0)
    with running.talk("gone meanwhile") as gone:
        assert gone.order(*DISK, "one") == "set"
    old = running.scsynth
    os.kill(old, signal.SIGSTOP)  # found out and replaced after longer than the session is waited for

    def replaced() -> bool:
        talk.send("/hello", "session", talk.session, "proto", 1)
        return running.scsynth != old

    wait_for(replaced, "another scsynth plays", 30)
    assert talk.stats()["voices"] == 2, "the bed and the voice of the session that kept saying hello"


def test_an_engine_that_was_asleep_takes_nobody_for_gone(running, talk):
    """What has arrived meanwhile is read before the time that has passed is counted."""
    with running.talk("awake") as awake:
        assert awake.order(*DISK, "one") == "set"
        told, sclang = awake.hello(), _sclang(running)
        os.kill(sclang, signal.SIGSTOP)
        asleep = time.monotonic()
        try:
            wait_for(lambda: time.monotonic() - asleep > 2.6, "longer than a session is waited for")
        finally:
            os.kill(sclang, signal.SIGCONT)
        assert awake.hello() == told
        assert talk.stats()["voices"] == 2


def _sclang(running) -> int:
    return next(p for p in belongings(running) if Path(f"/proc/{p}/comm").read_text().strip() == "sclang")
