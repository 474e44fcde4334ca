"""What an attacker's side needs: raw connections, requests with any header, a web page of another site."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lab.bridge import Bridge

STRANGER = {"X-Forwarded-For": "192.0.2.7"}
"""Makes a request one of the network: everything in the tests comes from loopback."""

POST, READ, CONTROL = "post-canary-4f1c9d2ab7", "read-canary-0be77a51c3", "control-canary-93d5e60f8a"
PASSWORD = "alertmanager:password-canary-5d:1e"


def write_secrets(folder: Path) -> dict[str, str]:
    """A file for each secret of a bridge, and the settings that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "POST_TOKEN": POST,
        "READ_TOKEN": READ,
        "CONTROL_TOKEN": CONTROL,
        "POST_PASSWORD": PASSWORD,
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n")
    return {f"PAGER_{name}_FILE": str(folder / name) for name in texts}


def refused(bridge: Bridge, reason: str) -> float:
    """How many the bridge refused for this."""
    return bridge.metrics(port=bridge.metrics_port).value("pager_http_refused_total", reason=reason)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(  # an HTTP request has this much
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    tls: ssl.SSLContext | None = None,
    token: str | None = None,
) -> Answer:
    """One request to 127.0.0.1; `headers` may replace Host. `body` is sent as JSON, bytes as they are."""
    sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    if tls is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=tls)
    with contextlib.closing(connection):
        connection.request(method, path, sent, shown | dict(headers or {}))
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, named, answer.read())


def raw(port: int, sent: bytes = b"", *, receive_buffer: int | None = None) -> socket.socket:
    """A connection on which `sent` has been sent."""
    found = socket.socket()
    if receive_buffer is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    found.settimeout(60)
    found.connect(("127.0.0.1", port))
    found.sendall(sent)
    return found


def until_cut(connection: socket.socket, drip: bytes, every: float, deadline: float) -> tuple[float, bytes]:
    """Send `drip` again and again until the other side ends the connection: after how many seconds, and what it said."""
    began, said = time.monotonic(), b""
    while time.monotonic() - began < deadline:
        connection.settimeout(every)
        try:
            part = connection.recv(65536)
            if not part:
                return time.monotonic() - began, said
            said += part
        except TimeoutError:
            pass
        except OSError:
            return time.monotonic() - began, said
        try:
            connection.sendall(drip)
        except OSError:
            return time.monotonic() - began, said
    raise AssertionError(f"not cut within {deadline} s; it said {said[:200]!r}")


@contextlib.contextmanager
def site(html: str) -> Iterator[int]:
    """A web server of somebody else that has one page; its port."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = html.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
