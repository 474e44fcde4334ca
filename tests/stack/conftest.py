"""What the tests of the stack share: a place that takes webhooks and one that gives metrics, on loopback."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


class Web:
    """Keeps every webhook that is posted to it, with its time, and answers a GET with `metrics`."""

    def __init__(self) -> None:
        self.posts: list[tuple[float, dict[str, Any]]] = []
        self.metrics = ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _answers_for(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def alerts(self, name: str) -> list[tuple[str, str]]:
        """Status and severity of every alert of that name that was posted, in order."""
        return [
            (alert["status"], alert["labels"].get("severity", ""))
            for _, body in self.posts
            for alert in body["alerts"]
            if alert["labels"]["alertname"] == name
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _answers_for(web: Web) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            web.posts.append((time.monotonic(), json.loads(body)))
            self._answer(b'{"ok": true}', "application/json")

        def do_GET(self) -> None:
            self._answer(web.metrics.encode(), "text/plain; version=0.0.4")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: what came is in `posts`."""

    return Answers


@pytest.fixture
def web() -> Iterator[Web]:
    started = Web()
    yield started
    started.close()
