"""Commands for whoever is on duty: acknowledge, keep the watch, learn who sings."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli import look, motifs
from bridge.cli.client import UNSTORED, By, Json, Plain, Url, ask, given, login, say
from bridge.core.acks import FLATLINE
from bridge.core.digest import age, printable
from bridge.model.catalogue import SEVERITIES
from bridge.model.errors import PagerError

if TYPE_CHECKING:
    from collections.abc import Iterable

LISTED = 20
"""So many alerts that a prefix fits are named."""
ACKS = 10
"""So many acknowledgements are told one by one; of more there is a sum, and these."""
ROUTE = """\
    - receiver: singing-pager
      matchers: ['alertname="Watchdog"']
      group_wait: 0s
      group_interval: 30s
      repeat_interval: 30s
      continue: true"""
"""What arms the watch, as in README.md and on the page."""


class Switch(StrEnum):
    """Where a switch is to be."""

    ON = "on"
    OFF = "off"


def ack(
    fingerprint: Annotated[
        str | None,
        typer.Argument(
            help="which alert, or its first letters, or flatline; without it every alert that fires",
            show_default=False,
        ),
    ] = None,
    by: By = "",
    why: Annotated[str, typer.Option(help="what others should know")] = "",
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """Take on what fires: the room is no longer reminded of it."""
    wanted = given(fingerprint, "every alert that fires")
    found = ask(url, "GET", "/api/v1/status")
    wanted = whole(wanted, found["firing"])
    if wanted not in {None, FLATLINE} and all(a["fingerprint"] != wanted for a in found["firing"]):
        raise PagerError(
            f"nothing fires whose fingerprint begins with {wanted!r}; `singing-pager status` lists what does"
        )
    answer = ask(url, "POST", "/api/v1/ack", {"fingerprint": wanted, "by": by or login(), "why": why})
    say(answer, ack_lines(answer, found, is_plain=look.plain(asked=plain)), as_json)


def ack_lines(answer: dict[str, Any], found: dict[str, Any], *, is_plain: bool) -> list[str]:
    """What an acknowledgement did, for a person. `found` is the status before it."""
    new, old = (_worst_first(answer[key]) for key in ("acknowledged", "already"))
    lines = [f"Acknowledged {_sum(new)}{_until(new[0])}."] if len(new) > ACKS else []
    lines += _some([f"Acknowledged {_named(a, found, is_plain)}{_until(a)}." for a in new])
    lines += [f"{_sum(old)} were acknowledged already."] if len(old) > ACKS else []
    lines += _some(
        [
            f"{_named(a, found, is_plain)} was acknowledged already: {look.acknowledged(a, found['now'])}{_until(a)}."
            for a in old
        ]
    )
    watch_ = found["watch"]
    told = any(a["fingerprint"] == FLATLINE for a in (*new, *old))
    flat = watch_["flatline"] and not watch_["acknowledged"] and not told
    flatline = ["The flatline sounds: singing-pager ack flatline"] if flat else []
    if lines:
        return lines + flatline
    return [" ".join(["Nothing fires.", *flatline])]


def _worst_first(acks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(acks, key=lambda a: -SEVERITIES.index(a["severity"]))


def _sum(acks: list[dict[str, Any]]) -> str:
    """For example `50: 5 critical, 45 warning`."""
    counted = Counter(a["severity"] for a in acks)
    words = (f"{counted[word]} {word}" for word in reversed(SEVERITIES) if counted[word])
    return f"{len(acks)}: {', '.join(words)}"


def _some(lines: list[str]) -> list[str]:
    more = [f"and {len(lines) - ACKS} more"] if len(lines) > ACKS else []
    return lines[:ACKS] + more


def unack(
    fingerprint: Annotated[
        str | None,
        typer.Argument(
            help="which alert, or its first letters, or flatline; without it every one", show_default=False
        ),
    ] = None,
    by: By = "",
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # one line without colour anyway; every command takes the option
) -> None:
    """End an acknowledgement: the room is reminded again."""
    wanted = given(fingerprint, "every acknowledgement")
    firing = ask(url, "GET", "/api/v1/status")["firing"] if wanted else []
    body = {"fingerprint": whole(wanted, firing), "by": by or login()}
    answer = ask(url, "POST", "/api/v1/unack", body)
    count = len(answer["unacknowledged"])
    if wanted and not count:
        raise PagerError(
            f"nothing is acknowledged whose fingerprint begins with {wanted!r}; "
            "`singing-pager status` tells what is"
        )
    say(answer, [f"Ended {count} acknowledgement{'' if count == 1 else 's'}."], as_json)


def watch(
    switch: Annotated[Switch | None, typer.Argument(help="without it: how it stands")] = None,
    by: By = "",
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # as above
) -> None:
    """Say whether the watch is kept and what is waited for, or switch it."""
    stored = True
    if switch is not None:
        answer = ask(url, "POST", "/api/v1/watch", {"on": switch is Switch.ON, "by": by or login()})
        stored = answer["stored"]
    found = ask(url, "GET", "/api/v1/status")
    lines = look.watch_lines(found) + [_input(i, found["now"]) for i in found["watch"]["inputs"]]
    if found["watch"]["route"]:
        lines += [
            "Put this first under `routes:` of alertmanager.yml (docs/alertmanager.md has the receiver):",
            ROUTE,
        ]
    if not stored:
        lines.append(UNSTORED)
    say(found["watch"], lines, as_json)


def who(*, url: Url = "", as_json: Json = False, plain: Plain = False) -> None:  # noqa: ARG001 # as above
    """Who sings: the motif and the place of every service."""
    people = ask(url, "GET", "/api/v1/status")["who"]
    lines = motifs.table(people) or ["No service has sung yet."]
    say({"who": people}, lines, as_json)


def whole(wanted: str | None, firing: list[dict[str, Any]]) -> str | None:
    """The fingerprint that `wanted` begins. What begins none is given back: the bridge knows more than it lists."""
    fits = [alert for alert in firing if wanted and alert["fingerprint"].startswith(wanted)]
    if wanted == FLATLINE or not fits:
        return wanted
    if len(fits) == 1 or any(alert["fingerprint"] == wanted for alert in fits):
        return wanted if len(fits) > 1 else str(fits[0]["fingerprint"])
    lines = [f"{alert['fingerprint']}  {alert['severity']} {look.named(alert)}" for alert in fits[:LISTED]]
    more = [f"and {len(fits) - LISTED} more"] if len(fits) > LISTED else []
    raise PagerError(
        "\n".join([f"{wanted!r} begins {len(fits)} fingerprints; write more of it:", *lines, *more])
    )


def _named(ack_: dict[str, Any], found: dict[str, Any], is_plain: bool) -> str:  # a switch
    if ack_["fingerprint"] == FLATLINE:
        return "the flatline"
    alerts: Iterable[dict[str, Any]] = found["firing"]
    alert = next((a for a in alerts if a["fingerprint"] == ack_["fingerprint"]), None)
    name = f"[{printable(ack_['fingerprint'])}]" if alert is None else look.named(alert)
    return f"{look.severity(ack_['severity'], is_plain=is_plain)} {name}"


def _until(ack_: dict[str, Any]) -> str:
    return f", until {look.clock(ack_['until'])}"


def _input(one: dict[str, Any], now: float) -> str:
    heard = "never heard" if one["last"] is None else f"heard {age(now - one['last'])} ago"
    state = "LATE" if one["late"] else "armed" if one["armed"] else "not armed"
    return f"{printable(one['name'])}: {state}, {heard}, expected every {age(one['within'])}."
