"""Nothing is lost, whatever dies: thousands of alerts through real parts that are killed and hung at random.

CHAOS_SEED and CHAOS_SECONDS set the seed and the length; `make chaos` takes ten minutes.
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from lab import verdict
from lab.chaos import Chaos, plan
from lab.programs import wait_for

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = float(os.environ.get("CHAOS_SECONDS", "90"))
SEED = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(10**6))

pytestmark = [pytest.mark.system, pytest.mark.timeout(SECONDS + 600)]


def test_a_seed_gives_one_plan() -> None:
    assert plan(7, 60) == plan(7, 60) != plan(8, 60)
    assert {fault.part for fault in plan(7, 600)} >= {
        "bridge",
        "broker",
        "sclang",
        "scsynth",
        "alertmanager-1",
    }


def test_nothing_is_lost_and_nothing_dead_sounds(tmp_path: Path) -> None:
    sys.stdout.write(f"CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}\n")
    with ExitStack() as stack:
        chaos = Chaos(tmp_path, SEED, stack)
        chaos.run(SECONDS)
        chaos.bridge.stop()

        def silent() -> bool:
            with chaos.engine.talk("reader") as talk:
                stats = talk.stats()
            return stats["voices"] == 1 and stats["cues"] == 0

        wait_for(silent, chaos.evidence("only the bed is left"), 60)
        found = verdict.judge(chaos)
        told = [*(f"{name}: {figure}" for name, figure in found.figures.items()), *found.doubles]
        sys.stdout.write("\n".join([*told, *chaos.journal]) + "\n")
        assert not found.wrong, chaos.evidence(
            f"{len(found.wrong)} things are wrong", [*told, *found.wrong[:40]]
        )
        assert "Traceback" not in chaos.bridge.program.log
        assert found.figures["onsets heard"] > 5 * SECONDS, "there was something to lose"
        assert chaos.deaths
