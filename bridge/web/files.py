"""The static files: those of the page, of its engine, and the synthdefs. Compressed where a browser takes that."""

from __future__ import annotations

import gzip
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.staticfiles import NotModifiedResponse

from bridge.web import answers, asked

if TYPE_CHECKING:
    from os import PathLike, stat_result

    from starlette.types import Receive, Scope, Send

SMALL = frozenset({".flac", ".gz", ".png", ".woff2"})
"""What is compressed already."""
_NEVER = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*", re.IGNORECASE)


class Files(StaticFiles):
    """Files that a browser asks about before it uses them again: after an upgrade no old module meets a new one.

    Each is compressed once and kept so until it changes: the engine alone would cost 0.1 s of every first visit.
    """

    def __init__(self, directory: PathLike[str] | str, *, check_dir: bool = True) -> None:
        super().__init__(directory=directory, check_dir=check_dir)
        self._pressed: dict[str, tuple[tuple[int, int], bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A file, always whole."""
        await super().__call__(whole(scope), receive, send)

    def lookup_path(self, path: str) -> tuple[str, stat_result | None]:
        """As Starlette's. It runs in a thread of its own, so the file is compressed here."""
        full, found = super().lookup_path(path)
        if found is not None and stat.S_ISREG(found.st_mode) and Path(full).suffix not in SMALL:
            self._press(full, found)
        return full, found

    def _press(self, full: str, found: stat_result) -> None:
        of = _version(found)
        if self._pressed.get(full, (None, b""))[0] != of:
            self._pressed[full] = of, gzip.compress(Path(full).read_bytes(), mtime=0)

    def file_response(
        self, full_path: PathLike[str] | str, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """A file; a worker has the policy of its own file."""
        headers = Headers(scope=scope)
        response: Response = FileResponse(full_path, status_code=status_code, stat_result=stat_result)
        of, pressed = self._pressed.get(str(full_path), (None, b""))
        if of is not None:
            response.headers["Vary"] = "Accept-Encoding"
        if of == _version(stat_result) and len(pressed) < stat_result.st_size and takes_gzip(headers):
            response = _compressed(response, pressed, head=scope["method"] == "HEAD")
        if self.is_not_modified(response.headers, headers):
            response = NotModifiedResponse(response.headers)
        host = asked.said(scope).get(b"host", b"").decode("latin-1")
        response.headers["Content-Security-Policy"] = answers.page_policy(host)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Accept-Ranges"] = "none"
        if str(full_path).endswith(".webmanifest"):  # Python's table knows it from 3.14 on
            response.headers["Content-Type"] = "application/manifest+json"
        return response


class Page(FileResponse):
    """The page, always whole."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await super().__call__(whole(scope), receive, send)


def whole(scope: Scope) -> Scope:
    """A request without its `Range`: the files are small, and Starlette refuses a bad range in a shape that is not ours."""
    return {**scope, "headers": [said for said in scope["headers"] if said[0].lower() != b"range"]}


def takes_gzip(headers: Headers) -> bool:
    """Whether `Accept-Encoding` names gzip, and not with a weight of 0."""
    for one in headers.get("accept-encoding", "").split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() in {"gzip", "x-gzip"}:
            return _NEVER.fullmatch(weight) is None
    return False


def _compressed(response: Response, pressed: bytes, *, head: bool) -> Response:
    """The same, compressed: another representation, so it has another ETag."""
    etag = response.headers["etag"].removesuffix('"') + '-gzip"'
    told = {"content-encoding": "gzip", "content-length": str(len(pressed)), "etag": etag}
    return Response(b"" if head else pressed, response.status_code, {**response.headers, **told})


def _version(found: stat_result) -> tuple[int, int]:
    return found.st_mtime_ns, found.st_size
