"""Commands that make and end silences in Alertmanager: every pager behind it falls silent, not this one alone."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.cli import look
from bridge.cli.client import By, Json, Plain, Url, ask, login, say
from bridge.cli.duty import whole
from bridge.core.digest import printable
from bridge.model.errors import PagerError


def silence(  # noqa: PLR0913 # each is an option
    fingerprint: Annotated[
        str | None,
        typer.Argument(help="one alert, or its first letters; without it --match", show_default=False),
    ] = None,
    *,
    match: Annotated[
        list[str] | None,
        typer.Option("--match", help='what to silence, as service="checkout"; all that are given must hold'),
    ] = None,
    alertmanager: Annotated[
        str, typer.Option(help="with --match: in this one, by a URL of it, and not in every one")
    ] = "",
    for_: Annotated[str, typer.Option("--for", help="how long, at most 720h")] = "2h",
    by: By = "",
    why: Annotated[str, typer.Option(help="what others should know")] = "",
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # plain anyway; every command takes the option
) -> None:
    """Silence something in Alertmanager, for everybody whom it tells; `mute` keeps it from the ears here alone."""
    if (fingerprint is not None) == bool(match):
        raise PagerError("name one of: a fingerprint, --match (may be given again)")
    body: dict[str, Any] = {"for": for_, "by": by or login(), "why": why}
    if fingerprint is not None:
        if not fingerprint.strip():
            raise PagerError("the fingerprint is empty; `singing-pager status` lists what fires")
        body["fingerprint"] = whole(fingerprint, ask(url, "GET", "/api/v1/status")["firing"])
    else:
        body |= {"match": match, "alertmanager": alertmanager or None}
    answer = ask(url, "POST", "/api/v1/silence", body)
    lines = [
        f"Silenced until {look.moment(made['until'])}: {printable(made['url'])}\n"
        f"End it with: singing-pager unsilence {made['id']}"
        for made in answer["silences"]
    ]
    say(answer, lines, as_json)


def unsilence(
    ident: Annotated[str, typer.Argument(metavar="ID", help="which silence")],
    *,
    by: By = "",
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # as above
) -> None:
    """End a silence in Alertmanager: what still fires is told again."""
    answer = ask(url, "POST", "/api/v1/unsilence", {"id": ident, "by": by or login()})
    say(answer, [f"Ended in {', '.join(map(printable, answer['unsilenced']))}."], as_json)
