"""Asks one Alertmanager, or the replicas of one, over its API. What its answers mean is decided in `core.clusters`.

An answer is whole or it is an AskError: a status that is not 200, a body that ends early or is too large, is no JSON or
has another shape, and a question that takes longer than PATIENCE. Nothing here is retried; who asks asks again later.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email.utils
import ssl
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from bridge.core.alertmanager import Answer
from bridge.core.digest import printable
from bridge.model.errors import PagerError, SettingError, UnreadableError
from bridge.wire import alertmanager as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from bridge.book import AlertmanagerModel
    from bridge.core.matchers import Matcher

PATIENCE = 10.0
"""Seconds for one request, its whole body included; no longer than two questions lie apart."""
LARGEST = 64 << 20
"""Bytes of an answer."""
LONGEST_SECRET = 16_384
EVERY_STATE = {"active": "true", "silenced": "true", "inhibited": "true", "unprocessed": "true"}


class AskError(PagerError):
    """An Alertmanager did not answer, or not as one does; the text says which and why, for a person."""

    def __init__(self, text: str, status: int = 0, *, heard: bool = True) -> None:
        super().__init__(text)
        self.status = status
        """What it answered; 0 where it answered nothing."""
        self.heard = heard
        """Whether it may have taken the request."""


class Alertmanager:
    """One cluster of the rule book. `close` it at the end."""

    def __init__(self, model: AlertmanagerModel, *, clock: Callable[[], float]) -> None:
        """Raises SettingError where `ca_file` cannot be used."""
        self.model, self._clock = model, clock
        self._name = model.compiled().name
        self._patience = min(PATIENCE, 2 * model.seconds)
        self._client = httpx.AsyncClient(
            verify=_context(model.ca_file),
            timeout=self._patience,
            trust_env=False,
            limits=httpx.Limits(
                max_keepalive_connections=0
            ),  # one that was closed meanwhile would be a failure
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )

    @staticmethod
    def check(model: AlertmanagerModel) -> None:
        """Raises SettingError where a file that the rule book names cannot be used."""
        _context(model.ca_file)
        _authorization(model)

    async def close(self) -> None:
        """End its connections."""
        await self._client.aclose()

    async def ask(self, receivers: Sequence[str], firing: Collection[str]) -> Answer:
        """What fires for these receivers, and what is silenced, by the first replica that answers. Raises AskError.

        Where it lacks one of `firing` (fingerprints), the other replicas are asked too: one that was away, or that its
        Prometheus does not reach, knows less. A replica that does not answer has no say.
        """
        answer, others = await self._first(receivers)
        if all(fingerprint in answer.alerts for fingerprint in firing):
            return answer
        for url in others:
            with contextlib.suppress(AskError):
                answer = _both(answer, await self._ask(url, receivers))
        return answer

    async def silence(
        self, matchers: Sequence[Matcher], by: str, comment: str, seconds: float
    ) -> tuple[str, float]:
        """Make a silence: its id and its end (unix seconds). Raises AskError."""
        now = self._clock()
        body = wire.silence_body(matchers, by, comment, now, now + seconds)
        _, answer = await self._any("POST", "/api/v2/silences", json=body)
        try:
            return wire.silence_id(answer), now + seconds
        except UnreadableError as e:
            raise AskError(f"{self._name}: {e}") from None

    async def expire(self, ident: str) -> bool:
        """End a silence; False where there is none of that id. Raises AskError."""
        path = f"/api/v2/silence/{ident}"
        try:
            await self._any("GET", path)
        except AskError as e:
            if e.status == httpx.codes.NOT_FOUND:
                return False
            raise
        await self._any("DELETE", path)
        return True

    async def _first(self, receivers: Sequence[str]) -> tuple[Answer, list[str]]:
        """The first answer, and the replicas that were not asked for it."""
        errors = []
        for i, url in enumerate(self.model.urls):
            try:
                return await self._ask(url, receivers), self.model.urls[i + 1 :]
            except AskError as e:
                errors.append(str(e))
        raise AskError("; ".join(errors))

    async def _ask(self, url: str, receivers: Sequence[str]) -> Answer:
        began = self._clock()
        try:
            headers, status = await self._request("GET", url, "/api/v2/status")
            now = self._clock()
            since = now - max(0.0, _its_clock(headers, now) - wire.started(status))
            names = wire.receivers((await self._request("GET", url, "/api/v2/receivers"))[1])
            # One that it does not have says nothing about any alert; the only one there is can only be ours.
            receivers = names if len(names) == 1 else [name for name in receivers if name in names]
            alerts = b"[]"
            if receivers:
                wanted = EVERY_STATE | {"receiver": wire.receiver_filter(receivers)}
                _, alerts = await self._request("GET", url, "/api/v2/alerts", params=wanted)
            _, silences = await self._request("GET", url, "/api/v2/silences")
            found = await asyncio.to_thread(wire.alerts, alerts, self._name, receivers, began)
            silent = await asyncio.to_thread(wire.silences, silences)
        except UnreadableError as e:
            raise AskError(f"{url}: {e}") from None
        return Answer(began, frozenset(receivers), found, silent, since)

    async def _any(self, method: str, path: str, json: Any = None) -> tuple[httpx.Headers, bytes]:
        """Tell the first replica that can be reached: they tell each other. Raises AskError."""
        errors = []
        for url in self.model.urls:
            try:
                return await self._request(method, url, path, json=json)
            except AskError as e:
                if e.heard:
                    raise
                errors.append(str(e))
        raise AskError("; ".join(errors), heard=False)

    async def _request(
        self, method: str, url: str, path: str, *, params: Mapping[str, str] | None = None, json: Any = None
    ) -> tuple[httpx.Headers, bytes]:
        try:
            async with asyncio.timeout(self._patience):
                return await self._exchange(method, url, path, params, json)
        except TimeoutError:
            raise AskError(f"{url}: no answer within {self._patience:g} s") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as e:
            raise AskError(f"{url}: {_reason(e)}", heard=False) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as e:
            raise AskError(f"{url}: {_reason(e)}") from None
        except SettingError as e:
            raise AskError(f"{url}: {e}", heard=False) from None

    async def _exchange(
        self, method: str, url: str, path: str, params: Mapping[str, str] | None, json: Any
    ) -> tuple[httpx.Headers, bytes]:
        request = self._client.build_request(
            method, url + path, params=params, json=json, headers=_authorization(self.model)
        )
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise AskError(f"{url}: an answer larger than {LARGEST >> 20} MiB")
        finally:
            await response.aclose()
        if response.status_code != httpx.codes.OK:
            said = wire.error(bytes(body)) or response.reason_phrase
            raise AskError(f"{url} answers {response.status_code}: {said}", response.status_code)
        return response.headers, bytes(body)


def _authorization(model: AlertmanagerModel) -> dict[str, str]:
    """Who asks. The files are read each time, so that a new secret needs no reload. Raises SettingError."""
    if model.token_file is not None:
        return {"Authorization": f"Bearer {_secret(model.token_file)}"}
    if model.username is not None and model.password_file is not None:
        pair = f"{model.username}:{_secret(model.password_file)}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return {}


def _both(first: Answer, second: Answer) -> Answer:
    """What two replicas know together. Where one has run for longer, its word on what is absent counts."""
    since = min(first.since, second.since) if first.since is not None and second.since is not None else None
    return replace(
        first,
        alerts={**second.alerts, **first.alerts},
        silences={**second.silences, **first.silences},
        since=since,
    )


def _its_clock(headers: httpx.Headers, now: float) -> float:
    """The time of whoever answered (unix seconds), as the answer says; ours where it says none."""
    try:
        return email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return now


def _context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as e:
        raise SettingError(f"alertmanager ca_file {ca_file}: cannot be used ({e}); name a PEM file") from None


def _secret(path: str) -> str:
    """The secret in a file, without the end of its line; never in an error."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(LONGEST_SECRET).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is no text"
        raise SettingError(f"{path}: cannot be read ({why}); alertmanager: names it for its secret") from None
    if not text or not text.isprintable():
        raise SettingError(f"{path}: it must hold one line; alertmanager: names it for its secret")
    return text


def _reason(error: Exception) -> str:
    return printable(str(error))[:200] or type(error).__name__
