"""The conversation with one OSC engine, without any socket: datagrams and times in, datagrams and answers out.

| state | begins | commands |
| --- | --- | --- |
| PROBING | at the start, for `probe` seconds | wait |
| KNOWN | the engine answers `/hello` | numbered, at most WINDOW unacknowledged, sent again until acknowledged or too old |
| SILENT | no answer within `probe`, or none for LOST seconds | go out once, without a number; cues count as unheard |

* A voice has at most one message on the way; what comes meanwhile is conflated to the newest.
* A new boot id is a new engine: it gets the whole state, every cue that is still on the way, and the cues that the
  old one acknowledged in the last RECENT seconds and whose alerts still fire.
* `cancel` takes an alert's onset back: it is not sent again, not to a new engine either, though its answer may come
  after that; `/release` is not needed as cues end by themselves.
* What is not said to this session was not said to us: it proves nothing and changes nothing.
* An own sound that the engine does not know is sent again as the cue of its severity.
* A release that the engine has not acknowledged is said again when it comes back, for it may be the same one.

Times are seconds of any steady clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from bridge.core.instead import built_in
from bridge.model.commands import Play, Release, Set, Why
from bridge.wire import osc

if TYPE_CHECKING:
    from collections.abc import Iterable

PROBE = 3.0
LOST = 30.0
QUIET = 12.0
"""Without any answer for so long an engine is not audible; two hellos have failed by then."""
HELLO_FAST, HELLO_SLOW = 1.0, 5.0
WINDOW = 16
"""sclang's socket holds about 256 small packets; a window of 16 lost nothing, one of 64 stalled."""
BACKOFF = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds between two copies at least; an engine that takes longer is given twice its usual time, or copies would choke it."""
CUE_LIFE, HEARTBEAT_LIFE = 30.0, 2.0
"""A cue that could not be delivered for so long is no news any more."""
_LIVES = {Why.REMINDER: 10.0, Why.DIGEST: 10.0}
"""Less than the time to the next reminder, or two would come at once."""
RECENT = 10.0
TAKE_BACK = 1.0
LOOSE = 1024
"""Unacknowledged releases that are remembered; an engine has far fewer voices."""
HELD = 4096
"""Cues that may wait for the window; beyond it the newest is refused as capped. As many that were just played are known."""


class State(Enum):
    """Where the conversation is."""

    PROBING = "probing"
    KNOWN = "known"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a cue. `status` as in `core.outcomes`."""

    play_id: str
    status: str
    audible: bool


@dataclass(slots=True)
class _Flight:
    command: Play | Set | Release
    datagram: bytes
    next_at: float
    tries: int
    deadline: float
    began: float
    taken_back: bool = False


class Link:
    """One engine. Call `tick` when `wake` says so; send every datagram of `outbox` after each call."""

    def __init__(self, session: str, now: float, *, acknowledges: bool = True) -> None:
        self.session = session
        self.state = State.PROBING if acknowledges else State.SILENT
        self.engine: osc.Hello | None = None
        self.outbox: list[bytes] = []
        self.answers: list[Answer] = []
        self.repeated = 0
        self.probe = PROBE
        """Seconds. LOST, where an engine is known to have been there: it may be starting again, like us."""
        self._acknowledges = acknowledges
        self._began = self._heard = now
        self._next_hello = now
        self._seq = 0
        self._usual = 0.0  # seconds from sending to answer, on average
        self._cues: deque[tuple[Play, float]] = deque()
        self._voices: dict[str, Set] = {}
        self._wanted: dict[str, Set | Release] = {}
        self._loose: dict[str, Release] = {}
        self._flights: dict[int, _Flight] = {}
        self._recent: deque[tuple[Play, float]] = deque()

    def alive(self, now: float) -> bool:
        """Whether the engine has answered lately."""
        return self.state is State.KNOWN and now - self._heard < QUIET

    def audible(self, now: float) -> bool:
        """Whether somebody could hear it: alive, and not on a dummy driver."""
        return self.alive(now) and self.engine is not None and self.engine.driver != "dummy"

    @property
    def busy(self) -> bool:
        """Whether something is on the way or waits."""
        return bool(self._flights or self._cues or self._wanted)

    def play(self, cue: Play, now: float) -> None:
        """Sound a cue."""
        if len(self._cues) >= HELD:
            self.answers.append(Answer(cue.id, "capped", audible=False))
            return
        life = HEARTBEAT_LIFE if cue.sound == "heartbeat" else _LIVES.get(cue.why, CUE_LIFE)
        self._cues.append((cue, now + life))
        self._pump(now)

    @property
    def voices(self) -> list[Set]:
        """What was told of every voice that should sound."""
        return list(self._voices.values())

    def bring(self, commands: Iterable[Set | Release], now: float) -> None:
        """Bring voices to these values."""
        for command in commands:
            if isinstance(command, Set):
                self._voices[command.id] = command
                self._loose.pop(command.id, None)
            else:
                self._voices.pop(command.id, None)
            self._wanted[command.id] = command
        self._pump(now)

    def cancel(self, fingerprint: str, now: float) -> None:
        """The alert has ended: its onset is not sent (again)."""
        for cue, _ in [entry for entry in self._cues if entry[0].fingerprint == fingerprint]:
            self.answers.append(Answer(cue.id, "cancelled", audible=False))
        self._cues = deque(entry for entry in self._cues if entry[0].fingerprint != fingerprint)
        self._recent = deque(entry for entry in self._recent if entry[0].fingerprint != fingerprint)
        for seq, flight in list(self._flights.items()):
            if isinstance(flight.command, Play) and flight.command.fingerprint == fingerprint:
                self._take_back(seq, flight, now)

    def datagram(self, data: bytes, now: float) -> osc.Stats | None:
        """Take what came from the engine. Counters are returned."""
        said = osc.answer(data)
        if said is None or isinstance(said, osc.Stats):
            return said
        if said.session != self.session:
            return None
        self._heard = now
        if isinstance(said, osc.Hello):
            self._hello(said, now)
        else:
            self._ack(said, now)
        self._pump(now)
        return None

    def tick(self, now: float) -> None:
        """Everything that time does."""
        if now >= self._next_hello:
            self.outbox.append(osc.hello(self.session))
            self._next_hello = now + (HELLO_SLOW if self.alive(now) else HELLO_FAST)
        if self.state is State.PROBING and now - self._began >= self.probe:
            self.state = State.SILENT
        if self.state is State.KNOWN and now - self._heard >= LOST:
            self._give_up()
        self._expire(now)  # before repeating: what is too old is not sent once more
        self._repeat(now)
        self._pump(now)

    def wake(self) -> float:
        """When `tick` is due next."""
        times = [self._next_hello, *(flight.next_at for flight in self._flights.values())]
        if self.state is State.PROBING:
            times.append(self._began + self.probe)
        return min(times)

    def _hello(self, said: osc.Hello, now: float) -> None:
        is_new = self.engine is None or self.engine.boot != said.boot
        self.engine = said
        self.state = State.KNOWN
        if not is_new:
            return
        flying = [flight.command for flight in self._flights.values()]
        waiting = {c.id: c for c in [*flying, *self._wanted.values()] if isinstance(c, Release)}
        self._wanted = {**self._loose, **waiting, **self._voices}
        self._loose.clear()
        for seq, flight in list(self._flights.items()):
            flight.next_at = now
            if flight.taken_back:
                self._drop(seq, "cancelled")
            elif not isinstance(flight.command, Play):
                del self._flights[seq]
        for cue, at in self._recent:
            if now - at <= RECENT:
                self._cues.append((cue, now + CUE_LIFE))
        self._recent.clear()
        self._repeat(now)

    def _ack(self, said: osc.Ack, now: float) -> None:
        flight = self._flights.pop(said.seq, None)
        if flight is not None:
            self._usual += (min(now - flight.began, BACKOFF[-1]) - self._usual) / 8
        if flight is None or not isinstance(flight.command, Play):
            return
        if said.status == "played" and flight.command.fingerprint and not flight.taken_back:
            self._recent.append((flight.command, now))
            while self._recent and (now - self._recent[0][1] > RECENT or len(self._recent) > HELD):
                self._recent.popleft()
        instead = built_in(flight.command)
        if said.status == "unknown" and instead is not flight.command and not flight.taken_back:
            self._cues.appendleft((instead, flight.deadline))
            return
        self.answers.append(Answer(flight.command.id, said.status, self.audible(now)))

    def _pump(self, now: float) -> None:
        """Send what may be sent now."""
        if self.state is State.SILENT:
            self._pump_unnumbered()
        while self.state is State.KNOWN and len(self._flights) < WINDOW and self._cues:
            cue, deadline = self._cues.popleft()
            self._launch(cue, now, deadline)
        if self.state is State.KNOWN and self._wanted:
            busy = {f.command.id for f in self._flights.values() if not isinstance(f.command, Play)}
            for voice_id in [i for i in self._wanted if i not in busy][: max(0, WINDOW - len(self._flights))]:
                self._launch(self._wanted.pop(voice_id), now, now + CUE_LIFE)

    def _pump_unnumbered(self) -> None:
        status = "unheard" if self._acknowledges else "assumed"
        for cue, _ in self._cues:
            self.outbox.append(osc.command(cue))
            self.answers.append(Answer(cue.id, status, audible=False))
        self._cues.clear()
        for command in self._wanted.values():
            self.outbox.append(osc.command(command))
            if isinstance(command, Release):
                self._remember(command)
        self._wanted.clear()

    def _launch(self, command: Play | Set | Release, now: float, deadline: float) -> None:
        self._seq = self._seq % 0x7FFFFFFF + 1
        datagram = osc.command(command, self.session, self._seq)
        self._flights[self._seq] = _Flight(command, datagram, now + self._pause(0), 1, deadline, now)
        self.outbox.append(datagram)

    def _repeat(self, now: float) -> None:
        for seq, flight in list(self._flights.items()):
            if flight.next_at > now:
                continue
            if not isinstance(flight.command, Play) and flight.command.id in self._wanted:
                del self._flights[seq]  # a newer value waits: that one goes instead
                continue
            flight.next_at = now + self._pause(flight.tries)
            flight.tries += 1
            self.repeated += 1
            self.outbox.append(flight.datagram)

    def _pause(self, tries: int) -> float:
        return max(BACKOFF[min(tries, len(BACKOFF) - 1)], 2 * self._usual)

    def _expire(self, now: float) -> None:
        for seq, flight in list(self._flights.items()):
            if flight.deadline <= now:
                self._drop(seq, "cancelled" if flight.taken_back else "expired")
        for cue, deadline in self._cues:
            if deadline <= now:
                self.answers.append(Answer(cue.id, "expired", audible=False))
        self._cues = deque(entry for entry in self._cues if entry[1] > now)

    def _take_back(self, seq: int, flight: _Flight, now: float) -> None:
        """Sent once and not answered yet, it probably sounds: only the answer is waited for, briefly."""
        if flight.tries > 1:
            self._drop(seq, "cancelled")
        else:
            flight.next_at = flight.deadline = now + TAKE_BACK
            flight.taken_back = True

    def _drop(self, seq: int, status: str) -> None:
        command = self._flights.pop(seq).command
        if isinstance(command, Play):
            self.answers.append(Answer(command.id, status, audible=False))
        elif isinstance(command, Set):
            self._wanted.setdefault(command.id, self._voices.get(command.id, Release(command.id)))
        else:
            self._remember(command)

    def _remember(self, release: Release) -> None:
        if self._acknowledges and release.id not in self._voices and len(self._loose) < LOOSE:
            self._loose[release.id] = release

    def _give_up(self) -> None:
        """The engine has been gone too long to be waited for; whoever listens next gets single messages."""
        self.state = State.SILENT
        for seq in list(self._flights):
            self._drop(seq, "expired")
        self.engine = None
