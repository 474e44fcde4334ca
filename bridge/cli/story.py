"""Commands that tell what has happened: events, and the whole story of one alert."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from bridge.cli import look
from bridge.cli.client import Json, Plain, Url, ask, say
from bridge.core.digest import age, printable
from bridge.core.stories import NO_CHANGE
from bridge.model.catalogue import SEVERITIES
from bridge.model.errors import PagerError
from bridge.store.books import PAGE


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
    if answer["before"] is not None:
        lines.append(f"There are older ones: --limit ({PAGE} at most) or --until shows them.")
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


def event_line(event: dict[str, Any], *, is_plain: bool, was: str = "") -> str:
    """One event for a person: when, what, and how it ended. `was` is what it fired as until then, where that is told."""
    labels = event["labels"]
    name = printable(labels.get("alertname", "an alert"))
    who = f" on {printable(event['service'])}" if event["service"] else ""
    word = look.severity(event["severity"], is_plain=is_plain)
    what = f"{name}{who}"
    if event["status"] != "firing":
        said = f"{word} {what} resolved"
    else:
        said = f"{what} became {word} (it was {was})" if _worse(event["severity"], was) else f"{word} {what}"
    return f"{stamp(event['received'])} {said}: {ending(event)} [{event['fingerprint']}]"


def _worse(severity: str, was: str) -> bool:
    return bool(was) and SEVERITIES.index(severity) > SEVERITIES.index(was)


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
    told, was = [], ""
    for event in story["events"]:
        told.append((event["received"], event_line(event, is_plain=is_plain, was=was) + _from(event)))
        if event["reason"] not in NO_CHANGE:
            was = event["severity"] if event["status"] == "firing" else ""
    told += [(deed["at"], f"{stamp(deed['at'])} {_deed(deed)}") for deed in story["deeds"]]
    cut = ["There is more than is told here: this is the newest of it."] if story["cut"] else []
    return cut + [line for _, line in sorted(told, key=lambda one: one[0])] + _stands(story)


def _from(event: dict[str, Any]) -> str:
    summary = event["annotations"].get("summary", "")
    text = f": {printable(summary)}" if summary else ""
    return f" (from {event['source']}, rule {printable(event['rule'])}){text}"


def _deed(deed: dict[str, Any]) -> str:
    """What was done, to what, by whom, until when, why."""
    what, about = deed["what"], deed["about"]
    if what == "start":
        return f"the bridge started (version {printable(about.get('version', ''))})"
    by = f" by {printable(deed['by'])}" if deed["by"] else ""
    why = f": {printable(deed['why'])}" if deed["why"].strip() else ""
    until = f", until {stamp(deed['until'])}" if deed["until"] is not None else ""
    whom = f", of {printable(about['of'])}" if about.get("of") else ""
    return f"{what}{_about(about)}{whom}{by}{until}{why}"


def _about(about: dict[str, Any]) -> str:
    """What a mute takes, which player is quiet."""
    if "silence" in about:
        return f" [{printable(about['silence'])}]"
    if "player" in about:
        return f" of {printable(about['player'])}"
    if "match" not in about:
        return ""
    what = ", ".join(map(printable, about["match"])) or ("" if about.get("cut") else "everything")
    if about.get("cut"):
        what += f"{', ' if what else ''}further matchers that are too long to be kept"
    criticals = "also criticals" if about.get("include_critical") else "not criticals"
    return f" of {'this alert' if about.get('fingerprint') else what}, {criticals} [{printable(about['id'])}]"


def _stands(story: dict[str, Any]) -> list[str]:
    alert, now, why = story["firing"], story["now"], story["why_silent"]
    if alert is None:
        return ["It does not fire now."]
    line = f"It has fired for {age(now - alert['since'])}, by rule {printable(alert['rule'])}."
    if why is not None:
        return [f"{line} Nobody is reminded of it: {_held(alert, why) or look.reason(why)}."]
    if alert["severity"] == "info":
        return [f"{line} Nobody is reminded of what is only info."]
    if story["next_reminder"] is None:
        return [line]
    return [
        f"{line} The next reminder, of this or another alert, comes in {age(story['next_reminder'] - now)}."
    ]


def _held(alert: dict[str, Any], why: str) -> str:
    """Who keeps it silent, until when and why; empty where nobody does."""
    if why == "silenced" and alert["silenced"]:
        return look.silenced(alert["silenced"])
    if why == "acknowledged" and (ack := alert["acknowledged"]):
        return f"{printable(ack['by']) or 'somebody'} has taken it on{_until(ack)}"
    if why == "muted" and (mute := alert["muted"]):
        by = f" by {printable(mute['by'])}" if mute["by"] else ""
        return f"it is muted here{by}{_until(mute)} [{mute['id']}]"
    return ""


def _until(found: dict[str, Any]) -> str:
    why = f" ({printable(found['why'])})" if found["why"].strip() else ""
    return f" until {look.clock(found['until'])}{why}"


def stamp(unix: float) -> str:
    """A time of this machine's clock, with its day."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix))
