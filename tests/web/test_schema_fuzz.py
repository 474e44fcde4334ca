"""Every route, asked whatever its schema allows and much that it does not, by whoever is let in and whoever is not.

The application runs in this process over a real runtime and store. What holds for every answer:

1. It is no error of ours: below 500, or a 503 that the route's schema names.
2. Its status, content type, headers and body are as the schema says.
3. A refusal is `{"ok": false, "error": …}` and has changed nothing.

`make fuzz` goes on for longer; what it finds is written to tests/fixtures/fuzz, where `make test` finds it again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections import Counter

import httpx
import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from lab.fuzz import FIXTURES, LONG, fuzzing
from lab.still import Still
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks as of_openapi
from web_door import CONTROL, POST, READ

from bridge.web import create_app

pytestmark = [pytest.mark.system, pytest.mark.timeout(0 if LONG else 120)]

load_all_checks()
CHECKS = [
    of_openapi.status_code_conformance,
    of_openapi.content_type_conformance,
    of_openapi.response_headers_conformance,
    of_openapi.response_schema_conformance,
]
BASE = "http://localhost"
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=30)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.one_of(
            TEXT, st.sampled_from(["*/*", "application/openmetrics-text; version=1.0.0", "q=;,"])
        ),
        "Content-Type": st.one_of(TEXT, st.sampled_from(["text/plain", "application/json; charset=utf-16"])),
        "Origin": st.sampled_from(
            ["http://localhost", "http://localhost:8000", "https://evil.example", "null", ""]
        ),
        "Host": st.one_of(
            TEXT, st.sampled_from(["localhost", "127.0.0.1:8000", "[::1]", "evil.example", "a:b:c"])
        ),
        "Sec-Fetch-Site": st.sampled_from(["same-origin", "cross-site", "none", "?"]),
        "Sec-Fetch-Mode": st.sampled_from(["navigate", "cors", "?"]),
        "Sec-Fetch-Dest": st.sampled_from(["document", "empty", "?"]),
        "X-Forwarded-For": TEXT,
        "Forwarded": TEXT,
        "Cookie": st.one_of(TEXT, TEXT.map("singing_pager={}".format)),
        "User-Agent": TEXT,
        "If-None-Match": TEXT,
        "Range": TEXT,
    },
)
AUTHORIZATIONS = st.one_of(
    TEXT,
    TEXT.map("Bearer {}".format),
    TEXT.map("Basic {}".format),
    st.binary(max_size=20).map(lambda raw: "Basic " + base64.b64encode(raw).decode()),
)
KEYS = {"post_token_file": POST, "read_token_file": READ, "control_token_file": CONTROL}
TOKENS = st.sampled_from(sorted(KEYS.values()))
WHO = {
    "nobody is asked": (False, lambda _: {}),
    "any header": (False, lambda data: data.draw(HEADERS, label="headers")),
    "tokens that hold": (True, lambda data: {"Authorization": f"Bearer {data.draw(TOKENS, label='token')}"}),
    "tokens that hold, any header": (
        True,
        lambda data: (
            data.draw(HEADERS, label="headers")
            | {"Authorization": f"Bearer {data.draw(TOKENS, label='token')}"}
        ),
    ),
    "credentials that do not": (
        True,
        lambda data: {"Authorization": data.draw(AUTHORIZATIONS, label="authorization")},
    ),
}
"""By what it is called: whether the bridge has tokens, and the headers of a request. New credentials belong here."""


def _raw(text):
    return text.encode("latin-1", "replace") if isinstance(text, str) else text


class Door:
    """One bridge and its application."""

    def __init__(self, folder, *, guarded):
        files = {}
        for name, text in KEYS.items() if guarded else ():
            files[name] = folder / name
            files[name].write_text(text)
        self.still = Still(folder / "state", **files)
        self.answered = Counter()
        self.app = create_app(self.still.runtime)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=BASE,
            trust_env=False,
        )

    def ask(self, method, url, headers=None, body=b""):
        """The answer to one request as it is; nobody is remembered by a cookie."""
        self.http.cookies.clear()
        said = [(name.encode("latin-1"), _raw(text)) for name, text in (headers or {}).items()]
        request = self.http.build_request(method, url, content=body, headers=said)
        answer = self.still.do(self.http.send(request))
        self.answered[answer.status_code] += 1
        return answer

    def close(self):
        self.still.do(self.http.aclose())
        self.still.close()

    def state(self):
        """Everything that a request could have changed."""
        runtime, conductor = self.still.runtime, self.still.runtime.conductor
        return (
            dict(conductor.engine.active),
            dict(conductor.acks.given),
            dict(conductor.mutes.given),
            dict(runtime.room.quiets),
            conductor.watch.on,
            conductor.watch.watchdog,
            conductor.voices.sounding.copy(),
            runtime.intake.next_id,
            runtime.book,
            len(runtime.writes.open),
        )


@contextlib.contextmanager
def doors(folder, *, guarded):
    folder.mkdir(parents=True)
    found = Door(folder, guarded=guarded)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def door_of(tmp_path_factory):
    """The bridge with tokens, or the one without, for all tests of this file: what they leave there is there."""
    with contextlib.ExitStack() as stack:
        folder = tmp_path_factory.mktemp("fuzz")
        yield {
            guarded: stack.enter_context(doors(folder / str(guarded), guarded=guarded))
            for guarded in (False, True)
        }


@pytest.fixture(scope="module")
def schema(door_of):
    found = schemathesis.openapi.from_dict(door_of[False].app.openapi())
    found.config.update(base_url=BASE)
    return found


def judged(door, answer, before, case=None):
    """What holds for every answer."""
    allowed = {"503"} & set(case.operation.definition.raw["responses"]) if case else set()
    assert answer.status_code < 500 or str(answer.status_code) in allowed, answer.text
    if answer.status_code >= 400:
        assert door.state() == before, "a refusal changes nothing"
        if answer.request.method != "HEAD":
            said = answer.json()
            assert said["ok"] is False
            assert isinstance(said["error"], str)
    if case is not None:
        answer.request = httpx.Request(
            answer.request.method, answer.request.url
        )  # its headers may be none at all
        case.validate_response(answer, checks=CHECKS)


def kept(name, method, url, headers, body):
    """In `make fuzz`: write a case down that failed; the last and smallest of a test stays."""
    if LONG:
        case = {"method": method, "url": url, "headers": headers, "body": base64.b64encode(body).decode()}
        file = FIXTURES / f"found-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"
        file.write_text(json.dumps({"why": name, **case}, indent=1) + "\n")


def asked(door, name, request, case=None):
    """Ask, and judge what is answered. `request` is method, URL, headers and body."""
    before = door.state()
    try:
        judged(door, door.ask(*request), before, case)
    except BaseException:
        kept(name, *request)
        raise


@pytest.mark.parametrize("who", WHO)
def test_every_route_of_the_schema(schema, door_of, who):
    guarded, dressed = WHO[who]
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) >= 25
    for operation in operations:

        @fuzzing(20)
        @given(data=st.data(), case=operation.as_strategy())
        def one(data, case):
            request = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
            headers = {
                name: _raw(text).decode("latin-1") for name, text in request.headers.items()
            } | dressed(data)
            headers.pop("Content-Length", None)
            body = request.body or b""
            body = body.encode() if isinstance(body, str) else body
            name = f"{who}: {case.operation.label}"
            asked(door_of[guarded], name, (request.method, request.url, headers, body), case)

        one()
    answered = door_of[guarded].answered
    assert {200, 400, 404}.issubset(answered) if "credentials" not in who else {200, 401}.issubset(answered)
    answered.clear()


PATHS = st.one_of(
    st.sampled_from(
        ["/", "/console/", "/console/app.js", "/console/../app.py", "/docs", "/openapi.json", "/api/v1"]
    ),
    st.sampled_from(
        ["/console/%2e%2e/app.py", "/api/v1/stream", "//evil.example/", "/alert/", "/ALERT", "/%00"]
    ),
    st.text(st.characters(codec="ascii", min_codepoint=33, exclude_characters="#?"), max_size=20).map(
        "/{}".format
    ),
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MOVE"])
QUERIES = st.one_of(
    st.just(""), st.text(st.characters(codec="ascii", min_codepoint=33), max_size=15).map("?{}".format)
)


@pytest.mark.parametrize("who", WHO)
def test_what_is_in_no_schema(door_of, who):
    guarded, dressed = WHO[who]

    @fuzzing(60)
    @given(data=st.data(), method=METHODS, path=PATHS, query=QUERIES, body=st.binary(max_size=20))
    def one(data, method, path, query, body):
        try:
            url = str(httpx.URL(BASE + path + query))
        except httpx.InvalidURL:
            return
        asked(door_of[guarded], f"{who}: no schema", (method, url, dressed(data), body))

    one()


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("path", ["/alert", "/metric"])
def test_bodies_that_no_sender_means(door_of, path):
    @fuzzing(100)
    @given(
        st.one_of(
            st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode("utf-8", "replace"))
        )
    )
    def one(body):
        asked(door_of[False], f"body of {path}", ("POST", BASE + path, {}, body))

    one()


@pytest.mark.parametrize("file", sorted(FIXTURES.glob("*.json")), ids=lambda file: file.stem)
def test_what_was_found_before(door_of, file):
    case = json.loads(file.read_text())
    body = base64.b64decode(case["body"])
    door = door_of[case.get("guarded", False)]
    before = door.state()
    answer = door.ask(case["method"], BASE + case["url"].removeprefix(BASE), case["headers"], body)
    judged(door, answer, before)
    assert answer.status_code in case.get("statuses", [answer.status_code])
