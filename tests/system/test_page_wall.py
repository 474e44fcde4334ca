"""The wall in a real Chromium: what is seen and heard across a room, and what a key, a click or a touch brings."""

from __future__ import annotations

import pytest
from lab import measure
from lab.attacker import STRANGER, write_secrets
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import HOST, chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect

from bridge.config import DEFAULT_BOOK

pytestmark = pytest.mark.system

WITHIN = 20_000
FAINT = 0.0005
"""Below this peak (full scale is 1) nothing sounds."""
GIVEN_UP = 7_500
"""ms after which the wall no longer tries to sound without a press."""
ENGINE_GIVEN_UP = 9_000
"""ms after which a sound engine that waits for its device gives up."""
EVIL = "<img src=x onerror=\"document.title='owned'\">"
PRESS = "--autoplay-policy=document-user-activation-required"
NO_PRESS = "--autoplay-policy=no-user-gesture-required"
WAKE_LOCK = """
window.locks = [];
window.refuse = false;
Object.defineProperty(navigator, "wakeLock", { value: {
  request: async (kind) => {
    if (window.refuse) throw new DOMException("no", "NotAllowedError");
    const lock = Object.assign(new EventTarget(), { kind });
    window.locks.push(lock);
    return lock;
  },
} });
window.take = () => window.locks.at(-1).dispatchEvent(new Event("release"));
window.turn = (state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
};
"""
CLOCK = """
window.skipped = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + 1000 * window.skipped;
"""
"""The page's clock, that can be put forward."""
TWO_TICKS = 1_300
"""ms in which the page looks at its clock twice, and a busy machine has room."""
NO_WAKE_LOCK = "Object.defineProperty(navigator, 'wakeLock', { value: undefined });"


@pytest.fixture(scope="module")
def playwright():
    with driver() as running:
        yield running


@pytest.fixture(scope="module")
def willing(playwright):
    """Started as for a kiosk: sound needs no press."""
    with chromium(playwright, NO_PRESS) as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path) as running:
        yield running


def opened(seen, bridge, query="", host="localhost"):
    """The wall, connected."""
    seen.page.goto(f"http://{host}:{bridge.port}/wall{query}")
    expect(seen.page.locator("#link")).to_have_text("Connected")
    return seen.page


@pytest.fixture
def wall(willing, bridge):
    """The wall, listening without a press."""
    with tab(willing, has_touch=True) as seen:
        seen.page.add_init_script(CLOCK)
        page = opened(seen, bridge)
        expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
        yield seen
        assert seen.problems == []


def fire(bridge, fingerprint="f1", **labels):
    assert bridge.post("/alert", webhook(one_alert("firing", fingerprint, **labels))) == (200, {"ok": True})


def peak(samples):
    return float(abs(samples).max())


def focused_in_bar(page):
    return page.evaluate("document.getElementById('bar').contains(document.activeElement)")


def test_it_listens_by_itself_and_shows_no_more_than_strangers_may_see(bridge, wall):
    wait_for(lambda: "1 browser" in bridge.status()["hears"], "the bridge knows that it is heard")
    wall.recorded(1)
    wall.forget()
    fire(bridge)
    row = wall.page.locator(".row")
    expect(row).to_have_count(1)
    assert len(measure.pulses(*wall.cue())) == 10
    expect(row.locator(".severity")).to_have_text("critical")
    expect(row.locator(".service")).to_have_text("api")
    assert row.locator(".age").inner_text()
    expect(wall.page.locator("#headline")).to_have_text("1 critical")
    text = wall.page.locator("main").inner_text()
    assert "HighCPU" not in text
    assert "CPU above" not in text


def test_names_and_summaries_are_shown_where_asked_for_and_are_text(bridge, willing):
    alert = one_alert(alertname=EVIL, service=EVIL) | {"annotations": {"summary": f"{EVIL}!"}}
    with tab(willing) as seen:
        page = opened(seen, bridge, "?show=name,summary")
        assert bridge.post("/alert", webhook(alert)) == (200, {"ok": True})
        expect(page.locator(".row .service")).to_have_text(EVIL)
        expect(page.locator(".row .marks")).to_have_text(f"{EVIL} · {EVIL}!")
        assert page.locator("img").count() == 0
        assert page.title() == "The Singing Pager"
        assert seen.problems == []


@pytest.fixture
def unwilling(playwright, bridge):
    """The wall in a browser that sounds only after a press, once it has given up.

    Whatever Playwright asks the page counts as a press, so it is not asked before.
    """
    with chromium(playwright, PRESS) as running, tab(running, has_touch=True) as seen:
        seen.page.goto(f"http://localhost:{bridge.port}/wall")
        seen.page.wait_for_timeout(GIVEN_UP)
        assert "Nobody hears" in bridge.status()["hears"]
        yield seen
        assert seen.problems == []


def give(page, how):
    """One input, which asks the page nothing."""
    if how == "key":
        page.keyboard.press("a")
    elif how == "click":
        page.mouse.click(300, 300)
    else:
        page.touchscreen.tap(300, 300)


@pytest.mark.parametrize("how", ["key", "click", "touch"])
def test_where_a_press_is_needed_one_is_enough(bridge, unwilling, how):
    give(unwilling.page, how)
    wait_for(lambda: "1 browser" in bridge.status()["hears"], "the bridge knows that it is heard", 20)
    expect(unwilling.page.locator("#listen-note")).to_contain_text("Listening.")
    expect(unwilling.page.locator("#bar")).to_be_visible()
    unwilling.forget()
    fire(bridge)
    assert len(measure.pulses(*unwilling.cue())) == 10


def test_a_wall_that_nobody_pressed_says_so_and_nothing_else_begins(bridge, unwilling):
    unwilling.page.wait_for_timeout(ENGINE_GIVEN_UP)
    assert "Nobody hears" in bridge.status()["hears"]
    expect(unwilling.page.locator("#listen-note")).to_contain_text("Not listening: press a key or click")
    unwilling.page.keyboard.press("Tab")
    expect(unwilling.page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    assert unwilling.page.evaluate("window.__sampleRate") == 48000, (
        "it is scsynth, and not the reduced player"
    )


def test_a_press_while_it_still_tries_is_enough_too(playwright, bridge):
    with chromium(playwright, PRESS) as running, tab(running) as seen:
        seen.page.goto(f"http://localhost:{bridge.port}/wall")
        seen.page.wait_for_timeout(3_000)
        seen.page.keyboard.press("a")
        wait_for(lambda: "1 browser" in bridge.status()["hears"], "the bridge knows that it is heard", 20)
        seen.page.wait_for_timeout(ENGINE_GIVEN_UP)
        assert "1 browser" in bridge.status()["hears"]
        expect(seen.page.locator("#listen-note")).to_contain_text("Listening.")


def skip(page, seconds):
    """So many seconds pass on the page's clock, and it looks at it twice."""
    page.evaluate("(seconds) => { window.skipped += seconds; }", seconds)
    page.wait_for_timeout(TWO_TICKS)


@pytest.mark.parametrize("how", ["key", "click", "touch"])
def test_the_controls_come_with_an_input_and_go_after_ten_seconds(wall, how):
    page = wall.page
    bar = page.locator("#bar")
    expect(bar).to_be_hidden()
    page.mouse.move(200, 200)
    page.mouse.move(400, 300)
    page.wait_for_timeout(600)
    expect(bar).to_be_hidden()
    give(page, how)
    expect(page.get_by_role("button", name="Quiet on this device for 10 min")).to_be_visible()
    expect(page.get_by_label("Volume")).to_be_visible()
    skip(page, 7.5)
    expect(bar).to_be_visible()
    skip(page, 2.5)
    expect(bar).to_be_hidden()
    assert page.locator("#quiet-here").evaluate("node => (node.focus(), node !== document.activeElement)")


def test_the_controls_stay_under_the_focus_for_half_a_minute(wall):
    page = wall.page
    page.keyboard.press("Tab")
    expect(page.locator("#quiet-here")).to_be_focused()
    skip(page, 20)
    expect(page.locator("#quiet-here")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Volume")).to_be_focused()
    skip(page, 27)
    expect(page.locator("#bar")).to_be_visible()
    skip(page, 3)
    expect(page.locator("#bar")).to_be_hidden()
    assert not focused_in_bar(page)


def test_by_keyboard_all_is_acknowledged_and_the_wall_is_quiet(bridge, wall):
    page = wall.page
    fire(bridge)
    fire(bridge, "f2", severity="warning", service="db")
    expect(page.locator(".row")).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Acknowledge all")).to_be_focused()
    page.keyboard.press("Enter")
    for row in page.locator(".row").all():
        expect(row.locator(".marks")).to_contain_text("acknowledged by Chrome on Linux")
    expect(page.locator("#acknowledge-all")).to_be_hidden()
    page.locator("#quiet-here").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#listen-note")).to_contain_text("Quiet on this device")
    wait_for(lambda: "Nobody hears" in bridge.status()["hears"], "the bridge knows that nobody hears")
    wall.recorded(1)
    wall.forget()
    fire(bridge, "f3", service="web")
    expect(page.locator(".row")).to_have_count(3)
    assert peak(wall.recorded(3)[0]) < FAINT


def test_a_killed_bridge_is_seen_and_heard(bridge, wall):
    page = wall.page
    fire(bridge)
    wall.cue()
    bridge.kill()
    expect(page.locator("#headline")).to_have_text("No link: what is firing is not known.", timeout=WITHIN)
    expect(page.locator("#stale")).to_contain_text("This is how it was")
    expect(page.locator("#stale")).to_be_in_viewport(ratio=1)
    expect(page.locator("#link")).to_have_text("Link lost")
    expect(page.locator("#listen-note")).to_contain_text("the link is lost")

    def first_partials():
        samples, rate = wall.heard()
        return [measure.first_partial(samples, rate, pulse) for pulse in measure.pulses(samples, rate)]

    wait_for(lambda: any(300 <= freq <= 400 for freq in first_partials()), "link lost sounds", 30, every=1.0)
    wall.problems.clear()  # the browser's words about refused connections


def test_a_flatline_is_written_large(willing, tmp_path):
    book = DEFAULT_BOOK.read_text().replace("expect: []", "expect: [{name: host, type: cpu, within: 10s}]")
    with Bridge(tmp_path, book=book) as bridge, tab(willing) as seen:
        page = opened(seen, bridge)
        expect(page.locator("#flat")).to_be_visible(timeout=30_000)
        expect(page.locator("#flat-words")).to_have_text("Nothing comes from host (never heard).")
        expect(page.locator("#headline")).to_contain_text("input is missing")
        height = page.viewport_size["height"]
        assert page.locator("#flat-title").bounding_box()["height"] > height / 20
        assert bridge.post("/metric", {"type": "cpu", "value": 0.5})[0] == 200
        expect(page.locator("#flat")).to_be_hidden()


def test_where_it_may_not_read_it_leads_to_the_login(willing, tmp_path):
    env = write_secrets(tmp_path / "secrets")
    with Bridge(tmp_path / "bridge", env=env) as bridge, tab(willing, extra_http_headers=STRANGER) as seen:
        seen.page.goto(f"http://{HOST}:{bridge.port}/wall")
        link = seen.page.get_by_role("link", name="Log in at /")
        expect(link).to_be_visible(timeout=WITHIN)
        expect(seen.page.locator("#headline")).to_contain_text("Not known yet")
        link.click()
        expect(seen.page.get_by_role("heading", name="Log in")).to_be_visible()


def test_the_screen_is_kept_on_while_it_is_seen(willing, bridge):
    with tab(willing) as seen:
        seen.page.add_init_script(WAKE_LOCK)
        page = opened(seen, bridge)

        def taken(n):
            wait_for(lambda: page.evaluate("locks.length") == n, f"asked {n} times", 10)

        taken(1)
        assert page.evaluate("locks[0].kind") == "screen"
        expect(page.locator("#awake")).to_be_hidden()
        page.evaluate("turn('hidden'); take()")
        page.wait_for_timeout(1_000)
        taken(1)
        page.evaluate("turn('visible')")
        taken(2)
        page.evaluate("take()")
        taken(3)
        page.evaluate("refuse = true; take()")
        expect(page.locator("#awake")).to_contain_text("The screen may go dark")
        page.evaluate("refuse = false")
        expect(page.locator("#awake")).to_be_hidden(timeout=8_000)
        taken(4)


def test_where_the_screen_cannot_be_kept_on_it_says_so(willing, bridge):
    with tab(willing) as seen:
        seen.page.add_init_script(NO_WAKE_LOCK)
        page = opened(seen, bridge)
        expect(page.locator("#awake")).to_contain_text("The screen may go dark")


def test_the_browser_reads_the_manifest_of_both_pages(willing, bridge):
    for path in ("", "wall"):
        with tab(willing) as seen:
            seen.page.goto(f"http://localhost:{bridge.port}/{path}")
            found = seen.page.context.new_cdp_session(seen.page).send("Page.getAppManifest")
            assert found["errors"] == []
            assert found["url"] == f"http://localhost:{bridge.port}/console/manifest.webmanifest"
            assert seen.problems == []
