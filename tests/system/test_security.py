"""From the attacker's side, against the real bridge: who may, and who does not get in.

Everything comes from loopback here; what stands for the network comes with X-Forwarded-For, which is no loopback.
"""

from __future__ import annotations

import json

import pytest
from lab.attacker import (
    CONTROL,
    PASSWORD,
    POST,
    READ,
    STRANGER,
    raw,
    refused,
    request,
    write_secrets,
)
from lab.bridge import Bridge
from lab.programs import wait_for
from lab.servers import Alertmanager
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.system

EMPTY = {"alerts": []}


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    """One that has every secret."""
    env = write_secrets(tmp_path_factory.mktemp("secrets"))
    with Bridge(tmp_path_factory.mktemp("bridge"), env=env) as running:
        yield running
        assert "Traceback" not in running.program.log


@pytest.fixture
def ask(bridge):
    """Ask the bridge as somebody on the network."""

    def asked(method, path, **rest):
        headers = STRANGER | rest.pop("headers", {})
        return request(bridge.port, method, path, headers=headers, **rest)

    return asked


# Who may.


def test_the_network_sees_a_login_and_two_words(ask):
    assert ask("GET", "/").status == 200
    assert ask("GET", "/-/healthy").status == ask("GET", "/metrics").status == 200
    for method, path in (
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/events"),
        ("GET", "/openapi.json"),
        ("POST", "/api/v1/ack"),
        ("POST", "/api/v1/fire"),
        ("POST", "/-/reload"),
        ("POST", "/alert"),
        ("POST", "/metric"),
    ):
        answer = ask(method, path)
        assert (answer.status, answer.json["ok"]) == (401, False), path
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_is_good_for_its_right(ask):
    assert ask("POST", "/alert", body=EMPTY, token=POST).status == 200
    assert ask("GET", "/api/v1/status", token=READ).status == 200
    assert ask("POST", "/api/v1/watch", body={"on": True}, token=CONTROL).status == 200
    assert ask("GET", "/api/v1/status", token=CONTROL).status == 200
    assert ask("POST", "/api/v1/watch", body={"on": True}, token=READ).status == 403
    assert ask("GET", "/api/v1/status", token=POST).status == 403


def test_a_token_in_the_url_is_not_read_and_not_logged(bridge, ask):
    for name in ("token", "access_token", "pager-session"):
        assert ask("GET", f"/api/v1/status?{name}={READ}").status == 401
        assert ask("POST", f"/alert?{name}={POST}", body=EMPTY).status == 401
    assert READ not in bridge.program.log
    assert POST not in bridge.program.log


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "x-forwarded-for:"]
)
def test_a_forwarded_request_is_never_loopback(bridge, header):
    name, _, value = header.partition(":")
    assert request(bridge.port, "GET", "/api/v1/status").status == 200
    assert request(bridge.port, "GET", "/api/v1/status", headers={name: value.strip()}).status == 401


def test_wrong_credentials_are_refused_on_loopback_too(bridge):
    before = refused(bridge, "credentials")
    assert request(bridge.port, "POST", "/alert", body=EMPTY, token="wrong").status == 401
    assert request(bridge.port, "POST", "/alert", body=EMPTY, token=POST + "x").status == 401
    assert refused(bridge, "credentials") == before + 2


def ping_for_ever(page):
    while True:
        page.send('{"type": "ping"}')
        page.recv(10)


def test_a_new_token_is_taken_while_it_runs_and_ends_what_the_old_one_opened(tmp_path):
    env = write_secrets(tmp_path / "secrets")
    with Bridge(tmp_path / "bridge", env=env) as bridge:
        file = tmp_path / "secrets" / "READ_TOKEN"

        def status(token):
            return request(bridge.port, "GET", "/api/v1/digest", headers=STRANGER, token=token).status

        headers = STRANGER | {"Authorization": f"Bearer {READ}"}
        with connect(
            f"ws://127.0.0.1:{bridge.port}/api/v1/stream", additional_headers=headers, proxy=None
        ) as page:
            page.recv(10)
            file.write_text("the-token-that-comes-next")
            wait_for(lambda: status("the-token-that-comes-next") == 200, "the new token is taken")
            assert status(READ) == 401
            with pytest.raises(ConnectionClosed) as closed:
                ping_for_ever(page)
            assert closed.value.rcvd.code == 1008
        file.unlink()
        wait_for(lambda: status("the-token-that-comes-next") == 503, "nobody is let in without the file")
        assert status(CONTROL) == 200


def test_alertmanager_shows_its_token_or_its_password(tmp_path, bridge):
    """As docs/alertmanager.md says; one with a wrong password is refused and says so."""
    user, _, password = PASSWORD.partition(":")
    files = {"token": POST, "password": password, "wrong": "not-the-password"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def basic(name):
        return {"basic_auth": {"username": user, "password_file": str(tmp_path / name)}}

    bearer = {"authorization": {"type": "Bearer", "credentials_file": str(tmp_path / "token")}}
    before = refused(bridge, "credentials")
    for number, (shown, is_good) in enumerate(
        [(bearer, True), (basic("password"), True), (basic("wrong"), False)]
    ):
        receiver = {
            "name": "web.hook",
            "webhook_configs": [{"url": "x", "send_resolved": True, "http_config": shown}],
        }
        route = {
            "receiver": "web.hook",
            "group_wait": "0s",
            "group_interval": "1s",
            "group_by": ["alertname"],
        }
        config = json.dumps({"route": route, "receivers": [receiver]})
        with Alertmanager(tmp_path / f"am-{number}", f"{bridge.url}/alert", config) as alertmanager:
            name = f"Shown{number}"
            alertmanager.post({"labels": {"alertname": name, "severity": "info"}})
            if is_good:
                wait_for(lambda name=name: name in json.dumps(bridge.status()["firing"]), "it is taken")
            else:
                wait_for(lambda: refused(bridge, "credentials") > before, "it is refused")
                assert name not in json.dumps(bridge.status()["firing"])
    bridge.post("/api/v1/resolve")


# Other sites.


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_stream_is_not_opened_for_a_page_of_another_site(bridge, origin):
    before = refused(bridge, "origin")
    with (
        pytest.raises(InvalidStatus) as answer,
        connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", origin=origin, proxy=None),
    ):
        pass
    assert answer.value.response.status_code == 403
    assert json.loads(answer.value.response.body)["ok"] is False
    assert refused(bridge, "origin") == before + 1
    own = f"http://127.0.0.1:{bridge.port}"
    with connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", origin=own, proxy=None) as page:
        assert json.loads(page.recv(10))["type"] == "state"


def test_a_name_of_somebody_elses_dns_gets_nothing(bridge):
    for path in ("/", "/api/v1/status", "/console/main.js"):
        answer = request(bridge.port, "GET", path, headers={"Host": f"evil.example:{bridge.port}"})
        assert answer.status == 403
        assert "PAGER_ALLOWED_HOSTS" in answer.json["error"]
    with (
        pytest.raises(InvalidStatus) as answer,
        connect(
            f"ws://evil.example:{bridge.port}/api/v1/stream",
            sock=raw(bridge.port),
            origin=f"http://evil.example:{bridge.port}",
            proxy=None,
        ),
    ):
        pass
    assert answer.value.response.status_code == 403
    assert request(bridge.port, "POST", "/alert", headers={"Host": "bridge:8000"}, body=EMPTY).status == 200
