"""What the page speaks, and to whom it tells it instead, by keyboard alone, in a real Chromium.

A headless Chromium has no voices, and real ones cannot be had here: a stand-in takes the place of speechSynthesis,
keeps what it is given and how loud, and "speaks" for as long as a test wants. How a real voice sounds is not tested.
"""

from __future__ import annotations

import itertools
import json
import re

import pytest
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.system

WITHIN = 15_000
"""Milliseconds for what waits for its turn, with room for a busy machine."""
EVERY = 5.0
SUMMARY = "CPU above 80 %."
OWN = {"name": "own", "lang": "en-GB", "localService": True, "default": True}
REMOTE = OWN | {"name": "remote", "localService": False}

STAND_IN = """
window.__spoken = [];
window.__lasts = 200; // Milliseconds for which it speaks.
window.__told = []; // Whatever the live regions were given.
window.__voices = VOICES;
(() => {
  const out = new Map();
  const synth = new EventTarget();
  synth.getVoices = () => window.__voices;
  synth.speak = (utterance) => {
    const { text, volume, voice } = utterance;
    window.__spoken.push({ at: performance.now() / 1000, text, volume, voice: voice.name });
    utterance.onstart?.({});
    out.set(utterance, setTimeout(() => out.delete(utterance) && utterance.onend?.({}), window.__lasts));
  };
  synth.cancel = () => {
    for (const [utterance, timer] of [...out]) {
      clearTimeout(timer);
      out.delete(utterance);
      window.__spoken.push({ cancelled: utterance.text });
      utterance.onerror?.({ error: "interrupted" });
    }
  };
  Object.defineProperty(window, "speechSynthesis", { value: synth });
  window.SpeechSynthesisUtterance = class {
    constructor(text) {
      this.text = text;
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    for (const id of ["say", "say-now"])
      new MutationObserver((all) => {
        for (const { addedNodes } of all) for (const { textContent } of addedNodes) window.__told.push(textContent);
      }).observe(document.getElementById(id), { childList: true });
  });
})();
"""


@pytest.fixture(scope="module")
def browser():
    with driver() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path) as running:
        yield running


@pytest.fixture
def voices():
    return [REMOTE, OWN]


@pytest.fixture
def page(browser, bridge, voices):
    """The page, connected, with the stand-in; afterwards nothing has gone wrong but a lost bridge."""
    with tab(browser) as page_tab:
        page_tab.page.add_init_script(STAND_IN.replace("VOICES", json.dumps(voices)))
        page_tab.page.goto(f"http://localhost:{bridge.port}/")
        expect(page_tab.page.locator("#link")).to_have_text("Connected")
        wait_for(lambda: told(page_tab.page), "the first state is told")
        page_tab.page.evaluate("window.__told.length = 0")
        yield page_tab.page
        assert [one for one in page_tab.problems if "ERR_CONNECTION_REFUSED" not in one] == []


def told(page):
    """What the live regions were given."""
    return page.evaluate("window.__told")


def spoken(page):
    """What the voice was given, in order; what was cut short stands there once more, as `cancelled`."""
    return page.evaluate("window.__spoken")


def words(page):
    return [one["text"] for one in spoken(page) if "text" in one]


def fire(bridge, fingerprint="f1", status="firing", **labels):
    alert = one_alert(status, fingerprint, **labels) | {"annotations": {"summary": SUMMARY}}
    assert bridge.post("/alert", webhook(alert)) == (200, {"ok": True})


def tab_to(page, target):
    """Walk there by Tab."""
    for _ in range(60):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("Tab does not lead there")


def switch(page):
    box = page.get_by_role("checkbox", name="Speak")
    tab_to(page, box)
    page.keyboard.press("Space")
    return box


def ask(page):
    tab_to(page, page.get_by_role("button", name="Say how it is"))
    page.keyboard.press("Enter")


def test_it_speaks_what_fires_without_its_summary_and_the_regions_stay_empty(bridge, page):
    box = page.get_by_role("checkbox", name="Speak")
    expect(box).not_to_be_checked()
    expect(page.get_by_label("Speech")).to_be_hidden()
    switch(page)
    expect(box).to_be_checked()
    expect(page.locator("#listen-note")).to_have_text(
        "This page speaks, but no alert sounds until you press Listen."
    )
    fire(bridge)
    wait_for(lambda: words(page), "the critical is spoken")
    assert re.fullmatch(r"critical, service api, HighCPU, for \d+ s\.", words(page)[0])
    assert spoken(page)[0]["voice"] == "own"
    assert told(page) == []
    expect(page.locator("#say-now")).to_be_empty()
    expect(page.locator("#say")).to_be_empty()
    switch(page)
    expect(page.get_by_label("Speech")).to_be_hidden()
    fire(bridge, "f2", alertname="Down")
    expect(page.locator("#say-now")).to_contain_text(
        f"critical: Down, service api, {SUMMARY}", timeout=WITHIN
    )
    assert len(words(page)) == 1


def test_its_volume_is_its_own_and_without_one_or_in_quiet_the_regions_are_told(bridge, page):
    switch(page)
    tab_to(page, page.get_by_label("Speech"))
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#volume-speech-shown")).to_have_text("95 %")
    expect(page.locator("#volume-shown")).to_have_text("100 %")
    fire(bridge)
    wait_for(lambda: words(page), "the critical is spoken")
    assert spoken(page)[0]["volume"] == pytest.approx(0.95)
    page.keyboard.press("Home")
    expect(page.locator("#speak-note")).to_contain_text("Nothing is spoken while the volume is at zero")
    fire(bridge, "f2", alertname="Down")
    expect(page.locator("#say-now")).to_contain_text("critical: Down", timeout=WITHIN)
    page.keyboard.press("End")
    tab_to(page, page.get_by_role("button", name="Listen", exact=True))
    page.keyboard.press("Enter")
    quiet = page.get_by_role("button", name="Quiet on this device for 10 min")
    expect(quiet).to_be_visible()
    tab_to(page, quiet)
    page.keyboard.press("Enter")
    fire(bridge, "f3", alertname="Full")
    expect(page.locator("#say-now")).to_contain_text("critical: Full", timeout=WITHIN)
    assert len(words(page)) == 1


def test_both_are_remembered(page):
    switch(page)
    tab_to(page, page.get_by_label("Speech"))
    page.keyboard.press("ArrowLeft")
    page.reload()
    expect(page.get_by_role("checkbox", name="Speak")).to_be_checked()
    expect(page.locator("#volume-speech-shown")).to_have_text("95 %")
    wait_for(lambda: words(page) == ["Nothing is firing."], "the first state is spoken")
    assert told(page) == []


@pytest.mark.parametrize(
    ("voices", "why"),
    [([REMOTE], "only voices of a server elsewhere"), ([], "no voice to speak with")],
    ids=["remote", "none"],
)
def test_without_a_voice_of_this_device_it_cannot_be_switched_on_and_says_why(bridge, page, why):
    box = page.get_by_role("checkbox", name="Speak")
    expect(box).to_be_disabled()
    expect(box).to_have_accessible_description(re.compile(why))
    expect(page.locator("#speak-note")).to_be_visible()
    fire(bridge)
    expect(page.locator("#say-now")).to_contain_text("critical: HighCPU", timeout=WITHIN)
    page.evaluate(
        f"window.__voices = {json.dumps([OWN])}; speechSynthesis.dispatchEvent(new Event('voiceschanged'))"
    )
    expect(box).to_be_enabled()
    assert words(page) == []


def test_many_alerts_are_one_utterance_in_five_seconds(bridge, page):
    switch(page)
    page.wait_for_timeout(EVERY * 1000)  # Since the first state was told.
    for number in range(8):
        fire(bridge, f"f{number}", severity="warning", alertname=f"Slow{number}")
        page.wait_for_timeout(200)
    page.wait_for_timeout(2 * EVERY * 1000)
    at = [one["at"] for one in spoken(page)]
    assert len(at) == 2
    assert all(after - before >= EVERY - 0.1 for before, after in itertools.pairwise(at))
    assert re.search(r"And \d+ warning more\.$", words(page)[1])
    assert told(page) == []


def test_a_critical_cuts_short_what_is_spoken_and_comes_first(bridge, page):
    switch(page)
    page.evaluate("window.__lasts = 20000")
    fire(bridge, "f1", severity="warning", alertname="Slow")
    wait_for(lambda: words(page), "the warning is spoken")
    fire(bridge, "f2", severity="warning", alertname="Late")
    page.wait_for_timeout(6_000)
    assert len(spoken(page)) == 1
    fire(bridge, "f3", alertname="Down")
    wait_for(lambda: len(words(page)) == 2, "the critical is spoken")
    first, cut, second = spoken(page)
    assert cut["cancelled"] == first["text"]
    assert second["text"].startswith("critical, service api, Down, for")
    assert "Late" in second["text"]
    page.evaluate("window.__lasts = 200")
    ask(page)
    wait_for(lambda: words(page)[-1].startswith("Cut short: 1 warning."), "what was cut short is told of")
    assert told(page) == []


def test_how_it_is_is_said_when_asked(bridge, page):
    for number, severity in enumerate(["info", "warning", "critical", "critical"]):
        fire(bridge, f"f{number}", severity=severity, alertname=f"Alert{number}")
    expect(page.locator(".alert")).to_have_count(4)
    digest = re.compile(
        r"Firing: 2 critical, 1 warning, 1 info\. (critical, service api, Alert[23], for \d+ s\. ){2}"
        r"warning, service api, Alert1, for \d+ s\."
    )
    ask(page)
    wait_for(lambda: any(digest.fullmatch(line) for line in told(page)), "a region has it", 2)
    assert words(page) == []
    switch(page)
    ask(page)
    wait_for(lambda: any(digest.fullmatch(line) for line in words(page)), "the voice has it", 2)


def test_with_a_lost_link_it_claims_nothing(bridge, page):
    fire(bridge)
    expect(page.locator(".alert")).to_have_count(1)
    switch(page)
    bridge.stop()
    expect(page.locator("#link")).to_have_text("Link lost", timeout=WITHIN)
    ask(page)
    wait_for(lambda: "The link is lost; this is not known." in words(page), "the voice says so")
