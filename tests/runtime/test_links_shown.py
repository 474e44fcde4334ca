"""Links and labels on their way from a webhook to whoever asks, over a repeat and a restart."""

from __future__ import annotations

import orjson
import pytest
from lab.api import BEGAN, running

from bridge.web.stream import SHOWN, state

LINKS = {"source": "https://prometheus.example/graph?g0.expr=x", "runbook": "https://runbooks.example/cpu"}
LABELS = {"alertname": "HighCPU", "severity": "critical", "service": "checkout"}


def webhook(*fingerprints, **fields):
    alert = {
        "labels": LABELS,
        "annotations": {"runbook_url": LINKS["runbook"]},
        "generatorURL": LINKS["source"],
    }
    alerts = [alert | {"fingerprint": fp} | fields for fp in fingerprints]
    return {"receiver": "pager", "externalURL": "https://am.example", "alerts": alerts}


async def sends(client, *fingerprints, **fields):
    answer = await client.http.post("/alert", json=webhook(*fingerprints, **fields))
    assert answer.status_code == 200


async def test_lists_have_the_links_and_the_story_has_the_labels_too(client):
    await sends(client, "a")
    [alert] = (await client.status())["firing"]
    assert alert["links"] == LINKS
    assert "labels" not in alert
    assert "links" not in state(client.runtime)["firing"][0]
    _, sounding = await client.get("sounding")
    assert [a["links"] for a in (*sounding["alerts"], *sounding["silent"]["alerts"])] == [LINKS]
    _, story = await client.get("explain", fingerprint="a")
    assert story["firing"]["labels"] == LABELS
    silence = story["firing"]["links"].pop("silence")
    assert silence.startswith("https://am.example/#/silences/new?filter=%7Balertname%3D%22HighCPU%22%2C%20")
    assert story["firing"]["links"] == LINKS
    assert [e["links"] for e in story["events"]] == [LINKS]


async def test_links_outlive_a_restart_and_a_repeat_without_any(tmp_path):
    async with running(tmp_path) as client:
        await sends(client, "a")
    now = [BEGAN + 60.0]
    async with running(tmp_path, now) as client:
        assert [a["links"] for a in (await client.status())["firing"]] == [LINKS]
        await sends(client, "a", generatorURL="", annotations={})
        assert [a["links"] for a in (await client.status())["firing"]] == [LINKS]
        newer = "https://prometheus.example/new"
        await sends(client, "a", generatorURL=newer, annotations={})
        assert [a["links"] for a in (await client.status())["firing"]] == [{"source": newer}]
        _, story = await client.get("explain", fingerprint="a")
        assert story["firing"]["links"]["silence"].startswith("https://am.example/#/silences/new?filter=")


@pytest.mark.parametrize(
    "url", ["javascript:alert(document.cookie)", "data:text/html,x", "https://u:p@a.example/"]
)
async def test_what_is_no_link_is_shown_nowhere(client, url):
    await sends(client, "a", generatorURL=url, annotations={"runbook_url": url, "dashboard": url})
    [alert] = (await client.status())["firing"]
    assert alert["links"] == {}
    _, story = await client.get("explain", fingerprint="a")
    assert set(story["firing"]["links"]) == {"silence"}


async def test_of_many_long_labels_so_much_is_shown(client):
    many = LABELS | {f"label{i}": "v" * 4000 for i in range(60)}
    await sends(client, "a", labels=many)
    _, story = await client.get("explain", fingerprint="a")
    shown = story["firing"]["labels"]
    assert len(shown) == 24
    assert list(shown)[:3] == list(LABELS)
    assert {len(value) for name, value in shown.items() if name.startswith("label")} == {128}
    assert "silence" not in story["firing"]["links"], "a form for some of its labels would silence more"


async def test_a_state_of_as_many_alerts_as_are_shown_stays_small(client):
    await sends(client, *(f"f{i:03}" for i in range(SHOWN)))
    found = state(client.runtime)
    assert len(found["firing"]) == SHOWN
    assert len(orjson.dumps(found)) < 1000 * SHOWN
