"""The guard in front of every route: whose request is looked at, how much of it, and what every answer says.

Pure ASGI, because it stands in the way of every alert: a few look-ups, and nothing is read before it is decided.
The order: a foreign page, the Host, who may, how often, how much.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from bridge.web import answers, asked
from bridge.web.access import RETRY_AFTER, Access, Grant, Refused
from bridge.web.keys import Right
from bridge.web.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from bridge.telemetry import Metrics

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

POSTS = frozenset({"/alert", "/metric"})
EXEMPT = frozenset({"/metrics", "/-/healthy", "/-/ready"})
"""Neither a Host nor credentials are asked for: numbers with bounded labels, and two words."""
ANYBODYS = frozenset({*asked.PAGES, "/api/v1/login", "/api/v1/logout", "/api/v1/session"})
"""The page and the way in; nothing of an alert is in them."""
FILES = ("/console/", "/engine/", "/synthdefs/")
"""What the page loads."""
BODIES = 128 << 20
"""Bytes of bodies that are held at once."""
SOCKETS, SOCKETS_OF_ONE, KEPT_FREE = 256, 32, 64
"""WebSockets in all, of one client, and how many of all are left to this machine."""
POLICY_VIOLATION = 1008
LOG_EVERY = 10.0
"""Seconds between two lines of the log about refusals for one reason."""


class Guard:
    """ASGI middleware. `post_rate` is in requests per second of one client, 0 for no limit.

    `lost` is told the address of whoever sends alerts with credentials that are wrong.
    """

    def __init__(
        self,
        app: App,
        access: Access,
        metrics: Metrics,
        post_rate: float = 0.0,
        lost: Callable[[str], None] | None = None,
    ) -> None:
        self.app, self.access, self.metrics, self._lost = app, access, metrics, lost
        self._rates = {right: Rate(50, 200) for right in (Right.READ, Right.CONTROL)}
        self._posts = Rate(post_rate, 2 * post_rate) if post_rate else None
        self._logins = Rate(1 / 6, 10)
        self._held = 0
        self._sockets: Counter[str] = Counter()
        self._logged: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = asked.said(scope)
        try:
            grant = self._judged(scope, headers)
        except Refused as e:
            self._count(scope, e)
            if scope["type"] == "websocket":
                await receive()  # the connect, which an answer follows
            await answers.refuse(scope, send, e.status, e.text, e.headers)
            return
        scope["grant"] = grant
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, grant, asked.client(_peer(scope), headers))
        else:
            await self._request(scope, receive, send)

    def _judged(self, scope: Scope, headers: asked.Said) -> Grant:
        path, peer = scope["path"], _peer(scope)
        if asked.is_foreign(scope, headers):
            raise Refused(403, "origin", "a page of another site may not ask this")
        if path in EXEMPT:
            return Grant()
        if path in POSTS:
            grant = self.access.grant(peer, headers)
            self.access.require(Right.POST, grant)
            self._not_too_often(self._posts, 503, peer, headers)
            return grant
        self.access.host(headers)
        if path in ANYBODYS or path.startswith(FILES):
            if path == "/api/v1/login":
                self._not_too_often(self._logins, 429, peer, headers)
            return self._anybody(peer, headers)
        right = Right.READ if scope["type"] == "websocket" or scope["method"] in _READS else Right.CONTROL
        grant = self.access.grant(peer, headers)
        self.access.require(right, grant)
        if grant.key is not None or not asked.is_loopback(peer) or asked.is_forwarded(headers):
            self._not_too_often(self._rates[right], 429, peer, headers)
        return grant

    def _anybody(self, peer: str, headers: asked.Said) -> Grant:
        try:
            return self.access.grant(peer, headers)
        except Refused:
            return Grant()

    def _not_too_often(self, rate: Rate | None, status: int, peer: str, headers: asked.Said) -> None:
        wait = rate.wait(asked.client(peer, headers), self.access.clock()) if rate is not None else 0.0
        if wait:
            raise Refused(
                status, "rate", "too many requests; ask again later", {"Retry-After": str(math.ceil(wait))}
            )

    def _count(self, scope: Scope, refused: Refused) -> None:
        self.metrics.refused.labels(refused.reason).inc()
        posted = scope["path"] == "/alert" and scope.get("method") == "POST"
        if self._lost is not None and refused.status == 401 and posted:
            self._lost(_peer(scope))
        now = self.access.clock()
        if now - self._logged.get(refused.reason, -LOG_EVERY) < LOG_EVERY:
            return
        self._logged[refused.reason] = now
        path = "".join(c if c.isprintable() else "?" for c in scope["path"][:100])
        log.warning("refused %s from %s: %s", path, _peer(scope), refused.text)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = 0

        async def metered() -> MutableMapping[str, Any]:
            nonlocal held
            message = await receive()
            size = len(message.get("body", b""))
            if size:
                if self._held + size > BODIES:
                    self.metrics.refused.labels("memory").inc()
                    raise HTTPException(503, "too much is being sent at once", {"Retry-After": RETRY_AFTER})
                held += size
                self._held += size
            return message

        async def answered(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = answers.guarded(scope["scheme"], message.get("headers", []))
            await send(message)

        try:
            await self.app(scope, metered, answered)
        finally:
            self._held -= held

    async def _socket(self, scope: Scope, receive: Receive, send: Send, grant: Grant, client: str) -> None:
        near = asked.is_loopback(client)
        if self._sockets.total() >= SOCKETS - (0 if near else KEPT_FREE) or (
            not near and self._sockets[client] >= SOCKETS_OF_ONE
        ):
            full = Refused(503, "connections", "too many pages are open", {"Retry-After": RETRY_AFTER})
            self._count(scope, full)
            await receive()
            await answers.refuse(scope, send, full.status, full.text, full.headers)
            return
        self._sockets[client] += 1
        try:
            await _Watched(self, receive, send, grant).run(scope)
        finally:
            self._sockets[client] -= 1
            if not self._sockets[client]:
                del self._sockets[client]


class _Watched:
    """One WebSocket, for as long as what let it in holds: a logout or another token ends it."""

    def __init__(self, guard: Guard, receive: Receive, send: Send, grant: Grant) -> None:
        self._guard, self._receive, self._send, self._grant = guard, receive, send, grant
        self._over = False

    async def run(self, scope: Scope) -> None:
        await self._guard.app(scope, self._in, self._out)

    async def _in(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        if message["type"] == "websocket.receive" and not await self._holds():
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return message

    async def _out(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] != "websocket.send" or await self._holds():
            await self._send(message)

    async def _holds(self) -> bool:
        if not self._over and not self._guard.access.holds(self._grant):
            self._over = True
            self._guard.metrics.refused.labels("credentials").inc()
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "log in again"})
        return not self._over


_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def _peer(scope: Scope) -> str:
    """The other end's address; empty where there is none, which is nobody's loopback."""
    client = scope.get("client")
    return client[0] if client else ""
