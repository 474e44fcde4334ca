"""A door with a log: every webhook on its way to the bridge passes through it, and what was answered is written down."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PATIENCE = 8.0
"""Seconds that a sender waits for the answer."""


@dataclass(frozen=True, slots=True)
class Post:
    """One webhook. `status` 0: no answer came, so the bridge may have it or not; -1: nothing could be sent.

    Times are unix seconds.
    """

    began: float
    ended: float
    status: int
    alerts: tuple[tuple[int, str], ...]
    """(number, `firing` or `resolved`) of each alert."""

    @property
    def taken(self) -> bool:
        """Whether the bridge has said that it has it."""
        return 200 <= self.status < 300

    @property
    def unsure(self) -> bool:
        """Whether the bridge may have it without having said so."""
        return self.status >= 0 and not self.taken


class Gate:
    """Posts to the bridge at `port`, and stands before it at a port of its own for senders who post by themselves.

    Alerts are told apart by their label `n`.
    """

    def __init__(self, port: int) -> None:
        self.posts: list[Post] = []
        self._to = port
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gate = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/alert"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    def post(self, alerts: list[dict[str, Any]]) -> bool:
        """Post alerts as one webhook; whether they were taken."""
        body = {"version": "4", "status": "firing", "receiver": "direct", "alerts": alerts}
        return 200 <= self.forward(json.dumps(body).encode()) < 300

    def forward(self, body: bytes) -> int:
        """Hand a body to the bridge: the `status` of its post."""
        began, status = time.time(), -1
        connection = http.client.HTTPConnection("127.0.0.1", self._to, timeout=PATIENCE)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.connect()
            status = 0
            connection.request("POST", "/alert", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        connection.close()
        found = tuple((int(a["labels"]["n"]), str(a["status"])) for a in json.loads(body)["alerts"])
        self.posts.append(Post(began, time.time(), status, found))
        return status

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gate: Gate


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.gate.forward(body)
        with contextlib.suppress(OSError):  # whoever asked may be dead by now
            self.send_response(status if status > 0 else 502)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """The gate keeps its own log."""
