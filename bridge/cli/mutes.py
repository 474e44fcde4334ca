"""Commands that keep something silent for a while: for everyone, or on one player."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bridge.cli import look
from bridge.cli.client import By, Json, Plain, Url, ask, login, say
from bridge.cli.duty import whole
from bridge.core.digest import printable
from bridge.model.errors import PagerError

Why = Annotated[str, typer.Option(help="what others should know")]
SUPERCOLLIDER = "supercollider"


def mute(  # noqa: PLR0913 # each is an option
    fingerprint: Annotated[
        str | None,
        typer.Argument(
            help="one alert, or its first letters; without it --match or --all", show_default=False
        ),
    ] = None,
    *,
    match: Annotated[
        list[str] | None,
        typer.Option("--match", help='what to mute, as service="checkout"; all that are given must hold'),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="everything")] = False,
    include_critical: Annotated[bool, typer.Option("--include-critical", help="also criticals")] = False,
    for_: Annotated[str, typer.Option("--for", help="how long, at most 8h")] = "30m",
    by: By = "",
    why: Why = "",
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # plain anyway; every command takes the option
) -> None:
    """Keep something from everyone's ears for a while; criticals sound all the same, unless you say so."""
    asked = sum((fingerprint is not None, bool(match), everything))
    if asked != 1:
        raise PagerError("name one of: a fingerprint, --match (may be given again), --all")
    body: dict[str, Any] = {
        "for": for_,
        "include_critical": include_critical,
        "why": why,
        "by": by or login(),
    }
    if fingerprint is not None:
        if not fingerprint.strip():
            raise PagerError("the fingerprint is empty; name one, or --all for everything")
        body["fingerprint"] = whole(fingerprint, ask(url, "GET", "/api/v1/status")["firing"])
    elif match:
        body["match"] = match
    else:
        body["all"] = True
    answer = ask(url, "POST", "/api/v1/mute", body)
    say(answer, [f"Muted: {look.mute(answer['mute'])}."], as_json)


def unmute(
    ident: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="which mute; without it every one", show_default=False),
    ] = None,
    *,
    by: By = "",
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # as above
) -> None:
    """End a mute, or every one: what still fires is reminded of again."""
    if ident is not None and not ident.strip():
        raise PagerError("the id is empty; name one, or leave it out for every mute")
    answer = ask(url, "POST", "/api/v1/unmute", {"id": ident, "by": by or login()})
    count = len(answer["unmuted"])
    ended = f"Ended {count} mute{'' if count == 1 else 's'}." if count else "Nothing is muted."
    say(answer, [ended], as_json)


def quiet(
    player: Annotated[str, typer.Argument(help="its name, as `status` tells it")] = SUPERCOLLIDER,
    *,
    for_: Annotated[str, typer.Option("--for", help="how long, at most 8h")] = "10m",
    by: By = "",
    why: Why = "",
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # as above
) -> None:
    """Make one player quiet for a while; the others go on."""
    body = {"player": player, "for": for_, "by": by or login(), "why": why}
    answer = ask(url, "POST", "/api/v1/quiet", body)
    name = "SuperCollider" if player == SUPERCOLLIDER else printable(answer["player"])
    line = f"{name} is quiet until {look.clock(answer['until'])}."
    say(answer, [line, answer["hears"]], as_json)


def unquiet(
    player: Annotated[str, typer.Argument(help="its name, as `status` tells it")] = SUPERCOLLIDER,
    *,
    by: By = "",
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # as above
) -> None:
    """Let a player sound again."""
    answer = ask(url, "POST", "/api/v1/unquiet", {"player": player, "by": by or login()})
    was = [] if answer["was_quiet"] else [f"{printable(answer['player'])} was not quiet."]
    say(answer, [*was, answer["hears"]], as_json)
