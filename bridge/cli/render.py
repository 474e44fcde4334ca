"""`render`: a journal into a sound file."""

from __future__ import annotations

import contextlib
import functools
import itertools
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from bridge import config
from bridge.cli.instruments import instruments
from bridge.cli.rulebook import Config, Synthdefs
from bridge.core.digest import age
from bridge.core.playback import TAIL, Performance, Take, perform, take, to_score
from bridge.model.errors import PagerError
from bridge.sinks import render as sink
from bridge.sounds import Folder, load_book
from bridge.wire import journal
from bridge.wire.reading import instant, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bridge.model.events import Event

LONG = 3600.0
"""Seconds of sound beyond which `--long` has to be given: it is more likely a mistake."""
BEFORE = 7 * 86400.0
"""Seconds before `--from` that the core lives through, a minute and more of work."""
TOLD = 20
"""Problems of lines, and of own sounds, that are told one by one; the rest are counted."""

Out = Annotated[
    Path, typer.Option("--out", "-o", help="the sound file: .wav, .flac or .ogg", show_default=False)
]


def render(  # noqa: PLR0913 # each is an option
    events: Annotated[Path, typer.Argument(help="the journal, one JSON object a line; - is stdin")],
    *,
    out: Out,
    since: Annotated[str, typer.Option("--from", help="begin there: unix seconds or RFC 3339")] = "",
    until: Annotated[str, typer.Option(help="leave out what came later")] = "",
    speed: Annotated[float, typer.Option(help="so many seconds of the journal in one of sound")] = 1.0,
    tail: Annotated[float, typer.Option(min=0.0, max=60.0, help="seconds after the last event")] = TAIL,
    long: Annotated[bool, typer.Option("--long", help="allow more than an hour of sound")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="refuse a journal with a bad line")] = False,
    file: Config = config.DEFAULT_BOOK,
    synthdefs: Synthdefs = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="say nothing but errors")] = False,
) -> None:
    """Play a journal into a sound file, as it would have been heard."""
    own = Folder(synthdefs)
    book = load_book(file, own).compiled()
    tell_problems(own.problems)
    found = _read(events, strict=strict)
    part = _take(found, since=since, until=until, speed=speed, tail=tail)
    _bounded(part, long=long)
    heard = perform(part, book)
    commands = [command for _, command in heard.commands]
    with ending(), instruments(own.own, commands) as ready, progress(out.name, quiet=quiet) as tell:
        score = to_score(heard, own.sounds, ready.samples)
        sink.render(score, out, synthdefs=ready.folders, progress=tell)
    if not quiet:
        typer.echo("\n".join(_summary(out, heard)))


@contextlib.contextmanager
def progress(name: str, *, quiet: bool) -> Iterator[Callable[[float], None] | None]:
    """A bar on a terminal; elsewhere nothing is drawn."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with typer.progressbar(length=100, label=name, file=sys.stderr, show_eta=False) as bar:
        yield lambda share: bar.update(int(100 * share) - bar.pos)


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Let SIGTERM end as Ctrl-C does, so that nothing half done stays behind."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _read(path: Path, *, strict: bool) -> list[Event]:
    """The events of a journal in its order; what is wrong with other lines is said on stderr."""
    name = "stdin" if str(path) == "-" else str(path)
    events: list[Event] = []
    problems: list[str] = []
    for _, found in journal.read(_lines(path), name):
        if isinstance(found, journal.Problem):
            problems.append(found.text)
        else:
            events.append(found)
    tell_problems(problems)
    if not events:
        raise PagerError(f"{name}: no line of it is an event (docs/render.md tells how they look)")
    if problems and strict:
        raise PagerError(f"{name}: {_count(len(problems), 'bad line')}; mend them, or leave --strict out")
    if problems:
        typer.echo(f"{name}: {_count(len(problems), 'bad line')} left out", err=True)
    if any(later.received < earlier.received for earlier, later in itertools.pairwise(events)):
        typer.echo(f"{name}: its lines are not in the order of time; they were sorted", err=True)
    return events


def tell_problems(problems: Sequence[str]) -> None:
    """On stderr, TOLD at most; the rest are counted."""
    for text in problems[:TOLD]:
        typer.echo(text, err=True)
    if len(problems) > TOLD:
        typer.echo(f"and {len(problems) - TOLD} more", err=True)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file; of one that is too long as much as shows that. Raises PagerError."""
    try:
        with contextlib.ExitStack() as stack:
            file: IO[bytes] = sys.stdin.buffer if str(path) == "-" else stack.enter_context(path.open("rb"))
            read = functools.partial(file.readline, journal.MAX_LINE + 1)
            while line := read():
                yield line
                while len(line) > journal.MAX_LINE and not line.endswith(b"\n"):
                    line = read()
    except OSError as e:
        raise PagerError(f"{path}: cannot be read ({e.strerror}); name a journal") from None


def _take(events: Sequence[Event], *, since: str, until: str, speed: float, tail: float) -> Take:
    if not 0.01 <= speed <= 1e6:
        raise PagerError(f"--speed {speed:g}: is a number from 0.01 to 1000000")
    begin, end = _time("--from", since), _time("--until", until)
    try:
        return take(events, since=begin, until=end, speed=speed, tail=tail)
    except ValueError:
        times = [event.received for event in events]
        raise PagerError(
            f"no event lies between --from and --until; they are from {_told(min(times))} to {_told(max(times))}"
        ) from None


def _told(unix: float) -> str:
    """A time in both ways in which it may be given."""
    return f"{unix:.3f} ({datetime.fromtimestamp(unix, UTC):%Y-%m-%dT%H:%M:%SZ})"


def _time(option: str, text: str) -> float | None:
    if not text:
        return None
    found = number(text)
    found = instant(text) if found is None else found
    if found is None:
        raise PagerError(f"{option} {text}: is unix seconds or an RFC 3339 time, as 2026-01-02T03:04:05Z")
    return found


def _bounded(part: Take, *, long: bool) -> None:
    if (before := part.start - part.events[0].received) > BEFORE:
        raise PagerError(
            f"its first event is {age(before)} before --from, and {age(BEFORE)} are the most; leave older lines out"
        )
    if part.length > sink.LONGEST:
        raise PagerError(
            f"it would be {age(part.length)} of sound, and {age(sink.LONGEST)} are the most; "
            "cut it with --from and --until, or compress it with --speed"
        )
    if part.length > LONG and not long:
        raise PagerError(
            f"it would be {age(part.length)} of sound; cut it with --from and --until, compress it with --speed, "
            "or add --long"
        )


def _summary(out: Path, heard: Performance) -> list[str]:
    """What the file holds, and how every event ended: heard + suppressed is what the journal has."""
    cues = ", ".join(f"{sound} {n}" for sound, n in heard.cues.most_common()) or "none"
    ended = Counter(heard.outcomes)
    played = ended.pop("played", 0)
    left = ", ".join(f"{reason} {n}" for reason, n in sorted(ended.items()))
    total = _count(heard.outcomes.total(), "event")
    return [
        f"{out}: {heard.length:.1f} s. Cues: {cues}.",
        f"{total}: {played} played" + (f", {ended.total()} suppressed ({left})." if left else "."),
    ]


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
