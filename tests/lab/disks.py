"""Small file systems of a test's own, that can be filled and that can break. Mounting needs root."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A tmpfs of that size at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "pager-test", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def breakable_disk(folder: Path) -> Iterator[Path]:
    """An ext4 at `folder`; `breaks` makes the kernel take it for faulty."""
    folder.mkdir(parents=True, exist_ok=True)
    image = folder.with_suffix(".img")
    with image.open("wb") as made:
        made.truncate(32 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    _mount("-o", "loop,errors=remount-ro", str(image), str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def breaks(disk: Path) -> None:
    """The kernel finds an error on this disk, and from now on nothing can be written there."""
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    device = next(Path(source).name for source, at, *_ in mounts if at == str(disk))
    Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test\n")


def fill(disk: Path) -> Path:
    """A file that leaves no byte free."""
    rest = disk / "rest"
    with rest.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    filling.write(b"\1" * size)
    return rest


def _mount(*options: str) -> None:
    made = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"nothing can be mounted here (as {os.geteuid()}): {made.stderr.strip()}")
