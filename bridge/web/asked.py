"""What a request says of itself, and what its address says. Pure: no decision is made about anybody here."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Said = dict[bytes, bytes]
"""The headers that decide who may, by their names in lower case; of one that is there twice the last."""

HEADERS = frozenset(
    {
        b"host",
        b"origin",
        b"authorization",
        b"cookie",
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-proto",
        b"sec-fetch-site",
        b"sec-fetch-mode",
        b"sec-fetch-dest",
    }
)
COOKIE = "pager-session"
PAGES = frozenset({"/", "/wall"})
"""What a link of another site may open."""
_PORTS = {"http": "80", "https": "443"}
_ORIGIN = re.compile(r"(https?)://([^/?#@\s]+)")
_HOST = re.compile(r"(\[[0-9a-f:.%a-z]+\]|[^:\[\]/?#@\s]+)(?::(\d{1,5}))?")


def said(scope: Mapping[str, Any]) -> Said:
    """The headers of an ASGI scope that decide who may."""
    return {name: value for name, value in _lower(scope) if name in HEADERS}


def _lower(scope: Mapping[str, Any]) -> Any:
    """HTTP has names in lower case already; a WebSocket has them as they came."""
    headers = scope["headers"]
    return headers if scope["type"] == "http" else ((name.lower(), value) for name, value in headers)


def split(host: str) -> tuple[str, str] | None:
    """Name and port (empty: the scheme's) of a Host header, in lower case; None where it is none."""
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return None
    return found[1].strip("[]").rstrip("."), found[2] or ""


def is_address(name: str) -> bool:
    """Whether a host is an IP address: no name that a stranger's DNS could move."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@lru_cache(1024)
def is_loopback(name: str) -> bool:
    """Whether a host is this machine by its own name or address."""
    name = name.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_forwarded(headers: Said) -> bool:
    """Whether a proxy says that it speaks for somebody else."""
    return b"x-forwarded-for" in headers or b"forwarded" in headers


def client(peer: str, headers: Said) -> str:
    """Whom limits count: an address, of IPv6 its /64. Of a proxy on this machine, whom that speaks for."""
    if b"x-forwarded-for" in headers and is_loopback(peer):
        peer = headers[b"x-forwarded-for"].rpartition(b",")[2].decode("latin-1").strip()[:64]
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def scheme(scope: Mapping[str, Any], headers: Said) -> str:
    """`http` or `https` as the browser sees it. A web page cannot make a browser send the proxy's header."""
    told = headers.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip().lower()
    if told in {b"http", b"https"}:
        return told.decode()
    return "https" if scope["scheme"] in {"https", "wss"} else "http"


def is_foreign(scope: Mapping[str, Any], headers: Said) -> bool:
    """Whether a page of another site sends this. One exception: a link or an address bar that opens a page."""
    if headers.get(b"sec-fetch-site") == b"cross-site" or not _own_origin(scope, headers):
        return not _opens_a_page(scope, headers)
    return False


def _own_origin(scope: Mapping[str, Any], headers: Said) -> bool:
    origin = headers.get(b"origin")
    if origin is None:
        return True
    found = _ORIGIN.fullmatch(origin.decode("latin-1").lower())
    own = split(headers.get(b"host", b"").decode("latin-1"))
    theirs = split(found[2]) if found else None
    if found is None or own is None or theirs is None:  # `null` is nobody's
        return False
    mine = scheme(scope, headers)
    return (found[1], theirs[0], theirs[1] or _PORTS[found[1]]) == (mine, own[0], own[1] or _PORTS[mine])


def _opens_a_page(scope: Mapping[str, Any], headers: Said) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "GET"
        and scope["path"] in PAGES
        and headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )


def session(headers: Said) -> str | None:
    """The session's cookie."""
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None
