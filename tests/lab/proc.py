"""What the kernel says of a process: its memory, its descriptors, its children."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def rss(pid: int) -> float:
    """Resident memory of a process in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def descriptors(pid: int) -> int:
    """How many files and sockets a process holds open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def command(pid: int) -> str:
    """The name of a process's program; empty when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
