"""`make bench`: the bridge beside the least that could do the job, in one interleaved run, as ratios.

The least is a bare ASGI application on the same server (uvicorn, uvloop): it reads the JSON of a webhook and sends
one OSC datagram per alert, with no rules, state, store, MQTT or metrics. Absolute rates depend on the machine and
on what else it does; the ratio of two programs that ran in turns says what the bridge costs.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ROUNDS, SECONDS, CONNECTIONS = 3, 3.0, 16
BATCHES = (1, 100)

LEAST = """
import json, os, socket
from pythonosc.osc_message_builder import OscMessageBuilder
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to = ("127.0.0.1", int(os.environ["OSC_PORT"]))
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    for alert in json.loads(body or b'{"alerts": []}')["alerts"]:
        b = OscMessageBuilder("/alert")
        for x in (880.0, 0.9, 2.0, alert["labels"]["severity"]):
            b.add_arg(x)
        out.sendto(b.build().dgram, to)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b'{"ok": true}'})
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def running(command: list[str], port: int, env: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A server, from its first answer to its end."""
    server = subprocess.Popen(
        command, env=os.environ | env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                httpx.get(f"http://127.0.0.1:{port}/-/ready", timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield server
    finally:
        server.terminate()
        server.wait(10)


def cpu(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def body(number: int, batch: int) -> bytes:
    alerts = [
        {
            "status": "firing",
            "fingerprint": f"{number}-{i}",
            "labels": {"alertname": f"A{number}-{i}", "severity": "critical"},
            "annotations": {"value": "1.5"},
        }
        for i in range(batch)
    ]
    return json.dumps({"version": "4", "alerts": alerts}).encode()


async def load(port: int, batch: int, start: int) -> tuple[int, list[float]]:
    """Webhooks sent in SECONDS over CONNECTIONS, and the time of each."""
    numbers, times = iter(range(start, 10**9)), []
    end = time.monotonic() + SECONDS
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

        async def one() -> None:
            while time.monotonic() < end:
                content = body(next(numbers), batch)
                began = time.perf_counter()
                (await client.post("/alert", content=content)).raise_for_status()
                times.append(time.perf_counter() - began)

        await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return len(times), times


def measure(server: subprocess.Popen, port: int, batch: int, start: int) -> dict[str, float]:
    before = cpu(server.pid)
    sent, times = asyncio.run(load(port, batch, start))
    used = cpu(server.pid) - before
    return {
        "webhooks/s": sent / SECONDS,
        "CPU s per 10 k alerts": used / (sent * batch) * 10_000,
        "p50 ms": statistics.median(times) * 1000,
    }


def main() -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with ExitStack() as parts, tempfile.TemporaryDirectory() as folder:
        sink = parts.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sink.bind(("127.0.0.1", 0))
        osc = {"OSC_PORT": str(sink.getsockname()[1])}
        (Path(folder) / "least.py").write_text(LEAST)
        ports = {"bridge": free_port(), "least": free_port()}
        bridge = [sys.executable, "-m", "bridge", "serve", "--http-port", str(ports["bridge"])]
        bridge += ["--metrics-port", str(free_port()), "--data-dir", f"{folder}/state", "--mqtt-host", ""]
        least = [
            sys.executable,
            "-m",
            "uvicorn",
            "--app-dir",
            folder,
            "least:app",
            "--port",
            str(ports["least"]),
        ]
        servers = {
            "bridge": parts.enter_context(running(bridge, ports["bridge"], osc)),
            "least": parts.enter_context(running(least, ports["least"], osc)),
        }
        start = 0
        for batch in BATCHES:
            rows: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
            for _ in range(ROUNDS):
                for name, server in servers.items():
                    rows[name].append(measure(server, ports[name], batch, start))
                    start += 1_000_000
            print(f"\n{batch} alert(s) in a webhook, median of {ROUNDS} rounds in turns:")
            for figure in rows["bridge"][0]:
                ours, theirs = (statistics.median(r[figure] for r in rows[n]) for n in ("bridge", "least"))
                print(
                    f"  {figure:24} bridge {ours:10.2f}   least {theirs:10.2f}   ratio {ours / theirs:6.2f}"
                )
    import listeners  # noqa: PLC0415 - they take from here what they measure with
    import page  # noqa: PLC0415
    import sound  # noqa: PLC0415

    sound.main()
    listeners.main()
    page.main()


if __name__ == "__main__":
    main()
