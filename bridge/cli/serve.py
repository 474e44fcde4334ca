"""`serve`: one bridge in the foreground."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from pythonjsonlogger.json import JsonFormatter

from bridge import config
from bridge.model.errors import SettingError
from bridge.runtime import Runtime, state
from bridge.settings import Settings, default_data_dir
from bridge.sounds import Folder, load_book
from bridge.web import create_app, create_metrics_app
from bridge.web.access import Access
from bridge.web.connections import Gate
from bridge.web.server import Server, context

if TYPE_CHECKING:
    import ssl

    from bridge.book import Book

log = logging.getLogger(__name__)

FIRST_ANSWER = 0.5
"""Seconds that SuperCollider has to answer before `serve` says who hears it."""
PATIENCE = 1.8
"""Seconds from the signal to the end at the latest."""
METRICS_CONNECTIONS = 200
"""Connections of the metrics port."""


def serve(  # noqa: PLR0913 # each is a setting
    *,
    osc_host: Annotated[str, typer.Option(envvar="OSC_HOST", help="where sclang listens")] = "localhost",
    osc_port: Annotated[int, typer.Option(envvar="OSC_PORT", min=1, max=65535, help="its UDP port")] = 57120,
    mqtt_host: Annotated[
        str,
        typer.Option(
            envvar="MQTT_HOST",
            help="the MQTT broker; empty: no MQTT",
            default_factory=lambda: os.environ.get(
                "MQTT_HOST", "localhost"
            ),  # an empty one counts as unset else
            show_default="localhost",
        ),
    ],
    mqtt_port: Annotated[int, typer.Option(envvar="MQTT_PORT", min=1, max=65535, help="its port")] = 1883,
    http_host: Annotated[
        str, typer.Option(envvar="PAGER_HTTP_HOST", help="address for HTTP and metrics")
    ] = "127.0.0.1",
    http_port: Annotated[
        int, typer.Option(envvar="PAGER_HTTP_PORT", min=1, max=65535, help="port for HTTP")
    ] = 8000,
    metrics_port: Annotated[
        int, typer.Option(envvar="PAGER_METRICS_PORT", min=1, max=65535, help="port for metrics alone")
    ] = 9109,
    config_file: Annotated[
        Path,
        typer.Option(
            "--config", envvar="PAGER_CONFIG", help="the rule book", show_default="the built-in one"
        ),
    ] = config.DEFAULT_BOOK,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="PAGER_DATA_DIR", help="folder for state", show_default="the state folder"),
    ] = None,
    embedded_broker: Annotated[
        bool, typer.Option("--embedded-broker", help="serve MQTT on MQTT_PORT too, if it is free")
    ] = False,
    synthdefs: Annotated[
        Path | None,
        typer.Option(envvar="PAGER_SYNTHDEFS", help="folder of your own sounds", show_default="none"),
    ] = None,
    allowed_hosts: Annotated[
        str,
        typer.Option(
            envvar="PAGER_ALLOWED_HOSTS",
            help="names under which the bridge is reached, with commas between them",
            show_default="none",
        ),
    ] = "",
    post_token_file: Annotated[
        Path | None,
        typer.Option(
            envvar="PAGER_POST_TOKEN_FILE", help="token for /alert and /metric", show_default="none"
        ),
    ] = None,
    post_password_file: Annotated[
        Path | None,
        typer.Option(
            envvar="PAGER_POST_PASSWORD_FILE", help="`user:password` for the same", show_default="none"
        ),
    ] = None,
    read_token_file: Annotated[
        Path | None,
        typer.Option(envvar="PAGER_READ_TOKEN_FILE", help="token for reading", show_default="none"),
    ] = None,
    control_token_file: Annotated[
        Path | None,
        typer.Option(
            envvar="PAGER_CONTROL_TOKEN_FILE", help="token for control and reading", show_default="none"
        ),
    ] = None,
    allow_unauthenticated: Annotated[
        str,
        typer.Option(
            envvar="PAGER_ALLOW_UNAUTHENTICATED",
            help="`network`: everybody who reaches the ports may what no token guards",
            show_default="none",
        ),
    ] = "",
    bind_address: Annotated[
        str,
        typer.Option(
            envvar="PAGER_BIND_ADDRESS",
            help="in a container: the address on which its ports are published",
            show_default="none",
        ),
    ] = "",
    tls_cert_file: Annotated[
        Path | None,
        typer.Option(
            envvar="PAGER_TLS_CERT_FILE", help="certificate chain (PEM): HTTPS", show_default="none"
        ),
    ] = None,
    tls_key_file: Annotated[
        Path | None,
        typer.Option(envvar="PAGER_TLS_KEY_FILE", help="its key (PEM)", show_default="none"),
    ] = None,
    post_rate: Annotated[
        float,
        typer.Option(
            envvar="PAGER_POST_RATE",
            min=0,
            help="requests a second of one client to /alert and /metric",
            show_default="no limit",
        ),
    ] = 0.0,
    alertmanager_url: Annotated[
        str,
        typer.Option(envvar="PAGER_ALERTMANAGER_URL", help="the Alertmanager to ask; replicas after a comma"),
    ] = "",
    alertmanager_external_url: Annotated[
        str,
        typer.Option(
            envvar="PAGER_ALERTMANAGER_EXTERNAL_URL", help="what its webhooks call it, if not the same"
        ),
    ] = "",
) -> None:
    """Run the bridge until SIGTERM or Ctrl-C. SIGHUP reads the rule book and the own sounds again."""
    settings = Settings(
        data_dir=data_dir or default_data_dir(),
        config=config_file,
        osc_host=osc_host,
        osc_port=osc_port,
        mqtt_host=mqtt_host,
        mqtt_port=mqtt_port,
        http_host=http_host,
        http_port=http_port,
        metrics_port=metrics_port,
        embedded_broker=embedded_broker,
        synthdefs=synthdefs,
        allowed_hosts=tuple(name.strip() for name in allowed_hosts.split(",") if name.strip()),
        post_token_file=post_token_file,
        post_password_file=post_password_file,
        read_token_file=read_token_file,
        control_token_file=control_token_file,
        allow_unauthenticated=allow_unauthenticated,
        bind_address=bind_address,
        tls_cert_file=tls_cert_file,
        tls_key_file=tls_key_file,
        post_rate=post_rate,
        alertmanager_url=alertmanager_url,
        alertmanager_external_url=alertmanager_external_url,
    )
    set_up_logs()
    tls = context(settings)
    access = Access(settings)  # before anything listens
    book = load_book(config_file, Folder(synthdefs))
    sockets = [
        _listen(settings.http_host, settings.http_port, "PAGER_HTTP_PORT (--http-port)"),
        _listen(settings.http_host, settings.metrics_port, "PAGER_METRICS_PORT (--metrics-port)"),
    ]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, book, sockets, access, tls))


def set_up_logs() -> None:
    """Readable lines on a terminal, JSON otherwise; on stderr."""
    stream = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty():
        stream.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    else:
        fields = {"asctime": "time", "levelname": "level", "name": "logger"}
        stream.setFormatter(
            JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=fields)
        )
    logging.basicConfig(level=logging.INFO, handlers=[stream], force=True)
    for noisy in ("httpx", "uvicorn.error", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # paho says its errors through the callbacks too, and an error of its own ends on stderr with its traceback.
    logging.getLogger("bridge.broker.client.paho").setLevel(logging.CRITICAL)


def _listen(host: str, port: int, setting: str) -> socket.socket:
    """A bound socket; a port that is taken is told with the setting to change."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.socket(family, kind)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as e:
        raise SettingError(
            f"cannot listen on {host}:{port} ({e.strerror}); set {setting} to a free port"
        ) from None
    return found


async def _serve(
    settings: Settings, book: Book, sockets: list[socket.socket], access: Access, tls: ssl.SSLContext | None
) -> None:
    """`sockets`: HTTP, then metrics."""
    runtime = Runtime(settings, book)
    gates = [Gate(runtime.metrics), Gate(runtime.metrics, METRICS_CONNECTIONS)]
    apps = [create_app(runtime, access), create_metrics_app(runtime, access)]
    servers = [Server(app, gate, tls) for app, gate in zip(apps, gates, strict=True)]
    await runtime.start()
    stopping = asyncio.Event()
    _signals(runtime, stopping)
    serving = [asyncio.create_task(one.serve([s])) for one, s in zip(servers, sockets, strict=True)]
    log.info("listening on %s, metrics on port %d", settings.page, settings.metrics_port)
    await _first_answer(runtime)
    print(state.hears(runtime), flush=True)
    await asyncio.wait({*serving, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
    runtime.draining = True
    _leave_in_time()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving, runtime.stop())


def _leave_in_time() -> None:
    """The end comes within PATIENCE, whatever hangs: a look-up, a broker, a disk. What was accepted is stored."""
    end = threading.Timer(PATIENCE, os._exit, (0,))
    end.daemon = True
    end.start()


async def _first_answer(runtime: Runtime) -> None:
    """An engine that is there answers at once; without this moment the line would always say that nobody hears."""
    for _ in range(10):
        if runtime.sclang.alive:
            return
        await asyncio.sleep(FIRST_ANSWER / 10)


def _signals(runtime: Runtime, stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, runtime.reload)
