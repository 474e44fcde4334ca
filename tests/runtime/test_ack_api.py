"""Acknowledging and the watch through the API: what is taken, what is refused, and in which words."""

from __future__ import annotations

import pytest
from lab.api import BEGAN

LIMIT = 128


async def test_the_first_is_told_so_and_the_second_who_was_first(client):
    await client.fires("a")
    code, first = await client.post("ack", {"fingerprint": "a", "by": "anna", "why": "on it"})
    [ack] = first["acknowledged"]
    assert (code, first["ok"], first["already"]) == (200, True, [])
    assert ack | {"until": None} == {
        "fingerprint": "a",
        "severity": "critical",
        "by": "anna",
        "why": "on it",
        "at": BEGAN,
        "until": None,
    }
    assert ack["until"] > BEGAN
    client.now[0] += 60.0
    _, second = await client.post("ack", {"fingerprint": "a", "by": "bob"})
    assert (second["acknowledged"], second["already"]) == ([], [ack])
    [alert] = (await client.status())["firing"]
    assert alert["acknowledged"] == {key: ack[key] for key in ("by", "why", "at", "until")}


async def test_without_a_fingerprint_it_is_everything(client):
    await client.fires("a", "b")
    _, answer = await client.post("ack", {})
    assert {ack["fingerprint"] for ack in answer["acknowledged"]} == {"a", "b"}
    assert {ack["by"] for ack in answer["acknowledged"]} == {""}
    _, ended = await client.post("unack", {})
    assert sorted(ended["unacknowledged"]) == ["a", "b"]
    assert all(alert["acknowledged"] is None for alert in (await client.status())["firing"])


async def test_where_nothing_fires_everything_is_nothing(client):
    assert await client.post("ack", {}) == (
        200,
        {"ok": True, "stored": True, "acknowledged": [], "already": []},
    )
    assert await client.post("unack", {}) == (200, {"ok": True, "stored": True, "unacknowledged": []})
    assert await client.post("unack", {"fingerprint": "a"}) == (
        200,
        {"ok": True, "stored": True, "unacknowledged": []},
    )


@pytest.mark.parametrize(("fingerprint", "word"), [("gone", "'gone'"), ("flatline", "nothing is missing")])
async def test_what_does_not_fire_is_not_found(client, fingerprint, word):
    code, answer = await client.post("ack", {"fingerprint": fingerprint})
    assert (code, answer["ok"]) == (404, False)
    assert word in answer["error"]


async def test_a_flatline_is_acknowledged_by_its_name(client):
    await client.fires("w")
    client.runtime.conductor.watch.watchdog = BEGAN
    client.now[0] += 200.0
    assert [gone["name"] for gone in (await client.status())["watch"]["flatline"]] == ["watchdog"]
    code, answer = await client.post("ack", {"fingerprint": "flatline", "by": "anna"})
    assert code == 200
    assert [ack["fingerprint"] for ack in answer["acknowledged"]] == ["flatline"]
    assert (await client.status())["watch"]["acknowledged"]["by"] == "anna"


async def test_the_watch_is_switched_off_and_on(client):
    code, answer = await client.post("watch", {"on": False, "by": "anna"})
    assert (code, answer["ok"]) == (200, True)
    watch = answer["watch"]
    assert (watch["on"], watch["off_since"], watch["off_by"], watch["armed"]) == (False, BEGAN, "anna", False)
    assert watch == (await client.status())["watch"]
    _, answer = await client.post("watch", {"on": True})
    assert (answer["watch"]["on"], answer["watch"]["off_since"]) == (True, None)


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("ack", {"fingerprint": 5}, "fingerprint"),
        ("ack", {"fingerprint": ""}, "fingerprint"),
        ("ack", {"fingerprint": "f" * (LIMIT + 1)}, "fingerprint"),
        ("ack", {"by": "b" * (LIMIT + 1)}, "by: String should have at most 128 characters"),
        ("ack", {"why": "w" * (LIMIT + 1)}, "why"),
        ("ack", {"by": "\x1b[2J"}, "by: a character of it cannot be printed"),
        ("ack", {"why": "one\ntwo"}, "why: a character of it cannot be printed"),
        ("ack", {"by": None}, "by"),
        ("ack", {"who": "anna"}, "who"),
        ("ack", [], "body"),
        ("unack", {"fingerprint": ["a"]}, "fingerprint"),
        ("unack", {"by": 5}, "by"),
        ("watch", {}, "on"),
        ("watch", {"on": "yes"}, "on"),
        ("watch", {"on": 1}, "on"),
        ("watch", {"on": True, "by": "a\u0000"}, "by"),
    ],
)
async def test_what_is_no_such_object_is_refused_and_changes_nothing(client, path, body, word):
    await client.fires("a")
    code, answer = await client.post(path, body)
    assert (code, answer["ok"]) == (400, False)
    assert answer["error"].startswith(word), answer
    found = await client.status()
    assert found["firing"][0]["acknowledged"] is None
    assert found["watch"]["on"] is True


async def test_the_longest_words_are_taken(client):
    await client.fires("a")
    code, _ = await client.post("ack", {"by": "b" * LIMIT, "why": "é" * LIMIT})
    assert code == 200
