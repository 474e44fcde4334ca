"""docs/http.md against the application's routes, and its bodies against the readers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from lab.api import running
from pages import PAGES, Block, blocks, code, everything, page, rows, section
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from bridge import config
from bridge.core.drills import DRILLS
from bridge.model.events import Rejected
from bridge.runtime import Runtime
from bridge.runtime.state import status
from bridge.runtime.trials import trial
from bridge.settings import Settings
from bridge.web import create_app
from bridge.web.api import Acknowledge, Fire, Resolve, SwitchWatch, Unacknowledge
from bridge.web.app import REFUSALS
from bridge.web.mutes import Mute, Quiet, Unmute, Unquiet
from bridge.web.replay import Stretch
from bridge.web.rules import Asked
from bridge.web.silences import Silence, Unsilence
from bridge.web.story import Filters
from bridge.wire import webhooks

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """The application, not started: only its routes are looked at."""
    settings = Settings(data_dir=tmp_path, config=config.DEFAULT_BOOK, mqtt_host="")
    return create_app(Runtime(settings, config.load(config.DEFAULT_BOOK)))


def documented() -> dict[str, tuple[str, ...]]:
    return {code(row[0])[0]: row[1:] for row in rows(section("docs/http.md", "HTTP")) if " /" in row[0]}


def routes(app: FastAPI) -> list[BaseRoute]:
    """Every route, those of the included routers too."""
    found: list[BaseRoute] = []
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        found += [route] if inner is None else inner.routes
    return found


def names(route: BaseRoute) -> list[str]:
    """How the page calls a route: method and path."""
    path = str(getattr(route, "path", ""))
    if isinstance(route, WebSocketRoute):
        return [f"WS {path}"]
    if isinstance(route, Mount):
        return [f"GET {path}"]
    return [f"{method} {path}" for method in getattr(route, "methods", ()) if method != "HEAD"]


def test_every_route_is_told_and_exists(app: FastAPI) -> None:
    assert set(documented()) == {name for route in routes(app) for name in names(route)}


def test_every_status_is_told(app: FastAPI) -> None:
    """Those of one route in its row, those of the guard once."""
    of_all = {
        code(row[0])[0] for row in rows(section("docs/http.md", "Who may ask")) if row[0][1:4].isdigit()
    }
    assert {str(status) for status in REFUSALS} <= of_all
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            told = documented()[f"{method.upper()} {path}"][0]
            assert set(operation["responses"]) - of_all <= set(told.split(", ")), f"{method} {path}: {told}"


def test_head_is_told(app: FastAPI) -> None:
    heads = {
        str(getattr(route, "path", ""))
        for route in routes(app)
        if getattr(route, "methods", None) == {"HEAD"}
    }
    assert heads == {name.partition(" ")[2] for name, row in documented().items() if "`HEAD` too" in row[1]}


def test_every_path_of_the_docs_exists(app: FastAPI) -> None:
    """A path of ours, wherever a page names one, is a route."""
    known = {str(getattr(route, "path", "")) for route in routes(app)}
    for text in (word for path in PAGES for word in code(path.read_text())):
        path = text.removeprefix("GET ").removeprefix("POST ").removeprefix("WS ").partition("?")[0]
        if path.startswith(("/api/", "/-/")):
            assert path in known, text


def bodies(kind: str) -> list[Block]:
    return [b for path in PAGES for b in blocks(path.read_text()) if b.kind == f"json {kind}"]


def test_alerts_of_the_docs_are_taken() -> None:
    assert len(bodies("alert")) > 1
    for block in bodies("alert"):
        [event] = webhooks.alerts(block.text.encode(), 0.0)
        assert not isinstance(event, Rejected)
        assert event.value is not None
        assert event.starts_at is not None


def test_samples_of_the_docs_are_taken() -> None:
    assert len(bodies("metric")) > 1
    for block in bodies("metric"):
        assert not [s for s in webhooks.samples(block.text.encode(), 0.0) if isinstance(s, Rejected)]


def test_fire_and_resolve_of_the_docs_are_taken() -> None:
    [fire], [resolve] = bodies("fire"), bodies("resolve")
    told = json.loads(fire.text)
    assert Resolve.model_validate(json.loads(resolve.text))
    assert Fire.model_validate(told).model_dump(by_alias=True) == told
    defaults: dict[str, Any] = Fire().model_dump(by_alias=True)
    assert told | {"service": ""} == defaults
    assert set(told) == {f.alias or n for n, f in Fire.model_fields.items()}


def test_acknowledging_and_the_watch_of_the_docs_are_taken() -> None:
    for kind, model in (("ack", Acknowledge), ("unack", Unacknowledge), ("watch", SwitchWatch)):
        [block] = bodies(kind)
        told = json.loads(block.text)
        assert model.model_validate(told)
        assert set(told) == set(model.model_fields)


def test_mutes_and_quiet_players_of_the_docs_are_taken() -> None:
    for kind, model in (("mute", Mute), ("unmute", Unmute), ("quiet", Quiet), ("unquiet", Unquiet)):
        [block] = bodies(kind)
        told = json.loads(block.text)
        assert model.model_validate(told)
        assert set(told) == {f.alias or n for n, f in model.model_fields.items()} - {"fingerprint", "all"}


def test_filters_and_keys_of_the_story_are_told() -> None:
    told = [key for row in rows(section("docs/http.md", "GET /api/v1/events")) for key in code(row[0])]
    assert told == list(Filters.model_fields)


def test_silences_of_the_docs_are_taken() -> None:
    for kind, model in (("silence", Silence), ("unsilence", Unsilence)):
        [block] = bodies(kind)
        told = json.loads(block.text)
        assert model.model_validate(told)
        assert set(told) == {f.alias or n for n, f in model.model_fields.items()} - {"fingerprint", "all"}


async def test_every_key_of_what_sounds_is_told(tmp_path: Path) -> None:
    async with running(tmp_path) as client:
        _, found = await client.get("sounding")
    told = rows(section("docs/http.md", "GET /api/v1/sounding"))
    assert {key for row in told for key in code(row[0])} == set(found)


async def test_every_key_of_the_status_is_told(tmp_path: Path) -> None:
    """Of the real thing, started, without a broker."""
    settings = Settings(data_dir=tmp_path, config=config.DEFAULT_BOOK, mqtt_host="", osc_port=9)
    runtime = Runtime(settings, config.load(config.DEFAULT_BOOK))
    await runtime.start()
    try:
        await runtime.take([trial({"alertname": "A"}, 60.0, "", runtime.clock())])
        found = status(runtime)
    finally:
        await runtime.stop()
    told = rows(section("docs/http.md", "GET /api/v1/status"))
    assert {key for row in told for key in code(row[0])} == set(found)
    [row] = [row for row in told if row[0] == "`firing`"]
    assert code(row[1]) == list(found["firing"][0])


def test_limits_are_told() -> None:
    text = page("docs/http.md")
    assert f"{webhooks.MAX_BATCH:,}" in text
    assert f"1 to {webhooks.MAX_TYPE} characters" in text
    assert "20,000" in everything()


async def test_what_is_told_of_the_rules_is_answered(tmp_path: Path) -> None:
    [block] = bodies("rules")
    told = json.loads(block.text)
    async with running(tmp_path) as client:
        _, found = await client.get("rules", labels='{"severity": "page", "service": "api"}')
    assert found["taken"] == told["taken"]
    for kind in ("alerts", "metrics"):
        assert [list(rule) for rule in told[kind]] == [list(found[kind][0])]
    questions = [code(row[0])[0] for row in rows(section("docs/http.md", "GET /api/v1/rules"))]
    assert questions == list(Asked.model_fields)


async def test_what_is_told_of_a_replay_is_answered(tmp_path: Path) -> None:
    [block] = bodies("performance")
    told = json.loads(block.text)
    async with running(tmp_path) as client:
        await client.fires("HighCPU", service="checkout")
        _, found = await client.get("replay")
    assert list(found) == list(told)
    assert list(found["captions"][0]) == list(told["captions"][0])
    [play] = [c for c in told["commands"] if c["do"] == "play"]
    assert list(next(c for c in found["commands"] if c["do"] == "play")) == list(play)
    questions = [key for row in rows(section("docs/http.md", "GET /api/v1/replay")) for key in code(row[0])]
    assert questions == list(Stretch.model_fields)


def test_the_drill_of_the_docs_is_one() -> None:
    [block] = bodies("drills")
    [told] = json.loads(block.text)["drills"]
    found = DRILLS[0].listed()
    assert list(told) == list(found)
    assert found["about"].startswith(told["about"])
    assert told | {"about": ""} == found | {"about": ""}
