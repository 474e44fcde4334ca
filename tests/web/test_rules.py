"""The rules of the rule book, and which of them takes a label set: by HTTP as by the command line."""

from __future__ import annotations

import json

import pytest
import yaml
from lab.api import running
from typer.testing import CliRunner
from web_door import CONTROL, FAR, READ

from bridge import config
from bridge.cli import app

BOOK = yaml.safe_load(config.DEFAULT_BOOK.read_text())


@pytest.fixture
async def client(tmp_path):
    async with running(tmp_path) as found:
        yield found


async def taken(client, labels, **more):
    code, found = await client.get("rules", labels=json.dumps(labels), **more)
    assert code == 200, found
    return found["taken"]


async def test_every_rule_is_told_in_the_order_and_the_words_of_the_rule_book(client):
    code, found = await client.get("rules")
    assert (code, set(found)) == (200, {"alerts", "metrics"})
    for kind in ("alerts", "metrics"):
        assert [rule["name"] for rule in found[kind]] == [rule["name"] for rule in BOOK[kind]]
        for told, written in zip(found[kind], BOOK[kind], strict=True):
            assert told["match"] == written.get("match", [])
            assert told["params"] == written.get("params", {})
    [critical] = [rule for rule in found["alerts"] if rule["name"] == "critical"]
    assert (critical["sound"], critical["severity"]) == ("critical", "critical")
    assert found["metrics"][-1]["type"] is None


async def test_the_rule_that_takes_an_alert_is_told_with_what_follows(client):
    found = await taken(client, {"severity": "page", "service": "api"})
    assert (found["rule"], found["sound"], found["severity"], found["service"]) == (
        "critical",
        "critical",
        "critical",
        "api",
    )
    assert found["params"]["freq"] == 880.0
    assert await taken(client, {"severity": "none"}) == {
        "rule": "silent",
        "sound": "silent",
        "service": "",
        "severity": "info",
        "params": {},
    }


async def test_the_rule_that_takes_a_sample_is_told_with_its_value(client):
    found = await taken(client, {"service": "api"}, type="cpu", value=0.5)
    assert (found["rule"], found["sound"], found["severity"]) == ("cpu", "cpu", None)
    assert found["params"]["freq"] == 660.0
    code, found = await client.get("rules", type="nobody-knows-it")
    assert (code, found["taken"]["rule"]) == (200, "any-other")


@pytest.mark.parametrize("labels", [{"severity": "sev2", "service": "api"}, {"severity": "none"}, {}])
async def test_it_is_what_the_command_says(client, labels):
    words = ["routes", "test", "--json", *(f"{name}={value}" for name, value in labels.items())]
    said = json.loads(CliRunner().invoke(app, words).output)
    found = await taken(client, labels)
    assert said == {name: value for name, value in found.items() if value != {}}
    said = json.loads(CliRunner().invoke(app, [*words, "--metric", "cpu"]).output)
    found = await taken(client, labels, type="cpu")
    assert said == {name: value for name, value in found.items() if value is not None}


async def test_asking_makes_no_service_known(client):
    who = client.runtime.conductor.who
    for number in range(40):
        await taken(client, {"severity": "critical", "service": f"s{number}"})
        await taken(client, {"service": f"s{number}"}, type="cpu")
    assert (who.slots, who.seen, who.touched, who.changed) == ({}, {}, set(), set())


async def test_a_service_that_is_known_has_its_own_motif(client):
    await client.fires("a", service="api")
    identity = client.runtime.conductor.who.place("api")
    params = (await taken(client, {"severity": "critical", "service": "api"}))["params"]
    assert {name: params[name] for name in ("pan", "second", "third")} == identity.controls()


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"labels": "severity=critical"}, "labels: is no JSON"),
        ({"labels": ""}, "labels: is no JSON"),
        ({"labels": '["a"]'}, "labels: is an object of texts"),
        ({"labels": '{"a": 1}'}, "labels: is an object of texts"),
        ({"labels": '{"a": "\\ud800"}'}, "labels: is no JSON"),
        ({"labels": "[" * 20_000}, "labels: is no JSON"),
        ({"labels": json.dumps({f"l{n}": "" for n in range(129)})}, "more than 128"),
        ({"labels": json.dumps({"a": "x" * 4097})}, "'a' has more than 4096 characters"),
        ({"labels": json.dumps({"x" * 4097: "a"})}, "has more than 4096 characters"),
        ({"labels": "{}", "type": ""}, "type"),
        ({"type": "cpu", "value": "nan"}, "value"),
        ({"type": "cpu", "value": "much"}, "value"),
        ({"value": 0.5}, "value: of what?"),
        ({"label": "{}"}, "label"),
    ],
)
async def test_a_question_that_cannot_be_read_is_told(client, query, word):
    code, answer = await client.get("rules", **query)
    assert (code, answer["ok"]) == (400, False)
    assert word in answer["error"]


async def test_most_labels_of_the_most_characters_are_taken(client):
    await taken(client, {f"l{n}": "x" * (4096 if n == 0 else 8) for n in range(128)})


async def test_it_needs_the_right_to_read(door, secrets):
    it = await door(**secrets, http_host="0.0.0.0")
    assert await it.status("GET", "/api/v1/rules", peer=FAR, host="127.0.0.1") == 401
    for token in (READ, CONTROL):
        assert await it.status("GET", "/api/v1/rules", peer=FAR, host="127.0.0.1", token=token) == 200
