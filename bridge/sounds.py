"""A user's own sounds: a folder of synthdefs and sound files, each with a small description beside it.

`bell.scd` (a SynthDef), `bell.scsyndef` (a compiled one) or `bell.wav`, `.flac`, `.ogg`, `.aiff` (a sound file) is the
sound `bell`; `bell.yml` says what it is. What is wrong with one is told with file, line and key, and takes nothing from
the others. The engine reads the same folder by the same rules (supercollider/lib/own.scd).
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bridge import config
from bridge.core.digest import printable
from bridge.core.rules import SIGN_OF_LIFE, SILENT
from bridge.core.score import Sample
from bridge.core.soundfile import heading
from bridge.model.catalogue import SOUNDS, Control, Sound
from bridge.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bridge.book import Book

SYNTHDEFS = (".scd", ".scsyndef")
SOUND_FILES = (".wav", ".flac", ".ogg", ".aiff")
LONGEST = 60.0
"""Seconds of a sound file: it lies decoded in the memory of every player."""
LARGEST = 20_000_000
"""Bytes of a sound file."""
DESCRIBED = 16_384
"""Bytes of a description. sclang's YAML reader (3.13) survives so many however they are nested."""
DEEPEST = 20
"""Brackets that may be open at once in a description."""
MOST_CONTROLS = 16
POLL = 2.0
"""Seconds between two looks at the folder."""

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
RESERVED = frozenset(SOUNDS) | {
    *("reverb", "master", "fader", "sampler"),  # synthdefs that every player has
    *("alert", "release", "hello", "stats", "stop", "ack"),  # addresses of the engine
    *(SILENT, SIGN_OF_LIFE),  # words of the rule book
}
_CONTROL = re.compile(r"[a-z][A-Za-z0-9_]{0,31}")
_WIRING = frozenset({"out", "fx", "gate", "buf", "id", "session", "seq"})
"""Set by the players and by the protocol, never by a rule."""
_NEEDED = ("vol", "pan")
"""Every sound has a level and a place: rules scale the one and services stand at the other."""

SAMPLER = {
    "vol": Control("vol", "1", 0.0, 1.0, 0.5, "level, 0 silent to 1 as the file is"),
    "pan": Control("pan", "1", -1.0, 1.0, 0.0, "place, -1 left to 1 right"),
}
"""The controls of every sound file."""


@dataclass(frozen=True, slots=True)
class Own:
    """One own sound. `channels` and `seconds` are those of a sound file; 0 for a synthdef."""

    sound: Sound
    file: Path
    channels: int = 0
    seconds: float = 0.0

    def samples(self) -> dict[str, Sample]:
        """The sound file as an offline score wants it; nothing for a synthdef."""
        return {self.sound.id: Sample(str(self.file.resolve()), self.channels)} if self.channels else {}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class ControlModel(_Strict):
    """One control of a synthdef."""

    unit: str = Field(
        min_length=1, max_length=16, description='its unit: Hz, s, semitones; "1" for a bare number'
    )
    low: float = Field(description="the lowest value that a rule may send")
    high: float = Field(description="the highest")
    default: float = Field(description="what it has when a rule says nothing")
    text: str = Field("", max_length=200, description="what it does")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low: must be below high")
        if not self.low <= self.default <= self.high:
            raise ValueError(f"default: must be within {self.low:g} to {self.high:g}")
        return self


class DescriptionModel(_Strict):
    """The description of a synthdef."""

    kind: Literal["cue", "voice"] = Field(
        description="cue: sounds once and ends; voice: is held, set and released"
    )
    text: str = Field(min_length=1, max_length=200, description="what it says, for people")
    controls: dict[str, ControlModel] = Field(
        max_length=MOST_CONTROLS, description="what a rule may set; vol and pan are needed"
    )

    @field_validator("controls")
    @classmethod
    def _names(cls, controls: dict[str, ControlModel]) -> dict[str, ControlModel]:
        if missing := [name for name in _NEEDED if name not in controls]:
            raise ValueError(f"every sound has {' and '.join(_NEEDED)}; add {' and '.join(missing)}")
        for name in controls:
            if name in _WIRING or not _CONTROL.fullmatch(name):
                raise ValueError(
                    f"{name}: is no name for a control; it begins with a small letter, has letters, digits and _, "
                    f"and is none of {', '.join(sorted(_WIRING))}"
                )
        return controls

    def sound(self, name: str) -> Sound:
        """The description as the catalogue has it."""
        controls = (Control(n, c.unit, c.low, c.high, c.default, c.text) for n, c in self.controls.items())
        return Sound(name, self.kind, self.text, tuple(controls))


class LevelModel(_Strict):
    """A control of the sampler: another default."""

    default: float = Field(description="what it has when a rule says nothing")


class SampleModel(_Strict):
    """The description of a sound file."""

    kind: Literal["cue"] = Field("cue", description="a sound file sounds once and ends")
    text: str = Field(min_length=1, max_length=200, description="what it says, for people")
    controls: dict[Literal["vol", "pan"], LevelModel] = Field({}, description="other defaults of vol and pan")

    @field_validator("controls")
    @classmethod
    def _within(cls, controls: dict[str, LevelModel]) -> dict[str, LevelModel]:
        for name, found in controls.items():
            low, high = SAMPLER[name].low, SAMPLER[name].high
            if not low <= found.default <= high:
                raise ValueError(f"{name}: the default must be within {low:g} to {high:g}")
        return controls

    def sound(self, name: str) -> Sound:
        """The description as the catalogue has it."""
        defaults = {n: SAMPLER[n].default for n in SAMPLER} | {n: c.default for n, c in self.controls.items()}
        controls = (
            Control(c.name, c.unit, c.low, c.high, defaults[c.name], c.text) for c in SAMPLER.values()
        )
        return Sound(name, self.kind, self.text, tuple(controls))


class Folder:
    """The folder of own sounds as it was read last. Without a path: no own sounds, and nothing ever changes."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.own: dict[str, Own] = {}
        self.problems: list[str] = []
        self._read: _Stamp = frozenset()
        self._seen = self._read
        self._made: dict[str, tuple[_Stamp, Own | list[str]]] = {}
        self._next = 0.0
        self.read()

    @property
    def sounds(self) -> Mapping[str, Sound]:
        """Every sound that a rule may name: the built-in ones and these."""
        return SOUNDS | {name: own.sound for name, own in self.own.items()}

    @property
    def samples(self) -> Mapping[str, Sample]:
        """Those of them that are sound files, as an offline score wants them."""
        return {name: sample for own in self.own.values() for name, sample in own.samples().items()}

    def read(self) -> None:
        """Read it again; a sound whose files are as they were is not. `problems` has a line for each that is refused."""
        if self.path is None:
            return
        self._read = self._seen = _stamp(self.path)
        self.own, self.problems = read(self.path, self._made_of)

    def _made_of(self, folder: Path, name: str, files: list[Path]) -> Own:
        """As `read_one`."""
        now = frozenset(map(_entry, files))
        before, made = self._made.get(name, (None, []))
        if now != before:
            try:
                made = read_one(folder, name, files)
            except ConfigError as e:
                made = e.problems
            self._made[name] = now, made
        if isinstance(made, list):
            raise ConfigError(made)
        return made

    def changed(self, now: float) -> bool:
        """Whether it should be read again: it is not as it was read, and what is new has stood still for a look.

        `now` is seconds of any clock; a look costs a listing of the folder and happens every POLL seconds at most.
        """
        if self.path is None or 0 < self._next - now <= POLL:
            return False
        self._next = now + POLL
        before, self._seen = self._seen, _stamp(self.path)
        return self._seen != self._read and self._seen == before


def load_book(path: Path, folder: Folder) -> Book:
    """The rule book of a file over the built-in and the own sounds.

    Raises ConfigError; what is wrong with own sounds comes first, for it may be why the book names one that is none.
    """
    try:
        return config.load(path, folder.sounds)
    except ConfigError as e:
        raise ConfigError([*folder.problems, *e.problems]) from None


def read_one(folder: Path, name: str, files: list[Path]) -> Own:
    """The sound of that name, made of `files`: one that sounds, one that describes it. Raises ConfigError."""
    try:
        return _read_one(folder, name, files)
    except ConfigError as e:
        raise ConfigError([_line(problem) for problem in e.problems]) from None


def read(
    folder: Path, make: Callable[[Path, str, list[Path]], Own] = read_one
) -> tuple[dict[str, Own], list[str]]:
    """Every own sound of a folder by its id, and a line for each that is refused."""
    try:
        files = known_files(folder)
    except OSError as e:
        return {}, [_line(f"{folder}: cannot be read ({e.strerror}); set PAGER_SYNTHDEFS to a folder")]
    found: dict[str, Own] = {}
    problems: list[str] = []
    for stem in dict.fromkeys(path.stem for path in files):
        try:
            found[stem] = make(folder, stem, [path for path in files if path.stem == stem])
        except ConfigError as e:
            problems += e.problems
    return found, problems


def _line(problem: str) -> str:
    """One line for a terminal and for JSON, whatever a file is called: a name may be no UTF-8 and hold line ends."""
    return printable(problem.encode("utf-8", "replace").decode())


def known_files(folder: Path) -> list[Path]:
    """The files of a folder that a sound can be made of. Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.suffix in _KNOWN and path.name[0] != ".")


def _read_one(folder: Path, name: str, files: list[Path]) -> Own:
    description = folder / f"{name}.yml"
    made = [path for path in files if path != description]
    problems = list(_misnamed(name, made or files))
    if not made:
        problems.append(f"{description}: describes nothing: put {name}.scd or a sound file beside it")
    elif len(made) > 1:
        problems.append(f"{made[1]}: {made[0].name} is there too; keep one")
    if made and description not in files:
        problems.append(f"{made[0]}: has no description; write {description.name} beside it")
    if problems:
        raise ConfigError(problems)
    return _own(name, made[0], description)


_KNOWN = frozenset({*SYNTHDEFS, *SOUND_FILES, ".yml"})


def _misnamed(name: str, files: list[Path]) -> Iterator[str]:
    if name in RESERVED:
        yield f"{files[0]}: {name} is a name of The Singing Pager itself; call the sound something else"
    elif not NAME.fullmatch(name):
        yield (
            f"{files[0]}: {name!r} is no name for a sound: at most 32 small letters, digits, _ and -, "
            "a letter first; rename the file"
        )


def _own(name: str, file: Path, description: Path) -> Own:
    try:
        text = _content(description, DESCRIBED)
        content = _content(file, LARGEST)
    except OSError as e:
        raise ConfigError([f"{e.filename}: cannot be read ({e.strerror})"]) from None
    if problem := _unreadable(text):
        raise ConfigError([f"{description}: {problem}"])
    if len(content) > LARGEST:
        raise ConfigError([f"{file}: larger than {LARGEST // 1_000_000} MB; make it shorter or take FLAC"])
    if file.suffix in SYNTHDEFS:
        return Own(config.read(text, str(description), DescriptionModel).sound(name), file)
    sound = config.read(text, str(description), SampleModel).sound(name)
    try:
        head = heading(content)
    except ValueError as e:
        raise ConfigError([f"{file}: {e}"]) from None
    if head.seconds > LONGEST:
        raise ConfigError([f"{file}: {head.seconds:.0f} s long; at most {LONGEST:.0f} s"])
    return Own(sound, file, head.channels, head.seconds)


def _content(path: Path, most: int) -> bytes:
    """At most `most` + 1 bytes of a regular file. Raises ConfigError for a pipe or a device, which may never end, and OSError."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise ConfigError([f"{path}: is no regular file"])
    # Not even what takes its place in this moment may make us wait.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read(most + 1)


_ANCHOR, _ALIAS = (re.compile(rb"(^|[\s,:\[{-])" + mark + rb"[^\s,]") for mark in (b"&", rb"\*"))


def _unreadable(text: bytes) -> str | None:
    """Why a description is not given to a YAML reader: what sclang's dies of, looked for in the mere characters.

    An alias within its own anchor crashes it, some within each other fill its memory.
    """
    if len(text) > DESCRIBED:
        return f"larger than {DESCRIBED // 1024} kB"
    if b"\0" in text:
        return "this is no text"
    depth = 0
    for c in text:
        depth = max(0, depth + (c in b"[{") - (c in b"]}"))
        if depth > DEEPEST:
            return f"nested deeper than {DEEPEST} levels; no key needs that"
    if _ANCHOR.search(text) and _ALIAS.search(text):
        return "has an anchor (&) and an alias (*); write it out"
    return None


_Stamp = frozenset[tuple[str, int, int, int]]


def _stamp(folder: Path) -> _Stamp:
    """What tells one state of the folder from another: names, sizes, times of change of content and of rights (ns)."""
    try:
        return frozenset(_entry(path) for path in folder.iterdir() if path.suffix in _KNOWN)
    except OSError:
        return frozenset()


def _entry(path: Path) -> tuple[str, int, int, int]:
    try:
        found = path.stat()
    except OSError:  # it went between the listing and this look, or is a link to nowhere
        return path.name, -1, 0, 0
    return path.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns
