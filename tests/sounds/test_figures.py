"""docs/sounds.md says what is measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lab import figures

pytestmark = pytest.mark.system

DOCS = Path(__file__).parents[2] / "docs" / "sounds.md"


def _numbers(cells: list[str]) -> list[float]:
    return [float(number) for cell in cells for number in re.findall(r"-?\d+(?:\.\d+)?", cell)]


def test_the_tables_are_what_is_measured():
    lines = DOCS.read_text().splitlines()
    for table in figures.tables():
        assert f"| {' | '.join(table[0])} |" in lines
        for row in table[1:]:
            told = [line for line in lines if line.startswith(f"| {row[0]} |")]
            assert len(told) == 1, f"one row of {row[0]}"
            cells = told[0].strip("| ").split(" | ")
            assert _numbers(cells[1:]) == pytest.approx(_numbers(row[1:]), rel=0.01, abs=0.3), row[0]
