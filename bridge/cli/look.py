"""How the command line looks: colour only where a terminal wants it."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from typing import Any

import typer

from bridge.cli import motifs
from bridge.core.digest import age, printable
from bridge.core.voices import SILENT

SHOWN = 20
"""So many alerts `status` shows unless told otherwise."""
SUNG = 5
"""So many services that sing now are told one by one; of more there is their number."""
REFUSED = 5
"""So many problems of own sounds are told; the rest are counted."""
NOT_OURS = "none of its receivers has sent here yet, so nothing of it is known to be yours"
FOREIGN = 5
"""So many Alertmanagers that are not asked are named."""
_REASONS = {
    "by_rule": "the rule book is silent about it",
    "flood": "too much at once, it counts in the storm",
    "flapping": "it comes and goes",
    "duplicate": "it fires already",
    "superseded": "something worse of the same subject fires",
    "no_listener": "nobody hears",
    "silenced": "Alertmanager silences it",
    "muted": "it is muted here",
    "digest": "it stood already, the digest tells of it",
    "acknowledged": "somebody has taken it on",
    "capped": "beyond the limit of voices",
}
"""Why something does not sound, where the word alone does not tell. The page has the same words in texts.js."""
_SILENT = {
    "by_rule": "silent by the rule book",
    "silenced": "silenced in Alertmanager",
    "superseded": "superseded by something worse of the same subject",
    "quiet_hours": "kept back by the quiet hours",
    "capped": "beyond the limit of voices",
}
"""The same after "is", where that needs more than the word."""
_LEVELS = {"cues": "cues", "heartbeat": "cues and heartbeat", "everything": "everything"}
_COLOURS = {"critical": typer.colors.RED, "warning": typer.colors.YELLOW, "info": typer.colors.CYAN}


def plain(*, asked: bool) -> bool:
    """Whether output is to be without colour: asked for, no terminal, a dumb one, ACCESSIBLE or NO_COLOR set."""
    environ = os.environ
    unwanted = environ.get("TERM") == "dumb" or environ.get("ACCESSIBLE") or environ.get("NO_COLOR")
    return asked or bool(unwanted) or not sys.stdout.isatty()


def severity(word: str, *, is_plain: bool) -> str:
    """A severity, coloured where that is wanted; the word itself always stands."""
    return word if is_plain else typer.style(word, fg=_COLOURS.get(word), bold=True)


def named(alert: dict[str, Any]) -> str:
    """An alert of the status by name and service."""
    test = "TEST " if alert["test"] else ""
    who = f" on {printable(alert['service'])}" if alert["service"] else ""
    return f"{test}{printable(alert['name'])}{who}"


def clock(unix: float) -> str:
    """A time of day of this machine's clock, for what is at most a few hours away."""
    return time.strftime("%H:%M", time.localtime(unix))


def moment(unix: float) -> str:
    """A day and a time of this machine's clock, for what may be far away."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix))


def acknowledged(ack: dict[str, Any], now: float) -> str:
    """By whom and how long ago, and why."""
    by = f"by {printable(ack['by'])}, " if ack["by"] else ""
    why = f" ({printable(ack['why'])})" if ack["why"] else ""
    return f"{by}{age(now - ack['at'])} ago{why}"


def silenced(found: dict[str, Any]) -> str:
    """Why Alertmanager tells nobody of an alert."""
    if not found["id"]:
        return printable(found["comment"])
    until = f" until {moment(found['until'])}" if found["until"] is not None else ""
    by = f" by {printable(found['by'])}" if found["by"] else ""
    why = f" ({printable(found['comment'])})" if found["comment"] else ""
    return f"silenced in Alertmanager{by}{until}{why}"


def mute(found: dict[str, Any]) -> str:
    """What is muted, until when, and who said so."""
    what = ", ".join(map(printable, found["match"])) or "everything"
    if found["fingerprint"]:
        name = printable(found["name"]) or "an alert that does not fire now"
        what = f"{name} ({printable(found['fingerprint'])})"
    criticals = "also criticals" if found["include_critical"] else "not criticals"
    by = f", by {printable(found['by'])}" if found["by"] else ""
    why = f" ({printable(found['why'])})" if found["why"] else ""
    return f"{what}, {criticals}, until {clock(found['until'])}{by}{why} [{found['id']}]"


def reason(word: str) -> str:
    """Why something was suppressed, for a person."""
    return _REASONS.get(word, word.replace("_", " "))


def status_lines(found: dict[str, Any], *, is_plain: bool, limit: int | None = SHOWN) -> list[str]:
    """`status` for a person, at most `limit` alerts; who hears it comes last."""
    lines = [found["digest"]]
    lines += [_alert(alert, found["now"], is_plain) for alert in found["firing"][:limit]]
    if limit is not None and len(found["firing"]) > limit:
        lines.append(f"and {len(found['firing']) - limit} more: singing-pager status --all")
    if found["silent"]:
        lines.append(f"{found['silent']} more by rule without a sound.")
    lines += [f"MUTED: {mute(one)}" for one in found["mutes"]]
    lines += watch_lines(found, " `singing-pager watch` has the route to paste.") + _cadence(
        found["cadence"], found["now"]
    )
    lines += [_voice(voice, found["now"]) for voice in found["voices"]]
    lines += _bed(found) + _who(found)
    lines += [_player(p) for p in found["players"]]
    lines += [
        _mqtt(found["mqtt"]),
        *_alertmanagers(found),
        _rule_book(found["rule_book"]),
        *_own_sounds(found["own_sounds"]),
    ]
    if not found["store"]["ok"]:
        lines.append(f"The store in {found['store']['path']} cannot be written.")
    return [*lines, found["hears"]]


def watch_lines(found: dict[str, Any], remedy: str = "") -> list[str]:
    """Whether anybody would notice that nothing comes in any more; `remedy` follows where nobody would."""
    watch, now = found["watch"], found["now"]
    if not watch["on"]:
        since = "" if watch["off_since"] is None else f" for {age(now - watch['off_since'])}"
        by = f", by {printable(watch['off_by'])}" if watch["off_by"] else ""
        return [f"Watch: OFF{since}{by}. No flatline would sound; `singing-pager watch on` switches it on."]
    if watch["flatline"]:
        return [_flat(watch, now)]
    if not watch["armed"]:
        return [f"Watch: not armed, no Watchdog has come.{remedy}"]
    if watch["route"]:
        others = ", ".join(printable(i["name"]) for i in watch["inputs"] if i["armed"])
        unwatched = "no Watchdog has come yet: Prometheus itself is not watched"
        return [f"Watch: armed for {others}; {unwatched}.{remedy}"]
    heard = [f"{printable(i['name'])} {age(now - i['last'])} ago" for i in watch["inputs"] if i["last"]]
    return [f"Watch: armed{', heard ' if heard else ''}{', '.join(heard)}."]


def _flat(watch: dict[str, Any], now: float) -> str:
    since = f" for {age(now - watch['flatline_since'])}" if watch["flatline_since"] else ""
    gone = [
        f"{printable(one['name'])} "
        + ("(never heard)" if one["last"] is None else f"(last heard {age(now - one['last'])} ago)")
        for one in watch["flatline"]
    ]
    ack = watch["acknowledged"]
    taken = f", acknowledged {acknowledged(ack, now)}" if ack else "; take it on: singing-pager ack flatline"
    return f"FLATLINE{since}: nothing comes from {', '.join(gone)}{taken}."


def _alert(alert: dict[str, Any], now: float, is_plain: bool) -> str:  # a switch
    word = severity(alert["severity"], is_plain=is_plain)
    flapping = ", flapping" if alert["flapping"] else ""
    ack = alert["acknowledged"]
    taken = f", acknowledged {acknowledged(ack, now)}" if ack else ""
    if muted := alert["muted"]:
        taken += f", muted until {clock(muted['until'])}"
    if alert["silenced"]:
        taken += f", {silenced(alert['silenced'])}"
    if stale := alert["stale"]:
        taken += f", STALE for {age(now - stale['since'])}"
    text = f": {printable(alert['summary'])}" if alert["summary"] else ""
    since = age(now - alert["since"])
    rule = f", rule {printable(alert['rule'])}"
    return f"{word} {named(alert)}, for {since}{flapping}{taken}{rule}{text} [{alert['fingerprint']}]"


def _voice(voice: dict[str, Any], now: float) -> str:
    since = age(now - voice["since"])
    return f"Voice {printable(voice['id'])}: {voice['value']:g} ({voice['sound']}), for {since}, rule {printable(voice['rule'])}"


def silent_lines(found: dict[str, Any]) -> list[str]:
    """Why what is known makes no sound, in sums; the answer of /api/v1/sounding names each."""
    counts = found["counts"]
    said = _silent(counts["silent_alerts"], "alert", "alerts")
    many = sum(counts["silent_series"].values()) >= SILENT  # so many are remembered
    series = f"of the newest {SILENT:,} series" if many else "series"
    said += _silent(counts["silent_series"], series, series)
    return [f"Silent: {'; '.join(said)}."] if said else []


def _silent(counts: dict[str, int], one: str, many: str) -> list[str]:
    """How many there are for each reason, the most first; the word for them once."""
    said: list[str] = []
    for why, n in Counter(counts).most_common():
        noun = "" if said else f" {one if n == 1 else many}"
        said.append(f"{n:,}{noun} {'is' if n == 1 else 'are'} {_SILENT.get(why, why.replace('_', ' '))}")
    return said


def _cadence(cadence: dict[str, Any], now: float) -> list[str]:
    lines = ["Quiet hours: only criticals and the flatline sound."] if cadence["quiet_hours"] else []
    if cadence["storm"]:
        lines.append(f"Storm: {cadence['storm']} alert{'' if cadence['storm'] == 1 else 's'} in one texture.")
    if cadence["next_reminder"] is not None:
        lines.append(f"Next reminder in {age(cadence['next_reminder'] - now)}.")
    return lines


def _bed(found: dict[str, Any]) -> list[str]:
    if not found["voices"]:
        return []
    lines = ["The bed has sunk: all has been calm."] if found["bed"]["level"] < 1 else []
    chord = found["bed"]["chord"]
    return [*lines, f"The bed's chord: {chord:g} of 4, the more the worse."] if chord else lines


def _who(found: dict[str, Any]) -> list[str]:
    """Those who sing now, and how many more there are."""
    now = {one.get("service", "") for one in (*found["firing"], *found["voices"])} - {""}
    singing = [one for one in found["who"] if one["service"] in now]
    if len(singing) > SUNG:
        return [f"{len(singing)} services sing: singing-pager who"]
    others = len(found["who"]) - len(singing)
    more = "and " if singing else "Who sings: "
    rest = [f"{more}{others} {'more' if singing else 'known'}: singing-pager who"] if others else []
    return [motifs.line(one) for one in singing] + rest


def _player(player: dict[str, Any]) -> str:
    level = f", to {_LEVELS[player['level']]}" if player["audible"] else ""
    engine = player["kind"] == "sclang"
    if engine and not player["answers"]:
        return f"SuperCollider at {player['name']}: no answer."
    if quiet := player["quiet"]:
        by = f", by {printable(quiet['by'])}" if quiet["by"] else ""
        name = "SuperCollider at" if engine else "Page"
        return f"{name} {player['name']}: quiet until {clock(quiet['until'])}{by}."
    if not engine:
        return f"Page {player['name']}: {'listening' if player['audible'] else 'open, not listening'}{level}."
    silent = "" if player["audible"] else ": nobody can hear that"
    return f"SuperCollider at {player['name']}: answers, audio driver {player['driver']}{silent}{level}."


def _mqtt(mqtt: dict[str, Any]) -> str:
    if mqtt["state"] == "off":
        return "MQTT: off (MQTT_HOST is empty)."
    waiting = f", {mqtt['unsent']} publishes wait" if mqtt["unsent"] else ""
    return f"MQTT broker {mqtt['host']}: {mqtt['state']}{waiting}."


def _alertmanagers(found: dict[str, Any]) -> list[str]:
    """Every Alertmanager that is asked, and those that send without being asked."""
    lines = [_alertmanager(one, found["now"]) for one in found["alertmanager"]]
    lines += [
        f"Not asked: the Alertmanager that calls itself {printable(one['external_url'])}; "
        "name it in external_urls: under alertmanager: of the rule book."
        for one in found["webhooks_foreign"][:FOREIGN]
    ]
    return lines


def _alertmanager(one: dict[str, Any], now: float) -> str:
    name = f"Alertmanager {', '.join(map(printable, one['urls']))}"
    if one["ok"] is None:
        return f"{name}: not asked yet."
    if not one["ok"]:
        last = "never" if one["last"] is None else f"{age(now - one['last'])} ago"
        return f"{name}: CANNOT BE ASKED, answered {last}, failed {one['failed']} times: {printable(one['error'])}"
    ours = "" if one["receivers"] else f"; {NOT_OURS}"
    return f"{name}: answers, {one['silences']} silence{'' if one['silences'] == 1 else 's'}{ours}."


def _rule_book(book: dict[str, Any]) -> str:
    if book["problems"]:
        return f"Rule book {book['path']}: the last reload was refused: {'; '.join(book['problems'])}"
    return f"Rule book: {book['path']}."


def _own_sounds(own: dict[str, Any]) -> list[str]:
    """What is refused of the own sounds; that takes nothing from the rule book or from other sounds."""
    problems = [printable(problem) for problem in own["problems"]]
    if not problems:
        return []
    more = f"; and {len(problems) - REFUSED} more" if len(problems) > REFUSED else ""
    return [f"Own sounds in {own['path']}, refused: {'; '.join(problems[:REFUSED])}{more}"]
