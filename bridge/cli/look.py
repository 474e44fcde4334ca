"""How the command line looks: colour only where a terminal wants it."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer

from bridge.core.digest import age, printable

_COLOURS = {"critical": typer.colors.RED, "warning": typer.colors.YELLOW, "info": typer.colors.CYAN}


def plain(*, asked: bool) -> bool:
    """Whether output is to be without colour: asked for, no terminal, a dumb one, ACCESSIBLE or NO_COLOR set."""
    environ = os.environ
    unwanted = environ.get("TERM") == "dumb" or environ.get("ACCESSIBLE") or environ.get("NO_COLOR")
    return asked or bool(unwanted) or not sys.stdout.isatty()


def severity(word: str, *, is_plain: bool) -> str:
    """A severity, coloured where that is wanted; the word itself always stands."""
    return word if is_plain else typer.style(word, fg=_COLOURS.get(word), bold=True)


def status_lines(found: dict[str, Any], *, is_plain: bool) -> list[str]:
    """`status` for a person; who hears it comes last."""
    lines = [found["digest"]]
    for alert in found["firing"]:
        test = "TEST " if alert["test"] else ""
        name, service = printable(alert["name"]), printable(alert["service"])
        who = f" on {service}" if service else ""
        since = age(found["now"] - alert["since"])
        text = f": {printable(alert['summary'])}" if alert["summary"] else ""
        word = severity(alert["severity"], is_plain=is_plain)
        lines.append(f"{word} {test}{name}{who}, for {since}{text} [{alert['fingerprint']}]")
    if found["silent"]:
        lines.append(f"{found['silent']} more by rule without a sound.")
    lines += [f"Voice {printable(v['id'])}: {v['value']:g} ({v['sound']})" for v in found["voices"]]
    lines += [_player(p) for p in found["players"]]
    lines += [_mqtt(found["mqtt"]), _watchdog(found), _rule_book(found["rule_book"])]
    if not found["store"]["ok"]:
        lines.append(f"The store in {found['store']['path']} cannot be written.")
    return [*lines, found["hears"]]


def _player(player: dict[str, Any]) -> str:
    if player["kind"] != "sclang":
        return f"Page {player['name']}: {'listening' if player['audible'] else 'open, not listening'}."
    if not player["answers"]:
        return f"SuperCollider at {player['name']}: no answer."
    silent = "" if player["audible"] else ": nobody can hear that"
    return f"SuperCollider at {player['name']}: answers, audio driver {player['driver']}{silent}."


def _mqtt(mqtt: dict[str, Any]) -> str:
    if mqtt["state"] == "off":
        return "MQTT: off (MQTT_HOST is empty)."
    waiting = f", {mqtt['unsent']} publishes wait" if mqtt["unsent"] else ""
    return f"MQTT broker {mqtt['host']}: {mqtt['state']}{waiting}."


def _watchdog(found: dict[str, Any]) -> str:
    if not found["watchdog"]["armed"]:
        return "Watchdog: not armed, no Watchdog alert has come yet (README: point Alertmanager here)."
    late = "LATE, " if found["watchdog"]["late"] else ""
    return f"Watchdog: {late}last seen {age(found['now'] - found['watchdog']['last'])} ago."


def _rule_book(book: dict[str, Any]) -> str:
    if book["problems"]:
        return f"Rule book {book['path']}: the last reload was refused: {'; '.join(book['problems'])}"
    return f"Rule book: {book['path']}."
