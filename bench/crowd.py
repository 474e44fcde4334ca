"""The load of bench/listeners.py, in a process of its own: pages that hear everything, scrapers and Alertmanager.

The pages read frames with next to no work, so that what is measured is the bridge and not they: no WebSocket library,
no JSON but that of a `play`. Prints one JSON object with what the window showed.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import statistics
import struct
import sys
import time
from dataclasses import dataclass, field

import httpx
from run import cpu

UPGRADE = (
    b"GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TYPES = ("cpu", "memory", "network", "disk", "temperature", "queue")
EACH, SAMPLES_EVERY, ALERTS_EVERY = 12, 0.2, 0.5
"""Voices of each sound (all that the rule book lets), seconds between two samples of each, and between two alerts."""
SETTLE = 2.0
"""Seconds from the last connection to the window, and from the last webhook to its end."""
TEXT, BINARY, PING, PONG = 1, 2, 9, 10
SMALL, MIDDLE, MASKED, ZERO = 126, 127, 0x80, b"\0\0\0\0"


def framed(kind: int, content: bytes) -> bytes:
    """A frame of a client; masked with zeros, which is a mask as well."""
    size = len(content)
    head = bytes([MASKED | kind, MASKED | (min(SMALL, size))])
    return head + (struct.pack(">H", size) if size >= SMALL else b"") + ZERO + content


def said(**message: object) -> bytes:
    return framed(TEXT, json.dumps(message).encode())


def hello(name: str) -> bytes:
    """What a page says that has scsynth and sounds."""
    return said(type="listening", on=True, name=name, page=name, level="everything") + said(type="whole")


@dataclass
class Window:
    """What all pages have seen."""

    sent: dict[str, float] = field(default_factory=dict)
    """When the webhook of an alert was sent, by fingerprint."""
    delays: list[float] = field(default_factory=list)
    taken: int = 0
    frames: int = 0


class Page(asyncio.Protocol):
    """One page. A cue has arrived with its OSC packet."""

    def __init__(self, name: str, window: Window) -> None:
        self._name, self._window = name, window
        self._rest, self._open = b"", False
        self._cue = ""
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.write(UPGRADE)

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        self._window.taken += len(data)
        data = self._rest + data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            self._rest = b"" if end else head
            if not end:
                return
            self._open = True
            self._transport.write(hello(self._name))
        self._rest = data[self._frames(data) :]

    def _frames(self, data: bytes) -> int:
        """Take every whole frame; where the rest begins."""
        at, size = 0, len(data)
        while size - at >= 2:
            begin, length = at + 2, data[at + 1]
            if length == SMALL:
                begin, length = at + 4, int.from_bytes(data[at + 2 : at + 4], "big")
            elif length == MIDDLE:
                begin, length = at + 10, int.from_bytes(data[at + 2 : at + 10], "big")
            if begin + length > size:
                break
            self._frame(data[at] & 15, data, begin, begin + length)
            at = begin + length
        return at

    def _frame(self, kind: int, data: bytes, begin: int, end: int) -> None:
        self._window.frames += 1
        if kind == BINARY:
            if self._cue and data.startswith(b"#bundle", begin + 4):
                self._window.delays.append(time.perf_counter() - self._window.sent[self._cue])
                self._cue = ""
        elif kind == TEXT and data.startswith(b'{"type":"play"', begin):
            play = json.loads(data[begin:end])
            self._transport.write(said(type="ack", id=play["id"], status="played"))
            if play["why"] == "event" and play["fingerprint"] in self._window.sent:
                self._cue = play["fingerprint"]
        elif kind == PING:
            self._transport.write(framed(PONG, data[begin:end]))


def deaf(port: int) -> socket.socket:
    """A page that asks for everything and never reads."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    found.connect(("127.0.0.1", port))
    found.sendall(UPGRADE)
    time.sleep(0.2)
    found.sendall(hello("deaf"))
    return found


def samples(turn: int) -> list[dict[str, object]]:
    """One scrape of every series; each value differs from the last."""
    return [
        {
            "type": kind,
            "value": (turn * 7 + i * 3) % 60 / 100 + (20 if kind == "temperature" else 0),
            "labels": {"service": f"service-{i}", "instance": f"10.0.0.{i}:9100"},
        }
        for kind in TYPES
        for i in range(EACH)
    ]


def webhook(names: list[str], status: str) -> dict[str, object]:
    alerts = [
        {
            "status": status,
            "fingerprint": name,
            "labels": {"alertname": f"A-{name}", "severity": "warning", "service": f"service-{i % EACH}"},
            "annotations": {"summary": "Too much of it.", "value": "0.9"},
        }
        for i, name in enumerate(names)
    ]
    return {"version": "4", "alerts": alerts}


async def scrape(client: httpx.AsyncClient) -> None:
    turn = 0
    while True:
        due = asyncio.get_running_loop().time() + SAMPLES_EVERY
        turn += 1
        (await client.post("/metric", json=samples(turn))).raise_for_status()
        await asyncio.sleep(due - asyncio.get_running_loop().time())


async def alert(client: httpx.AsyncClient, window: Window, seconds: float) -> list[float]:
    """Fire for so long; how long each webhook took until it was answered."""
    answered, loop = [], asyncio.get_running_loop()
    end = loop.time() + seconds
    while (began := loop.time()) < end:
        name = f"{os.getpid()}-{len(answered)}"
        window.sent[name] = time.perf_counter()
        (await client.post("/alert", json=webhook([name], "firing"))).raise_for_status()
        answered.append(time.perf_counter() - window.sent[name])
        await asyncio.sleep(began + ALERTS_EVERY - loop.time())
    return answered


def own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def at(times: list[float], share: float) -> float | None:
    """The quantile in ms; None of nothing."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))] * 1000 if times else None


async def watch(pid: int, port: int, pages: int, seconds: float, *, with_deaf: bool) -> dict[str, object]:
    window, loop = Window(), asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
        scraper = asyncio.create_task(scrape(client))
        made = [
            (await loop.create_connection(lambda i=i: Page(f"p{i}", window), "127.0.0.1", port))[1]
            for i in range(pages)
        ]
        await asyncio.sleep(SETTLE)
        silent = deaf(port) if with_deaf else None
        before = time.perf_counter(), cpu(pid), own_cpu(), window.taken, window.frames
        answered = await alert(client, window, seconds)
        after = time.perf_counter(), cpu(pid), own_cpu(), window.taken, window.frames
        await asyncio.sleep(SETTLE)
        scraper.cancel()
        await client.post("/alert", json=webhook(list(window.sent), "resolved"))
    took, bridge, own, taken, frames = (b - a for a, b in zip(before, after, strict=True))
    if silent is not None:
        silent.close()
    return {
        "answered p50 ms": statistics.median(answered) * 1000,
        "delay p50 ms": at(window.delays, 0.5),
        "delay p99 ms": at(window.delays, 0.99),
        "arrived share": len(window.delays) / (len(answered) * pages) if pages else None,
        "bridge CPU": bridge / took,
        "load's own CPU": own / took,
        "kB/s a page": taken / took / pages / 1000 if pages else None,
        "frames/s a page": frames / took / pages if pages else None,
        "pages lost": sum(page.lost for page in made),
    }


if __name__ == "__main__":
    pid, port, pages, seconds, how = sys.argv[1:]
    run = watch(int(pid), int(port), int(pages), float(seconds), with_deaf=how == "deaf")
    print(json.dumps(asyncio.run(run)))
