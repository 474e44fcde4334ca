"""In place of an engine: it answers everything at once, makes no sound, and keeps what it was asked to play."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

if TYPE_CHECKING:
    from collections.abc import Callable


class StandIn:
    """Says that it can be heard. `pace` is called before each acknowledgement: it may wait, or forbid it with False."""

    def __init__(self, pace: Callable[[], bool] = lambda: True) -> None:
        self.heard: Counter[str] = Counter()
        """How often each cue was played, by its id: a copy of the same message is not played again."""
        self.tones: Counter[float] = Counter()
        """The frequencies of the alerts that were played, reminders apart."""
        self.sessions: dict[float, set[str]] = {}
        """The sessions in which each of these frequencies was played."""
        self.copies = self.hellos = 0
        self.away = False
        """Whether it answers nothing and plays nothing, as one that has died."""
        self._pace = pace
        self._known: set[tuple[str, int]] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(OSError):
                data, sender = self._socket.recvfrom(65536)
                message = OscMessage(data)
                for answer in self._answers(message.address, list(message.params)):
                    self._socket.sendto(answer, sender)

    def _answers(self, address: str, params: list[Any]) -> list[bytes]:
        self.hellos += address == "/hello"
        if self.away:
            return []
        if address == "/hello":
            return [_datagram("/hello", "session", params[1], "boot", "b", "driver", "host", "defs", 1)]
        if "seq" not in params:
            return []
        pairs = dict(zip(params[-6::2], params[-5::2], strict=True))
        if not self._pace():
            return []
        self._play(address, params, pairs)
        return [_datagram("/ack", pairs["session"], pairs["seq"], "played")]

    def _play(self, address: str, params: list[Any], pairs: dict[str, Any]) -> None:
        key = pairs["session"], pairs["seq"]
        if key in self._known:
            self.copies += 1
            return
        self._known.add(key)
        self.heard[pairs["id"]] += 1
        if address == "/alert" and ".r" not in pairs["id"]:
            self.tones[params[0]] += 1
            self.sessions.setdefault(params[0], set()).add(pairs["session"])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(5)
        self._socket.close()


class Slowly:
    """A pace: so many seconds for each answer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> bool:
        """Wait."""
        time.sleep(self.seconds)
        return True


def _datagram(address: str, *arguments: Any) -> bytes:
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return bytes(builder.build().dgram)
