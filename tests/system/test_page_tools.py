"""Sounds, Rules and Health of the page in a real Chromium, by keyboard; what it gives to the loudspeaker is measured."""

from __future__ import annotations

import numpy as np
import pytest
from lab import measure
from lab.bridge import Bridge
from lab.browser import HOST, chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.system

WITHIN = 30_000
FAINT = 0.0005
"""Below this peak (full scale is 1) nothing sounds; the bed is above it."""


@pytest.fixture(scope="module")
def browser():
    with driver() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path) as running:
        yield running


@pytest.fixture
def seen(browser, bridge):
    with tab(browser) as page_tab:
        page_tab.page.goto(f"http://localhost:{bridge.port}/")
        expect(page_tab.page.locator("#link")).to_have_text("Connected")
        yield page_tab
        assert page_tab.problems == []


def to(page, name):
    """To a view, by keyboard."""
    page.get_by_role("link", name=name, exact=True).press("Enter")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_focused()


def tab_to(page, locator, most=60):
    """Press Tab until that is focused."""
    for _ in range(most):
        if locator.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{locator} is not reached by Tab")


def press(page, name):
    """Reach a button by Tab, and press it."""
    tab_to(page, page.get_by_role("button", name=name, exact=True))
    page.keyboard.press("Enter")


def open_sound(page, name):
    """Open a sound of the catalogue."""
    press(page, name)
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-expanded", "true")


def strongest(seen, low, high):
    """Hz of the strongest partial between `low` and `high` of what sounds now."""
    seen.forget()
    samples, rate = seen.recorded(2)
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
    freqs = np.fft.rfftfreq(len(samples), 1 / rate)
    inside = (freqs >= low) & (freqs <= high)
    return float(freqs[inside][spectrum[inside].argmax()])


def peak(samples):
    return float(np.abs(samples).max()) if len(samples) else 0.0


def test_a_cue_is_tried_and_copied(bridge, seen):
    page = seen.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    to(page, "Sounds")
    open_sound(page, "warning")
    press(page, "Play")
    expect(page.locator("#alone")).to_be_visible(timeout=WITHIN)
    samples, rate = seen.cue()
    found = measure.pulses(samples, rate)
    assert len(found) == 3, found
    assert measure.first_partial(samples, rate, found[0]) == pytest.approx(660, rel=0.01)
    expect(page.locator("#alone")).to_be_hidden(timeout=WITHIN)
    assert bridge.status()["firing"] == []
    page.get_by_label("pan:").press("Home")
    press(page, "Copy as a rule")
    expect(page.locator(".sound-panel .answer")).to_have_text("Copied, with 1 changed control.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.get_by_label("The rule.").input_value()
    assert copied.endswith("    sound: warning\n    params:\n      pan: -1\n")


def test_a_held_voice_follows_its_slider_until_stop(seen):
    page = seen.page
    to(page, "Sounds")
    open_sound(page, "cpu")
    press(page, "Play")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused(timeout=WITHIN)
    wait_for(lambda: abs(strongest(seen, 90, 130) - 110) < 3, "cpu at 110 Hz", 30)
    freq = page.get_by_label("freq:")
    for _ in range(9):
        page.keyboard.press("Shift+Tab")
        if freq.evaluate("node => node === document.activeElement"):
            break
    for _ in range(24):
        page.keyboard.press("ArrowRight")
    expect(freq).to_have_attribute("aria-valuetext", "876 Hz")
    wait_for(lambda: abs(strongest(seen, 190, 250) - 220) < 5, "cpu at 220 Hz", 30)
    press(page, "Stop")
    expect(page.locator("#alone")).to_be_hidden()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_focused()


def test_another_view_ends_what_is_tried(seen):
    page = seen.page
    page.get_by_role("button", name="Listen", exact=True).press("Enter")
    expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    page.get_by_label("Bed", exact=True).fill("0")
    to(page, "Sounds")
    open_sound(page, "temperature")
    press(page, "Play")
    expect(page.locator("#alone")).to_be_visible(timeout=WITHIN)

    def sounds():
        seen.forget()
        return peak(seen.recorded(1)[0]) > FAINT

    wait_for(sounds, "the voice sounds", 20)
    to(page, "Health")
    expect(page.locator("#alone")).to_be_hidden()
    wait_for(lambda: not sounds(), "nothing sounds any more", 20)


def test_the_reduced_page_says_what_it_cannot_play(browser, bridge):
    with tab(browser) as seen:
        page = seen.page
        page.goto(f"http://{HOST}:{bridge.port}/#sounds")
        expect(page.locator("#sounds-reduced")).to_be_visible()
        open_sound(page, "cpu")
        expect(page.get_by_role("button", name="Play", exact=True)).to_be_hidden()
        expect(page.locator(".sound-panel .answer")).to_contain_text("cannot play a voice")
        page.keyboard.press("Enter")
        open_sound(page, "flatline")
        expect(page.locator(".sound-panel")).to_contain_text("no rule may give it another meaning")
        press(page, "Play")
        assert len(measure.pulses(*seen.cue())) == 4
        assert seen.problems == []


def test_health_shows_who_listens_and_makes_one_quiet(browser, bridge, seen):
    page = seen.page
    with tab(browser) as other:
        other.page.goto(f"http://localhost:{bridge.port}/")
        expect(other.page.locator("#link")).to_have_text("Connected")
        page.get_by_role("button", name="Listen", exact=True).press("Enter")
        expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
        to(page, "Health")
        rows = page.locator("#health-players > li").filter(has_text="A browser")
        expect(rows).to_have_count(2)
        expect(rows.filter(has_text="Can be heard.")).to_have_count(1, timeout=WITHIN)
        expect(rows.filter(has_text="Listen is not pressed there")).to_have_count(1)
        expect(page.locator("#health-parts")).to_contain_text("Store Good. State is written to")
        expect(page.locator("#health-watch")).to_contain_text("not armed")
        name = next(one["name"] for one in bridge.status()["players"] if one["audible"])
        press(page, f"Quiet for 10 min: {name}")
        expect(page.locator("#health-done")).to_have_text(f"{name} is quiet for 10 min.")
        expect(page.locator("#health-players")).to_contain_text("Quiet until")
        assert "Nobody hears" in bridge.status()["hears"]
        press(page, f"Let it sound: {name}")
        expect(rows.filter(has_text="Can be heard.")).to_have_count(1)


def test_health_does_not_pretend_to_know_a_bridge_that_is_gone(bridge, seen):
    page = seen.page
    to(page, "Health")
    expect(page.locator("#health-parts")).to_contain_text("Bridge Good.")
    bridge.kill()
    expect(page.locator("#health-answer")).to_contain_text(
        "Nothing is known of the bridge now", timeout=WITHIN
    )
    expect(page.locator("#health-known")).to_be_hidden()
    seen.problems.clear()  # the browser's words about refused connections


def test_a_rule_is_asked_for_marked_and_played(seen):
    page = seen.page
    to(page, "Rules")
    tab_to(page, page.locator("#rules-labels"))
    page.keyboard.type("severity=page, service=api")
    press(page, "Ask")
    expect(page.locator("#rules-answer")).to_contain_text(
        "The rule critical takes the alert. It sounds critical"
    )
    expect(page.locator("#rules-answer")).to_contain_text("for the service api")
    marked = page.locator("#rules-alerts tr[aria-current]")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("critical (takes it)")
    press(page, "Play it")
    expect(page.locator("#alone")).to_be_visible(timeout=WITHIN)
    assert len(measure.pulses(*seen.cue())) == 10
    page.locator("#rules-labels").fill("nonsense")
    press(page, "Ask")
    expect(page.locator("#rules-answer")).to_contain_text("“nonsense” is no label")
