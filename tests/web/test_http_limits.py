"""Rates and places, on plain addresses and a clock that is an argument."""

from __future__ import annotations

import pytest

from bridge.telemetry import Metrics
from bridge.web import asked, connections
from bridge.web.rates import MOST, Rate


def test_a_bucket_gives_a_burst_and_then_its_rate():
    rate = Rate(2.0, 3)
    assert [rate.wait("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert rate.wait("a", 0.0) == pytest.approx(0.5)
    assert rate.wait("b", 0.0) == 0
    assert rate.wait("a", 0.5) == 0
    assert rate.wait("a", 0.5) > 0
    assert [rate.wait("a", 1000.0) for _ in range(4)][:3] == [0, 0, 0]
    assert rate.wait("a", 1000.0) > 0


def test_whoever_is_refused_pays_nothing():
    rate = Rate(1.0, 1)
    assert rate.wait("a", 0.0) == 0
    for n in range(100):
        assert rate.wait("a", n / 1000) > 0
    assert rate.wait("a", 1.0) == 0


def test_the_table_of_clients_is_bounded():
    rate = Rate(1.0, 1)
    for n in range(MOST * 3):
        rate.wait(f"client-{n}", 0.0)
    assert len(rate) == MOST
    assert rate.wait(f"client-{MOST * 3 - 1}", 0.0) > 0, "the latest are remembered"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("192.0.2.7", {}, "192.0.2.7"),
        ("::ffff:192.0.2.7", {}, "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", {}, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", {}, "fe80::/64"),
        ("::1", {}, "::1"),
        ("", {}, ""),
        ("192.0.2.7", {b"x-forwarded-for": b"198.51.100.1"}, "192.0.2.7"),
        ("127.0.0.1", {b"x-forwarded-for": b"203.0.113.9, 198.51.100.1"}, "198.51.100.1"),
        ("127.0.0.1", {b"x-forwarded-for": b"made up"}, "made up"),
    ],
)
def test_whom_a_limit_counts(peer, headers, client):
    assert asked.client(peer, headers) == client


@pytest.fixture
def gate(monkeypatch):
    monkeypatch.setattr(connections, "_descriptors", lambda: 4096)
    return connections.Gate(Metrics())


def test_one_address_of_the_network_gets_a_hundred_connections(gate):
    assert [gate.enter("192.0.2.1") for _ in range(101)] == [True] * 100 + [False]
    assert gate.enter("192.0.2.2")
    gate.leave("192.0.2.1")
    assert gate.enter("192.0.2.1")


def test_one_network_of_ipv6_is_one_client(gate):
    assert sum(gate.enter(f"2001:db8::{n:x}") for n in range(200)) == 100


def test_the_network_cannot_take_the_places_of_this_machine(gate):
    taken = sum(gate.enter(f"192.0.2.{n % 250}") for n in range(2000))
    assert taken == connections.STRANGERS
    assert sum(gate.enter("127.0.0.1") for _ in range(500)) == connections.MOST - connections.STRANGERS
    assert not gate.enter("127.0.0.1")


def test_places_come_back(gate):
    for _ in range(5):
        assert sum(gate.enter("127.0.0.1") for _ in range(1200)) == connections.MOST
        for _ in range(connections.MOST):
            gate.leave("127.0.0.1")
    assert not gate._of
    assert gate._strangers == 0


def test_there_are_no_more_places_than_the_system_has_descriptors(monkeypatch):
    monkeypatch.setattr(connections, "_descriptors", lambda: 512)
    gate = connections.Gate(Metrics())
    assert sum(gate.enter("127.0.0.1") for _ in range(1000)) == 512 - connections.SPARE
