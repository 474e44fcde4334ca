"""The conversation with an engine, with plain times and a plain engine's answers."""

from __future__ import annotations

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.model.commands import Play, Release, Set
from bridge.wire.link import (
    BACKOFF,
    CUE_LIFE,
    HEARTBEAT_LIFE,
    HELD,
    LOST,
    PROBE,
    QUIET,
    RECENT,
    TAKE_BACK,
    WINDOW,
    Link,
    State,
)

FULL = {"freq": 880.0, "vol": 0.9, "dur": 2.0}


def datagram(address, *arguments):
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


class Talk:
    """A link, a clock, and what went out."""

    def __init__(self, *, known=True, **options):
        self.now = 100.0
        self.link = Link("s", self.now, **options)
        if known:
            self.hello()
            self.sent()

    def hello(self, boot="b1", driver="host", session="s"):
        self.link.datagram(
            datagram("/hello", "session", session, "boot", boot, "driver", driver, "defs", 9), self.now
        )

    def ack(self, *seqs, status="played", session="s"):
        for seq in seqs:
            self.link.datagram(datagram("/ack", session, seq, status), self.now)

    def cue(self, ident, fingerprint="", sound="critical"):
        self.link.play(Play(ident, sound, FULL, "critical", fingerprint), self.now)

    def set(self, ident, freq=440.0):
        self.link.bring([Set(ident, "metric", {"freq": freq})], self.now)

    def release(self, ident):
        self.link.bring([Release(ident)], self.now)

    def at(self, seconds, step=0.05):
        """Let so many seconds pass, in small steps, as a timer would."""
        end = round(self.now + seconds, 6)
        while self.now < end - 1e-9:
            self.now = round(min(end, self.now + step), 6)
            self.link.tick(self.now)

    def all_sent(self):
        found, self.link.outbox = [OscMessage(d) for d in self.link.outbox], []
        return [(m.address, list(m.params)) for m in found]

    def sent(self):
        """What went out since the last look, hellos left out: 'id', or 'id#seq' where numbered."""
        found = []
        for address, params in self.all_sent():
            if address == "/hello":
                continue
            name = params[params.index("id") + 1]
            number = f"#{params[params.index('seq') + 1]}" if "seq" in params else ""
            found.append(f"{'-' if address == '/release' else ''}{name}{number}")
        return found

    def answers(self):
        found, self.link.answers = self.link.answers, []
        return [(a.play_id, a.status) for a in found]


# PROBING


def test_commands_wait_while_it_asks_who_is_there():
    talk = Talk(known=False)
    talk.cue("e1")
    talk.set("cpu")
    talk.at(PROBE - 0.1)
    assert (talk.link.state, talk.sent(), talk.answers()) == (State.PROBING, [], [])
    talk.hello()
    assert talk.link.state is State.KNOWN
    assert talk.sent() == ["e1#1", "cpu#2"]


def test_an_engine_that_was_there_is_waited_for_longer():
    talk = Talk(known=False)
    talk.link.probe = LOST
    talk.cue("e1")
    talk.at(LOST - 5)
    assert (talk.link.state, talk.sent(), talk.answers()) == (State.PROBING, [], [])
    talk.hello()
    assert talk.sent() == ["e1#1"]


def test_hellos_go_out_every_second_until_answered_then_every_five():
    talk = Talk(known=False)
    talk.at(4)
    assert len(talk.all_sent()) == 4
    talk.hello()
    talk.all_sent()
    talk.at(QUIET - 1)
    assert len(talk.all_sent()) in {2, 3}


def test_a_target_that_never_answers_gets_everything_once_and_unheard():
    talk = Talk(known=False)
    talk.cue("e1")
    talk.set("cpu")
    talk.at(PROBE)
    assert talk.link.state is State.SILENT
    assert (talk.sent(), talk.answers()) == (["e1", "cpu"], [("e1", "unheard")])
    talk.cue("e2")
    talk.at(60)
    assert (talk.sent(), talk.answers()) == (["e2"], [("e2", "unheard")])
    assert not talk.link.alive(talk.now)


def test_a_target_that_is_declared_silent_is_assumed_to_be_heard():
    talk = Talk(known=False, acknowledges=False)
    talk.cue("e1")
    assert (talk.sent(), talk.answers()) == (["e1"], [("e1", "assumed")])


# KNOWN


def test_a_cue_is_played_when_the_engine_says_so():
    talk = Talk()
    talk.cue("e1")
    assert talk.sent() == ["e1#1"]
    talk.ack(1)
    (answer,) = talk.link.answers
    assert (answer.play_id, answer.status, answer.audible) == ("e1", "played", True)
    assert not talk.link.busy


@pytest.mark.parametrize("status", ["played", "capped", "invalid", "unknown"])
def test_on_a_dummy_driver_nobody_hears(status):
    talk = Talk(known=False)
    talk.hello(driver="dummy")
    talk.cue("e1")
    talk.ack(1, status=status)
    (answer,) = talk.link.answers
    assert (answer.status, answer.audible, talk.link.alive(talk.now)) == (status, False, True)


def test_at_most_16_are_on_the_way():
    talk = Talk()
    for i in range(WINDOW + 5):
        talk.cue(f"e{i}")
    assert len(talk.sent()) == WINDOW == 16
    talk.ack(3, 1)
    assert talk.sent() == ["e16#17", "e17#18"]


def test_cues_go_before_voices_and_voices_keep_to_the_window():
    talk = Talk()
    for i in range(10):
        talk.cue(f"e{i}")
    for i in range(10):
        talk.set(f"v{i}")
    assert len(talk.sent()) == WINDOW
    talk.cue("late")
    talk.ack(*range(1, 17))
    assert talk.sent()[0].startswith("late")


def test_what_is_not_acknowledged_is_sent_again_with_growing_pauses_until_it_is_too_old():
    talk = Talk()
    talk.cue("e1")
    talk.sent()
    times = []
    while talk.now < 100 + CUE_LIFE + 1:
        talk.now = round(talk.now + 0.01, 2)
        talk.hello()  # it is there, and loses everything else
        talk.link.tick(talk.now)
        times += [round(talk.now - 100, 2)] * len(talk.sent())
    assert times[:6] == pytest.approx([sum(BACKOFF[: i + 1]) for i in range(5)] + [sum(BACKOFF) + 1])
    assert times[-1] < CUE_LIFE
    assert talk.answers() == [("e1", "expired")]
    assert talk.link.repeated == len(times)


def test_a_heartbeat_is_no_news_after_two_seconds():
    talk = Talk()
    talk.cue("h1", sound="heartbeat")
    talk.at(HEARTBEAT_LIFE + 0.1)
    assert talk.answers() == [("h1", "expired")]


@pytest.mark.parametrize("seq", [1, 99, -1])
def test_an_acknowledgement_twice_or_of_nothing_changes_nothing(seq):
    talk = Talk()
    talk.cue("e1")
    talk.ack(1)
    talk.answers()
    talk.ack(seq)
    assert (talk.answers(), talk.link.busy) == ([], False)


def test_a_voice_has_one_message_on_the_way_and_then_the_newest():
    talk = Talk()
    for freq in (100.0, 200.0, 300.0):
        talk.set("cpu", freq)
    assert talk.sent() == ["cpu#1"]
    talk.ack(1, status="set")
    ((_, params),) = talk.all_sent()
    assert params[0] == 300


def test_a_lost_voice_message_is_replaced_by_the_newest_not_repeated():
    talk = Talk()
    talk.set("cpu", 100.0)
    talk.set("cpu", 200.0)
    talk.all_sent()
    talk.at(BACKOFF[0] + 0.01)
    ((_, params),) = [m for m in talk.all_sent() if m[0] != "/hello"]
    assert params[0] == 200


def test_an_engine_that_takes_its_time_is_not_choked_with_copies():
    """Each message, copies too, costs it 30 ms: a window of them is longer than the first pauses."""
    talk, waiting, answered = Talk(), [], set()
    for i in range(300):
        talk.cue(f"e{i}", f"f{i}")
    for _ in range(1000):  # 30 s
        talk.at(0.03, 0.03)
        waiting += [int(name.partition("#")[2]) for name in talk.sent()]
        if waiting:
            talk.ack(waiting[0])
            answered.add(waiting.pop(0))
        if len(answered) == 300:
            break
    assert len(answered) == 300
    assert [status for _, status in talk.answers()] == ["played"] * 300
    assert talk.link.repeated < 150


def test_sequence_numbers_stay_within_int32():
    talk = Talk()
    talk.link._seq = 0x7FFFFFFF - 1
    talk.cue("e1")
    talk.cue("e2")
    assert talk.sent() == [f"e1#{0x7FFFFFFF}", "e2#1"]


def test_what_waits_is_bounded_and_the_newest_is_refused():
    talk = Talk()
    for i in range(HELD + WINDOW + 2):
        talk.cue(f"e{i}")
    assert talk.answers() == [(f"e{HELD + WINDOW}", "capped"), (f"e{HELD + WINDOW + 1}", "capped")]


# A new engine


def test_a_new_boot_gets_the_whole_state_and_what_was_on_the_way():
    talk = Talk()
    talk.set("cpu", 100.0)
    talk.set("mem", 200.0)
    talk.ack(1, 2, status="set")
    talk.cue("e1")
    talk.set("cpu", 300.0)
    talk.sent()
    talk.hello(boot="b2")
    assert sorted(name.partition("#")[0] for name in talk.sent()) == ["cpu", "e1", "mem"]


def test_a_new_boot_hears_again_what_still_fires_and_was_played_in_the_last_seconds():
    talk = Talk()
    talk.cue("old", "f0")
    talk.ack(1)
    talk.at(RECENT + 1)
    for seq, (ident, fingerprint) in enumerate([("e1", "f1"), ("e2", ""), ("e3", "f3"), ("e4", "f4")], 2):
        talk.cue(ident, fingerprint)
        talk.ack(seq, status="capped" if ident == "e4" else "played")
    talk.link.cancel("f3", talk.now)
    talk.sent()
    talk.answers()
    talk.hello(boot="b2")
    assert [name.partition("#")[0] for name in talk.sent()] == ["e1"]


def test_the_same_boot_hears_nothing_again():
    talk = Talk()
    talk.cue("e1", "f1")
    talk.ack(1)
    talk.set("cpu")
    talk.ack(2, status="set")
    talk.sent()
    talk.hello()
    assert talk.sent() == []


# Cancel


def test_an_onset_that_waits_is_taken_back():
    talk = Talk()
    for i in range(WINDOW + 2):
        talk.cue(f"e{i}", f"f{i}")
    talk.sent()
    talk.link.cancel("f16", talk.now)
    assert talk.answers() == [("e16", "cancelled")]
    talk.ack(1)
    assert [name.partition("#")[0] for name in talk.sent()] == ["e17"]


def test_an_onset_that_was_just_sent_probably_sounds_and_its_answer_counts():
    talk = Talk()
    talk.cue("e1", "f1")
    talk.sent()
    talk.link.cancel("f1", talk.now)
    talk.at(TAKE_BACK / 2)
    assert talk.sent() == []  # not sent again
    talk.ack(1)
    assert talk.answers() == [("e1", "played")]


def test_an_onset_that_was_just_sent_and_stays_unanswered_is_given_up_soon():
    talk = Talk()
    talk.cue("e1", "f1")
    talk.sent()
    talk.link.cancel("f1", talk.now)
    talk.at(TAKE_BACK + 0.1)
    assert (talk.sent(), talk.answers()) == ([], [("e1", "cancelled")])


def test_an_onset_that_was_taken_back_is_not_sent_to_a_new_engine():
    talk = Talk()
    talk.cue("e1", "f1")
    talk.cue("e2", "f2")
    talk.link.cancel("f1", talk.now)
    talk.link.cancel("f2", talk.now)
    talk.ack(1)  # it sounded just before its end, and is answered after it
    talk.sent()
    talk.hello(boot="b2")
    assert (talk.sent(), talk.answers()) == ([], [("e1", "played"), ("e2", "cancelled")])


def test_an_own_sound_that_was_taken_back_is_not_tried_as_a_built_in_one():
    talk = Talk()
    talk.cue("e1", "f1", sound="gong")
    talk.link.cancel("f1", talk.now)
    talk.sent()
    talk.ack(1, status="unknown")
    assert (talk.sent(), talk.answers()) == ([], [("e1", "unknown")])


def test_an_onset_that_was_repeated_in_vain_is_taken_back_at_once():
    talk = Talk()
    talk.cue("e1", "f1")
    talk.at(1)
    talk.sent()
    talk.link.cancel("f1", talk.now)
    talk.at(1)
    assert (talk.answers(), talk.sent()) == ([("e1", "cancelled")], [])


def test_cancelling_leaves_every_other_cue():
    talk = Talk()
    talk.cue("e1", "f1")
    talk.cue("e2")
    talk.link.cancel("f9", talk.now)
    talk.link.cancel("", talk.now)
    talk.ack(1)
    assert talk.answers() == [("e1", "played")]


# An engine that goes


def test_an_engine_that_does_not_answer_is_not_audible_and_then_given_up():
    talk = Talk()
    assert talk.link.audible(talk.now)
    talk.at(QUIET + 0.1)
    assert not talk.link.audible(talk.now)
    assert talk.link.state is State.KNOWN
    talk.cue("e1")
    talk.at(LOST)
    assert talk.link.state is State.SILENT
    assert talk.answers() == [("e1", "expired")]


@pytest.mark.parametrize("boot", ["b1", "b2"])
def test_an_engine_that_comes_back_gets_the_state(boot):
    talk = Talk()
    talk.set("cpu", 100.0)
    talk.ack(1, status="set")
    talk.at(LOST + 1)
    talk.set("cpu", 200.0)
    talk.sent()
    talk.hello(boot=boot)
    assert talk.sent() == ["cpu#2"]
    assert talk.link.audible(talk.now)


@pytest.mark.parametrize("away", [LOST - 5, LOST + 2])
def test_a_voice_released_while_the_engine_was_away_ends_when_it_comes_back(away):
    """Else it drones for ever: its engine never heard the release, and nobody says it again."""
    talk = Talk()
    talk.set("cpu")
    talk.ack(1, status="set")
    talk.at(away)
    talk.release("cpu")
    talk.at(LOST + CUE_LIFE)
    talk.sent()
    talk.hello()
    (released,) = talk.sent()
    assert released.startswith("-cpu#")


def test_a_voice_that_sounds_again_is_not_released_by_an_old_word():
    talk = Talk()
    talk.set("cpu")
    talk.ack(1, status="set")
    talk.at(LOST + 2)
    talk.release("cpu")
    talk.set("cpu")
    talk.sent()
    talk.hello()
    assert talk.sent() == ["cpu#2"]


def test_a_release_is_sent_again_until_it_is_acknowledged():
    talk = Talk()
    talk.set("cpu")
    talk.ack(1, status="set")
    talk.release("cpu")
    talk.at(2)
    assert len(talk.sent()) >= 3
    talk.ack(2, status="released")
    talk.at(5)
    assert talk.sent() == []


def test_releases_that_nobody_acknowledges_are_bounded():
    talk = Talk(known=False)
    talk.at(PROBE)
    for i in range(3000):
        talk.set(f"v{i}")
        talk.release(f"v{i}")
    assert len(talk.link._loose) <= 1024


# Strangers


@pytest.mark.parametrize("session", ["", "x", "S"])
def test_what_is_said_to_another_session_proves_nothing(session):
    talk = Talk(known=False)
    talk.hello(session=session)
    assert talk.link.state is State.PROBING
    talk.hello()
    talk.cue("e1")
    talk.sent()
    talk.hello(boot="b9", driver="dummy", session=session)
    talk.ack(1, session=session)
    assert (talk.answers(), talk.sent()) == ([], [])
    assert talk.link.engine.boot == "b1"


def test_counters_prove_no_life():
    """Anybody can send them: they carry no session."""
    talk = Talk()
    for _ in range(20):
        talk.at(1)
        found = talk.link.datagram(datagram("/stats", "received", 3), talk.now)
        assert found.values == {"received": 3}
    assert not talk.link.alive(talk.now)


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"/hello", b"/ack\0\0\0\0,\0\0\0", b"\xff" * 60_000])
def test_garbage_is_passed_over(data):
    talk = Talk()
    assert talk.link.datagram(data, talk.now) is None
    assert talk.link.state is State.KNOWN


def test_it_wakes_when_something_is_due():
    talk = Talk()
    talk.cue("e1")
    assert talk.link.wake() == pytest.approx(talk.now)  # its first hello
    talk.link.tick(talk.now)
    assert talk.link.wake() == pytest.approx(talk.now + BACKOFF[0])
