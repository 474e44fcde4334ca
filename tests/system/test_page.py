"""The page in a real Chromium, over plain http under a host name that is not localhost, against the real bridge.

What the page gives to the loudspeaker is recorded and measured.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile
from lab import measure
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import AUDIBLE, HOST, chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect

from bridge.cli.motifs import motif, place
from bridge.config import DEFAULT_BOOK

pytestmark = pytest.mark.system

SOUNDS = Path(__file__).parents[2] / "bridge" / "console" / "sounds"
LOST_WITHIN = 15_000
"""The page calls the link lost within 5 s; ms, with room for a busy machine."""


def post(bridge, status, fingerprint="f1", summary="CPU above 80 %.", **labels):
    """What Alertmanager would send about one alert."""
    alert = one_alert(status, fingerprint, **labels) | {"annotations": {"summary": summary}}
    assert bridge.post("/alert", webhook(alert)) == (200, {"ok": True})


@pytest.fixture(scope="module")
def playwright():
    with driver() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright):
    with chromium(playwright) as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path) as running:
        yield running


def opened(page_tab, bridge):
    """The page, connected."""
    page_tab.page.goto(f"http://{HOST}:{bridge.port}/")
    expect(page_tab.page.locator("#link")).to_have_text("Connected")
    return page_tab.page


def listen(page):
    page.get_by_role("button", name="Listen", exact=True).click()
    expect(page.locator("#listen-note")).to_contain_text("Listening.")


@pytest.fixture
def seen(browser, bridge):
    """A tab with the page open in it; afterwards nothing may have gone wrong or come from another host."""
    with tab(browser) as page_tab:
        opened(page_tab, bridge)
        yield page_tab
        assert page_tab.problems == []
        assert {urlsplit(address).netloc for address in page_tab.requests} == {f"{HOST}:{bridge.port}"}


def pulses_at(recording, count, low, high):
    """The recording has that many pulses, and each one's first partial lies between `low` and `high` Hz."""
    samples, rate = recording
    found = measure.pulses(samples, rate)
    assert len(found) == count, found
    first = [measure.first_partial(samples, rate, pulse) for pulse in found]
    assert all(low <= freq <= high for freq in first), first
    return first


def test_an_alert_is_shown_and_heard_and_so_is_its_end(bridge, seen):
    page = seen.page
    assert page.evaluate("window.isSecureContext") is False
    expect(page.locator("#headline")).to_have_text("Nothing is firing.")
    expect(page.locator("#mqtt")).to_have_text("off")
    expect(page.locator("#watch-state")).to_contain_text("not armed")
    listen(page)
    samples, _ = seen.recorded(1)
    assert np.abs(samples).max() < AUDIBLE
    seen.forget()
    post(bridge, "firing")
    expect(page.locator(".alert")).to_contain_text("HighCPU")
    expect(page.locator(".alert")).to_contain_text("CPU above 80 %.")
    expect(page.locator("#say-now")).to_contain_text("critical: HighCPU, service api", timeout=10_000)
    assert page.title() == "(1 critical) The Singing Pager"
    pulses_at(seen.cue(), 10, 880 * 0.99, 880 * 1.01)
    seen.forget()
    post(bridge, "resolved")
    expect(page.locator(".alert")).to_have_count(0)
    expect(page.locator("#headline")).to_have_text("Nothing is firing.")
    assert page.title() == "The Singing Pager"
    first = pulses_at(seen.cue(), 2, 150, 870)
    assert first[1] < first[0]


def test_labels_never_become_markup(bridge, seen):
    evil = "<img src=x onerror=\"document.title='owned'\"><a href='javascript:1'>x</a>"
    post(bridge, "firing", service=evil, alertname=evil, summary=evil)
    page = seen.page
    expect(page.locator(".alert .name")).to_have_text(evil)
    expect(page.locator(".alert .summary")).to_have_text(evil)
    assert page.locator("#alerts img, #alerts a, #say-now img").count() == 0
    assert page.title() == "(1 critical) The Singing Pager"


def test_everything_by_keyboard_alone(seen):
    page = seen.page
    keys = page.keyboard
    for view in ("Now", "Timeline", "Sounds", "Rules", "Health", "Learn"):
        keys.press("Tab")
        expect(page.get_by_role("link", name=view)).to_be_focused()
    keys.press("Tab")
    expect(page.locator("#listen")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#listen-note")).to_contain_text("Listening.")
    keys.press("Tab")
    expect(page.get_by_role("button", name="Quiet on this device for 10 min")).to_be_focused()
    keys.press("Tab")
    expect(page.get_by_role("button", name="Say how it is")).to_be_focused()
    keys.press("Tab")
    expect(page.get_by_label("Volume", exact=True)).to_be_focused()
    keys.press("ArrowLeft")
    expect(page.locator("#volume-shown")).to_have_text("95 %")
    keys.press("Tab")
    keys.press("c")
    expect(page.get_by_label("What to hear here")).to_have_value("cues")
    keys.press("Tab")
    expect(page.get_by_label("Alerts to hear here")).to_be_focused()
    keys.press("Tab")
    keys.press("w")
    expect(page.get_by_label("Severity of the test")).to_have_value("warning")
    seen.forget()
    keys.press("Tab")
    keys.press("Space")
    expect(page.locator("#test-answer")).to_contain_text("Sent.")
    expect(page.locator(".alert .test")).to_be_visible()
    pulses_at(seen.cue(), 3, 660 * 0.99, 660 * 1.01)
    keys.press("Tab")
    keys.type("anna")
    for _ in range(7):
        keys.press("Shift+Tab")
    expect(page.get_by_role("button", name="Acknowledge: SingingPagerTest")).to_be_focused()
    keys.press("Enter")
    expect(page.locator(".alert .taken")).to_contain_text("acknowledged by anna")
    expect(page.get_by_role("button", name="Un-acknowledge: SingingPagerTest")).to_be_focused()
    expect(page.locator(".alert")).to_have_count(0, timeout=20_000)


def test_a_lost_link_is_said_and_sounded_and_it_comes_back_without_a_click(bridge, browser):
    with tab(browser) as seen:
        page = opened(seen, bridge)
        listen(page)
        seen.forget()
        post(bridge, "firing")
        seen.cue()
        assert bridge.post("/api/v1/ack", {"fingerprint": "f1"})[0] == 200  # or the digest sounds afterwards
        expect(page.locator("#hears")).to_have_text("Heard by 1 browser.")
        seen.forget()
        bridge.stop()
        expect(page.locator("#link")).to_have_text("Link lost", timeout=LOST_WITHIN)
        expect(page.locator("#headline")).to_contain_text("not known")
        expect(page.locator("#stale")).to_contain_text("This is how it was")
        expect(page.locator("#stale")).to_contain_text("nothing can be acknowledged here")
        expect(page.locator("#hears")).to_have_text("No link: who hears is not known.")
        expect(page.get_by_role("button", name="Un-acknowledge: HighCPU")).to_be_disabled()
        expect(page.locator("#watch-switch")).to_be_disabled()
        expect(page.locator("#say-now")).to_contain_text("The link to the bridge is lost.", timeout=10_000)
        assert page.title() == "(no link) The Singing Pager"
        recording = seen.cue()
        first = pulses_at(recording, 2, 300, 400)
        assert first[1] < first[0]
        pulses = measure.pulses(*recording)
        assert all(0.15 <= pulse.length <= 0.3 for pulse in pulses), pulses
        assert 0.1 <= measure.spacings(pulses)[0] <= 0.2
        assert measure.momentary(*recording) < measure.momentary(*soundfile.read(SOUNDS / "info.flac"))
        bridge.start()
        expect(page.locator("#link")).to_have_text("Connected", timeout=20_000)
        expect(page.locator("#headline")).to_have_text("1 critical")
        expect(page.get_by_role("button", name="Un-acknowledge: HighCPU")).to_be_enabled()
        expect(page.locator("#watch-switch")).to_be_enabled()
        expect(page.locator("#hears")).to_have_text("Heard by 1 browser.")
        seen.forget()
        post(bridge, "firing", fingerprint="f2", alertname="HighMemory", severity="warning")
        expect(page.locator(".alert")).to_have_count(2)
        pulses_at(seen.cue(), 3, 660 * 0.99, 660 * 1.01)


def test_before_the_click_and_after_stop_it_is_silent_and_says_so(bridge, seen):
    page = seen.page
    expect(page.locator("#listen-note")).to_contain_text("silent until you press Listen")
    expect(page.locator("#hears")).to_contain_text("Nobody hears this yet")
    listen(page)
    expect(page.locator("#hears")).not_to_contain_text("Nobody")
    page.get_by_role("button", name="Stop listening").click()
    expect(page.locator("#listen-note")).to_contain_text("silent until you press Listen")
    expect(page.locator("#hears")).to_contain_text("Nobody hears this yet")
    listen(page)
    seen.forget()
    post(bridge, "firing")
    pulses_at(seen.cue(), 10, 880 * 0.99, 880 * 1.01)


def test_at_volume_zero_it_does_not_claim_to_listen_and_remembers_that(bridge, seen):
    page = seen.page
    page.get_by_label("Volume", exact=True).fill("0")
    page.locator("#listen").click()
    expect(page.locator("#listen-note")).to_contain_text("volume is at zero")
    expect(page.locator("#hears")).to_contain_text("Nobody hears this yet")
    opened(seen, bridge)
    expect(page.locator("#volume-shown")).to_have_text("0 %")


def test_a_cue_that_cannot_be_loaded_is_said_and_nobody_listens(bridge, browser):
    with tab(browser) as seen:
        page = opened(seen, bridge)
        page.route("**/critical.flac", lambda route: route.abort())
        page.locator("#listen").click()
        expect(page.locator("#problems")).to_contain_text("could not be loaded: critical")
        expect(page.locator("#listen-note")).to_contain_text("Not listening")
        expect(page.locator("#hears")).to_contain_text("Nobody hears this yet")
        page.unroute("**/critical.flac")
        expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=20_000)


KEEP_CONTEXT = """
  window.AudioContext = class extends AudioContext {
    constructor(...rest) {
      super(...rest);
      window.kept = this;
    }
  };
"""


def test_when_the_browser_pauses_the_sound_it_says_so_and_goes_on_by_itself(bridge, seen):
    seen.page.add_init_script(KEEP_CONTEXT)
    page = opened(seen, bridge)
    listen(page)
    page.evaluate("kept.suspend()")
    expect(page.locator("#listen-note")).to_contain_text("The browser has paused the sound.")
    expect(page.locator("#hears")).to_contain_text("Nobody hears this yet")
    expect(page.locator("#say")).to_contain_text("The browser has paused the sound.", timeout=10_000)
    expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=20_000)
    expect(page.locator("#hears")).not_to_contain_text("Nobody")


def test_after_a_reload_it_waits_for_a_click_again(bridge, seen):
    listen(seen.page)
    opened(seen, bridge)
    expect(seen.page.locator("#listen-note")).to_contain_text("silent until you press Listen")
    expect(seen.page.locator("#hears")).to_contain_text("Nobody hears this yet")
    listen(seen.page)


def test_a_wall_that_may_sound_without_a_click_listens_again_by_itself(bridge, playwright):
    willing = chromium(playwright, "--autoplay-policy=no-user-gesture-required")
    with willing as browser, tab(browser) as seen:
        listen(opened(seen, bridge))
        page = opened(seen, bridge)
        expect(page.locator("#listen-note")).to_contain_text("Listening.")
        expect(page.locator("#hears")).not_to_contain_text("Nobody")


PLAYER = """async ({ plays, volume }) => {
  const { Player } = await import("/console/player.js");
  const player = new Player(() => {}, () => performance.now() / 1000);
  player.setVolume(volume);
  await player.listen();
  while (!player.audible) await new Promise((done) => setTimeout(done, 10));
  window.previous?.stop();
  window.previous = player;
  return plays.map((play) => player.play(play));
}"""


@pytest.fixture(scope="module")
def stage(browser, tmp_path_factory):
    """The page's player alone, after a click: plays at a volume → its answers, what was recorded, the rate."""
    with Bridge(tmp_path_factory.mktemp("stage")) as bridge, tab(browser) as seen:
        opened(seen, bridge).locator("h1").click()

        def played(plays, volume=1.0):
            seen.forget()
            answers = seen.page.evaluate(PLAYER, {"plays": plays, "volume": volume})
            return answers, *seen.cue(quiet=0.7)

        yield played


def level(samples):
    """RMS in dB over what is there, whatever silence surrounds it."""
    return 10 * np.log10((samples.astype(np.float64) ** 2).sum() / 48000)


@pytest.mark.parametrize(("volume", "vol"), [(1.0, 0.7), (0.5, 0.7), (1.0, 0.35)])
def test_level_follows_volume_and_vol(stage, volume, vol):
    answers, samples, rate = stage([{"sound": "warning", "params": {"vol": vol, "pan": 0}}], volume)
    assert answers == ["played"]
    rendered, rendered_rate = soundfile.read(SOUNDS / "warning.flac", always_2d=True)
    stereo = np.broadcast_to(rendered, (len(rendered), 2)) / (1 if rendered.shape[1] == 2 else np.sqrt(2))
    wanted = level(stereo) - 10 * np.log10(rendered_rate / rate) + 20 * np.log10(volume * vol / 0.7)
    assert level(samples) == pytest.approx(wanted, abs=0.5)


def test_place_is_heard(stage):
    _, samples, _ = stage([{"sound": "info", "params": {"pan": -0.6}}])
    assert level(samples[:, 0]) > level(samples[:, 1]) + 6


def test_cues_overlap_up_to_a_bound_and_never_clip(stage):
    plays = [{"sound": "critical", "params": {"vol": 1.0}}] * 17 + [{"sound": "nothing of that name"}]
    answers, samples, _ = stage(plays)
    assert answers == ["played"] * 16 + ["failed"] * 2
    assert np.abs(samples).max() < 1.0


def test_a_sound_without_a_file_is_told_by_its_severity(stage):
    plays = [{"sound": "my_own_gong", "severity": "warning", "params": {}}]
    answers, *recording = stage(plays)
    assert answers == ["played"]
    pulses_at(recording, 3, 660 * 0.99, 660 * 1.01)


def test_who_begins_to_listen_hears_what_stands(bridge, seen):
    post(bridge, "firing")
    for number in range(2):
        post(bridge, "firing", fingerprint=f"w{number}", alertname=f"W{number}", severity="warning")
    unheard = "it is known that nobody heard these"
    wait_for(lambda: bridge.metrics().sum("pager_events_total", reason="no_listener") == 3, unheard)
    listen(seen.page)
    samples, rate = seen.cue()
    file, file_rate = soundfile.read(SOUNDS / "digest.2.2.flac", always_2d=True)
    assert len(measure.pulses(samples, rate)) == len(measure.pulses(file, file_rate)) == 5


def test_acknowledging_is_one_press_and_tells_everybody_who(bridge, seen, browser):
    post(bridge, "firing")
    post(bridge, "firing", fingerprint="f2", alertname="DiskFull", severity="warning")
    page = seen.page
    page.get_by_label("Your name").fill("anna")
    button = page.get_by_role("button", name="Acknowledge: HighCPU")
    button.click()
    taken = page.locator(".alert", has_text="HighCPU").locator(".taken")
    expect(taken).to_contain_text("acknowledged by anna")
    expect(taken).to_contain_text("until")
    said = page.locator("#say, #say-now").filter(has_text="anna has acknowledged: HighCPU.")
    expect(said).to_have_count(1, timeout=10_000)
    with tab(browser) as other:
        opened(other, bridge)
        expect(other.page.locator(".taken:visible")).to_contain_text("acknowledged by anna")
        assert other.problems == []
    page.get_by_role("button", name="Un-acknowledge: HighCPU").click()
    expect(taken).to_be_hidden()
    assert [alert["acknowledged"] for alert in bridge.status()["firing"]] == [None, None]
    opened(seen, bridge)
    expect(page.get_by_label("Your name")).to_have_value("anna")
    page.get_by_role("button", name="Acknowledge all 2").click()
    expect(page.locator(".taken:visible")).to_have_count(2)
    expect(page.locator("#acknowledge-all")).to_be_hidden()
    assert {alert["acknowledged"]["by"] for alert in bridge.status()["firing"]} == {"anna"}


def test_of_many_alerts_twenty_are_shown_until_all_are_asked_for(bridge, seen):
    page = seen.page
    alerts = [one_alert("firing", f"f{n:02}", severity="warning", alertname=f"N{n:02}") for n in range(50)]
    assert bridge.post("/alert", webhook(*alerts))[0] == 200
    expect(page.locator("#headline")).to_have_text("50 warning")
    expect(page.locator(".alert")).to_have_count(20)
    expect(page.locator("#more")).to_have_text("and 30 more")
    button = page.get_by_role("button", name="Show all 50")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".alert")).to_have_count(50)
    expect(page.locator("#more")).to_be_hidden()
    button = page.get_by_role("button", name="Show the first 20")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    post(bridge, "resolved", fingerprint="f07", severity="warning", alertname="N07")
    expect(page.locator(".alert")).to_have_count(49)
    page.keyboard.press("Enter")
    expect(page.locator(".alert")).to_have_count(20)
    assert page.locator(".alert .name").all_inner_texts() == [f"N{n:02}" for n in range(21) if n != 7]


def test_in_quiet_hours_a_test_is_not_said_to_sound(browser, tmp_path):
    quiet = 'quiet_hours: {zone: UTC, from: "00:00", to: "24:00"}\n# '
    book = DEFAULT_BOOK.read_text().replace("# quiet_hours: ", quiet)
    with Bridge(tmp_path, book=book) as bridge, tab(browser) as seen:
        page = opened(seen, bridge)
        listen(page)
        expect(page.locator("#quiet")).to_have_text("in force: only criticals and the flatline sound")
        for severity, answer in (("warning", "Not sounded: quiet hours."), ("critical", "Sent.")):
            page.get_by_label("Severity of the test").select_option(severity)
            page.get_by_role("button", name="Play a test alert").click()
            expect(page.locator("#test-answer")).to_contain_text(answer)
        assert seen.problems == []


def test_the_bridge_is_told_what_is_to_be_heard_and_the_browser_remembers(bridge, seen):
    def level():
        return [player["level"] for player in bridge.status()["players"] if player["kind"] == "browser"]

    page = seen.page
    expect(page.get_by_label("What to hear here")).to_have_value("everything")
    listen(page)
    assert level() == ["everything"]
    page.get_by_label("What to hear here").select_option("heartbeat")
    wait_for(lambda: level() == ["heartbeat"], "the bridge knows the level")
    opened(seen, bridge)
    expect(page.get_by_label("What to hear here")).to_have_value("heartbeat")
    wait_for(lambda: level() == ["heartbeat"], "the bridge knows the remembered level")


def test_the_watch_says_how_to_arm_it_and_can_be_switched(bridge, seen):
    page = seen.page
    expect(page.locator("#watch-state")).to_contain_text("not armed")
    page.get_by_text("How to arm it").click()
    expect(page.locator("#watch-route")).to_contain_text("matchers: ['alertname=\"Watchdog\"']")
    expect(page.locator("#watch-receiver")).to_contain_text(f"- url: http://{HOST}:{bridge.port}/alert")
    page.get_by_label("Your name").fill("bob")
    page.get_by_role("button", name="Switch the watch off").click()
    expect(page.locator("#watch-state")).to_contain_text("The watch is off since")
    expect(page.locator("#watch-state")).to_contain_text("by bob")
    expect(page.locator("#watch-help")).to_be_hidden()
    assert bridge.status()["watch"]["on"] is False
    page.get_by_role("button", name="Switch the watch on").click()
    expect(page.locator("#watch-state")).to_contain_text("not armed")
    post(bridge, "firing", fingerprint="w", alertname="Watchdog", severity="none")
    expect(page.locator("#watch-state")).to_contain_text("The watch is armed")
    expect(page.locator("#watch-inputs")).to_contain_text("watchdog: heard")


def test_a_flatline_is_shown_heard_and_acknowledged(browser, tmp_path):
    book = DEFAULT_BOOK.read_text().replace("expect: []", "expect: [{name: host, type: cpu, within: 10s}]")
    with Bridge(tmp_path, book=book) as bridge, tab(browser) as seen:
        page = opened(seen, bridge)
        expect(page.locator("#watch-state")).to_have_text(
            "The watch is armed for host; no Watchdog has come yet: Prometheus itself is not watched."
        )
        page.get_by_text("How to arm it").click()
        expect(page.locator("#watch-route")).to_contain_text("Watchdog")
        listen(page)
        seen.forget()
        expect(page.locator("#flat")).to_be_visible(timeout=20_000)
        expect(page.locator("#flat-words")).to_have_text("Nothing comes from host (never heard).")
        expect(page.locator("#headline")).to_contain_text("input is missing")
        expect(page.locator("#say-now")).to_contain_text(
            "Flatline: nothing comes from host any more.", timeout=10_000
        )
        assert page.title() == "(flatline) The Singing Pager"
        samples, rate = seen.cue()
        assert 150 <= measure.first_partial(samples, rate, measure.pulses(samples, rate)[0]) <= 300
        page.locator("#flat").get_by_role("button", name="Acknowledge").click()
        expect(page.locator("#flat-taken")).to_contain_text("acknowledged by Chrome on Linux")
        assert bridge.status()["watch"]["acknowledged"]["by"] == "Chrome on Linux"
        assert bridge.post("/metric", {"type": "cpu", "value": 0.5})[0] == 200
        expect(page.locator("#flat")).to_be_hidden()
        expect(page.locator("#headline")).to_have_text("Nothing is firing.")
        assert page.title() == "The Singing Pager"
        assert seen.problems == []


def test_who_sings_is_a_table(bridge, seen):
    page = seen.page
    expect(page.locator("#who-nobody")).to_be_visible()
    for number, service in enumerate(("checkout", "db")):
        post(bridge, "firing", fingerprint=f"f{number}", service=service)
    table = page.get_by_role("table", name="Each service has a motif")
    rows = table.get_by_role("row")
    expect(rows).to_have_count(3)
    expect(table.get_by_role("columnheader")).to_have_text(["Service", "Motif", "Place"])
    expect(table.get_by_role("rowheader")).to_have_text(["checkout", "db"])
    for row, who in zip((rows.nth(1), rows.nth(2)), bridge.status()["who"], strict=True):
        expect(row).to_contain_text(motif(who["second"], who["third"]))
        expect(row).to_contain_text(place(who["pan"]))


@pytest.mark.parametrize("width", [320, 1280, 3840])
def test_nothing_is_cut_off_at_any_width(bridge, browser, width):
    post(bridge, "firing", alertname="A" * 200, service="s" * 200, summary="w" * 400)
    assert bridge.post("/api/v1/ack", {"by": "b" * 128, "why": "y" * 128})[0] == 200
    with tab(browser, viewport={"width": width, "height": 800}) as seen:
        page = opened(seen, bridge)
        expect(page.locator(".alert")).to_be_visible()
        page.get_by_text("How to arm it").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for label in ("Severity of the test", "What to hear here"):
            assert page.get_by_label(label).bounding_box()["width"] > 110  # its longest word, and the arrow
