"""Commands about own sounds; they need no running bridge."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bridge.model.errors import ConfigError, PagerError
from bridge.sinks.contract import Finding
from bridge.sinks.contract import check as findings
from bridge.sounds import Own, known_files, read, read_one

synthdefs = typer.Typer(help="Ask about your own sounds.", no_args_is_help=True, rich_markup_mode=None)


@synthdefs.callback()
def _synthdefs() -> None:
    """Keeps `check` a subcommand of its own."""


@synthdefs.command()
def check(
    path: Annotated[Path, typer.Argument(help="a folder of own sounds, or one of its files")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say whether own sounds keep the contract, with measured figures: exit code 0, or 1 when one does not.

    Runs the code of .scd files in sclang, and every sound in scsynth -N.
    """
    sounds, problems = _sounds(path)
    found = {name: findings(own) for name, own in sounds.items()}
    good = not problems and all(one.ok for all_ in found.values() for one in all_)
    if as_json:
        typer.echo(json.dumps(_answer(sounds, found, problems, good=good), indent=2))
    else:
        typer.echo("\n".join(_lines(sounds, found, problems)))
    raise typer.Exit(0 if good else 1)


def _sounds(path: Path) -> tuple[dict[str, Own], list[str]]:
    if path.is_dir():
        sounds, problems = read(path)
        if not sounds and not problems:
            raise PagerError(f"{path}: there are no own sounds; see docs/own-sounds.md")
        return sounds, problems
    files = [file for file in known_files(path.parent) if file.stem == path.stem] if path.is_file() else []
    if path not in files:
        raise PagerError(f"{path}: is neither a folder nor a file of an own sound; see docs/own-sounds.md")
    try:
        return {path.stem: read_one(path.parent, path.stem, files)}, []
    except ConfigError as e:
        return {}, e.problems


def _lines(sounds: dict[str, Own], found: dict[str, list[Finding]], problems: list[str]) -> list[str]:
    lines = [f"refused: {problem}" for problem in problems]
    for name, own in sounds.items():
        lines.append(f"{name} ({own.sound.kind}, {own.file.name})")
        lines += [f"  {'ok  ' if one.ok else 'FAIL'} {one.check:<8} {one.text}" for one in found[name]]
    kept = sum(all(one.ok for one in all_) for all_ in found.values())
    total = len(sounds) + len(problems)
    return [
        *lines,
        f"{kept} of {total} sound{'' if total == 1 else 's'} keep{'s' if kept == 1 else ''} the contract.",
    ]


def _answer(
    sounds: dict[str, Own], found: dict[str, list[Finding]], problems: list[str], *, good: bool
) -> dict[str, object]:
    told = [
        {
            "id": name,
            "kind": own.sound.kind,
            "file": own.file.name,
            "ok": all(one.ok for one in found[name]),
            "checks": [asdict(one) for one in found[name]],
        }
        for name, own in sounds.items()
    ]
    return {"ok": good, "sounds": told, "refused": problems}
