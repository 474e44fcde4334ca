"""Start a real program for a test, wait for what it says or does, and stop it by pid."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nobody holds now, on 127.0.0.1."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def free_udp_port() -> int:
    """A UDP port that nobody holds now, on 127.0.0.1."""
    return free_port(socket.SOCK_DGRAM)


def wait_for(condition: Callable[[], T], what: str, deadline: float = 15.0, every: float = 0.02) -> T:
    """The first true answer of `condition`; AssertionError naming `what` after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not (answer := condition()):
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(every)
    return answer


class Program:
    """A started program: its log, its pid, its end. Use as a context manager.

    `log` holds stdout and stderr together. The program leads its own process group, so that what it started
    ends with it; `stop` ends the group and checks that it is gone.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        name: str = "",
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command` in `folder` (made if missing); `env` is added to the environment."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name or Path(command[0]).name
        self.path = folder / f"{self.name}-{time.monotonic_ns()}.log"
        with self.path.open("wb") as log:
            self._popen = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=os.environ | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def log(self) -> str:
        return self.path.read_text(errors="replace")

    def returncode(self) -> int | None:
        return self._popen.poll()

    def says(self, text: str, deadline: float = 20.0) -> None:
        """Wait until the log holds `text`; fails at once when the program ended without saying it."""

        def said() -> bool:
            if text in self.log:
                return True
            assert self.returncode() is None, f"{self.name} ended ({self.returncode()}):\n{self.log[-4000:]}"
            return False

        try:
            wait_for(said, f"{self.name} says {text!r}", deadline)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.log[-4000:]}") from None

    def signal(self, number: int) -> None:
        """Signal the program alone."""
        self._popen.send_signal(number)

    def wait(self, deadline: float = 10.0) -> int:
        """Its exit code, once it has ended."""
        return self._popen.wait(deadline)

    def stop(self, deadline: float = 8.0) -> None:
        """SIGTERM, then SIGKILL for the whole group, until nothing of it is left."""
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGCONT)
            self._popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(deadline)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(deadline)
        wait_for(lambda: not _group_alive(self._popen.pid), f"{self.name} is gone", deadline)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _group_alive(group: int) -> bool:
    """Whether any process of the group still runs (a zombie does not)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
            if int(pgrp) == group and state not in "ZX":
                return True
    return False
