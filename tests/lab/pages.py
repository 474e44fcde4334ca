"""A page on the stream without a browser: it plays and answers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


class Listener:
    """A page that listens: it says `played` of every cue, connects again when it is cut, and counts what it heard."""

    def __init__(self, port: int, name: str = "page") -> None:
        self.cues: Counter[str] = Counter()
        self.connected = 0
        """How often it has connected."""
        self._address = f"ws://127.0.0.1:{port}/api/v1/stream"
        self._name = name
        self._ending = threading.Event()
        self._socket: ClientConnection | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                self._listen()
            self._ending.wait(0.5)

    def _listen(self) -> None:
        with connect(self._address, proxy=None, max_size=None) as self._socket:
            self.connected += 1
            self._say({"type": "listening", "on": True, "page": self._name, "level": "cues"})
            for frame in self._socket:
                self._hear(json.loads(frame))

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "play":
            self.cues[message["sound"]] += 1
            self._say({"type": "ack", "id": message["id"], "status": "played"})

    def _say(self, message: dict[str, Any]) -> None:
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._thread.join(5)
