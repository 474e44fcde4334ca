"""Every view of the page before axe-core, in both themes, on a phone and on a desk; and nothing is wider than its screen."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import chromium, driver, tab
from playwright.sync_api import expect

pytestmark = pytest.mark.system

VIEWS = [
    "/#now",
    "/#timeline",
    "/#sounds",
    "/#rules",
    "/#health",
    "/#learn",
    "/wall",
    "/wall?show=name,summary",
]
SCREENS = {"phone": (360, 780), "desk": (1280, 900)}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser():
    with driver() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """Something fires, sounds, is acknowledged, is muted: every part of the page is there."""
    with Bridge(tmp_path_factory.mktemp("axe")) as running:
        alerts = [
            one_alert("firing", "a1", alertname="Down"),
            one_alert("firing", "a2", severity="warning", alertname="DiskFillsUp", service="db"),
            one_alert("firing", "a3", severity="info", alertname="Restarted", service="web"),
        ]
        assert running.post("/alert", webhook(*alerts)) == (200, {"ok": True})
        sample = {"type": "cpu", "value": 0.5, "labels": {"instance": "web-1"}}
        assert running.post("/metric", sample) == (200, {"ok": True})
        assert running.post("/api/v1/ack", {"fingerprint": "a2", "by": "anna"})[0] == 200
        assert running.post("/api/v1/mute", {"match": ["service=web"], "by": "anna"})[0] == 200
        yield running


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(bridge, browser, theme, screen):
    width, height = SCREENS[screen]
    with tab(browser, viewport={"width": width, "height": height}, color_scheme=theme) as seen:
        for view in VIEWS:
            page = seen.page
            page.goto("about:blank")
            page.goto(f"http://localhost:{bridge.port}{view}")
            expect(page.locator("h1, h2").filter(has_text="1 critical, 1 warning")).to_have_count(1)
            for folded in page.locator("summary:visible").all()[:8]:
                folded.press("Enter")
            found = Axe().run(page, options=RULES).response["violations"]
            told = [
                f"{one['id']} {[n['html'] + n['failureSummary'] for n in one['nodes']][:3]}" for one in found
            ]
            assert told == [], f"{view} {theme} {screen}"
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{view} is {wide} px wide on a screen of {width}"
        assert seen.problems == []


def test_axe_would_find_something(bridge, browser):
    with tab(browser) as seen:
        seen.page.goto(f"http://localhost:{bridge.port}/")
        seen.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
        found = Axe().run(seen.page, options=RULES).response["violations"]
        assert "button-name" in [one["id"] for one in found]
