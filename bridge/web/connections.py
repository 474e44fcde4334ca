"""What a connection may cost before it is a request: how many there are, how long a head takes, how slow a body is.

uvicorn knows none of these limits. Its two protocols are taken as they are and told to a `Gate`:

====================  ==================================================  =================================
state                 what is waited for                                   cut when
====================  ==================================================  =================================
idle, new or kept     the first byte (uvicorn's keep-alive ends it too)    HEAD_WITHIN after it began
head                  the end of the headers                               HEAD_WITHIN after it began
body                  the rest of the body, unless the bridge itself       less than SLOWEST bytes a second
                      does not read                                        over WINDOW
answer                that the other side takes it                         nothing taken over STALLED
====================  ==================================================  =================================

Cut means closed without a word: whoever sent an alert sends it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
from collections import Counter
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from bridge.web import answers, asked

if TYPE_CHECKING:
    from bridge.telemetry import Metrics

log = logging.getLogger(__name__)

MOST, STRANGERS, OF_ONE = 1000, 800, 100
"""Connections in all, those that come over the network, and those of one address of the network."""
HEAD_WITHIN = 10.0
"""Seconds until the headers are complete."""
SLOWEST, WINDOW = 1024, 10.0
"""Bytes a second that a body brings at least, over each so many seconds."""
STALLED = 30.0
"""Seconds in which a client takes nothing of its answer."""
LARGEST_HEAD, MOST_HEADERS = 64 << 10, 100
"""Bytes of a request's line and headers, and their number."""
PASSED_OVER = 4 << 20
"""Bytes of a body that are read although the answer is given, so that the answer is seen."""
LINGER = 5.0
"""Seconds that a page has to take the last words that are said to it."""
RESTARTING = "restarting"
"""What a page is told when the bridge stops."""
SPARE = 200
"""Descriptors that are not for connections: the store, the broker, files, and who is just being refused."""
SWEEP = 1.0


class Gate:
    """The connections of one port. `most` is bounded by what the system lets the process open."""

    def __init__(self, metrics: Metrics, most: int = MOST) -> None:
        self._metrics = metrics
        self.most = max(32, min(most, _descriptors() - SPARE))
        self._strangers = 0
        self._of: Counter[str] = Counter()
        self._open: set[Http] = set()

    def enter(self, peer: str) -> bool:
        """Whether one more connection from this address is taken; whoever was taken must `leave`."""
        client = asked.client(peer, {})
        stranger = not asked.is_loopback(client)
        full = self._of.total() >= self.most or (
            stranger and (self._strangers >= self.most * STRANGERS // MOST or self._of[client] >= OF_ONE)
        )
        if full:
            self.refused("connections")
            return False
        self._of[client] += 1
        self._strangers += stranger
        return True

    def leave(self, peer: str) -> None:
        """A connection that was taken is gone."""
        client = asked.client(peer, {})
        self._of[client] -= 1
        if not self._of[client]:
            del self._of[client]
        self._strangers -= not asked.is_loopback(client)

    def refused(self, reason: str) -> None:
        """Count what was refused or cut."""
        self._metrics.refused.labels(reason).inc()

    def watch(self, connection: Http) -> None:
        """Look after this connection until `forget`."""
        self._open.add(connection)

    def forget(self, connection: Http) -> None:
        """No longer look after it."""
        self._open.discard(connection)

    async def sweep(self) -> None:
        """Cut who is too slow, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP)
            for connection in tuple(self._open):
                connection.look(loop.time())


def _descriptors() -> int:
    """How many files this process may open; as many as the system allows it are asked for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return 4096 if soft == resource.RLIM_INFINITY else soft


class Http(HttpToolsProtocol):
    """One connection. The times are the event loop's."""

    def __init__(self, *args: Any, gate: Gate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gate = gate
        self._peer: str | None = None
        self._wait_since: float | None = None
        self._in_head, self._head, self._large = False, 0, False
        self._in_body = False
        self._body, self._body_since, self._passed_over = 0, 0.0, 0
        self._unsent, self._unsent_since = 0, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or say that there is no room."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        if not self._gate.enter(peer):
            self.connections.discard(self)
            transport.write(answers.raw("503 Service Unavailable", "too many connections", self.scheme or ""))
            transport.close()
            return
        self._peer = peer
        self._wait_since = self.loop.time()
        self._gate.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give its place back."""
        super().connection_lost(exc)
        self._gate.forget(self)
        if self._peer is not None:
            self._gate.leave(self._peer)

    def handle_websocket_upgrade(self) -> None:
        """The socket takes the place over."""
        self._gate.forget(self)
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Hand on, and know what is waited for after it."""
        if self._peer is None or self.transport.is_closing():
            return
        was_in_head = self._in_head
        super().data_received(data)
        if self._in_head and was_in_head:
            self._head += len(data)
            if self._head > LARGEST_HEAD and not self.transport.is_closing():
                self._large = True
                self.send_400_response("")
        elif not self._in_head and not self._in_body and (self.cycle is None or self.cycle.response_complete):
            self._wait_since = self._wait_since or self.loop.time()  # empty lines before a head

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        self._in_head, self._head = True, 0
        self._wait_since = self._wait_since or self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The end of the head: it is small enough, or the connection ends."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > LARGEST_HEAD or len(self.headers) > MOST_HEADERS:
            self._large = True
            raise ValueError  # httptools makes its own error of it, which uvicorn answers
        self._in_head, self._wait_since = False, None
        self._in_body = True
        self._body, self._body_since, self._passed_over = 0, self.loop.time(), 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count what came."""
        self._body += len(body)
        super().on_body(body)
        if self.cycle is not None and self.cycle.response_complete:
            self._passed_over += len(body)
            if self._passed_over > PASSED_OVER:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The end of the body."""
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """No request can be made of this: said in the usual shape, and the connection ends."""
        self._gate.refused("head")
        if self._large:
            status = "431 Request Header Fields Too Large"
            text = f"the headers are larger than {LARGEST_HEAD} bytes, or more than {MOST_HEADERS}"
        else:
            status, text = "400 Bad Request", f"{msg or 'this is no HTTP'} Send HTTP/1.1."
        self.transport.write(answers.raw(status, text, self.scheme or ""))
        self.transport.close()

    def look(self, now: float) -> None:
        """Cut it when it is too slow."""
        if self._wait_since is not None and now - self._wait_since >= HEAD_WITHIN:
            self._cut()
        elif self._in_body and now - self._body_since >= WINDOW:
            if self._body < SLOWEST * WINDOW and not self.flow.read_paused:
                self._cut()
            self._body, self._body_since = 0, now
        self._look_at_the_answer(now)

    def _look_at_the_answer(self, now: float) -> None:
        unsent = self.transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        elif now - self._unsent_since >= STALLED:
            self._cut()

    def _cut(self) -> None:
        self._gate.refused("slow")
        self.transport.abort()


class Socket(WebSocketsSansIOProtocol):
    """One WebSocket, which has the place of the connection that it was."""

    def __init__(self, *args: Any, gate: Gate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gate = gate

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        super().connection_lost(exc)
        self._gate.leave(self.client[0] if self.client else "")

    def shutdown(self) -> None:
        """As uvicorn's, which closes with 1012; the page is told first that the bridge will be back."""
        if self.handshake_complete and not self.close_sent and self.conn.state is State.OPEN:
            self.conn.send_text(answers.bye(RESTARTING).encode())
        super().shutdown()

    async def run_asgi(self) -> None:
        """As uvicorn's; at its end what a page has not taken is thrown away, for it may never take it."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """A ping was not answered: whatever waits for that page keeps its connection open no longer."""
        super().keepalive_timeout()
        self.loop.call_later(LINGER, self.transport.abort)

    async def send(self, message: Any) -> None:
        """As uvicorn's, which logs an error for every refusal that was answered in full."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True
