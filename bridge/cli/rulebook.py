"""Commands about the rule book; they need no running bridge."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bridge import config
from bridge.book import Book
from bridge.core.rules import SIGN_OF_LIFE
from bridge.core.taken import alert_taken, sample_taken
from bridge.core.who import Who
from bridge.model.errors import ConfigError, PagerError
from bridge.sounds import Folder, load_book

if TYPE_CHECKING:
    from bridge.core.rules import RuleBook

Config = Annotated[
    Path,
    typer.Option("--config", envvar="PAGER_CONFIG", help="the rule book", show_default="the built-in one"),
]
Synthdefs = Annotated[
    Path | None,
    typer.Option(
        "--synthdefs", envvar="PAGER_SYNTHDEFS", help="folder of your own sounds", show_default="none"
    ),
]
OFTEN = 5 * 3600.0
"""Seconds: what Alertmanager repeats by default, and an hour for it to be late."""
routes = typer.Typer(help="Ask the rule book.", no_args_is_help=True, rich_markup_mode=None)


def check_config(
    file: Annotated[
        Path, typer.Argument(envvar="PAGER_CONFIG", help="the rule book", show_default="the built-in one")
    ] = config.DEFAULT_BOOK,
    *,
    synthdefs: Synthdefs = None,
) -> None:
    """Say whether a rule book and own sounds are good: exit code 0, or one line per problem and 1."""
    folder = Folder(synthdefs)
    book = load_book(file, folder)
    if folder.problems:
        raise ConfigError(folder.problems)
    typer.echo(f"{file}: good, {len(book.alerts)} rules for alerts, {len(book.metrics)} for metrics.")
    if not _arms(book.compiled()):
        typer.echo("note: no rule takes Watchdog as sign_of_life; the watch can never arm by it")
    if book.stale_after is not None and book.compiled().stale_after < OFTEN:
        typer.echo(
            f"note: stale_after {book.stale_after}: Alertmanager repeats every 4h unless its repeat_interval says "
            "otherwise, so below 5h an alert may be stale though all is well"
        )


def _arms(book: RuleBook) -> bool:
    """Whether a Watchdog is a sign of life, with the severity that kube-prometheus gives it or without one."""
    labels: dict[str, str] = {"alertname": "Watchdog"}
    return any(book.alert_rule(labels | more).sound == SIGN_OF_LIFE for more in ({}, {"severity": "none"}))


def schema() -> None:
    """Print the JSON Schema of the rule book, for editors."""
    typer.echo(json.dumps(Book.model_json_schema(by_alias=True), indent=2))


@routes.callback()
def _routes() -> None:
    """Keeps `test` a subcommand of its own."""


@routes.command("test")
def routes_test(
    labels: Annotated[list[str] | None, typer.Argument(help="name=value of each label")] = None,
    *,
    file: Config = config.DEFAULT_BOOK,
    metric: Annotated[
        str, typer.Option(help="ask for a sample of this metric type instead of an alert")
    ] = "",
    synthdefs: Synthdefs = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say which rule takes a label set, and which sound follows."""
    book = load_book(file, Folder(synthdefs)).compiled()
    found = _labels(labels or [])
    who = Who(book.chosen)
    taken = sample_taken(book, who, metric, found) if metric else alert_taken(book, who, found)
    answer = {name: value for name, value in asdict(taken).items() if value is not None and value != {}}
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    typer.echo(f"rule {taken.rule}: {_sound(taken.sound)}")
    for name, value in answer.items():
        if name not in {"rule", "sound"} and value:
            typer.echo(f"{name}: {_value(value)}")


def _value(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} {number:g}" for name, number in value.items())


def _sound(sound: str) -> str:
    words = {"silent": "no sound", "sign_of_life": "no sound, remembered as a sign of life"}
    return words.get(sound, f"sound {sound}")


def _labels(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise PagerError(f"{pair!r}: write a label as name=value")
        found[name] = value
    return found
