"""Refusals in the shape of every other answer, and the headers that every answer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from bridge.web import asked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    Send = Callable[[Any], Awaitable[None]]

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The policy of everything that is no page."""
FIXED = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    b"cache-control": b"no-store",
    b"content-security-policy": NOTHING.encode(),
}
STRICT_TRANSPORT = b"max-age=31536000"
_TLS_TOO = FIXED | {b"strict-transport-security": STRICT_TRANSPORT}


def guarded(scheme: str, headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """An answer's headers with all of ours that it does not set itself; `scheme` is the connection's."""
    there = {name.lower() for name, _ in headers}
    wanted = _TLS_TOO if scheme in {"https", "wss"} else FIXED
    return [*headers, *(pair for pair in wanted.items() if pair[0] not in there)]


def page_policy(host: str) -> str:
    """What the page may do. It needs nothing from elsewhere; some browsers do not count a WebSocket to 'self'."""
    found = asked.split(host)
    sockets = (
        f" ws://{host} wss://{host}" if found and host.isascii() and not set(host) & set(";,'\" ") else ""
    )
    return (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; manifest-src 'self'; "
        f"font-src 'self'; connect-src 'self'{sockets}; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def is_trustworthy(scope: Mapping[str, Any], host: str) -> bool:
    """Whether a browser takes the page's origin for safe; elsewhere it complains of some headers."""
    found = asked.split(host)
    return asked.scheme(scope, asked.said(scope)) == "https" or (
        found is not None and asked.is_loopback(found[0])
    )


def refusal(text: str) -> bytes:
    """The body of a refusal."""
    return orjson.dumps({"ok": False, "error": text})


def bye(why: str) -> str:
    """The last frame that a page is sent, before its stream is closed."""
    return orjson.dumps({"type": "bye", "why": why}).decode()


async def refuse(
    scope: Mapping[str, Any], send: Send, status: int, text: str, headers: Mapping[str, str]
) -> None:
    """Answer a request, or a WebSocket that was not accepted yet, with a refusal."""
    body = refusal(text)
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http.response"
    told = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    told += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}.start", "status": status, "headers": guarded(scope["scheme"], told)})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})


def raw(status: str, text: str, scheme: str) -> bytes:
    """A whole answer for a connection that never became a request; it is closed after it."""
    body = refusal(text)
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    lines = [name + b": " + value for name, value in guarded(scheme, [*head, (b"connection", b"close")])]
    return b"HTTP/1.1 " + status.encode() + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + body
