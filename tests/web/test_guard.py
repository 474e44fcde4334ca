"""Who may what, from where, showing what: asked of the application itself."""

from __future__ import annotations

import asyncio
import base64

import pytest
from web_door import CONTROL, FAR, NEAR, PASSWORD, POST, READ

from bridge.model.errors import SettingError
from bridge.settings import Settings
from bridge.web import guard
from bridge.web.access import Access
from bridge.web.asked import COOKIE

NOTHING = {"alerts": []}
NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
EVERYWHERE = [
    ("POST", "/alert"),
    ("POST", "/metric"),
    ("GET", "/metrics"),
    ("GET", "/-/healthy"),
    ("GET", "/-/ready"),
    ("POST", "/-/reload"),
    ("GET", "/api/v1/status"),
    ("POST", "/api/v1/ack"),
    ("POST", "/api/v1/login"),
    ("GET", "/api/v1/session"),
    ("GET", "/console/main.js"),
    ("GET", "/openapi.json"),
    ("GET", "/nowhere"),
    ("OPTIONS", "/alert"),
]
READING = [
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/digest"),
    ("GET", "/openapi.json"),
    ("GET", "/nowhere"),
]
CONTROLLING = [
    ("POST", "/api/v1/ack"),
    ("POST", "/-/reload"),
    ("POST", "/nowhere"),
    ("DELETE", "/api/v1/status"),
]
POSTING = [("POST", "/alert"), ("POST", "/metric")]
OPEN = [("GET", "/metrics"), ("GET", "/-/healthy"), ("GET", "/-/ready")]


def taken(status):
    """The guard let it through: whatever the route then says is its own business."""
    return status not in {401, 403, 429, 503}


# Another site's page.


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    ],
    ids=str,
)
async def test_a_page_of_another_site_may_nothing(door, headers):
    it = await door()
    for method, path in EVERYWHERE:
        answer = await it.ask(method, path, headers=headers)
        assert answer.status_code == 403, (method, path)
        assert answer.json()["ok"] is False
    assert it.refused("origin") == len(EVERYWHERE)


@pytest.mark.parametrize("path", ["/"])
async def test_a_link_of_another_site_opens_the_page(door, path):
    it = await door()
    assert await it.status("GET", path, headers=NAVIGATION) == 200


@pytest.mark.parametrize(
    ("method", "path", "changed"),
    [
        ("POST", "/", {}),
        ("HEAD", "/", {}),
        ("GET", "/api/v1/status", {}),
        ("GET", "/metrics", {}),
        ("GET", "/", {"Sec-Fetch-Dest": "iframe"}),
        ("GET", "/", {"Sec-Fetch-Mode": "no-cors"}),
    ],
)
async def test_nothing_else_is_a_link_to_the_page(door, method, path, changed):
    it = await door()
    assert await it.status(method, path, headers=NAVIGATION | changed) == 403


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("localhost:8000", {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}),
        ("localhost", {"Origin": "http://localhost:80"}),
        ("[::1]:8000", {"Origin": "http://[::1]:8000"}),
        ("LOCALHOST:8000", {"Origin": "http://localhost:8000"}),
        ("localhost", {"Origin": "https://localhost", "X-Forwarded-Proto": "https"}),
        ("localhost", {"Sec-Fetch-Site": "none"}),
    ],
)
async def test_its_own_page_may(door, host, headers):
    it = await door()
    assert await it.status("POST", "/api/v1/watch", host=host, headers=headers, json={"on": True}) == 200


# The name under which it is reached.


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "a b",
        "[::1",
    ],
)
async def test_a_name_of_somebody_elses_dns_is_refused(door, host):
    it = await door(allowed_hosts=("pager.example.org",))
    asked = [*READING, *CONTROLLING, ("GET", "/"), ("GET", "/console/main.js")]
    for method, path in asked:
        answer = await it.ask(method, path, host=host)
        assert answer.status_code == 403, (method, path)
        assert "PAGER_ALLOWED_HOSTS" in answer.json()["error"]
    assert it.refused("host") == len(asked)


@pytest.mark.parametrize(
    "host",
    ["localhost", "a.localhost:1", "127.0.0.1:8000", "[::1]:8000", "192.0.2.1", "[2001:db8::1]:80", "PAGER.example.org.", "bridge:8000"],
)  # fmt: skip
async def test_a_name_that_is_known_is_taken(door, host):
    it = await door(allowed_hosts=("pager.example.org", "bridge", " "))
    assert await it.status("GET", "/api/v1/digest", host=host) == 200


@pytest.mark.parametrize(("method", "path"), [*POSTING, *OPEN])
async def test_senders_and_probes_may_call_it_what_they_like(door, method, path):
    it = await door()
    assert taken(await it.status(method, path, host="bridge.monitoring.svc", json=NOTHING))


async def test_what_a_stranger_calls_it_is_not_printed_as_it_came(door):
    it = await door()
    error = (await it.ask("GET", "/api/v1/digest", host="evil\x7f" + "e" * 5000)).json()["error"]
    assert "\x7f" not in error
    assert len(error) < 400


# Loopback without anything, and the network.


@pytest.mark.parametrize("peer", [NEAR, "127.8.9.10", "::1", "::ffff:127.0.0.1"])
async def test_loopback_needs_nothing(door, secrets, peer):
    it = await door(**secrets)
    for method, path in (*READING, *CONTROLLING, *POSTING, *OPEN):
        assert taken(await it.status(method, path, peer=peer, json={})), (method, path)


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (FAR, {}),
        ("::ffff:192.0.2.7", {}),
        ("", {}),
        (NEAR, {"X-Forwarded-For": "192.0.2.7"}),
        (NEAR, {"X-Forwarded-For": "127.0.0.1"}),
        (NEAR, {"X-Forwarded-For": ""}),
        (NEAR, {"Forwarded": "for=127.0.0.1"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("has_secrets", [True, False])
async def test_the_network_and_a_proxy_need_something(door, secrets, peer, headers, has_secrets):
    it = await door(**(secrets if has_secrets else {}))
    for method, path in (*READING, *CONTROLLING, *POSTING):
        answer = await it.ask(method, path, peer=peer, headers=headers, json={})
        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["ok"] is False
    assert it.refused("credentials") == len(READING + CONTROLLING + POSTING)


@pytest.mark.parametrize(("method", "path"), OPEN)
async def test_probes_and_metrics_ask_for_nothing(door, secrets, method, path):
    it = await door(**secrets)
    assert await it.status(method, path, peer=FAR) == 200


async def test_the_page_is_there_for_whoever_is_to_log_in(door, secrets):
    it = await door(**secrets)
    for path in ("/", "/console/main.js"):
        assert await it.status("GET", path, peer=FAR) == 200
    answer = await it.ask("GET", "/api/v1/session", peer=FAR)
    assert answer.json() == {"ok": True, "may": [], "session": False}


# Tokens.

MAY = {
    POST: POSTING,
    READ: READING,
    CONTROL: READING + CONTROLLING,
}


@pytest.mark.parametrize("token", MAY)
@pytest.mark.parametrize("peer", [NEAR, FAR])
async def test_a_token_allows_what_it_is_for(door, secrets, token, peer):
    it = await door(**secrets)
    for asked in (*READING, *CONTROLLING, *POSTING):
        status = await it.status(*asked, peer=peer, token=token, json={})
        assert taken(status) if asked in MAY[token] else status == 403, asked
    assert it.refused("right") == len(READING + CONTROLLING + POSTING) - len(MAY[token])


@pytest.mark.parametrize("peer", [NEAR, FAR])
@pytest.mark.parametrize(
    "shown",
    ["Bearer wrong", "Bearer ", "Bearer", "", "Basic !!!", f"Basic {POST}", f"Digest {POST}", POST, f"Bearer {POST}x", f"Bearer {POST[:-1]}"],
)  # fmt: skip
async def test_wrong_credentials_are_wrong_on_loopback_too(door, secrets, peer, shown):
    it = await door(**secrets)
    for method, path in (*POSTING, ("GET", "/api/v1/status")):
        answer = await it.ask(method, path, peer=peer, headers={"Authorization": shown}, json=NOTHING)
        assert answer.status_code == 401
        assert shown not in answer.text or not shown


async def test_the_posting_password_posts_and_nothing_else(door, secrets):
    it = await door(**secrets)
    headers = {"Authorization": "Basic " + base64.b64encode(PASSWORD.encode()).decode()}
    assert await it.status("POST", "/alert", peer=FAR, headers=headers, json=NOTHING) == 200
    assert await it.status("GET", "/api/v1/status", peer=FAR, headers=headers) == 403
    asked = await it.ask("POST", "/alert", peer=FAR, json=NOTHING)
    assert "Basic" in asked.headers["WWW-Authenticate"]
    assert "Basic" not in (await it.ask("GET", "/api/v1/status", peer=FAR)).headers["WWW-Authenticate"]


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", COOKIE])
async def test_a_token_in_the_url_is_not_read(door, secrets, name):
    it = await door(**secrets)
    assert await it.status("GET", "/api/v1/status", peer=FAR, params={name: CONTROL}) == 401
    assert await it.status("POST", "/alert", peer=FAR, params={name: POST}, json=NOTHING) == 401


async def test_a_file_that_is_gone_or_empty_lets_nobody_in_and_loses_no_alert(door, secrets):
    it = await door(**secrets)
    for broken in (lambda path: path.write_text(" \n"), lambda path: path.unlink()):
        for path in secrets.values():
            broken(path)
        it.clock.now += 2
        answer = await it.ask("POST", "/alert", peer=FAR, token=POST, json=NOTHING)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert await it.status("GET", "/api/v1/status", peer=FAR, token=READ) == 503
        assert await it.status("GET", "/api/v1/status", peer=FAR) == 401
        assert await it.status("POST", "/api/v1/login", peer=FAR, json={"token": READ}) == 503
    assert it.refused("unavailable") == 4
    secrets["post_token_file"].write_text(POST)
    it.clock.now += 2
    assert await it.status("POST", "/alert", peer=FAR, token=POST, json=NOTHING) == 200


async def test_a_new_token_holds_and_an_old_one_no_longer(door, secrets):
    it = await door(**secrets)
    new = "another-token-for-posting"
    secrets["post_token_file"].write_text(f"{POST}\n{new}\n")
    it.clock.now += 2
    assert await it.status("POST", "/alert", peer=FAR, token=POST, json=NOTHING) == 200
    assert await it.status("POST", "/alert", peer=FAR, token=new, json=NOTHING) == 200
    secrets["post_token_file"].write_text(new)
    it.clock.now += 2
    assert await it.status("POST", "/alert", peer=FAR, token=POST, json=NOTHING) == 401
    assert await it.status("POST", "/alert", peer=FAR, token=new, json=NOTHING) == 200


# A network that lets in everybody.


async def test_a_network_that_is_trusted_needs_nothing(door):
    it = await door(http_host="0.0.0.0", allow_unauthenticated="network")
    assert await it.status("POST", "/alert", peer=FAR, json=NOTHING) == 200
    assert await it.status("GET", "/api/v1/status", peer=FAR) == 200
    assert await it.status("POST", "/api/v1/ack", peer=FAR, json={}) == 200
    assert (
        await it.status("GET", "/api/v1/status", peer=FAR, headers={"Origin": "http://evil.example"}) == 403
    )
    assert await it.status("GET", "/api/v1/status", peer=FAR, host="evil.example") == 403


async def test_a_token_closes_its_right_in_a_trusted_network_too(door, secrets):
    read = {"read_token_file": secrets["read_token_file"]}
    it = await door(http_host="0.0.0.0", allow_unauthenticated="network", **read)
    assert await it.status("POST", "/alert", peer=FAR, json=NOTHING) == 200
    assert await it.status("GET", "/api/v1/status", peer=FAR) == 401
    assert await it.status("POST", "/api/v1/ack", peer=FAR, json={}) == 401, (
        "nobody may control what few may read"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"http_host": "0.0.0.0"},
        {"http_host": "::"},
        {"http_host": ""},
        {"http_host": "192.0.2.1"},
        {"http_host": "0.0.0.0", "allow_unauthenticated": "network", "bind_address": "192.0.2.10"},
        {"http_host": "0.0.0.0", "allow_unauthenticated": "network", "bind_address": "0.0.0.0"},
    ],
)
def test_an_open_bridge_does_not_start(tmp_path, given):
    with pytest.raises(SettingError, match="PAGER_POST_TOKEN_FILE"):
        Access(Settings(tmp_path, tmp_path, **given))


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "localhost", ""])
def test_a_container_that_is_published_on_loopback_starts(tmp_path, address):
    Access(
        Settings(
            tmp_path, tmp_path, http_host="0.0.0.0", allow_unauthenticated="network", bind_address=address
        )
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_starts_without_anything(tmp_path, host):
    Access(Settings(tmp_path, tmp_path, http_host=host))


def test_a_word_that_is_unknown_lets_nobody_in(tmp_path):
    with pytest.raises(SettingError, match="'yes' is unknown"):
        Access(Settings(tmp_path, tmp_path, allow_unauthenticated="yes"))


@pytest.mark.parametrize("text", ["", "\n \n", None])
def test_a_secret_that_cannot_be_read_is_told_at_the_start(tmp_path, text):
    path = tmp_path / "token"
    if text is not None:
        path.write_text(text)
    for name in ("post_token_file", "read_token_file", "control_token_file", "post_password_file"):
        with pytest.raises(SettingError, match=f"PAGER_{name.upper()}: .*token"):
            Access(Settings(tmp_path, tmp_path, **{name: path}))


# How often, how much, how many.


async def test_a_client_that_asks_too_often_is_told_to_wait_and_others_are_not(door, secrets):
    it = await door(**secrets)
    found = [await it.ask("GET", "/api/v1/digest", peer=FAR, token=READ) for _ in range(260)]
    assert {answer.status_code for answer in found} == {200, 429}
    assert int(found[-1].headers["Retry-After"]) >= 1
    assert it.refused("rate") > 0
    assert await it.status("GET", "/api/v1/digest", peer="192.0.2.8", token=READ) == 200
    assert await it.status("GET", "/api/v1/digest") == 200, "this machine is not counted"


async def test_posting_has_no_limit_unless_one_is_set(door):
    it = await door()
    assert {await it.status("POST", "/alert", json=NOTHING) for _ in range(500)} == {200}


async def test_a_limit_on_posting_is_a_503_so_that_nothing_is_dropped(door):
    it = await door(post_rate=1.0)
    found = [await it.ask("POST", "/alert", json=NOTHING) for _ in range(5)]
    assert {answer.status_code for answer in found} == {200, 503}
    assert found[-1].headers["Retry-After"] == "1"


async def test_bodies_end_where_memory_does_and_come_back(door, monkeypatch):
    monkeypatch.setattr(guard, "BODIES", 100_000)
    it = await door()
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield b" " * 90_000
        started.set()
        await go_on.wait()
        yield b'{"alerts": []}'

    first = asyncio.create_task(it.ask("POST", "/alert", content=slowly()))
    await started.wait()
    async with asyncio.timeout(10):
        second = await it.ask("POST", "/alert", content=b" " * 20_000)
    assert (second.status_code, second.headers["Retry-After"]) == (503, "5")
    assert second.json()["ok"] is False
    assert it.refused("memory") == 1
    go_on.set()
    assert (await first).status_code == 200
    assert await it.status("POST", "/alert", content=b" " * 20_000 + b'{"alerts": []}') == 200


# What every answer says.

SAID = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "path", "rest"),
    [
        ("GET", "/", {}),
        ("GET", "/console/main.js", {}),
        ("GET", "/api/v1/status", {}),
        ("GET", "/metrics", {}),
        ("GET", "/nowhere", {}),
        ("POST", "/alert", {"content": b"no json"}),
        ("GET", "/api/v1/status", {"host": "evil.example"}),
        ("GET", "/api/v1/status", {"peer": FAR}),
        ("DELETE", "/alert", {}),
    ],
)
async def test_every_answer_is_closed_to_other_sites(door, method, path, rest):
    it = await door()
    headers = (await it.ask(method, path, **rest)).headers
    assert {name: headers[name] for name in SAID} == SAID
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")
    assert "permissions-policy" in headers
    assert headers["cache-control"] in {"no-store", "no-cache"}
    assert "strict-transport-security" not in headers
    assert "server" not in headers


async def test_a_mistake_of_the_bridge_tells_nobody_what_it_was(door, monkeypatch):
    it = await door()

    def broken(*_):
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr("bridge.runtime.state.status", broken)
    answer = await it.ask("GET", "/api/v1/status")
    assert answer.status_code == 500
    assert answer.json()["ok"] is False
    assert "secret" not in answer.text
    assert {name: answer.headers[name] for name in SAID} == SAID


async def test_the_page_may_ask_only_its_own_host(door):
    it = await door()
    policy = (await it.ask("GET", "/", host="127.0.0.1:8000")).headers["content-security-policy"]
    assert "connect-src 'self' ws://127.0.0.1:8000 wss://127.0.0.1:8000;" in policy
    assert policy.startswith(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self';"
    )


async def test_the_page_lets_no_opener_hold_on_to_it(door):
    """Where a browser would heed it: elsewhere it only complains."""
    it = await door(allowed_hosts=("pager.example.org",))
    name = "cross-origin-opener-policy"
    assert (await it.ask("GET", "/")).headers[name] == "same-origin"
    assert name not in (await it.ask("GET", "/", host="pager.example.org")).headers
    headers = {"X-Forwarded-Proto": "https"}
    answer = await it.ask("GET", "/", host="pager.example.org", headers=headers)
    assert answer.headers[name] == "same-origin"


# The stream.


def text(frame):
    return {"type": "websocket.receive", "text": frame}


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        (NEAR, [(b"Origin", b"http://evil.example")], 403),
        (NEAR, [(b"origin", b"null")], 403),
        (NEAR, [(b"Sec-Fetch-Site", b"cross-site"), (b"Sec-Fetch-Mode", b"navigate"), (b"Sec-Fetch-Dest", b"document")], 403),
        (NEAR, [(b"host", b"evil.example")], 403),
        (NEAR, [(b"Authorization", b"Bearer wrong")], 401),
        (NEAR, [(b"X-Forwarded-For", b"127.0.0.1")], 401),
        (FAR, [], 401),
        (FAR, [(b"authorization", f"Bearer {POST}".encode())], 403),
    ],
)  # fmt: skip
async def test_a_stream_is_refused_as_everything_else_is(door, secrets, peer, headers, status):
    it = await door(**secrets)
    start, body = await it.connect(peer=peer, headers=headers)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert body["body"].startswith(b'{"ok":false')


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (NEAR, [(b"Origin", b"http://localhost:8000")]),
        (NEAR, []),
        (FAR, [(b"Authorization", f"Bearer {READ}".encode())]),
        (FAR, [(b"Authorization", f"Bearer {CONTROL}".encode())]),
    ],
)
async def test_a_stream_is_opened_to_whoever_may_read(door, secrets, peer, headers):
    it = await door(**secrets)
    assert (await it.connect(peer=peer, headers=headers))[0]["type"] == "websocket.accept"


async def test_a_stream_ends_with_the_token_that_opened_it(door, secrets):
    it = await door(**secrets)

    def changed():
        secrets["read_token_file"].write_text("another-token-for-reading")
        it.clock.now += 2
        return text('{"type": "ping"}')

    headers = [(b"Authorization", f"Bearer {READ}".encode())]
    sent = await it.connect(peer=FAR, headers=headers, frames=[text('{"type": "ping"}'), changed])
    assert sent[-1]["type"] == "websocket.close"
    assert sent[-1]["code"] == 1008


async def test_one_client_cannot_have_all_the_streams(door, secrets, monkeypatch):
    monkeypatch.setattr(guard, "SOCKETS", 6)
    monkeypatch.setattr(guard, "SOCKETS_OF_ONE", 2)
    monkeypatch.setattr(guard, "KEPT_FREE", 2)
    it = await door(**secrets)
    headers = [(b"Authorization", f"Bearer {READ}".encode())]
    answers = []

    async def many(peer, depth):
        """Open one inside the other: each stands while the next is tried."""

        async def app(_scope, _receive, send):
            await send({"type": "websocket.accept"})
            if depth:
                await many(peer, depth - 1)

        standing = guard.Guard(app, it.access, it.runtime.metrics)
        standing._sockets = sockets
        before, it.app = it.app, standing
        answers.append((await it.connect(peer=peer, headers=headers if peer == FAR else []))[0]["type"])
        it.app = before

    sockets = guard.Guard(None, it.access, it.runtime.metrics)._sockets
    await many(FAR, 2)
    assert answers == ["websocket.http.response.start", "websocket.accept", "websocket.accept"]
    answers.clear()
    await many(NEAR, 6)
    assert answers.count("websocket.accept") == 6
    assert not sockets
    assert it.refused("connections") == 2
