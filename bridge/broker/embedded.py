"""A small MQTT broker inside the bridge, for `make run`: nothing to install, and MQTT devices can still publish.

It speaks MQTT 3.1.1, on 127.0.0.1, without passwords, and keeps nothing on disk. For anything lasting use Mosquitto.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

from amqtt.broker import Broker as Amqtt

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
PATIENCE = 0.5
CONNECTIONS = 500
RETAINED, LARGEST_RETAINED = 10_000, 64 << 10
"""Topics whose last message is kept for who comes later, and bytes of such a message."""
SESSION = 3600
"""Seconds that the session of a client that is gone is kept."""


class _Bounded(Amqtt):  # type: ignore[misc] # amqtt has no types here
    """One that no client can make remember without end."""

    async def retain_message(
        self, source_session: Any, topic_name: Any, data: Any, qos: int | None = None
    ) -> None:
        """Keep the last message of a topic, while there is room. It is delivered to who is there all the same."""
        known = self.retained_messages
        if data and (len(data) > LARGEST_RETAINED or (topic_name not in known and len(known) >= RETAINED)):
            if not self._told:
                self._told = True
                log.warning(
                    "the embedded broker keeps no more retained messages (%d topics, %d bytes each)",
                    RETAINED,
                    LARGEST_RETAINED,
                )
            data = b""  # no older message of it may pass for the last one
        await super().retain_message(source_session, topic_name, data, qos)

    _told = False


class EmbeddedBroker:
    """`start` tells whether it serves; it does not when the port is somebody's already."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._broker: Amqtt | None = None

    async def start(self) -> bool:
        """Serve on the port if it is free. False: a broker is there already, and is used."""
        if not _free(self.port):
            return False
        logging.getLogger("amqtt").setLevel(logging.ERROR)
        logging.getLogger("transitions").setLevel(logging.ERROR)
        config = {
            "listeners": {
                "default": {"type": "tcp", "bind": f"{HOST}:{self.port}", "max_connections": CONNECTIONS}
            },
            "session_expiry_interval": SESSION,
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        self._broker = _Bounded(config, loop=asyncio.get_running_loop())
        await self._broker.start()
        return True

    async def stop(self) -> None:
        """Close all connections, in PATIENCE seconds at most. Safe when it never started."""
        if self._broker is not None:
            closing = asyncio.create_task(self._broker.shutdown())
            await asyncio.wait({closing}, timeout=PATIENCE)


def _free(port: int) -> bool:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, port))
        except OSError:
            return False
    return True
