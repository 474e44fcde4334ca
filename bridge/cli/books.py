"""Commands that read the store: they need no running bridge, and may run beside one."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from bridge.cli import look
from bridge.cli.client import Json, Plain
from bridge.model.errors import PagerError
from bridge.settings import default_data_dir
from bridge.store import books
from bridge.wire import journal
from bridge.wire.reading import moment

if TYPE_CHECKING:
    from collections.abc import Iterator

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", envvar="PAGER_DATA_DIR", help="the bridge's folder", show_default="the state folder"
    ),
]


def ledger(
    *,
    data_dir: DataDir = None,
    as_json: Json = False,
    plain: Plain = False,  # noqa: ARG001 # plain anyway; every command takes the option
) -> None:
    """What came and how it ended. Exit code 1 when that does not add up."""
    found = books.ledger(data_dir or default_data_dir())
    typer.echo(json.dumps(_as_json(found), indent=2) if as_json else "\n".join(ledger_lines(found)))
    if found.problems:
        raise typer.Exit(1)


def _as_json(found: books.Ledger) -> dict[str, Any]:
    return {
        "ok": not found.problems,
        "received": [{"kind": k, "source": s, "count": n} for (k, s), n in sorted(found.received.items())],
        "outcomes": [asdict(count) for count in found.counts],
        "open": [{"kind": k, "source": s, "count": n} for (k, s), n in sorted(found.open.items())],
        "problems": found.problems,
    }


def ledger_lines(found: books.Ledger) -> list[str]:
    """The books for a person: for each kind and source what came, then how it ended."""
    lines: list[str] = []
    for kind, source in sorted({*found.received, *found.open}):
        lines.append(f"{_many(found.received.get((kind, source), 0), kind)} of {source}")
        for count in found.counts:
            if (count.kind, count.source) == (kind, source):
                why = f", {count.reason}{_words(count.reason)}" if count.reason else ""
                lines.append(f"  {count.count:>9,} {count.outcome}{why}")
        if waits := found.open.get((kind, source), 0):
            lines.append(f"  {waits:>9,} open: the outcome is not known yet")
    if not lines:
        lines.append("Nothing has come yet.")
    if found.problems:
        return [*lines, "It does NOT add up:", *found.problems]
    return [*lines, "It adds up: everything that came has an outcome, or is open."]


def _words(reason: str) -> str:
    """What a reason means, where the word alone does not tell."""
    said = look.reason(reason)
    return "" if said == reason.replace("_", " ") else f": {said}"


def _many(count: int, kind: str) -> str:
    words = {"alert": "alert", "sample": "sample", "rejected": "rejected part"}
    return f"{count:,} {words.get(kind, kind)}{'' if count == 1 else 's'}"


def export(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="the file", show_default="standard output")
    ] = None,
    since: Annotated[
        str, typer.Option("--from", help="begin there: unix seconds, RFC 3339, or 1h for an hour ago")
    ] = "",
    until: Annotated[str, typer.Option(help="leave out what came later")] = "",
    data_dir: DataDir = None,
) -> None:
    """Write what the store holds as a journal, for `render`: one JSON object a line."""
    folder = data_dir or default_data_dir()
    begin, end = _time("--from", since), _time("--until", until)
    found = books.journal(folder, begin, end)
    first = next(found, None)  # so that a store that is none leaves an older file alone
    written = textless = 0
    with _to(out) as file:
        for event in _again(first, found):
            if event is None:
                textless += 1
            else:
                file.write(journal.line(event))
                written += 1
    if textless:
        typer.echo(
            f"{textless} events of an older version left out: it kept no texts of what had ended", err=True
        )
    if out is not None:
        typer.echo(f"{out}: {written} events.")
    elif not written:
        typer.echo("the store holds no event of that time", err=True)


def _again(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
    yield from rest


@contextlib.contextmanager
def _to(out: Path | None) -> Iterator[IO[bytes]]:
    """The file; one that cannot be written whole is not there. Raises PagerError."""
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    except OSError as e:
        raise PagerError(
            f"{out}: cannot be written ({e.strerror}); name a file in a folder of yours"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _time(option: str, text: str) -> float | None:
    if not text:
        return None
    found = moment(text, time.time())
    if found is None:
        raise PagerError(f"{option} {text}: is unix seconds, an RFC 3339 time, or 1h for an hour ago")
    return found
