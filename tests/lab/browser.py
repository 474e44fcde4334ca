"""A headless Chromium with a recorder on what its pages give to the loudspeaker.

The page's own code stays as it is: a script that runs before it watches every connection to the end of an
audio graph and listens in with an AudioWorklet; where the context is not secure there is none, and a
ScriptProcessorNode does it.
"""

from __future__ import annotations

import base64
import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import Error, sync_playwright

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
        Route,
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

TAP = """
registerProcessor("tap", class extends AudioWorkletProcessor {
  samples = new Float32Array(2 * SIZE);
  filled = 0;
  at = 0;
  process([input]) {
    const [left = new Float32Array(128), right = left] = input;
    if (this.filled === 0) this.at = currentTime;
    this.samples.set(left, this.filled);
    this.samples.set(right, SIZE + this.filled);
    this.filled += left.length;
    if (this.filled < SIZE) return true;
    this.port.postMessage({ at: this.at, samples: this.samples }, [this.samples.buffer]);
    this.samples = new Float32Array(2 * SIZE);
    this.filled = 0;
    return true;
  }
});
"""
"""Runs on the audio thread, so that no busy page costs it a sample."""

# 8192 frames a block. `at` proves that none is lost.
RECORDER = (
    """
(() => {
  const SIZE = 8192;
  const TAP = `"""
    + TAP.replace("SIZE", "8192")
    + """`;
  const blocks = [];
  const taps = new WeakMap();
  const connect = AudioNode.prototype.connect;
  const processor = (context, entry) => {
    const size = 2 * SIZE; // A busy page may be 0.3 s late without losing one.
    const node = context.createScriptProcessor(size, 2, 2);
    node.onaudioprocess = ({ inputBuffer, playbackTime }) => {
      const samples = new Float32Array(2 * size);
      samples.set(inputBuffer.getChannelData(0), 0);
      samples.set(inputBuffer.getChannelData(1), size);
      blocks.push({ at: playbackTime, samples });
    };
    connect.call(entry, node);
    connect.call(node, context.destination);
  };
  const worklet = async (context, entry) => {
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([TAP], { type: "text/javascript" })));
    const options = { channelCount: 2, channelCountMode: "explicit", outputChannelCount: [2] };
    const node = new AudioWorkletNode(context, "tap", options);
    node.port.onmessage = ({ data }) => blocks.push(data);
    connect.call(entry, node);
    connect.call(node, context.destination);
  };
  const tap = (context) => {
    if (taps.has(context)) return taps.get(context);
    const entry = context.createGain();
    if (context.audioWorklet) worklet(context, entry);
    else processor(context, entry);
    taps.set(context, entry);
    window.__sampleRate = context.sampleRate;
    return entry;
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
    return { rate: window.__sampleRate ?? 0, blocks: taken };
  };
})();
"""
)


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


PAGES = re.compile(r"^http://localhost:\d+/(wall)?([?#].*)?$")


def _allow_tap(route: Route) -> None:
    """The page as it is, but its policy lets the recorder's module in too."""
    try:
        answer = route.fetch(max_redirects=0)
    except Error:
        route.abort("connectionrefused")
        return
    policy = answer.headers.get("content-security-policy", "")
    headers = answer.headers | {"content-security-policy": policy.replace("script-src", "script-src blob:")}
    route.fulfill(response=answer, headers=headers)


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
def tab(browser: Browser, *, recorded: bool = True, **context_options: Any) -> Iterator[Tab]:
    """A tab with a recorder, in a profile of its own; `context_options` are Playwright's (viewport, ...).

    Where it is not `recorded` every request goes its own way: Playwright answers some itself where it may look at any.
    """
    context = browser.new_context(**context_options)
    try:
        if recorded:
            context.route(PAGES, _allow_tap)
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
