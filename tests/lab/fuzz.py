"""How long fuzzing goes on: a fixed and short while in `make test`, a long and random one in `make fuzz`."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

LONG = bool(os.environ.get("PAGER_FUZZ"))
TIMES = 50
"""How much longer `make fuzz` goes on."""
KEPT = Path(__file__).parents[2] / ".hypothesis" / "fuzz"
"""Where `make fuzz` remembers what failed, and begins with it the next time."""
FIXTURES = Path(__file__).parents[1] / "fixtures" / "fuzz"
"""What was found once and mended: cases that `make test` runs."""


def fuzzing(examples: int, *, steps: int = 50) -> settings:
    """So many examples, always the same; in `make fuzz` TIMES as many, always others."""
    return settings(
        max_examples=examples * TIMES if LONG else examples,
        stateful_step_count=steps,
        derandomize=not LONG,
        database=DirectoryBasedExampleDatabase(KEPT) if LONG else None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=LONG,
    )
