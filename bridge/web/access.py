"""Who may: by what a request shows, where it comes from and what the settings say."""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bridge.model.errors import SettingError
from bridge.web import asked
from bridge.web.keys import ALL, Key, Keys, NoSecretError, Right, Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.settings import Settings

log = logging.getLogger(__name__)

NETWORK = "network"
RETRY_AFTER = "5"


class Refused(Exception):  # noqa: N818 # an answer, not an error of ours
    """A request that goes no further: status, reason for the metric, words for a person, headers."""

    def __init__(self, status: int, reason: str, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status, self.reason, self.text, self.headers = status, reason, text, dict(headers or {})


@dataclass(frozen=True, slots=True)
class Grant:
    """What a request may. `key` is the secret that allows it, None where none was needed; `cookie` its session."""

    rights: frozenset[Right] = field(default_factory=frozenset)
    key: Key | None = None
    cookie: str | None = None


class Access:
    """The decision of one bridge. Raises SettingError where the settings would let in whom nobody meant."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.keys = Keys(settings, clock)
        self.sessions = Sessions(clock)
        self.hosts = frozenset(host.strip().lower() for host in settings.allowed_hosts if host.strip())
        self.open = self._open(settings)

    def _open(self, settings: Settings) -> frozenset[Right]:
        """The rights of whoever comes over the network with nothing to show."""
        if settings.allow_unauthenticated not in {"", NETWORK}:
            raise SettingError(
                f"PAGER_ALLOW_UNAUTHENTICATED: {settings.allow_unauthenticated!r} is unknown; write "
                f"`{NETWORK}` to let in everybody who reaches the ports, or leave it empty"
            )
        published = settings.bind_address
        wanted = settings.allow_unauthenticated == NETWORK and (not published or asked.is_loopback(published))
        if not wanted and not self.keys.guarded and not _listens_here_only(settings.http_host):
            where = (
                f"PAGER_BIND_ADDRESS={published}" if published else f"PAGER_HTTP_HOST={settings.http_host}"
            )
            raise SettingError(
                f"{where} opens the bridge to the network, and nobody is asked who they are. Set "
                "PAGER_POST_TOKEN_FILE, PAGER_READ_TOKEN_FILE and PAGER_CONTROL_TOKEN_FILE (files that hold a "
                "token each), or listen on 127.0.0.1, or say PAGER_ALLOW_UNAUTHENTICATED=network where the "
                "network itself lets in nobody else (SECURITY.md)"
            )
        return ALL - self.keys.guarded if wanted else frozenset()

    def grant(self, peer: str, headers: asked.Said) -> Grant:
        """What a request from the address `peer` may. Raises Refused for credentials that are wrong."""
        shown = headers.get(b"authorization")
        if shown is not None:
            by = self._key(shown)
            return Grant(by.rights | self.open, by)
        cookie = asked.session(headers)
        key = self.session(cookie)
        if asked.is_loopback(peer) and not asked.is_forwarded(headers):
            return Grant(ALL, None, cookie if key else None)
        if key is not None:
            return Grant(key.rights | self.open, key, cookie)
        return Grant(self.open)

    def session(self, cookie: str | None) -> Key | None:
        """What the session of a cookie still allows."""
        key = self.sessions.key(cookie) if cookie else None
        if key is None or self.keys.still(key):
            return key
        self.sessions.close(cookie or "")
        return None

    def holds(self, grant: Grant) -> bool:
        """Whether a grant that was given earlier is one still."""
        if grant.cookie is not None and grant.key is not None:
            return self.session(grant.cookie) is not None
        return grant.key is None or self.keys.still(grant.key)

    def _key(self, shown: bytes) -> Key:
        kind, _, text = shown.strip().partition(b" ")
        try:
            match kind.lower():
                case b"bearer":
                    key = self.keys.token(text)
                case b"basic":
                    key = self.keys.password(text)
                case _:
                    key = None
        except NoSecretError as e:
            raise unavailable(e) from None
        if key is None:
            raise Refused(401, "credentials", "these credentials are wrong", self.challenge(Right.POST))
        return key

    def login(self, token: str) -> tuple[str, Key] | None:
        """The cookie of a new session and what it allows; None for a token that opens nothing here."""
        try:
            key = self.keys.token(token.encode())
        except NoSecretError as e:
            raise unavailable(e) from None
        if key is None or Right.READ not in key.rights:
            return None
        return self.sessions.open(key), key

    def require(self, right: Right, grant: Grant) -> None:
        """Raises Refused where the grant does not hold this right."""
        if right in grant.rights:
            return
        if grant.key is not None:
            raise Refused(403, "right", f"these credentials do not allow this; it needs the right to {right}")
        raise Refused(
            401,
            "credentials",
            f"this needs the right to {right}: send `Authorization: Bearer TOKEN` (a token in the URL is not "
            "read), or open the page and log in",
            self.challenge(right),
        )

    def challenge(self, right: Right) -> dict[str, str]:
        """The header that says how to ask. A browser is never made to ask for the posting password."""
        ways = ['Bearer realm="singing-pager"']
        if right is Right.POST and self.keys.takes_password:
            ways.append('Basic realm="singing-pager"')
        return {"WWW-Authenticate": ", ".join(ways)}

    def host(self, headers: asked.Said) -> None:
        """Raises Refused for a name that a stranger's DNS could have led here."""
        told = headers.get(b"host", b"").decode("latin-1")
        found = asked.split(told)
        if found is not None:
            name = found[0]
            if asked.is_loopback(name) or asked.is_address(name) or name in self.hosts:
                return
        shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in told[:100])
        raise Refused(
            403,
            "host",
            f"the host {shown!r} is not known here; if the bridge is reached under this name, add it to "
            "PAGER_ALLOWED_HOSTS",
        )


def unavailable(error: NoSecretError) -> Refused:
    """Nobody can be told from anybody now. The sender may ask again: an alert must not be lost by this."""
    log.warning("a request could not be judged: %s", error)
    text = "credentials cannot be checked now; the bridge's log says why"
    return Refused(503, "unavailable", text, {"Retry-After": RETRY_AFTER})


def _listens_here_only(host: str) -> bool:
    """Whether everything that this setting binds is loopback."""
    if asked.is_loopback(host):
        return True
    if not host or asked.is_address(host):
        return False
    try:
        found: list[Any] = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(asked.is_loopback(str(address[4][0])) for address in found)
