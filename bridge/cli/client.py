"""Commands that talk to a running bridge."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import look
from bridge.model.errors import PagerError

Url = Annotated[
    str,
    typer.Option(
        "--url", envvar="PAGER_URL", help="the bridge; its port is PAGER_HTTP_PORT where it runs here"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Plain = Annotated[bool, typer.Option("--plain", help="no colour")]
TIMEOUT = 10.0


def fire(
    severity: Annotated[str, typer.Option(help="critical, warning or info")] = "critical",
    service: Annotated[str, typer.Option(help="who it is about")] = "",
    for_: Annotated[str, typer.Option("--for", help="how long it fires, at most 1h")] = "60s",
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """Fire a test alert. It is marked as TEST and resolves itself."""
    answer = ask(url, "POST", "/api/v1/fire", {"severity": severity, "service": service, "for": for_})
    word = look.severity(severity, is_plain=look.plain(asked=plain))
    who = f" on {service}" if service else ""
    say(
        answer,
        [f"TEST {word}{who} fires for {for_} [{answer.get('fingerprint')}].", answer.get("hears", "")],
        as_json,
    )


def resolve(
    fingerprint: Annotated[str, typer.Argument(help="which alert; without it every test alert")] = "",
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # one line without colour anyway; every command takes the option
) -> None:
    """End an alert here: by fingerprint, or every test alert."""
    answer = ask(url, "POST", "/api/v1/resolve", {"fingerprint": fingerprint or None})
    count = len(answer.get("resolved", []))
    lines = [f"Resolved {count} alert{'' if count == 1 else 's'}."]
    say(answer, lines, as_json)
    if fingerprint and not count:
        raise typer.Exit(1)


def status(
    *,
    every: Annotated[bool, typer.Option("--all", help=f"every alert, not {look.SHOWN} at most")] = False,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """What fires, what sounds, who hears, and every part of the way."""
    answer = ask(url, "GET", "/api/v1/status")
    lines = look.status_lines(answer, is_plain=look.plain(asked=plain), limit=None if every else look.SHOWN)
    say(answer, lines, as_json)


def digest(*, url: Url = "", as_json: Json = False, plain: Plain = False) -> None:  # noqa: ARG001 # as above
    """One sentence: what is wrong, how bad, since when."""
    answer = ask(url, "GET", "/api/v1/digest")
    say(answer, [answer["digest"]], as_json)


def healthcheck(*, url: Url = "") -> None:
    """For containers: exit code 0 when the bridge is ready, else 1."""
    try:
        response = httpx.get(f"{_base(url)}/-/ready", timeout=3.0, trust_env=_far(_base(url)))
    except httpx.HTTPError as e:
        typer.echo(f"{_base(url)}: {e}", err=True)
        raise typer.Exit(1) from None
    typer.echo(response.text.strip())
    raise typer.Exit(0 if response.status_code == httpx.codes.OK else 1)


def _base(url: str) -> str:
    """Where the bridge is, without a slash at the end."""
    return (url or f"http://127.0.0.1:{os.environ.get('PAGER_HTTP_PORT') or 8000}").rstrip("/")


def _far(url: str) -> bool:
    """Whether a proxy of the environment may be asked: never for this machine itself."""
    return httpx.URL(url).host not in {"127.0.0.1", "localhost", "::1"}


def ask(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the bridge answers. Raises PagerError with its reason, or where none answers."""
    url = _base(url)
    try:
        response = httpx.request(method, f"{url}{path}", json=body, timeout=TIMEOUT, trust_env=_far(url))
        answer: dict[str, Any] = response.json()
    except httpx.HTTPError as e:
        raise PagerError(
            f"no bridge answers at {url} ({e}); start one with `singing-pager serve`, or set --url"
        ) from None
    except ValueError:
        raise PagerError(f"{url} answers, but not as a bridge does; set --url") from None
    if response.is_error:
        raise PagerError(str(answer.get("error", answer)))
    return answer


def say(answer: dict[str, Any], lines: list[str], as_json: bool) -> None:  # a switch
    """Print the lines, or the answer as JSON."""
    typer.echo(json.dumps(answer, indent=2) if as_json else "\n".join(line for line in lines if line))
