"""The page with scsynth in it, in a real Chromium at http://localhost: what it gives to the loudspeaker is measured."""

from __future__ import annotations

import signal
from collections import deque
from urllib.parse import urlsplit

import numpy as np
import pytest
from lab import measure
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.system

BED = 0.0005
"""Above this peak (full scale is 1) the bed sounds; it is far softer than a cue."""
LOUD = 0.05
"""Above this peak it is a cue."""
PARTIAL = 880.0
WITHIN = 20_000


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
        assert {urlsplit(address).netloc for address in page_tab.requests} == {f"localhost:{bridge.port}"}


def listen(page):
    page.get_by_role("button", name="Listen", exact=True).click()
    expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)


def test_every_synthdef_is_asked_for_once(seen):
    listen(seen.page)
    asked = [address for address in seen.requests if address.endswith(".scsyndef")]
    assert len(asked) == len(set(asked)) > 10


def fire(bridge, status="firing", fingerprint="f1", **labels):
    assert bridge.post("/alert", webhook(one_alert(status, fingerprint, **labels))) == (200, {"ok": True})


def peak(samples):
    return float(np.abs(samples).max()) if len(samples) else 0.0


def outcome(bridge, fingerprint="f1"):
    _, found = bridge.get(f"/api/v1/events?fingerprint={fingerprint}")
    return [(event["outcome"], event["player"]) for event in found["events"]]


def test_the_bed_sounds_and_a_critical_with_its_pulses_and_the_bridge_knows(bridge, seen):
    listen(seen.page)
    expect(seen.page.locator("#problems")).to_be_hidden()
    samples, _ = seen.recorded(3)
    assert BED < peak(samples) < LOUD
    seen.forget()
    fire(bridge)
    expect(seen.page.locator(".alert")).to_contain_text("HighCPU")
    samples, rate = seen.recorded(5)
    found = measure.pulses(samples, rate)
    assert len(found) == 10, found
    assert measure.first_partial(samples, rate, found[0]) == pytest.approx(PARTIAL, rel=0.01)
    wait_for(lambda: outcome(bridge) == [("played", "browser-1")], "the bridge knows that it was heard")


def test_each_layer_has_its_volume(bridge, seen):
    listen(seen.page)
    seen.page.get_by_label("Bed", exact=True).fill("0")
    expect(seen.page.locator("#volume-bed-shown")).to_have_text("0 %")

    def silent():
        seen.forget()
        return peak(seen.recorded(1)[0]) < BED

    wait_for(silent, "the bed is silent", 20)
    fire(bridge)
    assert len(measure.pulses(*seen.cue())) == 10


def test_a_metric_is_heard_as_a_voice_and_follows_its_value(bridge, seen):
    listen(seen.page)
    assert bridge.post("/metric", {"type": "cpu", "value": 0.0}) == (200, {"ok": True})
    assert bridge.get("/api/v1/sounding")[1]["counts"]["voices"] == 1

    def strongest(low, high):
        seen.forget()
        samples, rate = seen.recorded(2)
        spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
        freqs = np.fft.rfftfreq(len(samples), 1 / rate)
        inside = (freqs >= low) & (freqs <= high)
        return float(freqs[inside][spectrum[inside].argmax()])

    wait_for(lambda: abs(strongest(100, 128) - 110) < 3, "cpu at 110 Hz", 30)
    assert bridge.post("/metric", {"type": "cpu", "value": 1.0}) == (200, {"ok": True})
    wait_for(lambda: abs(strongest(190, 240) - 220) < 3, "cpu at 220 Hz", 30)


def test_quiet_on_this_device_is_silent_and_the_bridge_knows(bridge, seen):
    listen(seen.page)
    seen.page.get_by_role("button", name="Quiet on this device for 10 min").click()
    expect(seen.page.locator("#listen-note")).to_contain_text("Quiet on this device")
    wait_for(lambda: "Nobody hears" in bridge.status()["hears"], "the bridge knows that nobody hears")
    seen.forget()
    fire(bridge)
    assert peak(seen.recorded(3)[0]) < BED
    assert outcome(bridge) == [("suppressed", "")]
    seen.forget()
    seen.page.get_by_role("button", name="Sound again").click()
    expect(seen.page.locator("#listen-note")).to_contain_text("Listening.")
    assert len(measure.pulses(*seen.cue())) >= 3  # the digest


def test_of_two_tabs_one_sounds_and_the_other_can_take_over(bridge, seen):
    listen(seen.page)
    other = seen.page.context.new_page()
    other.goto(f"http://localhost:{bridge.port}/")
    expect(other.locator("#listen-note")).to_contain_text("Another tab")  # this browser listened before
    expect(seen.page.locator("#listen-note")).to_contain_text("Listening.")
    other.get_by_role("button", name="Listen in this tab instead").click()
    expect(other.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    expect(seen.page.locator("#listen-note")).to_contain_text("Another tab")
    audible = [player for player in bridge.get("/api/v1/players")[1]["players"] if player["audible"]]
    assert len(audible) == 1
    other.close()
    expect(seen.page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    seen.forget()
    fire(bridge)
    assert len(measure.pulses(*seen.cue())) == 10


def test_a_tab_that_was_stopped_waits_for_nothing(bridge, seen):
    listen(seen.page)
    other = seen.page.context.new_page()
    other.goto(f"http://localhost:{bridge.port}/")
    expect(other.locator("#listen-note")).to_contain_text("Another tab")  # this browser listened before
    other.get_by_role("button", name="Listen in this tab instead").click()
    expect(other.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    other.get_by_role("button", name="Stop listening").click()
    expect(seen.page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    seen.page.get_by_role("button", name="Stop listening").click()
    expect(other.locator("#listen-note")).to_contain_text("silent until you press Listen")
    expect(seen.page.locator("#listen-note")).to_contain_text("silent until you press Listen")


def test_a_dead_bridge_is_heard_as_link_lost_and_then_as_flatline(bridge, seen):
    listen(seen.page)
    seen.forget()
    bridge.kill()
    expect(seen.page.locator("#link")).to_have_text("Link lost", timeout=WITHIN)

    def first_partials():
        samples, rate = seen.heard()
        return [measure.first_partial(samples, rate, pulse) for pulse in measure.pulses(samples, rate)]

    def flat():
        return [freq for freq in first_partials() if abs(freq - 220) < 5]

    wait_for(lambda: len(flat()) >= 3, "the flatline sounds", 45, every=1.0)
    assert [freq for freq in first_partials() if 300 <= freq <= 400], "link lost came first"
    seen.problems.clear()  # the browser's words about refused connections


def test_a_bridge_that_is_stopped_says_that_it_restarts(bridge):
    with connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", proxy=None) as page:
        page.recv()
        bridge.program.signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed):
            deque(iter(lambda: page.recv(timeout=10), None), maxlen=0)
        assert page.close_code == 1012


def test_after_a_restart_of_the_bridge_it_sounds_again_without_a_press(bridge, seen):
    listen(seen.page)
    bridge.kill()
    expect(seen.page.locator("#link")).to_contain_text("lost", timeout=WITHIN, ignore_case=True)
    bridge.start()
    expect(seen.page.locator("#link")).to_have_text("Connected", timeout=WITHIN)
    expect(seen.page.locator("#listen-note")).to_contain_text("Listening.")
    seen.forget()
    fire(bridge)
    assert len(measure.pulses(*seen.cue(deadline=30))) == 10
    seen.problems.clear()  # the browser's words about refused connections
