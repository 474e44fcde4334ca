"""From the attacker's side, against the real bridge: slow, many, huge and endless."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab.attacker import (
    READ,
    STRANGER,
    raw,
    refused,
    request,
    until_cut,
    write_secrets,
)
from lab.bridge import Bridge, one_alert, webhook
from lab.programs import wait_for
from websockets.exceptions import InvalidStatus
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


# Slow, many, huge.


def test_slow_clients_are_cut_and_others_are_served(tmp_path):
    """A head byte by byte, one that stops, empty lines, a body byte by byte, and an answer that nobody takes."""
    with Bridge(tmp_path) as bridge:
        summary = {"annotations": {"summary": "s" * 4000}}
        many = [one_alert(fingerprint=f"f{n}", n=str(n)) | summary for n in range(4000)]
        assert bridge.post("/alert", webhook(*many)) == (200, {"ok": True})
        port, idle = bridge.port, b""
        begun = b"POST /alert HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n{"
        all_of_it = b"GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
        clients = {
            "a head byte by byte": (raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "), b"x", 1.0),
            "a head that stops": (raw(port, b"GET / HTT"), idle, 1.0),
            "nothing at all": (raw(port), idle, 1.0),
            "empty lines": (raw(port), b"\r\n", 1.0),
            "a body byte by byte": (raw(port, begun), b" ", 1.0),
            "a body that stops": (raw(port, begun), idle, 1.0),
        }
        reader = raw(port, all_of_it, receive_buffer=4096)
        with ThreadPoolExecutor(len(clients)) as pool:
            cuts = {name: pool.submit(until_cut, *client, deadline=90.0) for name, client in clients.items()}
            for number in range(20):
                assert bridge.alert(fingerprint=f"between-{number}") == (200, {"ok": True})
            for name, cut in cuts.items():
                assert cut.result()[1] == b"", name
        wait_for(lambda: refused(bridge, "slow") == len(clients) + 1, "all of them are cut", 150, every=0.5)
        reader.close()
        for client, _, _ in clients.values():
            client.close()
        assert bridge.get("/-/ready")[0] == 200


def test_a_thousand_connections_leave_room_and_come_back(tmp_path):
    with Bridge(tmp_path) as bridge, contextlib.ExitStack() as stack:
        held = [stack.enter_context(contextlib.closing(raw(bridge.port))) for _ in range(1150)]
        wait_for(lambda: refused(bridge, "connections") >= 100, "those beyond the limit are refused", 60)
        told = 0
        for one in held:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                answer = one.recv(2000)
                assert answer.startswith(b"HTTP/1.1 503 ")
                assert json.loads(answer.partition(b"\r\n\r\n")[2])["ok"] is False
                told += 1
        assert told >= 100
        assert bridge.metrics(port=bridge.metrics_port).value("process_open_fds") < 2500
        wait_for(lambda: bridge.alert() == (200, {"ok": True}), "the idle ones made room", 60, every=0.5)


def test_more_pages_than_are_good_are_refused(bridge):
    """Of one address of the network."""
    headers = STRANGER | {"Authorization": f"Bearer {READ}"}
    with contextlib.ExitStack() as stack:
        for _ in range(32):
            stack.enter_context(
                connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", additional_headers=headers, proxy=None)
            )
        with (
            pytest.raises(InvalidStatus) as answer,
            connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", additional_headers=headers, proxy=None),
        ):
            pass
        assert answer.value.response.status_code == 503
        with connect(f"ws://127.0.0.1:{bridge.port}/api/v1/stream", proxy=None) as near:
            assert json.loads(near.recv(10))["type"] == "state"


@pytest.mark.parametrize(
    "head",
    [b"X: " + b"x" * 100_000, b"X: y\r\n" * 101 + b"Z: z", b"X" * 100_000 + b": y"],
    ids=["long", "many", "long name"],
)
def test_a_head_without_end_is_refused(bridge, head):
    before = refused(bridge, "head")
    with contextlib.closing(
        raw(bridge.port, b"GET / HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n\r\n")
    ) as one:
        said = one.recv(4000)
    assert said.startswith(b"HTTP/1.1 431 ")
    assert json.loads(said.partition(b"\r\n\r\n")[2])["ok"] is False
    assert refused(bridge, "head") == before + 1


def test_a_long_address_is_refused(bridge):
    with contextlib.closing(
        raw(bridge.port, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    ) as one:
        assert one.recv(4000).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/alert", "/metric", "/api/v1/ack", "/api/v1/login"])
@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"a":' * 500_000, b'{"alerts":' + b"[" * 2000 + b"]" * 2000 + b"}", b"[" * 2000 + b"NaN"],
)  # fmt: skip
def test_json_that_nests_without_end_is_refused_and_harms_nobody(bridge, path, body):
    answer = request(bridge.port, "POST", path, body=body)
    assert (answer.status, answer.json["ok"]) == (400, False)
    assert len(answer.body) < 2000
    assert bridge.get("/-/healthy")[0] == 200


def test_a_body_of_a_stranger_is_not_even_read(bridge):
    """The refusal comes before the body does."""
    head = b"POST /alert HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.7\r\nContent-Length: 33000000\r\n\r\n"
    with contextlib.closing(raw(bridge.port, head)) as one:
        assert one.recv(4000).startswith(b"HTTP/1.1 401 ")


def test_guessing_is_slowed_down(bridge):
    headers = {"X-Forwarded-For": "198.51.100.77"}

    def guess(number):
        return request(
            bridge.port, "POST", "/api/v1/login", headers=headers, body={"token": f"guess-{number}"}
        )

    found = [guess(number) for number in range(13)]
    assert [answer.status for answer in found[:10]] == [401] * 10
    assert found[-1].status == 429
    assert int(found[-1].headers["retry-after"]) >= 1


def test_a_flood_of_refusals_does_not_fill_the_log(bridge):
    before = len(bridge.program.log.splitlines())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: request(bridge.port, "GET", "/x", headers=STRANGER), range(200)))
        for _ in range(50):
            raw(bridge.port, b"no http\r\n\r\n").close()
    assert len(bridge.program.log.splitlines()) - before < 20


def test_a_limit_on_posting_loses_nothing(tmp_path):
    """What is refused is a 503, which Alertmanager sends again."""
    with Bridge(tmp_path, env={"PAGER_POST_RATE": "2"}) as bridge:
        found = [bridge.post("/alert", EMPTY)[0] for _ in range(20)]
        assert set(found) == {200, 503}
        wait_for(lambda: bridge.alert() == (200, {"ok": True}), "it is taken later")
        assert refused(bridge, "rate") > 0
