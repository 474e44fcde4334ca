"""The page in a headless Chromium: from the press on Listen to the first sound, and what comes over the wire until then.

A cold run has a profile of its own; the warm one after it opens the page anew with what the browser has kept. The two
take turns. Nothing here is asserted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from lab.bridge import Bridge  # noqa: E402
from lab.browser import chromium, driver  # noqa: E402
from lab.programs import wait_for  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

RUNS, WITHIN = 5, 20.0

WATCH = """
(() => {
  const AUDIBLE = 0.0001;
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...rest) {
    if (target instanceof AudioDestinationNode) {
      const tap = target.context.createAnalyser();
      const samples = new Float32Array(tap.fftSize);
      connect.call(this, tap);
      const look = () => {
        tap.getFloatTimeDomainData(samples);
        if (samples.some((one) => Math.abs(one) > AUDIBLE)) window.__heard = performance.now();
        else setTimeout(look, 2);
      };
      look();
    }
    return connect.call(this, target, ...rest);
  };
  addEventListener("click", () => (window.__pressed ??= performance.now()), true);
})();
"""
"""Looks every 2 ms or so; the tap holds the last 43 ms, so that nothing falls between two looks."""


def visit(context: BrowserContext, port: int) -> dict[str, float]:
    """Open the page, press Listen, and wait for the first sound: the bed."""
    page = context.new_page()
    wire = _wired(context, page)
    hosts: list[str] = []
    page.on("request", lambda request: hosts.append(urlsplit(request.url).netloc))
    page.goto(f"http://localhost:{port}/")
    page.locator("body[data-link=up]").wait_for()
    page.wait_for_timeout(1000)
    at_press = sum(wire)
    page.get_by_role("button", name="Listen", exact=True).click()
    wait_for(lambda: page.evaluate("window.__heard"), "a sound", WITHIN)
    took = page.evaluate("window.__heard - window.__pressed")
    found = {
        "press to first sound ms": took,
        "kB before the press": at_press / 1000,
        "kB to the first sound": sum(wire) / 1000,
        "requests": len(hosts),
        "to other hosts": sum(host not in {f"localhost:{port}", ""} for host in hosts),
    }
    page.evaluate("localStorage.clear()")
    page.close()
    return found


def _wired(context: BrowserContext, page: Page) -> list[float]:
    """Bytes of each answer, headers included, as they come."""
    sizes: list[float] = []
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    return sizes


def main() -> None:
    rows: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    with (
        tempfile.TemporaryDirectory() as folder,
        Bridge(Path(folder)) as bridge,
        driver() as playwright,
        chromium(playwright) as browser,
    ):
        for _ in range(RUNS):
            context = browser.new_context()
            context.add_init_script(WATCH)
            for found in rows.values():
                found.append(visit(context, bridge.port))
            context.close()
    print(f"\nthe page, median of {RUNS} runs in turns:\n  {'':24}" + "".join(f"{name:>10}" for name in rows))
    for name in rows["cold"][0]:
        told = (statistics.median(row[name] for row in found) for found in rows.values())
        print(f"  {name:24}" + "".join(f"{value:10.1f}" for value in told))


if __name__ == "__main__":
    main()
