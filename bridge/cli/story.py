"""Commands that tell what has happened: events, and the whole story of one alert."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from bridge.cli import look
from bridge.cli.client import Json, Plain, Url, ask, say
from bridge.core.digest import age, printable
from bridge.model.errors import PagerError


def events(  # noqa: PLR0913 # each is a filter
    *,
    fingerprint: Annotated[str, typer.Option(help="of this alert")] = "",
    service: Annotated[str, typer.Option(help="of this service")] = "",
    severity: Annotated[str, typer.Option(help="critical, warning or info")] = "",
    outcome: Annotated[str, typer.Option(help="played, assumed, suppressed or open")] = "",
    reason: Annotated[str, typer.Option(help="suppressed for this reason")] = "",
    since: Annotated[str, typer.Option(help="from then: unix seconds, RFC 3339, or 1h for an hour ago")] = "",
    until: Annotated[str, typer.Option(help="before then")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500, help="so many, the newest")] = 20,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """What has come and how it ended, the newest last."""
    wanted = {
        "fingerprint": fingerprint,
        "service": service,
        "severity": severity,
        "outcome": outcome,
        "reason": reason,
        "since": since,
        "until": until,
        "limit": limit,
    }
    query = urlencode({name: value for name, value in wanted.items() if value})
    answer = ask(url, "GET", f"/api/v1/events?{query}")
    is_plain = look.plain(asked=plain)
    lines = [event_line(event, is_plain=is_plain) for event in reversed(answer["events"])]
    say(answer, lines or ["No such event is in the store."], as_json)


def explain(
    fingerprint: Annotated[str, typer.Argument(help="which alert, or its first letters")],
    *,
    url: Url = "",
    as_json: Json = False,
    plain: Plain = False,
) -> None:
    """The whole story of an alert: what came, how it ended, what people did, how it stands."""
    if not fingerprint.strip():
        raise PagerError("the fingerprint is empty; `singing-pager events` lists some")
    answer = ask(url, "GET", f"/api/v1/explain?{urlencode({'fingerprint': fingerprint})}")
    say(answer, story_lines(answer, is_plain=look.plain(asked=plain)), as_json)


def event_line(event: dict[str, Any], *, is_plain: bool) -> str:
    """One event for a person: when, what, and how it ended."""
    labels = event["labels"]
    name = printable(labels.get("alertname", "an alert"))
    who = f" on {printable(event['service'])}" if event["service"] else ""
    word = look.severity(event["severity"], is_plain=is_plain)
    status = "" if event["status"] == "firing" else " resolved"
    return f"{stamp(event['received'])} {word} {name}{who}{status}: {ending(event)} [{event['fingerprint']}]"


def ending(event: dict[str, Any]) -> str:
    """How an event ended, in words."""
    if event["outcome"] is None:
        return "the outcome is not known yet"
    if event["outcome"] == "suppressed":
        return f"not sounded, {look.reason(event['reason'])}"
    took = event["ended"] - event["received"] if event["ended"] is not None else None
    later = f" after {took:.1f} s" if took is not None and took >= 1 else ""
    word = "sounded" if event["outcome"] == "played" else "sent; whether it sounded is not known"
    by = f" by {printable(event['player'])}" if event["player"] else ""
    return f"{word}{by}{later} as {event['sound']}" if event["sound"] else f"{word}{by}{later}"


def story_lines(story: dict[str, Any], *, is_plain: bool) -> list[str]:
    """The story in the order in which it happened, then how it stands."""
    told = [(e["received"], event_line(e, is_plain=is_plain) + _by(e)) for e in story["events"]]
    told += [(deed["at"], _deed(deed)) for deed in story["deeds"]]
    return [line for _, line in sorted(told, key=lambda one: one[0])] + _stands(story)


def _by(event: dict[str, Any]) -> str:
    summary = event["annotations"].get("summary", "")
    text = f" {printable(summary)}" if summary else ""
    return f" (from {event['source']}, rule {printable(event['rule'])}){text}"


def _deed(deed: dict[str, Any]) -> str:
    by = f" by {printable(deed['by'])}" if deed["by"] else ""
    why = f": {printable(deed['why'])}" if deed["why"].strip(": ") else ""
    until = f", until {stamp(deed['until'])}" if deed["until"] is not None else ""
    whose = "" if deed["fingerprint"] else " (not only this alert)"
    return f"{stamp(deed['at'])} {deed['what']}{by}{until}{why}{whose}"


def _stands(story: dict[str, Any]) -> list[str]:
    alert, now = story["firing"], story["now"]
    if alert is None:
        return ["It does not fire now."]
    line = f"It fires for {age(now - alert['since'])}, by rule {printable(alert['rule'])}."
    if story["why_silent"] is not None:
        return [f"{line} Nobody is reminded of it: {look.reason(story['why_silent'])}."]
    if alert["severity"] == "info":
        return [f"{line} Nobody is reminded of what is only info."]
    if story["next_reminder"] is None:
        return [line]
    return [
        f"{line} The next reminder, of this or another alert, comes in {age(story['next_reminder'] - now)}."
    ]


def stamp(unix: float) -> str:
    """A time of this machine's clock, with its day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix))
