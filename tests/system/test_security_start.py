"""From the attacker's side, against the real bridge: a start that would be open, TLS, and secrets that could leak."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys

import pytest
from lab.attacker import (
    CONTROL,
    PASSWORD,
    POST,
    READ,
    STRANGER,
    raw,
    request,
    write_secrets,
)
from lab.bridge import Bridge, one_alert, webhook
from lab.programs import free_port, wait_for
from websockets.exceptions import ConnectionClosed
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


# The start.


def serve(folder, *arguments, **env):
    """A start that is to fail: exit code and what it says."""
    settings = {
        "MQTT_HOST": "",
        "OSC_PORT": "9",
        "PAGER_DATA_DIR": str(folder / "state"),
        "PAGER_HTTP_PORT": str(free_port()),
        "PAGER_METRICS_PORT": str(free_port()),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "serve", *arguments],
        env=os.environ | settings | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"PAGER_HTTP_HOST": "0.0.0.0"},
        {"PAGER_HTTP_HOST": "::"},
        {
            "PAGER_HTTP_HOST": "0.0.0.0",
            "PAGER_ALLOW_UNAUTHENTICATED": "network",
            "PAGER_BIND_ADDRESS": "192.0.2.10",
        },
    ],
    ids=str,
)
def test_an_open_bridge_does_not_start(tmp_path, env):
    code, said = serve(tmp_path, **env)
    assert code == 1
    for word in ("PAGER_POST_TOKEN_FILE", "PAGER_READ_TOKEN_FILE", "PAGER_CONTROL_TOKEN_FILE", "127.0.0.1"):
        assert word in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--allow-unauthenticated", "everybody"], "'everybody' is unknown"),
        (["--read-token-file", "nowhere"], "PAGER_READ_TOKEN_FILE: nowhere: No such file"),
        (["--tls-cert-file", "nowhere"], "PAGER_TLS_KEY_FILE is missing"),
        (["--tls-key-file", "nowhere"], "PAGER_TLS_CERT_FILE is missing"),
        (
            ["--tls-key-file", "nowhere", "--tls-cert-file", "nowhere"],
            "PAGER_TLS_CERT_FILE: nowhere cannot be read",
        ),
        (["--tls-key-file", __file__, "--tls-cert-file", __file__], "do not work together"),
    ],
)
def test_a_setting_that_cannot_work_is_told_at_the_start(tmp_path, arguments, word):
    code, said = serve(tmp_path, *arguments)
    assert code == 1
    assert word in " ".join(said.split())
    assert "Traceback" not in said


def test_a_network_that_is_trusted_is_still_no_web_page(tmp_path):
    env = {
        "PAGER_HTTP_HOST": "0.0.0.0",
        "PAGER_ALLOW_UNAUTHENTICATED": "network",
        "PAGER_BIND_ADDRESS": "127.0.0.1",
    }
    with Bridge(tmp_path, env=env) as bridge:
        assert request(bridge.port, "GET", "/api/v1/status", headers=STRANGER).status == 200
        foreign = STRANGER | {"Origin": "http://evil.example"}
        assert request(bridge.port, "POST", "/api/v1/ack", headers=foreign, body={}).status == 403


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 and localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    out = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*new, *subject, *out], check=True, capture_output=True, timeout=60)
    return folder / "cert.pem", folder / "key.pem"


def cli(*arguments, **env):
    done = subprocess.run(
        [sys.executable, "-m", "bridge", *arguments],
        env={k: v for k, v in os.environ.items() if not k.startswith("PAGER_")} | env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


class Secure(Bridge):
    """A bridge that speaks TLS. Whether it is ready its own health check says."""

    def _ready(self):
        env = {"PAGER_HTTP_PORT": str(self.port), "PAGER_TLS_CERT_FILE": "set"}
        wait_for(lambda: cli("healthcheck", **env)[0] == 0, "the bridge is ready", 60)


def test_tls_and_nothing_else(tmp_path, certificate):
    cert, key = certificate
    secrets = write_secrets(tmp_path / "secrets")
    env = secrets | {"PAGER_TLS_CERT_FILE": str(cert), "PAGER_TLS_KEY_FILE": str(key)}
    trusting = ssl.create_default_context(cafile=str(cert))
    with Secure(tmp_path / "bridge", env=env) as bridge:
        answer = request(bridge.port, "GET", "/api/v1/digest", tls=trusting)
        assert answer.status == 200
        assert "max-age=" in answer.headers["strict-transport-security"]
        assert request(bridge.metrics_port, "GET", "/metrics", tls=trusting).status == 200

        logged_in = request(
            bridge.port, "POST", "/api/v1/login", headers=STRANGER, body={"token": READ}, tls=trusting
        )
        assert {"httponly", "secure", "samesite=strict"} <= {
            part.strip().lower() for part in logged_in.headers["set-cookie"].split(";")
        }

        own = f"https://127.0.0.1:{bridge.port}"
        for origin, status in ((own, 200), (own.replace("https", "http"), 403)):
            headers = {"Origin": origin}
            told = request(
                bridge.port, "POST", "/api/v1/watch", headers=headers, body={"on": True}, tls=trusting
            )
            assert told.status == status
        with connect(
            f"wss://127.0.0.1:{bridge.port}/api/v1/stream", ssl=trusting, origin=own, proxy=None
        ) as page:
            assert json.loads(page.recv(10))["type"] == "state"

        with (
            contextlib.closing(raw(bridge.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) as plain,
            contextlib.suppress(ConnectionResetError),
        ):
            assert not plain.recv(100).startswith(b"HTTP")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", bridge.port), 10) as s:
            old.wrap_socket(s)

        here = {"PAGER_URL": own}
        assert cli("digest", **here, SSL_CERT_FILE=str(cert)) == (0, "Nothing is firing.\n")
        code, said = cli("digest", **here)
        assert code == 1
        assert "certificate" in said.lower()


def test_the_command_line_shows_its_token(tmp_path, bridge):
    token = tmp_path / "token"
    url = {"PAGER_URL": bridge.url}
    for text, code, word in (
        (CONTROL, 0, "armed"),
        (READ, 1, "do not allow this"),
        ("wrong-token", 1, "credentials are wrong"),
        ("", 1, "PAGER_TOKEN_FILE"),
    ):
        token.write_text(text)
        done, said = cli("watch", "on", **url, PAGER_TOKEN_FILE=str(token))
        assert done == code, said
        assert word in said
        assert not text or text not in said
    assert "PAGER_TOKEN_FILE" in cli("watch", **url, PAGER_TOKEN_FILE=str(tmp_path / "nowhere"))[1]
    assert cli("healthcheck", **url)[0] == 0


# Secrets.


def test_secrets_are_nowhere(tmp_path):
    """Every secret that a bridge can know, and guesses that were nearly one, while all goes wrong that can."""
    mqtt = "mqtt-canary-77be01"
    (tmp_path / "mqtt").write_text(mqtt)
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))  # a broker that never answers
    book = f"version: 1\nmqtt: {{user: pager, password_file: {tmp_path / 'mqtt'}}}\nalerts: [{{name: all, severity: info}}]\n"
    env = write_secrets(tmp_path / "secrets")
    near = "nearly-a-canary-5521"
    said = []
    with Bridge(tmp_path / "bridge", env=env, book=book, mqtt_port=taken.getsockname()[1]) as bridge:

        def ask(method, path, **rest):
            headers = STRANGER | rest.pop("headers", {})
            answer = request(bridge.port, method, path, headers=headers, **rest)
            said.append(repr(answer.headers).encode() + answer.body)
            return answer

        ask("POST", "/alert", body=webhook(one_alert()), token=POST)
        basic = base64.b64encode(PASSWORD.encode()).decode()
        ask("POST", "/alert", body=EMPTY, headers={"Authorization": f"Basic {basic}"})
        for right in (READ, CONTROL, POST, near):
            for method, path in (
                ("GET", "/api/v1/status"),
                ("POST", "/api/v1/ack"),
                ("POST", "/alert"),
                ("GET", "/no"),
            ):
                ask(method, path, token=right, body=b"no json" if method == "POST" else None)
            ask("GET", f"/api/v1/status?token={right}")
            ask("POST", "/api/v1/login", body={"token": right * 500})
        cookie = ask("POST", "/api/v1/login", body={"token": CONTROL}).headers["set-cookie"].split(";")[0]
        said.pop()  # this one answer is meant to hold the session
        session = cookie.partition("=")[2]
        assert len(session) > 30
        for path in ("/api/v1/status", "/api/v1/events", "/api/v1/session", "/metrics", "/openapi.json"):
            ask("GET", path, headers={"Cookie": cookie})
        with (
            contextlib.suppress(ConnectionClosed),
            connect(
                f"ws://127.0.0.1:{bridge.port}/api/v1/stream",
                additional_headers=STRANGER | {"Cookie": cookie},
                proxy=None,
            ) as page,
        ):
            said.append(page.recv(10).encode())
            page.send("nonsense")
            said.append(page.recv(10).encode())
        (tmp_path / "secrets" / "READ_TOKEN").unlink()
        wait_for(lambda: ask("GET", "/api/v1/status", token=READ).status == 503, "the file is missed")
        bridge.file.write_text("version: 1\nmqtt: {password_file: /nowhere}\n")
        assert bridge.post("/-/reload")[0] == 422
        said.append(json.dumps(bridge.status()).encode())
        folder = bridge.state
    taken.close()
    stored = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert any(b"HighCPU" in part for part in stored), "the store holds what it should"
    log = bridge.program.path.read_bytes()
    assert b"PAGER_READ_TOKEN_FILE" in log
    for secret in (POST, READ, CONTROL, PASSWORD, PASSWORD.partition(":")[2], basic, mqtt, near, session):
        for where in (log, *said, *stored):
            assert secret.encode() not in where, secret
