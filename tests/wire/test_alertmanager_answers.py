"""Alertmanager's answers into values: the recorded ones of a real one, and whatever else may come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.alertmanager import Answer
from bridge.core.matchers import parse
from bridge.model.errors import UnreadableError
from bridge.model.events import Source, Status
from bridge.wire import alertmanager as wire
from bridge.wire.webhooks import alerts as webhook

RECORDED = sorted((Path(__file__).parents[1] / "fixtures" / "alertmanager").glob("*.*.*"))
NOW = 1_800_000_000.0


@pytest.fixture(params=RECORDED, ids=lambda folder: folder.name)
def recorded(request):
    return lambda name: (request.param / f"{name}.json").read_bytes()


def test_a_real_answer_is_read_whole(recorded):
    found = wire.alerts(recorded("alerts"), "http://am", ["web.hook"], NOW)
    silences = wire.silences(recorded("silences"))
    answer = Answer(NOW, frozenset(), found, silences)
    by_name = {(one.event.labels["alertname"], one.event.labels["severity"]): one for one in found.values()}
    assert {key: one.state for key, one in by_name.items()} == {
        ("HighCPU", "critical"): "active",
        ("HighCPU", "warning"): "suppressed",
        ("Disk", "critical"): "suppressed",
    }
    event = by_name["HighCPU", "critical"].event
    assert (event.source, event.status, event.cluster, event.receiver, event.value) == (
        Source.ALERTMANAGER_API,
        Status.FIRING,
        "http://am",
        "web.hook",
        0.93,
    )
    assert event.links["source"].startswith("http://")
    [silence] = silences.values()
    assert (silence.by, silence.comment) == ("anna", "new disk")
    assert answer.silence(by_name["Disk", "critical"].event.fingerprint) == silence
    inhibited = answer.silence(by_name["HighCPU", "warning"].event.fingerprint)
    assert (inhibited.id, inhibited.comment, inhibited.until) == ("", "inhibited by HighCPU", None)
    assert answer.silence(event.fingerprint) is None
    assert wire.receivers(recorded("receivers")) == ["web.hook", "others"]
    assert wire.started(recorded("status")) == pytest.approx(event.starts_at + 600, abs=60)


def test_it_is_the_alert_that_the_webhook_tells_of(recorded):
    """By the same fingerprint, labels and start."""
    [told, *_] = json.loads(recorded("alerts"))
    [sent] = webhook(json.dumps({"alerts": [told | {"status": "firing"}]}).encode(), NOW)
    asked = wire.alerts(recorded("alerts"), "", [], NOW)[sent.fingerprint].event
    assert (asked.labels, asked.annotations, asked.starts_at) == (
        sent.labels,
        sent.annotations,
        sent.starts_at,
    )


def test_expired_silences_are_none(recorded):
    [one] = json.loads(recorded("silences"))
    for state in ("expired", "pending"):
        assert wire.silences(json.dumps([one | {"status": {"state": state}}]).encode()) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["status", "state", "labels", "annotations", "fingerprint", "receivers", "id", "name"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=50))
def test_whatever_comes_is_an_answer_or_unreadable(body):
    for read in (lambda: wire.alerts(body, "", [], NOW), lambda: wire.silences(body)):
        try:
            found = read()
        except UnreadableError:
            continue
        assert len(found) <= len(json.loads(body))
    for read in (wire.started, wire.receivers, wire.silence_id):
        try:
            assert read(body) is not None
        except UnreadableError:
            continue
    assert isinstance(wire.error(body), str)


@given(st.data())
def test_an_answer_that_lacks_anything_is_no_answer(data):
    """Cut anywhere, or with any field of any alert taken away."""
    body = (RECORDED[0] / "alerts.json").read_bytes()
    with pytest.raises(UnreadableError):
        wire.alerts(body[: data.draw(st.integers(0, len(body.rstrip()) - 1))], "", [], NOW)
    value = json.loads(body)
    one = data.draw(st.sampled_from(value))
    field = data.draw(
        st.sampled_from(["fingerprint", "labels", "annotations", "startsAt", "status", "receivers"])
    )
    del one[field]
    with pytest.raises(UnreadableError):
        wire.alerts(json.dumps(value).encode(), "", [], NOW)


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4, unique=True), st.text(max_size=8))
def test_the_filter_takes_these_receivers_and_no_other(names, other):
    """As Alertmanager reads it: RE2, anchored."""
    pattern = re2.compile(f"^(?:{wire.receiver_filter(names)})$".encode("utf-8", "surrogatepass"))
    for name in {*names, other}:
        text = name.encode("utf-8", "surrogatepass")
        if b"\n" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in "".join(names) + name):
            assert bool(pattern.fullmatch(text)) == (name in names)


def test_a_silence_is_written_as_alertmanager_takes_it():
    matchers = [m for text in ('a="b"', "c!=d", 'e=~"f|g"', 'h!~"i.*"') for m in parse(text)]
    body = wire.silence_body(matchers, "anna", "disk", 0.0, 1.5)
    assert [tuple(m.values()) for m in body["matchers"]] == [
        ("a", "b", False, True),
        ("c", "d", False, False),
        ("e", "f|g", True, True),
        ("h", "i.*", True, False),
    ]
    assert (body["startsAt"], body["endsAt"]) == ("1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.500Z")
