"""A headless Chromium with a recorder on what its pages give to the loudspeaker.

The page's own code stays as it is: a script that runs before it watches every connection to the end of an
audio graph and listens in. It uses a ScriptProcessorNode, which also works where the context is not secure.
"""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import sync_playwright

from lab.bridge import PAGE_HOST
from lab.programs import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import (
        Browser,
        ConsoleMessage,
        Page,
        Playwright,
        Request,
    )

CHROMIUM = "/usr/bin/chromium"
HOST = PAGE_HOST
"""Stands for a machine in the LAN: it leads to 127.0.0.1, but the browser does not take it for localhost."""

AUDIBLE = 0.01
"""Above this peak (full scale is 1) something sounds."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
]

# 16384 frames a block: a busy test machine may be 0.3 s late without losing one. `at` proves that none is lost.
RECORDER = """
(() => {
  const SIZE = 16384;
  const blocks = [];
  const taps = new WeakMap();
  const connect = AudioNode.prototype.connect;
  const tap = (context) => {
    if (taps.has(context)) return taps.get(context);
    const node = context.createScriptProcessor(SIZE, 2, 2);
    node.onaudioprocess = ({ inputBuffer, playbackTime }) => {
      const samples = new Float32Array(2 * SIZE);
      samples.set(inputBuffer.getChannelData(0), 0);
      samples.set(inputBuffer.getChannelData(1), SIZE);
      blocks.push({ at: playbackTime, samples });
    };
    connect.call(node, context.destination);
    taps.set(context, node);
    window.__sampleRate = context.sampleRate;
    return node;
  };
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode && target.context instanceof AudioContext)
      connect.call(this, tap(target.context));
    return connect.call(this, target, ...rest);
  };
  const base64 = (samples) => {
    const bytes = new Uint8Array(samples.buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return btoa(text);
  };
  window.__takeHeard = () => {
    const taken = blocks.splice(0).map(({ at, samples }) => ({ at, samples: base64(samples) }));
    return { rate: window.__sampleRate ?? 0, size: SIZE, blocks: taken };
  };
})();
"""


@dataclass
class Tab:
    """One page and everything that it said, asked for and sounded since it was opened."""

    page: Page
    problems: list[str] = field(default_factory=list)
    """Errors of the console and uncaught errors."""
    requests: list[str] = field(default_factory=list)
    """Addresses of every request, web sockets included."""
    rate: int = 0
    _blocks: list[tuple[float, NDArray[np.float32]]] = field(default_factory=list)

    def heard(self) -> tuple[NDArray[np.float32], int]:
        """What was sounded since `forget`: float32, shape (frames, 2), and the sample rate in Hz.

        Fails when the recorder was too late for a block, because the recording would then have a hole.
        """
        taken = self.page.evaluate("() => window.__takeHeard()")
        self.rate = int(taken["rate"])
        for block in taken["blocks"]:
            flat = np.frombuffer(base64.b64decode(block["samples"]), dtype="<f4")
            self._blocks.append((block["at"], flat.reshape(2, -1).T))
        for (at, samples), (following, _) in zip(self._blocks, self._blocks[1:], strict=False):
            assert following - at < 1.5 * len(samples) / self.rate, "the recorder lost a block"
        if not self._blocks:
            return np.zeros((0, 2), np.float32), self.rate
        return np.concatenate([samples for _, samples in self._blocks]), self.rate

    def forget(self) -> None:
        """Begin a new recording."""
        self.heard()
        self._blocks.clear()

    def recorded(self, seconds: float, deadline: float = 30.0) -> tuple[NDArray[np.float32], int]:
        """Once `seconds` have been recorded since `forget`, the recording and its rate."""

        def enough() -> bool:
            samples, rate = self.heard()
            return rate > 0 and len(samples) >= seconds * rate

        wait_for(enough, f"{seconds} s of sound recorded", deadline, every=0.1)
        return self.heard()

    def cue(self, quiet: float = 2.0, deadline: float = 20.0) -> tuple[NDArray[np.float32], int]:
        """Once something has sounded since `forget` and `quiet` seconds of silence have followed, the recording.

        The pause in the middle of a critical lasts up to 1.3 s; for other cues `quiet` may be shorter.
        """

        def over() -> bool:
            samples, rate = self.heard()
            if not len(samples) or (loudest := np.abs(samples).max()) < AUDIBLE:
                return False
            tail = samples[-int(quiet * rate) :]
            return len(samples) > len(tail) and bool(np.abs(tail).max() < 0.05 * loudest)

        wait_for(over, "a cue has sounded and ended", deadline, every=0.1)
        return self.heard()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"{message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)


def driver() -> contextlib.AbstractContextManager[Playwright]:
    """What starts browsers, as a context manager; one at a time, because it keeps an event loop of its own."""
    return sync_playwright()


@contextlib.contextmanager
def chromium(playwright: Playwright, *arguments: str) -> Iterator[Browser]:
    """A headless Chromium in which sound needs a click; it is gone when the block ends."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[*ARGUMENTS, *arguments],
        # Playwright mutes; a muted browser may still run its audio clock, but no user has one like it.
        ignore_default_args=["--mute-audio"],
    )
    try:
        yield browser
    finally:
        browser.close()


@contextlib.contextmanager
def tab(browser: Browser, **context_options: Any) -> Iterator[Tab]:
    """A tab with a recorder, in a profile of its own; `context_options` are Playwright's (viewport, ...)."""
    context = browser.new_context(**context_options)
    try:
        context.add_init_script(RECORDER)
        page = context.new_page()
        opened = Tab(page)
        page.on("console", opened._said)
        page.on("pageerror", lambda error: opened.problems.append(str(error)))
        page.on("request", opened._asked)
        page.on("websocket", lambda socket: opened.requests.append(socket.url))
        yield opened
    finally:
        context.close()
