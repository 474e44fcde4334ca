"""A machine of its own at the end of a cable that can be cut: a network namespace. It needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Self

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Machine:
    """Reaches this machine at `here` and is reached at `there`. What runs on it begins with `enter`."""

    def __init__(self) -> None:
        number = os.getpid() % 60_000
        self._name, self._end, self._far = f"pager-{number}", f"pgh{number}", f"pgt{number}"
        net = f"10.213.{number % 250}"
        self.here, self.there = f"{net}.1", f"{net}.2"
        self._ip = shutil.which("ip", path="/usr/sbin:/usr/bin:/sbin") or "ip"

    @property
    def enter(self) -> list[str | Path]:
        """What stands before a command that is to run there."""
        return [self._ip, "netns", "exec", self._name]

    def cut(self) -> None:
        """Pull the cable: nothing arrives any more, and nobody is told."""
        self._do("link", "set", self._end, "down")

    def mend(self) -> None:
        """Plug it in again."""
        self._do("link", "set", self._end, "up")

    def _do(self, *words: str, check: bool = True) -> None:
        subprocess.run([self._ip, *words], check=check, capture_output=True, text=True)

    def __enter__(self) -> Self:
        made = subprocess.run(
            [self._ip, "netns", "add", self._name], capture_output=True, text=True, check=False
        )
        if made.returncode:
            pytest.skip(f"there can be no network namespace here: {made.stderr.strip()}")
        self._do("link", "add", self._end, "type", "veth", "peer", "name", self._far)
        self._do("link", "set", self._far, "netns", self._name)
        self._do("addr", "add", f"{self.here}/30", "dev", self._end)
        self._do("link", "set", self._end, "up")
        for words in (
            ("addr", "add", f"{self.there}/30", "dev", self._far),
            ("link", "set", self._far, "up"),
            ("link", "set", "lo", "up"),
        ):
            self._do("-n", self._name, *words)
        return self

    def __exit__(self, *_: object) -> None:
        self._do("link", "del", self._end, check=False)
        self._do("netns", "del", self._name, check=False)
