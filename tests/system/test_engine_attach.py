"""attach.scd in a running session: a real sclang with its own server, which plays something of its own."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from lab.audio import RUN, Talk, dummy_jack
from lab.programs import Program, free_udp_port, wait_for

from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

FOLDER = RUN.parent
CRITICAL = ("/alert", 880.0, 0.9, 2.0, "critical")
# An interactive sclang is told apart by nothing here: the session only lacks the desktop.
START = (
    f'. "{FOLDER}/lib/environment.sh"; trap "rm -rf $scratch" EXIT; sclang -u "$SESSION_PORT" "$0" </dev/null'
)


class Session:
    """The musician: evaluates code, and looks at the server."""

    def __init__(self, program: Program, port: int, server: int) -> None:
        self.program, self.talk, self.server = program, Talk(port), Talk(server)
        self._numbers = itertools.count()

    def does(self, code: str) -> None:
        number = next(self._numbers)
        self.talk.send("/do", code, number)
        self.program.says(f"DONE {number}\n")

    def tree(self) -> list:
        return self._ask("/g_queryTree", 0, 0)

    def synthdefs(self) -> int:
        return self._ask("/status")[4]

    def _ask(self, address: str, *args: int) -> list:
        self.server.send(address, *args)
        return self.server.read(5.0)[1]


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder, port, server = tmp_path_factory.mktemp("session"), free_udp_port(), free_udp_port()
    script = Path(__file__).parent / "session.scd"
    with dummy_jack(folder) as jack:
        env = {"JACK_DEFAULT_SERVER": jack, "SESSION_PORT": str(port), "SESSION_SERVER": str(server)}
        with Program(["sh", "-c", START, script], folder, name="session", env=env) as program:
            program.says("SESSION READY", 30)
            joined = Session(program, port, server)
            yield joined
            joined.talk.close()
            joined.server.close()


@pytest.mark.parametrize("leave", ["~pager.leave", "/stop"])
def test_it_joins_plays_and_leaves_no_trace(session, leave):
    tree, synthdefs = session.tree(), session.synthdefs()
    _join(session)
    assert session.talk.hello()["defs"] == len(SOUNDS) + 4
    assert session.talk.order(*CRITICAL, deadline=5) == "played"
    assert session.talk.order("/cpu", 600.0) == "set"
    assert "master" in session.tree(), "the session's own tone still sounds"
    assert {"pager_master", "pager_critical", "pager_cpu"} <= set(session.tree())
    if leave == "/stop":
        session.talk.send("/stop")
        session.program.says("The pager has left.")
    else:
        session.does(leave)
    session.does("s.sync")
    assert session.tree() == tree
    assert session.synthdefs() == synthdefs
    session.talk.send("/hello", "session", "x", "proto", 1)
    session.does("1")
    assert session.talk.read(0.3) is None


def test_cmd_period_takes_it_away_too(session):
    _join(session)
    session.does("CmdPeriod.run")
    session.does("s.sync")
    assert not [name for name in session.tree() if str(name).startswith("pager_")]
    session.does('if (~pager.isNil) { "PAGER IS GONE".postln }')
    session.program.says("PAGER IS GONE")


def test_it_leaves_when_its_nodes_are_freed_and_acknowledges_nothing_more(session):
    """s.freeAll is an ordinary thing for a musician; what came after it would be confirmed and heard by nobody."""
    _join(session)
    before = session.program.log.count("The pager has left.")
    session.does("s.freeAll; s.sync")
    wait_for(lambda: session.program.log.count("The pager has left.") == before + 1, "it says so")
    session.does('if (~pager.isNil) { "PAGER WAS FREED".postln }')
    session.program.says("PAGER WAS FREED")
    session.talk.send("/hello", "session", "x", "proto", 1)
    assert session.talk.read(0.3) is None


def test_it_joins_only_once_and_only_a_running_server(session):
    _join(session)
    session.does(f'"{FOLDER}/attach.scd".load')
    session.program.says("The pager is here already")
    session.does("~pager.leave")
    session.does("s.quit; while { s.serverRunning } { 0.02.wait }")
    session.does(f'"{FOLDER}/attach.scd".load')
    session.program.says("No server runs in this session")


def _join(session: Session) -> None:
    words = "The pager has joined: it listens on port"
    before = session.program.log.count(words)
    session.does(f'"{FOLDER}/attach.scd".load')
    wait_for(lambda: session.program.log.count(words) == before + 1, "the pager has joined")
