"""The page when nobody looks at it: hidden behind other tabs, while its bridge restarts, and beside a real Alertmanager."""

from __future__ import annotations

import time

import pytest
import yaml
from lab import measure
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import chromium, driver, tab
from lab.programs import wait_for
from lab.servers import ALERTMANAGER_YML, Alertmanager
from playwright.sync_api import expect

from bridge.config import DEFAULT_BOOK

pytestmark = pytest.mark.system

WITHIN = 20_000
FLATLINE = 220.0
DOWN = 17.0
"""Seconds until the bridge is started again: with its start a restart of 20 s, as on a slow host."""
HIDDEN = 15.0
"""Seconds in which the throttled page does nothing before its bridge dies; its timers come once a minute."""

HIDE = """
() => {
  const minute = 60000;
  const [timeout, interval] = [window.setTimeout, window.setInterval];
  window.setTimeout = (work, ms, ...rest) => timeout(work, Math.max(minute, ms ?? 0), ...rest);
  window.setInterval = (work, ms, ...rest) => interval(work, Math.max(minute, ms ?? 0), ...rest);
  window.requestAnimationFrame = () => 0;
  Object.defineProperty(document, "hidden", { value: true });
  Object.defineProperty(document, "visibilityState", { value: "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
"""What a browser does to a tab in the background: timers once a minute, no frames. A headless one never does it itself."""


@pytest.fixture(scope="module")
def browser():
    with driver() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path / "bridge") as running:
        yield running


def listening(seen, bridge):
    """The page of a bridge, which listens."""
    page = seen.page
    page.goto(f"http://localhost:{bridge.port}/")
    expect(page.locator("#link")).to_have_text("Connected")
    page.get_by_role("button", name="Listen", exact=True).press("Enter")
    expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    return page


def partials(seen):
    """The first partial of every pulse since `forget`, in Hz."""
    samples, rate = seen.heard()
    if not len(samples) or abs(samples).max() < 0.02:
        return []
    return [measure.first_partial(samples, rate, pulse) for pulse in measure.pulses(samples, rate)]


def test_a_hidden_page_whose_bridge_dies_is_heard(bridge, browser):
    with tab(browser) as seen:
        page = listening(seen, bridge)
        page.evaluate(HIDE)
        seen.recorded(HIDDEN)
        seen.forget()
        bridge.kill()
        wait_for(lambda: any(300 <= f <= 400 for f in partials(seen)), "link lost is heard", 20, every=0.5)
        wait_for(lambda: any(abs(f - FLATLINE) < 5 for f in partials(seen)), "and flatline", 40, every=1.0)


def test_a_restart_of_20_s_is_no_flatline_and_sound_comes_back_without_a_press(bridge, browser):
    with tab(browser) as seen:
        page = listening(seen, bridge)
        seen.forget()
        end = time.monotonic() + DOWN
        bridge.stop()
        expect(page.locator("#link")).to_have_text("Link lost", timeout=WITHIN)
        wait_for(lambda: time.monotonic() > end, "the restart takes its time", DOWN + 1)
        bridge.start()
        expect(page.locator("#link")).to_have_text("Connected", timeout=WITHIN)
        found = partials(seen)
        assert [f for f in found if 300 <= f <= 400], "link lost was heard"
        assert not [f for f in found if abs(f - FLATLINE) < 5], "a restart is no flatline"
        seen.forget()
        expect(page.locator("#listen-note")).to_contain_text("Listening.")
        assert bridge.post("/alert", webhook(one_alert())) == (200, {"ok": True})
        assert len(measure.pulses(*seen.cue(deadline=30))) == 10


def routing() -> str:
    """The shipped routing with short waits."""
    tree = yaml.safe_load(ALERTMANAGER_YML.read_text())
    tree["route"] |= {"group_wait": "0s", "group_interval": "1s", "routes": []}
    return yaml.safe_dump(tree)


def test_what_a_real_alertmanager_fires_is_heard_acknowledged_and_silenced_from_the_page(tmp_path, browser):
    with Alertmanager(tmp_path / "am", "http://127.0.0.1:9/alert", routing()) as alertmanager:
        asked = yaml.safe_dump({"alertmanager": [{"urls": [alertmanager.url], "every": "1s"}]})
        with (
            Bridge(tmp_path / "bridge", book=DEFAULT_BOOK.read_text() + asked) as bridge,
            tab(browser) as seen,
        ):
            alertmanager.write(f"{bridge.url}/alert", routing())
            alertmanager.reload()
            page = listening(seen, bridge)
            page.get_by_label("Your name").fill("anna")
            seen.forget()
            labels = {"alertname": "HighCPU", "severity": "critical", "service": "api"}
            alertmanager.post({"labels": labels, "generatorURL": "http://prometheus.example/graph"})
            samples, rate = seen.cue()
            found = measure.pulses(samples, rate)
            assert len(found) == 10
            assert measure.first_partial(samples, rate, found[0]) == pytest.approx(880.0, rel=0.01)
            assert bridge.status()["cadence"]["next_reminder"] is not None
            page.get_by_role("button", name="Acknowledge: HighCPU").press("Enter")
            expect(page.locator(".alert .taken")).to_contain_text("acknowledged by anna")
            assert bridge.status()["cadence"]["next_reminder"] is None
            page.locator('summary[aria-label^="More: HighCPU"]').press("Enter")
            expect(page.get_by_role("link", name="Where it was found")).to_be_visible()
            page.get_by_role("button", name="Silence in Alertmanager, 2 h: HighCPU").press("Enter")
            end = page.get_by_role("button", name="End the silence: HighCPU")
            expect(end).to_be_visible(timeout=WITHIN)
            assert [one["createdBy"] for one in alertmanager.silences()] == ["anna"]
            end.press("Enter")
            wait_for(lambda: alertmanager.silences() == [], "the silence is over")
            assert seen.problems == []
