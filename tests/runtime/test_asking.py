"""Asking a fake Alertmanager, for what a real one does not do: bad answers end nothing; secrets; routes of silences."""

from __future__ import annotations

import json
import ssl
import subprocess
import time

import httpx
import pytest
from lab.api import running
from lab.fake_alertmanager import FakeAlertmanager, body, whole

from bridge import config
from bridge.book import AlertmanagerModel
from bridge.model.errors import ConfigError, SettingError
from bridge.runtime import asking
from bridge.settings import Settings
from bridge.sources import alertmanager as source
from bridge.sources.alertmanager import Alertmanager, AskError


@pytest.fixture(autouse=True)
def _only_when_told(monkeypatch):
    """The bridge asks when the test says so, and not by itself."""

    async def never(*_):
        pass

    monkeypatch.setattr(asking.Asking, "_forever", never)


@pytest.fixture
def fake():
    with FakeAlertmanager() as found:
        yield found


@pytest.fixture
async def client(tmp_path, fake):
    """A bridge that has asked the fake once."""
    now = [time.time()]
    fake.began = now[0] - 3600
    async with running(tmp_path, now, alertmanager_url=fake.url) as found:
        await found.runtime.asking._ask(found.runtime.asking._ones[0])
        yield found


async def polls(client, times=1):
    """The question is put again; the clock moves on in between."""
    for _ in range(times):
        client.now[0] += 15
        await client.runtime.asking._ask(client.runtime.asking._ones[0])


async def fires(client, fake, *fingerprints, external=None, status="firing"):
    """What the fake's webhook says."""
    alerts = [whole(fp, begins=client.now[0]) | {"status": status} for fp in fingerprints]
    sent = {"receiver": "web.hook", "externalURL": external or fake.url + "/", "alerts": alerts}
    answer = await client.http.post("/alert", json=sent)
    assert answer.status_code == 200, answer.text


async def firing(client):
    return sorted(alert["fingerprint"] for alert in (await client.status())["firing"])


def metric(client, name, **labels):
    return client.runtime.metrics.registry.get_sample_value(name, labels) or 0.0


WRONG = {
    "a status": ("alerts", body(b"[]", status=500)),
    "a redirect": ("alerts", body(b"", status=302)),
    "no body": ("alerts", body(b"")),
    "cut short": ("alerts", body(b"[]", claimed=4096)),
    "cut in the middle": ("alerts", body(b'[{"fingerprint": "f1", "labels": {')),
    "no list": ("alerts", body(b'{"alerts": []}')),
    "null": ("alerts", body(b"null")),
    "a list of texts": ("alerts", body(b'["f1"]')),
    "no fingerprint": ("alerts", body(json.dumps([whole(fingerprint=None)]).encode())),
    "no labels": ("alerts", body(json.dumps([whole(labels=None)]).encode())),
    "no start": ("alerts", body(json.dumps([whole(startsAt="yesterday")]).encode())),
    "no receivers": ("alerts", body(json.dumps([whole(receivers=None)]).encode())),
    "an unknown state": ("alerts", body(json.dumps([whole(state="asleep")]).encode())),
    "no lists in its status": ("alerts", body(json.dumps([whole(status={"state": "active"})]).encode())),
    "a page of a proxy": ("status", body(b"<html>Please log in</html>")),
    "no Alertmanager": ("status", body(b'{"version": "1.0"}')),
    "silences cut short": ("silences", body(b"[]", claimed=10)),
    "silences of another shape": ("silences", body(b'[{"id": 5}]')),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_bad_answer_ends_nothing_and_is_told(client, fake, wrong):
    await fires(client, fake, "f1")
    path, fake.wrong[path] = wrong[0], wrong[1]
    await polls(client, 4)
    assert await firing(client) == ["f1"]
    [found] = (await client.status())["alertmanager"]
    assert (found["ok"], found["failed"]) == (False, 4)
    assert fake.url in found["error"]
    assert metric(client, "pager_alertmanager_polls_total", result="failed") == 4
    fake.wrong.clear()
    await polls(client)
    assert await firing(client) == ["f1"], "one negative answer is not two"
    await polls(client)
    assert await firing(client) == []
    assert (await client.status())["alertmanager"][0] | {"last": 0} == {
        "urls": [fake.url],
        "external_urls": [fake.url],
        "ok": True,
        "last": 0,
        "error": "",
        "failed": 0,
        "silences": 0,
        "receivers": ["web.hook"],
    }


async def test_an_answer_that_is_too_large_or_too_slow_is_none(client, fake, monkeypatch):
    await fires(client, fake, "f1")
    monkeypatch.setattr(source, "LARGEST", 1000)
    fake.wrong["alerts"] = body(b"[" + b" " * 2000 + b"]")
    await polls(client, 3)
    [found] = (await client.status())["alertmanager"]
    assert "larger than" in found["error"]

    def drips(request, _):
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        for _ in range(200):
            try:
                request.wfile.write(b" ")
                request.wfile.flush()
            except OSError:
                return
            time.sleep(0.02)

    client.runtime.asking._ones[0].source._patience = 0.5
    fake.wrong["alerts"] = drips
    began = time.monotonic()
    await polls(client)
    assert time.monotonic() - began < 4 * 5, "the drip would go on for ever"
    assert "no answer within" in (await client.status())["alertmanager"][0]["error"]
    assert await firing(client) == ["f1"]


async def test_stale_is_told_and_counted_and_ends(client, fake):
    await fires(client, fake, "f1")
    fake.alerts = [whole("f1")]
    fake.wrong["status"] = body(b'"gateway"', status=502)
    await polls(client, 3)
    await client.runtime._tick(client.now[0])
    [alert] = (await client.status())["firing"]
    assert alert["stale"]["since"] == client.now[0]
    assert "502: gateway" in alert["stale"]["why"]
    assert metric(client, "pager_alerts_stale") == 1
    fake.wrong.clear()
    await polls(client)
    await client.runtime._tick(client.now[0])
    assert (await client.status())["firing"][0]["stale"] is None
    assert metric(client, "pager_alerts_stale") == 0


async def test_only_receivers_that_send_here_are_asked_for(client, fake):
    assert not [path for _, path, _, _ in fake.asked if path.startswith("/api/v2/alerts")], (
        "none is known yet"
    )
    await fires(client, fake, "f1")
    await polls(client)
    [asked] = [path for _, path, _, _ in fake.asked if path.startswith("/api/v2/alerts")]
    query = dict(httpx.URL(fake.url + asked).params)
    assert query == {
        "active": "true",
        "silenced": "true",
        "inhibited": "true",
        "unprocessed": "true",
        "receiver": r"web\.hook",
    }


async def test_what_it_has_and_nobody_told_is_started_and_adds_up(client, fake):
    await fires(client, fake, "f1")
    fake.alerts = [whole("f1", begins=client.now[0]), whole("f2", begins=client.now[0] - 100)]
    await polls(client)
    [f1, f2] = sorted((await client.status())["firing"], key=lambda alert: alert["fingerprint"])
    assert (f1["source"], f2["source"]) == ("alertmanager", "alertmanager_api")
    fake.alerts.append(whole("f3", begins=client.now[0] - 100))
    await polls(client, 2)
    assert await firing(client) == ["f1", "f2", "f3"]
    fake.alerts = []
    await polls(client, 2)
    assert await firing(client) == []
    assert metric(client, "pager_events_received_total", source="alertmanager_api") == 5
    events = (await client.get("events"))[1]["events"]
    began = {e["fingerprint"]: e["reason"] for e in events if e["status"] == "firing"}
    assert began["f2"] == "digest", "it stood when that receiver was asked about first"
    assert began["f3"] != "digest"
    story = (await client.get("explain", fingerprint="f2"))[1]
    assert [e["source"] for e in story["events"]] == ["alertmanager_api", "alertmanager_api"]


async def test_webhooks_of_an_alertmanager_that_is_not_asked_are_counted_and_named(client, fake):
    await fires(client, fake, "f1", external="http://elsewhere:9093")
    await fires(client, fake, "f1", external="http://elsewhere:9093")
    await fires(client, fake, "f2")
    assert metric(client, "pager_webhooks_foreign_total") == 2
    [foreign] = (await client.status())["webhooks_foreign"]
    assert foreign == {"external_url": "http://elsewhere:9093", "count": 2, "last": client.now[0]}
    await polls(client, 3)
    assert await firing(client) == ["f1"], "and nobody ends what is theirs"


async def test_silences_are_remembered_over_a_restart(tmp_path, fake):
    now = [time.time()]
    fake.began = now[0] - 3600
    silence = {
        "id": "s1",
        "createdBy": "anna",
        "comment": "new\x1b[31m disk",
        "endsAt": "2030-01-01T00:00:00Z",
        "status": {"state": "active"},
    }
    async with running(tmp_path, now, alertmanager_url=fake.url) as client:
        await fires(client, fake, "f1")
        suppressed = {"state": "suppressed", "silencedBy": ["s1"], "inhibitedBy": []}
        fake.alerts, fake.silences = [whole("f1", status=suppressed)], [silence]
        await polls(client)
        [alert] = (await client.status())["firing"]
        assert alert["silenced"] == {
            "id": "s1",
            "by": "anna",
            "comment": "new [31m disk",
            "until": 1893456000.0,
        }
        assert (await client.status())["digest"] == "Nothing is firing. 1 is silenced in Alertmanager."
        assert (await client.get("digest"))[1]["worst"] is None
        found = (await client.get("sounding"))[1]
        assert [(one["fingerprint"], one["why"]) for one in found["silent"]["alerts"]] == [("f1", "silenced")]
        [deed] = (await client.get("explain", fingerprint="f1"))[1]["deeds"]
        assert (deed["what"], deed["by"], deed["until"]) == ("silenced", "anna", 1893456000.0)
        assert (
            metric(
                client,
                "pager_events_total",
                source="alertmanager_api",
                outcome="suppressed",
                reason="silenced",
            )
            == 1
        )
        await client.runtime._tick(client.now[0])
    fake.wrong["status"] = body(b"", status=500)
    async with running(tmp_path, now, alertmanager_url=fake.url) as client:
        [alert] = (await client.status())["firing"]
        assert alert["silenced"]["id"] == "s1"
        assert client.runtime.conductor.next_reminder(now[0]) is None


async def test_a_silence_is_made_and_its_words_kept(client, fake):
    await fires(client, fake, "f1")
    code, answer = await client.post(
        "silence", {"fingerprint": "f1", "for": "1h", "by": "anna", "why": "disk"}
    )
    assert (code, answer["ok"]) == (200, True)
    [made] = answer["silences"]
    ident = "11111111-2222-3333-4444-555555555555"
    assert made == {
        "id": ident,
        "url": f"{fake.url}/#/silences/{ident}",
        "alertmanager": fake.url,
        "until": client.now[0] + 3600,
    }
    [sent] = [told for method, _, _, told in fake.asked if method == "POST"]
    assert (sent["createdBy"], sent["comment"]) == ("anna", "disk")
    assert {(m["name"], m["value"], m["isRegex"], m["isEqual"]) for m in sent["matchers"]} == {
        ("alertname", "HighCPU", False, True),
        ("severity", "critical", False, True),
        ("service", "f1", False, True),
    }
    [deed] = (await client.get("explain", fingerprint="f1"))[1]["deeds"]
    assert (deed["what"], deed["by"], deed["why"]) == ("silence", "anna", "disk")
    code, _ = await client.post("silence", {"match": ['team=~"a|b"', "env!=prod"], "alertmanager": fake.url})
    assert code == 200
    sent = [told for method, _, _, told in fake.asked if method == "POST"][-1]
    assert (sent["createdBy"], sent["comment"]) == ("singing-pager", "silenced with The Singing Pager")
    assert [(m["isRegex"], m["isEqual"]) for m in sent["matchers"]] == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("sent", "code", "says"),
    [
        ({}, 400, "give the fingerprint"),
        ({"fingerprint": "f1", "match": ["a=b"]}, 400, "not both"),
        ({"fingerprint": "nobody"}, 404, "fires"),
        ({"fingerprint": "foreign"}, 409, "http://elsewhere"),
        ({"match": ["a=~("]}, 400, "match"),
        ({"match": ["{}"]}, 400, "no matcher"),
        ({"match": ["a=b"], "for": "9999h"}, 400, "for"),
        ({"match": ["a=b"], "alertmanager": "http://nowhere"}, 404, "nowhere"),
        ({"match": ["a=b"], "why": "x\x1b[2J"}, 400, "printed"),
    ],
)
async def test_what_cannot_be_silenced_is_told(client, fake, sent, code, says):
    await fires(client, fake, "f1")
    await fires(client, fake, "foreign", external="http://elsewhere")
    found, answer = await client.post("silence", sent)
    assert (found, answer["ok"]) == (code, False)
    assert says in answer["error"]
    assert not [method for method, _, _, _ in fake.asked if method == "POST"]


async def test_a_refusal_of_alertmanager_is_told_in_its_words(client, fake):
    await fires(client, fake, "f1")
    fake.wrong["POST"] = body(
        b'"silence invalid: at least one matcher must not match the empty string"', status=400
    )
    code, answer = await client.post("silence", {"fingerprint": "f1"})
    assert (code, answer["ok"], answer["silences"]) == (502, False, [])
    assert "answers 400: silence invalid: at least one matcher" in answer["error"]


@pytest.mark.parametrize("ident", ["", "x", "../alerts", "11111111-2222-3333-4444-55555555555", "1" * 36])
async def test_what_is_no_id_of_a_silence_reaches_nobody(client, fake, ident):
    count = len(fake.asked)
    assert (await client.post("unsilence", {"id": ident}))[0] == 400
    assert len(fake.asked) == count


async def test_a_silence_that_nobody_has_is_told(client):
    code, answer = await client.post("unsilence", {"id": "11111111-2222-3333-4444-555555555555"})
    assert (code, answer["error"]) == (
        404,
        "no Alertmanager has a silence '11111111-2222-3333-4444-555555555555'",
    )


async def test_without_any_alertmanager_the_way_to_one_is_told(tmp_path):
    async with running(tmp_path) as client:
        for path, sent in (
            ("silence", {"match": ["a=b"]}),
            ("unsilence", {"id": "1" * 8 + "-1111" * 3 + "-" + "1" * 12}),
        ):
            code, answer = await client.post(path, sent)
            assert (code, answer["ok"]) == (409, False)
            assert "PAGER_ALERTMANAGER_URL" in answer["error"]


async def test_secrets_come_from_files_and_show_nowhere(tmp_path, fake, caplog):
    (tmp_path / "token").write_text("s3cret-token\n")
    (tmp_path / "password").write_text("s3cret-pass:word\n")
    token = AlertmanagerModel(urls=[fake.url], token_file=str(tmp_path / "token"))
    basic = AlertmanagerModel(urls=[fake.url], username="anna", password_file=str(tmp_path / "password"))
    for model, expected in ((token, "Bearer s3cret-token"), (basic, "Basic YW5uYTpzM2NyZXQtcGFzczp3b3Jk")):
        one = Alertmanager(model, clock=time.time)
        await one.ask([], [])
        assert fake.asked[-1][2]["Authorization"] == expected
        fake.wrong["status"] = body(b'"no"', status=401)
        with pytest.raises(AskError, match="401: no") as error:
            await one.ask([], [])
        assert "s3cret" not in str(error.value)
        fake.wrong.clear()
        await one.close()
    (tmp_path / "token").write_text("another")
    one = Alertmanager(token, clock=time.time)
    await one.ask([], [])
    assert fake.asked[-1][2]["Authorization"] == "Bearer another"
    (tmp_path / "token").write_text("two\nlines")
    with pytest.raises(AskError, match="it must hold one line"):
        await one.ask([], [])
    await one.close()
    assert "s3cret" not in caplog.text


def certificate_of(folder):
    """A certificate for this machine that is its own authority, and its key."""
    certificate, key = folder / "ca.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=am", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


async def test_an_alertmanager_with_a_certificate_of_its_own_is_asked_with_its_authority(tmp_path):
    certificate, key = certificate_of(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with FakeAlertmanager(tls) as fake:
        fake.alerts = [whole("f1")]
        one = Alertmanager(AlertmanagerModel(urls=[fake.url], ca_file=str(certificate)), clock=time.time)
        assert list((await one.ask(["web.hook"], [])).alerts) == ["f1"]
        await one.close()
        stranger = Alertmanager(AlertmanagerModel(urls=[fake.url]), clock=time.time)
        with pytest.raises(AskError, match="certificate"):
            await stranger.ask(["web.hook"], [])
        await stranger.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"token_file": "/nonexistent/token"},
        {"username": "anna", "password_file": "/nonexistent/password"},
        {"ca_file": "/nonexistent/ca.pem"},
    ],
)
def test_a_file_that_is_not_there_is_told_with_its_name(fields):
    with pytest.raises(SettingError, match="/nonexistent/"):
        Alertmanager.check(AlertmanagerModel(urls=["http://a"], **fields))


def test_the_setting_makes_one_cluster_and_the_rule_book_counts_where_it_has_some(tmp_path):
    settings = Settings(
        data_dir=tmp_path,
        config=config.DEFAULT_BOOK,
        alertmanager_url="http://a:9093/, http://b:9093",
        alertmanager_external_url="http://localhost:9093",
    )
    book = asking.with_setting(config.load(config.DEFAULT_BOOK), settings)
    [cluster] = book.compiled().clusters
    assert cluster.urls == ("http://a:9093", "http://b:9093")
    assert cluster.external_urls == ("http://localhost:9093",)
    own = config.parse(b"version: 1\nalerts: [{name: all}]\nalertmanager: [{urls: ['http://c']}]\n", "x")
    assert asking.with_setting(own, settings) is own
    with pytest.raises(SettingError, match="PAGER_ALERTMANAGER_URL"):
        asking.with_setting(
            config.load(config.DEFAULT_BOOK),
            Settings(data_dir=tmp_path, config=config.DEFAULT_BOOK, alertmanager_url="alertmanager:9093"),
        )


def test_a_password_in_a_url_is_refused_and_not_quoted():
    text = b"version: 1\nalerts: [{name: all}]\nalertmanager: [{urls: ['http://anna:s3cret@a:9093']}]\n"
    with pytest.raises(ConfigError, match="holds no password") as error:
        config.parse(text, "x")
    assert "s3cret" not in str(error.value)
