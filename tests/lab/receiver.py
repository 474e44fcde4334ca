"""An OSC receiver that was written for the first design: it listens, knows heads only, and never answers."""

from __future__ import annotations

import socket
import threading
from typing import Any, Self

from pythonosc.osc_message import OscMessage

from lab.programs import wait_for


class Receiver:
    """Keeps every message as (address, arguments); hellos and counters apart from the rest."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port = int(self._socket.getsockname()[1])
        self.messages: list[tuple[str, list[Any]]] = []
        self.hellos: list[list[Any]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                message = OscMessage(self._socket.recv(65536))
            except TimeoutError:
                continue
            found = (message.address, list(message.params))
            if message.address == "/hello":
                self.hellos.append(found[1])
            else:
                self.messages.append(found)

    def on(self, address: str) -> list[list[Any]]:
        """The arguments of every message to an address, in order."""
        return [args for found, args in self.messages if found == address]

    def waits_for(self, address: str, count: int = 1, deadline: float = 15.0) -> list[Any]:
        """The arguments of the `count`th message to an address, once it is there."""
        return wait_for(lambda: self.on(address)[count - 1 :], f"{count} times {address}", deadline)[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(5)
        self._socket.close()
