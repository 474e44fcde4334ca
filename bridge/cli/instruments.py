"""The own sounds that a score asks for, ready for scsynth: sound files as they are, synthdefs compiled."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.model.commands import Command, Play, Set
from bridge.sinks import trial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bridge.core.score import Sample
    from bridge.sounds import Own


@dataclass(frozen=True, slots=True)
class Instruments:
    """`samples` as a score wants them; `folders` as `render` does, beside its own."""

    samples: Mapping[str, Sample]
    folders: tuple[Path, ...]


@contextlib.contextmanager
def instruments(own: Mapping[str, Own], commands: Iterable[Command]) -> Iterator[Instruments]:
    """What those of the own sounds need that are asked for. Raises TrialError where one does not compile."""
    asked = {command.sound for command in commands if isinstance(command, Play | Set)}
    used = [own[name] for name in sorted(asked & own.keys())]
    samples = {name: sample for one in used for name, sample in one.samples().items()}
    with tempfile.TemporaryDirectory(prefix="singing-pager-") as scratch:
        folder = Path(scratch)
        for one in used:
            if one.file.suffix == ".scd":
                trial.compiled(one.file, folder)
            elif not one.channels:
                shutil.copyfile(one.file, folder / one.file.name)
        yield Instruments(samples, (folder,) if used else ())
