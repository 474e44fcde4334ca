"""What a person does with what sounds now, by keyboard alone, in a real Chromium: play, solo, mute, and the links."""

from __future__ import annotations

import numpy as np
import pytest
from lab import measure
from lab.bridge import Bridge, one_alert, webhook
from lab.browser import chromium, driver, tab
from lab.programs import wait_for
from lab.renders import played
from playwright.sync_api import expect

from bridge.core.playback import BED
from bridge.model.commands import Play

pytestmark = pytest.mark.system

WITHIN = 20_000
LOUD = 0.05
"""Above this peak (full scale is 1) it is a cue."""
ONSETS = 0.03
"""Seconds between an onset in the browser and the same one in a render."""


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
        page = page_tab.page
        page.goto(f"http://localhost:{bridge.port}/")
        expect(page.locator("#link")).to_have_text("Connected")
        page.get_by_role("button", name="Listen", exact=True).press("Enter")
        expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
        yield page_tab
        assert page_tab.problems == []


def fire(bridge, fingerprint="f1", status="firing", **labels):
    alert = one_alert(status, fingerprint, **labels)
    assert bridge.post("/alert", webhook(alert)) == (200, {"ok": True})


def received(bridge, fingerprint):
    """When it came, and the cue that it has."""
    _, found = bridge.get(f"/api/v1/events?fingerprint={fingerprint}")
    _, story = bridge.get(f"/api/v1/explain?fingerprint={fingerprint}")
    cue = story["cue"]
    return found["events"][0]["received"], Play(fingerprint, cue["sound"], cue["params"], cue["severity"])


def unfold(page, name):
    page.locator(f'summary[aria-label^="More: {name}"]').press("Enter")


def test_the_browser_sounds_what_a_render_of_the_same_events_sounds(bridge, seen):
    seen.recorded(2)
    seen.forget()
    fire(bridge, "a1", severity="warning", service="db", alertname="Slow")
    seen.recorded(4)
    fire(bridge, "b1", severity="critical", service="api")
    heard, rate = seen.recorded(10)
    (first, warning), (second, critical) = received(bridge, "a1"), received(bridge, "b1")
    commands = [(0, BED), (0.2, warning), (0.2 + second - first, critical)]
    made, made_rate = played(commands, 8.0)
    ours, theirs = measure.pulses(heard, rate), measure.pulses(made, made_rate)
    assert len(ours) == len(theirs) == 13
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.start - ours[0].start == pytest.approx(other.start - theirs[0].start, abs=ONSETS)
        assert mine.length == pytest.approx(other.length, abs=ONSETS)
    for index in (0, 3, 7):
        one, other = (
            measure.partials(x[int(p.start * r) : int(p.end * r)], r, below=-25)
            for x, r, p in ((heard, rate, ours[index]), (made, made_rate, theirs[index]))
        )
        assert [p.freq for p in one] == pytest.approx([p.freq for p in other], rel=0.01)


def test_an_alert_can_be_played_again_here_alone(bridge, seen):
    fire(bridge)
    assert len(measure.pulses(*seen.cue())) == 10
    seen.forget()
    unfold(seen.page, "HighCPU")
    seen.page.get_by_role("button", name="Play it here: HighCPU").press("Enter")
    expect(seen.page.locator("#alone-words")).to_contain_text("Sounding here alone")
    assert len(measure.pulses(*seen.cue())) == 10
    _, found = bridge.get("/api/v1/events")
    assert len(found["events"]) == 1
    expect(seen.page.locator("#alone")).to_be_hidden()


def test_what_folds_out_leads_to_where_the_alert_came_from(bridge, seen):
    urls = {
        "generatorURL": "https://prometheus.example/graph?g0.expr=up",
        "annotations": {"runbook_url": "https://wiki.example/cpu"},
    }
    body = webhook(one_alert() | urls) | {"externalURL": "https://alertmanager.example"}
    assert bridge.post("/alert", body) == (200, {"ok": True})
    unfold(seen.page, "HighCPU")
    row = seen.page.locator(".alert")
    for name, begins in (
        ("Where it was found", "https://prometheus.example/graph"),
        ("Runbook", "https://wiki.example/cpu"),
        ("Write a silence", "https://alertmanager.example/#/silences/new?filter="),
    ):
        link = row.get_by_role("link", name=name)
        expect(link).to_have_attribute("rel", "noreferrer noopener")
        assert link.get_attribute("href").startswith(begins)
    expect(row).to_contain_text("service=api")


def test_links_that_a_browser_must_not_follow_are_no_links(bridge, seen):
    bad = {"generatorURL": "javascript:alert(1)", "annotations": {"runbook_url": "data:text/html,x"}}
    assert bridge.post("/alert", webhook(one_alert() | bad)) == (200, {"ok": True})
    unfold(seen.page, "HighCPU")
    expect(seen.page.locator(".alert")).to_contain_text("service=api")
    expect(seen.page.locator(".alert a")).to_have_count(0)


def test_solo_lets_one_service_and_criticals_through_alone(bridge, seen):
    fire(bridge, "a1", severity="warning", service="api", alertname="Slow")
    seen.cue(quiet=0.8)
    unfold(seen.page, "Slow")
    seen.page.get_by_role("button", name="Hear only api here: Slow").press("Enter")
    expect(seen.page.locator("#solo-words")).to_contain_text("Only api sounds here")
    seen.forget()
    fire(bridge, "a2", severity="warning", service="db", alertname="Full")
    expect(seen.page.locator(".alert")).to_have_count(2)
    assert float(np.abs(seen.recorded(2)[0]).max()) < LOUD
    fire(bridge, "a3", severity="critical", service="db", alertname="Down")
    assert len(measure.pulses(*seen.cue())) == 10
    seen.page.locator("#solo-end").press("Enter")
    expect(seen.page.locator("#solo")).to_be_hidden()
    seen.forget()
    fire(bridge, "a4", severity="warning", service="web", alertname="Late")
    assert len(measure.pulses(*seen.cue(quiet=0.8))) == 3


def test_a_solo_of_a_service_with_a_very_long_name_still_lets_criticals_through(bridge, seen):
    fire(bridge, "a1", severity="warning", service="S" * 3000, alertname="Slow")
    seen.cue(quiet=0.8)
    unfold(seen.page, "Slow")
    seen.page.locator(".acts-of button").nth(1).press("Enter")
    expect(seen.page.locator("#solo")).to_be_visible()
    wait_for(lambda: any(p.get("filter") for p in bridge.status()["players"]), "the bridge has the filter")
    expect(seen.page.locator("#link")).to_have_text("Connected")
    seen.forget()
    fire(bridge, "a2", severity="critical", service="db", alertname="Down")
    assert len(measure.pulses(*seen.cue())) == 10


def test_only_a_new_critical_ends_what_sounds_here_alone(bridge, seen):
    fire(bridge, "old")
    seen.cue()
    assert bridge.post("/api/v1/ack", {"fingerprint": "old"})[0] == 200
    page = seen.page
    page.get_by_role("link", name="Learn").press("Enter")
    expect(page.locator("#view-learn")).to_contain_text("A flood")
    page.locator("#view-learn").get_by_role("button", name="Play").last.press("Enter")
    expect(page.locator("#alone")).to_be_visible(timeout=WITHIN)
    fire(bridge, "old", status="resolved")
    seen.recorded(3)
    expect(page.locator("#alone")).to_be_visible()
    fire(bridge, "new", service="db")
    expect(page.locator("#alone")).to_be_hidden()
    expect(page.locator("#view-learn")).to_contain_text("A real critical has come")


def test_what_is_played_without_listening_makes_no_listener(bridge, seen):
    page = seen.page
    page.get_by_role("button", name="Stop listening").press("Enter")
    fire(bridge, "a1", severity="warning", alertname="Slow")
    unfold(page, "Slow")
    seen.forget()
    page.get_by_role("button", name="Play it here: Slow").press("Enter")
    assert len(measure.pulses(*seen.cue(quiet=0.8))) == 3
    expect(page.locator("#listen-note")).to_contain_text("Only what you play yourself sounds here")
    assert not [p for p in bridge.status()["players"] if p["audible"]]
    page.get_by_role("button", name="Listen", exact=True).press("Enter")
    expect(page.locator("#listen-note")).to_contain_text("Listening.", timeout=WITHIN)
    wait_for(lambda: "1 browser" in bridge.status()["hears"], "now it listens")


def test_the_focus_and_what_is_open_stay_while_worse_comes(bridge, seen):
    alerts = [one_alert("firing", f"w{i}", severity="warning", alertname=f"W{i}") for i in range(20)]
    assert bridge.post("/alert", webhook(*alerts)) == (200, {"ok": True})
    page = seen.page
    expect(page.locator(".alert")).to_have_count(20)
    row = page.locator(".alert").last
    name = row.locator(".name").text_content()
    row.locator("summary").press("Enter")
    row.get_by_role("button", name="Play it here").focus()
    fire(bridge, "worse", alertname="Down")
    expect(page.locator(".alert").first).to_contain_text("Down")
    expect(page.get_by_role("button", name=f"Play it here: {name}, api")).to_be_focused()
    assert bridge.alert("resolved", f"w{name[1:]}", severity="warning", alertname=name)[0] == 200
    expect(page.locator("#headline")).to_be_focused()


def test_a_mute_holds_for_everyone_and_ends_by_the_same_button(bridge, seen):
    fire(bridge, "a1", severity="warning", alertname="Slow")
    unfold(seen.page, "Slow")
    seen.page.get_by_role("button", name="Mute for everyone, 30 min: Slow").press("Enter")
    expect(seen.page.locator(".alert .standing")).to_contain_text("muted by")
    wait_for(lambda: len(bridge.status()["mutes"]) == 1, "the bridge has the mute")
    seen.page.get_by_role("button", name="Unmute: Slow").press("Enter")
    expect(seen.page.locator(".alert .standing")).to_be_hidden()
    assert bridge.status()["mutes"] == []


def test_a_silence_that_no_alertmanager_can_take_says_why(bridge, seen):
    fire(bridge, "a1", severity="warning", alertname="Slow")
    unfold(seen.page, "Slow")
    seen.page.get_by_role("button", name="Silence in Alertmanager, 2 h: Slow").press("Enter")
    expect(seen.page.locator("#act-answer")).to_contain_text("The bridge did not take it")
    seen.problems.clear()  # the browser's words about the refusal


def test_the_bed_is_listed_and_one_voice_can_be_heard_alone(bridge, seen):
    for name in ("web-1", "web-2"):
        sample = {"type": "cpu", "value": 0.5, "labels": {"instance": name}}
        assert bridge.post("/metric", sample) == (200, {"ok": True})
    rows = seen.page.locator(".voice")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("cpu")
    expect(rows.first).to_contain_text("0.5")
    rows.first.locator("summary").press("Enter")
    rows.first.get_by_role("button", name="Hear only this voice here").press("Enter")
    expect(seen.page.locator("#solo-words")).to_contain_text("Of the bed only cpu")
    rows.first.get_by_role("button", name="Play it here").press("Enter")
    expect(seen.page.locator("#alone")).to_be_visible()
    rows.first.get_by_role("button", name="Mute for everyone, 30 min").press("Enter")
    expect(rows).to_have_count(1)
    assert bridge.status()["mutes"][0]["match"] == ['instance="web-1"']


def test_the_level_and_the_spectrum_show_what_sounds(bridge, seen):
    expect(seen.page.locator("#meter-shown")).to_contain_text("dB", timeout=WITHIN)
    fire(bridge)
    wait_for(
        lambda: float(seen.page.locator("#meter").evaluate("m => m.value")) > -35,
        "the meter shows the critical",
        every=0.05,
    )
    drawn = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].some((x) => x > 0)"
    assert seen.page.locator("#spectrum").evaluate(drawn)
    seen.page.get_by_role("button", name="Stop listening").press("Enter")
    expect(seen.page.locator("#out")).to_be_hidden()


def test_alerts_below_the_chosen_severity_are_shown_and_not_heard(bridge, seen):
    seen.page.get_by_label("Alerts to hear here").select_option("critical")
    wait_for(
        lambda: any(player.get("filter") for player in bridge.status()["players"]),
        "the bridge knows the filter",
    )
    seen.forget()
    fire(bridge, "a1", severity="warning", alertname="Slow")
    expect(seen.page.locator(".alert")).to_have_count(1)
    assert float(np.abs(seen.recorded(2)[0]).max()) < LOUD
    fire(bridge, "a2")
    assert len(measure.pulses(*seen.cue())) == 10
