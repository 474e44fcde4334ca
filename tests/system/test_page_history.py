"""Timeline and Learn in a real Chromium, worked by keyboard alone; what the page gives to the loudspeaker is measured."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lab import measure
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.system

PARTIAL = 880.0
WITHIN = 20_000
LOUD = 0.05


@pytest.fixture(scope="module")
def browser():
    with driver() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path) as running:
        yield running


def opened(page_tab, bridge, view):
    page_tab.page.goto(f"http://localhost:{bridge.port}/#{view}")
    expect(page_tab.page.locator("#link")).to_have_text("Connected")
    return page_tab.page


@pytest.fixture
def seen(browser, bridge):
    with tab(browser) as page_tab:
        yield page_tab
        assert page_tab.problems == []
        assert {urlsplit(address).netloc for address in page_tab.requests} == {f"localhost:{bridge.port}"}


def fire(bridge, status="firing", fingerprint="f1", **labels):
    assert bridge.post("/alert", webhook(one_alert(status, fingerprint, **labels))) == (200, {"ok": True})


def events(bridge):
    return bridge.get("/api/v1/events?limit=500")[1]["events"]


def press(page, selector, key="Enter"):
    page.locator(selector).focus()
    page.keyboard.press(key)


def of_criticals(recording):
    samples, rate = recording
    found = [measure.first_partial(samples, rate, pulse) for pulse in measure.pulses(samples, rate)]
    return [freq for freq in found if freq == pytest.approx(PARTIAL, rel=0.01)]


def test_what_came_is_shown_as_a_picture_and_a_table_and_goes_on(bridge, seen):
    fire(bridge, alertname="<b>Disk</b>", service="db")
    page = opened(seen, bridge, "timeline")
    row = page.locator("#timeline-rows tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("<b>Disk</b>")
    expect(row).to_contain_text("did not sound: nobody hears", timeout=WITHIN)
    expect(page.locator("#timeline-summary")).to_contain_text("1 critical began (0 heard), 0 ended")
    assert page.locator('#timeline-chart [data-severity="critical"] .mark.silent').count() == 1
    fire(bridge, status="resolved", alertname="<b>Disk</b>", service="db")
    expect(row).to_have_count(2, timeout=WITHIN)
    expect(row.first).to_contain_text("ended")
    page.locator("#timeline-hour").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#timeline-day")).to_be_checked()
    expect(row).to_have_count(2)


def test_older_events_are_a_press_away(bridge, seen):
    for i in range(25):
        fire(bridge, fingerprint=f"f{i}", alertname=f"Alert{i}", severity="info")
    page = opened(seen, bridge, "timeline")
    expect(page.locator("#timeline-rows tr")).to_have_count(20)
    press(page, "#timeline-older", "Space")
    expect(page.locator("#timeline-rows tr")).to_have_count(25)
    expect(page.locator("#timeline-older")).to_be_hidden()


def test_a_stretch_is_heard_again_here_alone_and_adds_no_event(bridge, browser, seen):
    fire(bridge, fingerprint="first", severity="info", service="")
    time.sleep(3)  # A performance begins with the first event, and with a heartbeat.
    fire(bridge, service="")  # Without a motif all of its pulses are alike.
    time.sleep(4)  # So that its end does not sound into it.
    fire(bridge, status="resolved", service="")
    _, replay = bridge.get("/api/v1/replay?since=5m")
    at_first = {c["sound"] for c in replay["commands"] if c["at"] < 1 and c["do"] == "play"}
    assert at_first == {"heartbeat", "info"}
    page = opened(seen, bridge, "timeline")
    expect(page.locator("#timeline-rows tr")).to_have_count(3)
    with tab(browser) as other:
        opened(other, bridge, "now")
        press(other.page, "#listen")
        expect(other.page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
        press(page, "#listen")
        expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
        time.sleep(4)  # What stands is told to who begins to listen.
        before = len(events(bridge))
        seen.forget()
        other.forget()
        for field in ("#replay-for", "#replay-in"):
            page.locator(field).focus()
            page.keyboard.press("5")
            expect(page.locator(field)).to_have_value("300")
        press(page, "#replay-play")
        expect(page.locator("#replay-play")).to_have_text("Stop")
        expect(page.locator("#replay-caption")).to_have_text("It has ended.", timeout=40_000)
        assert len(of_criticals(seen.heard())) == 10
        samples, _ = other.heard()
        assert abs(samples).max() < LOUD
    assert len(events(bridge)) == before


def test_a_replay_is_stopped_by_keyboard_and_an_empty_stretch_says_so(bridge, seen):
    page = opened(seen, bridge, "timeline")
    press(page, "#replay-play")
    expect(page.locator("#replay-caption")).to_have_text("Nothing sounded in this time.", timeout=WITHIN)
    fire(bridge)
    around = page.get_by_role("button", name=re.compile("^Play around it: .*HighCPU"))
    expect(around).to_be_visible(timeout=WITHIN)
    around.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#replay-for")).to_have_value("300")
    expect(page.locator("#replay-play")).to_have_text("Stop")
    press(page, "#replay-play", "Space")
    expect(page.locator("#replay-caption")).to_have_text("Stopped.")
    expect(page.locator("#alone")).to_be_hidden()


def kind_of(page):
    """What the quiz played, as its own words tell it."""
    words = page.locator("#quiz-told").inner_text()
    return re.match(r"(?:Right|No): it was ([\w ]+), which", words).group(1)


def test_the_quiz_is_heard_and_its_score_survives_a_reload(seen, bridge):
    page = seen.page
    page.add_init_script("Math.random = () => 0")
    opened(seen, bridge, "learn")
    press(page, "#quiz-play")
    expect(page.locator("#quiz-state")).to_have_text("A cue sounds. What is it?", timeout=WITHIN)
    assert len(measure.pulses(*seen.cue())) == 10
    press(page, "#quiz-answer")
    expect(page.locator("#quiz-told")).to_contain_text("Choose an answer")
    page.get_by_role("radio", name="critical", exact=True).focus()
    page.keyboard.press("Space")
    page.locator("#quiz-services input").first.focus()
    page.keyboard.press("Space")
    press(page, "#quiz-answer")
    expect(page.locator("#quiz-told")).to_contain_text("Right: it was critical, which is ten quick pulses")
    assert kind_of(page) == "critical"
    expect(page.locator("#quiz-told")).to_contain_text("Right: it was checkout; its motif falls a fourth")
    expect(page.locator("#score-rows tr").first).to_have_text("critical11")
    page.reload()
    expect(page.locator("#score-rows tr")).to_have_count(2)
    with page.expect_download() as download:
        press(page, "#score-csv")
    expected = b"group,name,right,asked\r\nkind,critical,1,1\r\nservice,checkout,1,1\r\n"
    assert Path(download.value.path()).read_bytes() == expected
    press(page, "#score-reset")
    expect(page.locator("#score-no")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#score-reset")).to_be_focused()
    press(page, "#score-reset")
    press(page, "#score-yes")
    expect(page.locator("#score-none")).to_be_visible()
    assert len(events(bridge)) == 0


def drills(bridge):
    status, found = bridge.get("/api/v1/drills")
    assert status == 200
    return found["drills"]


def test_a_drill_asks_before_it_tells(seen, bridge):
    page = opened(seen, bridge, "learn")
    known = drills(bridge)
    expect(page.locator("#drills li")).to_have_count(len(known))
    first = known[0]
    _, drill = bridge.get(f"/api/v1/drills/{first['id']}")
    play = page.get_by_role("button", name=f"Play: {first['title']}", exact=True)
    play.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drill-question")).to_have_text(drill["question"], timeout=WITHIN)
    seen.cue(quiet=0.5)
    expect(page.locator("#drill-caption")).to_be_empty()
    expect(page.locator("#drill-told")).to_be_empty()
    right = page.locator("#drill-choices input").nth(drill["answer"])
    right.focus()
    page.keyboard.press("Space")
    press(page, "#drill-answer")
    expect(page.locator("#drill-told")).to_contain_text("Right.")
    expect(page.locator("#drill-told")).to_contain_text(drill["story"])
    assert json.dumps(events(bridge)) == "[]"


def test_a_real_critical_ends_a_drill_and_is_heard(seen, bridge):
    page = opened(seen, bridge, "learn")
    page.get_by_role("button", name="Listen", exact=True).press("Enter")
    expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    longest = max(drills(bridge), key=lambda drill: drill["seconds"])
    page.get_by_role("button", name=f"Play: {longest['title']}", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drill-progress")).to_be_visible(timeout=WITHIN)
    expect(page.locator("#alone")).to_be_visible(timeout=WITHIN)
    time.sleep(1)
    fire(bridge, fingerprint="real", service="")
    expect(page.locator("#drill-state")).to_contain_text("A real critical has come")
    expect(page.locator("#say-now")).to_contain_text("A real critical has come")
    time.sleep(0.5)
    seen.forget()
    wait_for(lambda: [e["outcome"] for e in events(bridge)] == ["played"], "the critical was heard")
    assert len(of_criticals(seen.cue())) >= 5
