"""A fake Alertmanager, for answers that no real one gives when it is asked to: cut short, of another shape, slow, huge.

It says what it is in its `Server` header. What a real one answers is tested with a real one (tests/system/test_asking_live.py).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

Answer = Callable[[BaseHTTPRequestHandler, str], None]


def written(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).isoformat().replace("+00:00", "Z")


def whole(alert: str = "f1", *, begins: float = 0.0, state: str = "active", **fields: Any) -> dict[str, Any]:
    """One alert as Alertmanager 0.25 tells it."""
    return {
        "annotations": {},
        "endsAt": written(begins + 3600),
        "fingerprint": alert,
        "receivers": [{"name": "web.hook"}],
        "startsAt": written(begins),
        "status": {"inhibitedBy": [], "silencedBy": [], "state": state},
        "updatedAt": written(begins),
        "labels": {"alertname": "HighCPU", "severity": "critical", "service": alert},
        **fields,
    }


class FakeAlertmanager:
    """`alerts` and `silences` are what it has. `wrong` answers in place of one path, by that path's last word."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._scheme = "http" if tls is None else "https"
        self.alerts: list[Any] = []
        self.silences: list[Any] = []
        self.began = 0.0
        self.wrong: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def body(text: bytes, *, status: int = 200, claimed: int | None = None) -> Answer:
    """Answer with this text; with `claimed` its length is told as another."""

    def answer(request: BaseHTTPRequestHandler, _: str) -> None:
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(text) if claimed is None else claimed))
        request.end_headers()
        request.wfile.write(text)
        request.close_connection = True

    return answer


def _handler(fake: FakeAlertmanager) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "a fake Alertmanager of the tests"
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            word = path.removeprefix("/api/v2/")
            fake.asked.append((self.command, self.path, dict(self.headers), None))
            if (wrong := fake.wrong.get(word)) is not None:
                wrong(self, word)
                return
            known: dict[str, Any] = {
                "status": {"uptime": written(fake.began)},
                "receivers": [{"name": "web.hook"}, {"name": "others"}],
                "alerts": fake.alerts,
                "silences": fake.silences,
            }
            if word in known:
                body(json.dumps(known[word]).encode())(self, word)
            else:
                body(b"", status=404)(self, word)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            fake.asked.append(
                (self.command, self.path, dict(self.headers), json.loads(self.rfile.read(length)))
            )
            wrong = fake.wrong.get("POST", body(b'{"silenceID": "11111111-2222-3333-4444-555555555555"}'))
            wrong(self, "POST")

        def log_message(self, *_: object) -> None:
            """Nothing: what was asked is in `asked`."""

    return Handler
