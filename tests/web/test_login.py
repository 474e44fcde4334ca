"""A browser logs in: the cookie, the session, its end."""

from __future__ import annotations

import pytest
from web_door import CONTROL, FAR, NEAR, POST, READ

from bridge.web import keys
from bridge.web.asked import COOKIE


async def log_in(it, token, *, peer=FAR, **rest):
    return await it.ask("POST", "/api/v1/login", peer=peer, json={"token": token}, **rest)


def cookie(answer):
    """The session's cookie and its attributes."""
    value, *attributes = answer.headers["set-cookie"].split("; ")
    return value, {attribute.lower() for attribute in attributes}


async def may(it, session, peer=FAR):
    answer = await it.ask("GET", "/api/v1/session", peer=peer, headers={"Cookie": session})
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(("token", "rights"), [(READ, ["read"]), (CONTROL, ["control", "read"])])
async def test_a_session_allows_what_its_token_does(door, secrets, token, rights):
    it = await door(**secrets)
    answer = await log_in(it, token)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "may": rights})
    session, attributes = cookie(answer)
    assert attributes == {"httponly", "samesite=strict", "path=/", "max-age=604800"}
    assert token not in answer.headers["set-cookie"]
    assert await may(it, session) == {"ok": True, "may": rights, "session": True}
    headers = {"Cookie": f"other=1; {session}; theme=dark"}
    assert await it.status("GET", "/api/v1/status", peer=FAR, headers=headers) == 200
    allowed = await it.status("POST", "/api/v1/watch", peer=FAR, headers=headers, json={"on": True})
    assert allowed == (200 if "control" in rights else 403)
    assert await it.status("POST", "/alert", peer=FAR, headers=headers, json={"alerts": []}) == 403


async def test_the_cookie_is_secure_where_the_browser_speaks_tls(door, secrets):
    it = await door(**secrets)
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": FAR}
    assert "secure" in cookie(await log_in(it, READ, peer=NEAR, headers=headers))[1]


@pytest.mark.parametrize("token", ["wrong", POST, READ + "x", " "])
async def test_a_token_that_is_not_for_reading_opens_nothing(door, secrets, token):
    it = await door(**secrets)
    answer = await log_in(it, token)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert answer.json()["ok"] is False
    assert it.refused("credentials") == 1


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"token": 1}', b'{"token": ""}', b'{"token": "a", "x": 1}', b"no"]
)
async def test_what_is_no_login_is_refused_without_being_quoted(door, secrets, body):
    it = await door(**secrets)
    answer = await it.ask("POST", "/api/v1/login", peer=FAR, content=body)
    assert answer.status_code == 400


async def test_a_token_is_never_quoted_back(door, secrets):
    it = await door(**secrets)
    secret = "a-secret-that-was-typed-wrong" * 200
    answer = await it.ask("POST", "/api/v1/login", peer=FAR, json={"token": secret})
    assert answer.status_code == 400
    assert "typed-wrong" not in answer.text


async def test_logging_out_ends_the_session_and_not_only_the_cookie(door, secrets):
    it = await door(**secrets)
    session, _ = cookie(await log_in(it, CONTROL))
    answer = await it.ask("POST", "/api/v1/logout", peer=FAR, headers={"Cookie": session})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert 'pager-session=""' in answer.headers["set-cookie"]
    assert await may(it, session) == {"ok": True, "may": [], "session": False}
    assert await it.status("GET", "/api/v1/status", peer=FAR, headers={"Cookie": session}) == 401
    assert await it.status("POST", "/api/v1/logout", peer=FAR) == 200


async def test_a_session_ends_with_its_token(door, secrets):
    it = await door(**secrets)
    reader, _ = cookie(await log_in(it, READ))
    boss, _ = cookie(await log_in(it, CONTROL))
    secrets["read_token_file"].write_text("another-token-for-reading")
    it.clock.now += 2
    assert (await may(it, reader))["may"] == []
    assert (await may(it, boss))["may"] == ["control", "read"]
    secrets["control_token_file"].unlink()
    it.clock.now += 2
    assert (await may(it, boss))["may"] == []


async def test_a_session_ends_with_time(door, secrets):
    it = await door(**secrets)
    session, _ = cookie(await log_in(it, READ))
    it.clock.now += keys.LASTS - 1
    assert (await may(it, session))["may"] == ["read"]
    it.clock.now += 1
    assert (await may(it, session))["may"] == []


async def test_sessions_are_bounded_and_the_oldest_goes(door, secrets):
    it = await door(**secrets)
    first = it.access.login(READ)[0]
    others = [it.access.login(READ)[0] for _ in range(keys.MOST)]
    assert it.access.session(first) is None
    assert all(it.access.session(one) for one in others)
    assert len(set(others)) == keys.MOST


async def test_guessing_is_slow(door, secrets):
    it = await door(**secrets)
    found = [await log_in(it, f"guess-{n}") for n in range(14)]
    assert [answer.status_code for answer in found] == [401] * 10 + [429] * 4
    assert int(found[-1].headers["Retry-After"]) >= 1
    assert (await log_in(it, READ)).status_code == 429, "the right one waits too"
    assert (await log_in(it, READ, peer="192.0.2.9")).status_code == 200
    assert it.refused("rate") == 5


@pytest.mark.parametrize("session", [f"{COOKIE}=made-up", f"{COOKIE}=", COOKIE, "", ";;=;"])
async def test_a_cookie_that_is_none_changes_nothing(door, secrets, session):
    it = await door(**secrets)
    assert await it.status("GET", "/api/v1/status", peer=FAR, headers={"Cookie": session}) == 401
    assert await it.status("GET", "/api/v1/status", peer=NEAR, headers={"Cookie": session}) == 200


async def test_a_cookie_is_worth_nothing_to_another_site(door, secrets):
    it = await door(**secrets)
    session, _ = cookie(await log_in(it, CONTROL))
    headers = {"Cookie": session, "Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}
    assert await it.status("POST", "/api/v1/ack", peer=FAR, headers=headers, json={}) == 403


async def test_a_stream_ends_with_the_session(door, secrets):
    it = await door(**secrets)
    session, _ = cookie(await log_in(it, READ))

    def logged_out():
        it.access.sessions.close(session.partition("=")[2])
        return {"type": "websocket.receive", "text": '{"type": "ping"}'}

    sent = await it.connect(peer=FAR, headers=[(b"Cookie", session.encode())], frames=[logged_out])
    assert sent[0]["type"] == "websocket.accept"
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 1008)
