"""A wire with a log: every OSC message between the bridge and the engine passes through it and is written down.

What sounded is judged by this log and not by what the bridge or the engine says of itself afterwards.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any, Self

from pythonosc.osc_message import OscMessage, ParseError


@dataclass(frozen=True, slots=True)
class Told:
    """A cue that the bridge sent, each copy of it. `at` is unix seconds; `seq` 0: it asks for no acknowledgement."""

    at: float
    session: str
    seq: int
    address: str
    id: str
    freq: float


@dataclass(frozen=True, slots=True)
class Said:
    """An acknowledgement of the engine."""

    at: float
    session: str
    seq: int
    status: str


class Relay:
    """Listens at `port` and passes on to the engine's `target`; each sender gets the answers to its own messages."""

    def __init__(self, target: int) -> None:
        self.told: list[Told] = []
        self.said: list[Said] = []
        self.boots: list[tuple[float, str]] = []
        """When each engine was first heard of, by its boot id: (unix seconds, boot)."""
        self._target = ("127.0.0.1", target)
        self._listening = _socket()
        self._listening.bind(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._ways: dict[Any, socket.socket] = {}
        self._back: dict[socket.socket, Any] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._selector.select(0.2):
                with contextlib.suppress(OSError):  # nobody listens at the other end just now
                    self._pass(key.fileobj)

    def _pass(self, found: Any) -> None:
        data, sender = found.recvfrom(65536)
        at = time.time()
        if found is self._listening:
            self._log_told(data, at)
            self._way(sender).send(data)
        else:
            self._log_said(data, at)
            self._listening.sendto(data, self._back[found])

    def _way(self, sender: Any) -> socket.socket:
        if sender not in self._ways:
            way = _socket()
            way.connect(self._target)
            self._ways[sender], self._back[way] = way, sender
            self._selector.register(way, selectors.EVENT_READ)
        return self._ways[sender]

    def _log_told(self, data: bytes, at: float) -> None:
        message = _read(data)
        if message is None or message.address in {"/hello", "/stats", "/release", "/cpu", "/memory"}:
            return
        params = list(message.params)
        pairs = dict(zip(params[4::2], params[5::2], strict=False))
        seq, session = int(pairs.get("seq", 0)), str(pairs.get("session", ""))
        said = Told(at, session, seq, message.address, str(pairs.get("id", "")), float(params[0]))
        self.told.append(said)

    def _log_said(self, data: bytes, at: float) -> None:
        message = _read(data)
        if message is None:
            return
        params = list(message.params)
        if message.address == "/ack":
            self.said.append(Said(at, str(params[0]), int(params[1]), str(params[2])))
        elif message.address == "/hello":
            boot = str(dict(zip(params[::2], params[1::2], strict=True))["boot"])
            if boot not in {known for _, known in self.boots}:
                self.boots.append((at, boot))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(5)
        for held in (self._listening, *self._ways.values()):
            held.close()
        self._selector.close()


def _socket() -> socket.socket:
    """One that loses what the other end has no room for, as UDP does, rather than waiting for it."""
    found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    found.setblocking(False)
    return found


def _read(data: bytes) -> OscMessage | None:
    with contextlib.suppress(ParseError, ValueError, IndexError):
        return OscMessage(data)
    return None
