"""Commands that talk to a running bridge."""

from __future__ import annotations

import getpass
import json
import os
import ssl
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from bridge.cli import look
from bridge.core.digest import printable
from bridge.model.errors import PagerError

Url = Annotated[
    str,
    typer.Option(
        "--url", envvar="PAGER_URL", help="the bridge; its port is PAGER_HTTP_PORT where it runs here"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Plain = Annotated[bool, typer.Option("--plain", help="no colour")]
By = Annotated[str, typer.Option(help="who you are; your login name unless you say")]
TIMEOUT = 10.0
UNSTORED = "It could not be stored: a restart would forget it."
"""Told of what people say while the store cannot be written."""


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
    why = answer["suppressed"]
    heard = f"Not sounded: {look.reason(why)}." if why else answer["hears"]
    say(answer, [f"TEST {word}{who} fires for {for_} [{answer['fingerprint']}].", heard], as_json)


def resolve(
    fingerprint: Annotated[
        str | None, typer.Argument(help="which alert; without it every test alert", show_default=False)
    ] = None,
    by: By = "",
    why: Annotated[str, typer.Option(help="what others should know")] = "",
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # one line without colour anyway; every command takes the option
) -> None:
    """End an alert here: by fingerprint, or every test alert."""
    body = {"fingerprint": given(fingerprint, "every test alert"), "by": by or login(), "why": why}
    answer = ask(url, "POST", "/api/v1/resolve", body)
    count = len(answer.get("resolved", []))
    lines = [f"Resolved {count} alert{'' if count == 1 else 's'}."]
    say(answer, lines, as_json)
    if fingerprint and not count:
        raise typer.Exit(1)


def given(fingerprint: str | None, everything: str) -> str | None:
    """The argument as it was given; None where there was none. An empty one is an unset variable: PagerError."""
    if fingerprint is not None and not fingerprint.strip():
        raise PagerError(f"the fingerprint is empty; name one, or leave it out for {everything}")
    return fingerprint


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
    if not as_json:  # who hears it stays the last line
        lines[-1:-1] = look.silent_lines(ask(url, "GET", "/api/v1/sounding"))
    say(answer, lines, as_json)


def digest(*, url: Url = "", as_json: Json = False, plain: Plain = False) -> None:  # noqa: ARG001 # as above
    """One sentence: what is wrong, how bad, since when."""
    answer = ask(url, "GET", "/api/v1/digest")
    say(answer, [answer["digest"]], as_json)


def healthcheck(*, url: Url = "") -> None:
    """For containers: exit code 0 when the bridge is ready, else 1."""
    where = base(url)
    try:
        # Its own certificate is for the name by which others know it; nothing secret goes this way.
        verify = verified(where) if url or _far(where) else False
        response = httpx.get(f"{where}/-/ready", timeout=3.0, trust_env=_far(where), verify=verify)
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        typer.echo(f"{where}: {e}", err=True)
        raise typer.Exit(1) from None
    typer.echo(response.text.strip())
    raise typer.Exit(0 if response.status_code == httpx.codes.OK else 1)


def login() -> str:
    """Who is at this terminal; empty where nobody has a name."""
    try:
        return printable(getpass.getuser())[:128]
    except (KeyError, OSError):  # a container's user may have no name
        return ""


def base(url: str) -> str:
    """Where the bridge is, without a slash at the end; without a scheme http, or https where it has its certificate."""
    if not url:
        scheme = "https" if os.environ.get("PAGER_TLS_CERT_FILE") else "http"
        url = f"{scheme}://127.0.0.1:{os.environ.get('PAGER_HTTP_PORT') or 8000}"
    return (url if "://" in url else f"http://{url}").rstrip("/")


def _far(url: str) -> bool:
    """Whether a proxy of the environment may be asked: never for this machine itself."""
    return httpx.URL(url).host not in {"127.0.0.1", "localhost", "::1"}


def verified(url: str) -> ssl.SSLContext | bool:
    """Whose certificates are believed: the system's authorities, or those of SSL_CERT_FILE."""
    return ssl.create_default_context() if url.startswith("https:") else True


def credentials() -> dict[str, str]:
    """The header with the token of PAGER_TOKEN_FILE, if that is set. Raises PagerError for a file without one."""
    path = os.environ.get("PAGER_TOKEN_FILE")
    if not path:
        return {}
    try:
        lines = Path(path).read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as e:
        raise PagerError(
            f"PAGER_TOKEN_FILE: {path} cannot be read ({getattr(e, 'strerror', 'no ASCII text')})"
        ) from None
    if not lines:
        raise PagerError(f"PAGER_TOKEN_FILE: {path} is empty; write the token into it")
    return {"Authorization": f"Bearer {lines[0]}"}


def ask(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the bridge answers. Raises PagerError with its reason, or where none answers."""
    url, headers = base(url), credentials()
    try:
        response = httpx.request(
            method,
            f"{url}{path}",
            json=body,
            headers=headers,
            timeout=TIMEOUT,
            trust_env=_far(url),
            verify=verified(url),
        )
        answer: dict[str, Any] = response.json()
    except (httpx.HTTPError, httpx.InvalidURL) as e:
        raise PagerError(
            f"no bridge answers at {url} ({e}); start one with `singing-pager serve`, or set --url"
        ) from None
    except ValueError:
        raise PagerError(f"{url} answers, but not as a bridge does; set --url") from None
    if response.status_code == httpx.codes.UNAUTHORIZED and not headers:
        raise PagerError(f"{url} asks who you are; name a file with a token in PAGER_TOKEN_FILE")
    if response.is_error:
        raise PagerError(str(answer.get("error", answer)))
    return answer


def say(answer: dict[str, Any], lines: list[str], as_json: bool) -> None:  # a switch
    """Print the lines, or the answer as JSON."""
    if answer.get("stored") is False:
        lines = [*lines, UNSTORED]
    typer.echo(json.dumps(answer, indent=2) if as_json else "\n".join(line for line in lines if line))
