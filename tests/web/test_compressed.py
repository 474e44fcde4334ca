"""The static files as a browser is sent them: compressed, asked about again, and how much a first visit costs."""

from __future__ import annotations

import contextlib
import gzip
import os
import re

import httpx
import pytest
from starlette.datastructures import Headers

from bridge.web.app import CONSOLE, ENGINE
from bridge.web.files import Files, takes_gzip

GZIP, PLAIN = {"Accept-Encoding": "gzip, deflate, br"}, {"Accept-Encoding": "identity"}
GOAL = 700_000
"""Bytes on the wire until the first sound, headers among them."""
TEXT = b"export const words = 'the same again and again';\n" * 200


@pytest.fixture
def folder(tmp_path):
    for name, content in {"a.js": TEXT, "a.flac": TEXT, "tiny.js": b"1"}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
async def client(folder):
    transport = httpx.ASGITransport(Files(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as found:
        yield found


async def raw(client, path, headers, method="GET"):
    """The answer, and its body as it was on the wire."""
    async with client.stream(method, path, headers=headers) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


async def test_a_browser_that_takes_gzip_gets_it(client):
    answer, body = await raw(client, "/a.js", GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(body))
    assert answer.headers["Content-Type"].partition(";")[0] in {"text/javascript", "application/javascript"}
    assert len(body) < len(TEXT) / 10
    assert gzip.decompress(body) == TEXT


@pytest.mark.parametrize(
    ("path", "headers", "varies"),
    [
        ("/a.js", PLAIN, True),
        ("/a.js", {"Accept-Encoding": "gzip;q=0"}, True),
        ("/a.flac", GZIP, False),
        ("/tiny.js", GZIP, True),
    ],
)
async def test_what_is_sent_as_it_is(client, folder, path, headers, varies):
    answer, body = await raw(client, path, headers)
    assert "Content-Encoding" not in answer.headers
    assert ("Vary" in answer.headers) is varies
    assert body == (folder / path[1:]).read_bytes()


async def test_each_form_has_an_etag_of_its_own_and_none_is_sent_twice(client):
    etags = set()
    for headers in (GZIP, PLAIN):
        answer, _ = await raw(client, "/a.js", headers)
        etags.add(answer.headers["ETag"])
        for told in (answer.headers["ETag"], f"W/{answer.headers['ETag']}"):
            again, body = await raw(client, "/a.js", headers | {"If-None-Match": told})
            assert (again.status_code, body) == (304, b"")
            assert again.headers["ETag"] == answer.headers["ETag"]
            assert again.headers["Vary"] == "Accept-Encoding"
            assert "Content-Encoding" not in again.headers
    assert len(etags) == 2
    other, _ = await raw(client, "/a.js", PLAIN | {"If-None-Match": next(e for e in etags if "gzip" in e)})
    assert other.status_code == 200


@pytest.mark.parametrize("headers", [GZIP, PLAIN])
async def test_head_says_what_get_would(client, headers):
    got, _ = await raw(client, "/a.js", headers)
    head, body = await raw(client, "/a.js", headers, "HEAD")
    assert body == b""
    assert head.headers == got.headers


async def test_a_file_that_changed_is_compressed_anew(client, folder):
    before, _ = await raw(client, "/a.js", GZIP)
    (folder / "a.js").write_bytes(TEXT.replace(b"again", b"other"))
    os.utime(folder / "a.js", (1_000_000_000, 1_000_000_000))
    after, body = await raw(client, "/a.js", GZIP | {"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert b"other" in gzip.decompress(body)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip; q=1.000", True),
        ("gzip;q=0.000", False),
        ("gzip; q = 0", False),
        ("br", False),
        ("", False),
    ],
)
def test_who_takes_gzip(said, expected):
    assert takes_gzip(Headers({"accept-encoding": said})) is expected


def first_visit():
    """Everything that a page loads up to its first sound, and some more: every module, the whole engine."""
    yield "/"
    yield from (
        f"/console/{file.name}" for file in CONSOLE.iterdir() if file.suffix in {".js", ".css", ".svg"}
    )
    for file in ENGINE.rglob("*"):
        if file.suffix in {".js", ".wasm"}:
            yield f"/engine/{file.relative_to(ENGINE)}"
    listed = re.search(r"const SYNTHDEFS = \[(.*?)\n\]", (CONSOLE / "engine.js").read_text(), re.DOTALL)
    yield from (f"/synthdefs/{name}.scsyndef" for name in re.findall(r'"(\w+)"', listed[1]))


async def test_a_first_visit_is_small(door):
    there = await door()
    transport, total = httpx.ASGITransport(there.app), 0
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")
        )
        for path in first_visit():
            answer, body = await raw(client, path, GZIP)
            assert answer.status_code == 200, path
            total += len(body) + sum(len(k) + len(v) + 4 for k, v in answer.headers.raw)
    assert total <= GOAL, f"{total} bytes"
