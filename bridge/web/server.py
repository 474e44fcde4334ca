"""One listening port: uvicorn with the bridge's limits, and TLS where there is a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from bridge.model.errors import SettingError
from bridge.web.connections import HEAD_WITHIN, Gate, Http, Socket

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from fastapi import FastAPI

    from bridge.settings import Settings

GRACE = 1
"""Seconds that open requests have when the bridge stops."""
LARGEST_FRAME = 65_536
"""Bytes of a frame that a page sends."""
STRANGERS_DOING = frozenset({"Invalid HTTP request received.", "Unsupported upgrade request."})
"""What uvicorn logs for each of these; they are counted, and nobody may fill the log with them."""


def context(settings: Settings) -> ssl.SSLContext | None:
    """TLS 1.2 or newer with the certificate of the settings; None without one. Raises SettingError."""
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        lacks = "PAGER_TLS_CERT_FILE" if certificate is None else "PAGER_TLS_KEY_FILE"
        raise SettingError(f"{lacks} is missing: TLS needs a certificate and its key; set both or neither")
    for name, path in (("PAGER_TLS_CERT_FILE", certificate), ("PAGER_TLS_KEY_FILE", key)):
        try:
            path.open("rb").close()
        except OSError as e:
            raise SettingError(f"{name}: {path} cannot be read ({e.strerror})") from None
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        found.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as e:
        raise SettingError(
            f"PAGER_TLS_CERT_FILE {certificate} and PAGER_TLS_KEY_FILE {key} do not work together "
            f"({getattr(e, 'reason', None) or e}); give a PEM chain and its key without a password"
        ) from None
    return found


def _no_password() -> str:
    raise ValueError("the key has a password")


class _Quiet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.msg not in STRANGERS_DOING


_QUIET = _Quiet()


class Server(uvicorn.Server):
    """Signals are the bridge's own, and so are the limits on connections."""

    def __init__(self, app: FastAPI, gate: Gate, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(Http, gate=gate),  # type: ignore[arg-type] # it is called as the class would be
                ws=partial(Socket, gate=gate),  # type: ignore[arg-type]
                log_config=None,
                access_log=False,
                proxy_headers=False,  # they would make a stranger loopback
                server_header=False,
                timeout_graceful_shutdown=GRACE,
                ws_ping_interval=20,
                ws_max_size=LARGEST_FRAME,
            )
        )
        logging.getLogger("uvicorn.error").addFilter(_QUIET)
        self._gate, self._tls = gate, tls
        self._sweeping: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on these sockets. uvicorn's own gives a TLS handshake a minute."""
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                self._connection,
                sock=one,
                ssl=self._tls,
                backlog=self.config.backlog,
                ssl_handshake_timeout=HEAD_WITHIN if self._tls else None,
            )
            for one in sockets or []
        ]
        self._sweeping = asyncio.create_task(self._gate.sweep())
        self.started = True

    def _connection(self) -> asyncio.Protocol:
        found: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return found

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and end what is open."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        await super().shutdown(sockets)
