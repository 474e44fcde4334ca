"""One bridge's application in this process, asked from any address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    import contextlib

    from bridge.runtime import Runtime
    from bridge.web.access import Access

POST, READ, CONTROL = "token-for-posting-0001", "token-for-reading-0001", "token-for-control-0001"
PASSWORD = "alertmanager:a-password:with-colon"
NEAR, FAR = "127.0.0.1", "192.0.2.7"


class Clock:
    """Seconds that go on when the test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@dataclass
class Door:
    """The application and its ways in."""

    app: object
    access: Access
    clock: Clock
    runtime: Runtime
    stack: contextlib.AsyncExitStack
    clients: dict = field(default_factory=dict)

    async def ask(self, method, path, *, peer=NEAR, host="localhost", token=None, **rest):
        """The answer to one request from `peer`."""
        client = self.clients.get(peer)
        if client is None:
            transport = httpx.ASGITransport(self.app, client=(peer, 40_000), raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://localhost", trust_env=False)
            self.clients[peer] = await self.stack.enter_async_context(client)
        client.cookies.clear()
        headers = {"Host": host} | rest.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await client.request(method, path, headers=headers, **rest)

    async def status(self, *args, **rest):
        return (await self.ask(*args, **rest)).status_code

    def refused(self, reason):
        """How many were refused for this."""
        return self.runtime.metrics.registry.get_sample_value("pager_http_refused_total", {"reason": reason})

    async def connect(self, *, peer=NEAR, headers=(), frames=(), path="/api/v1/stream"):
        """What a WebSocket is answered: the ASGI messages. `frames` are sent, then it goes away."""
        sent = []
        incoming = [{"type": "websocket.connect"}, *frames, {"type": "websocket.disconnect", "code": 1000}]
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "http_version": "1.1",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"Host", b"localhost:8000"), *headers],
            "client": (peer, 40_000),
            "server": ("127.0.0.1", 8000),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }

        async def receive():
            one = incoming.pop(0)
            return one() if callable(one) else one

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        return sent
