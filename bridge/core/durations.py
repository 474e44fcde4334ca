"""Durations as people write them."""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str) -> float | None:
    """Seconds of a duration as Prometheus writes it (`90s`, `1h30m`); None for anything else."""
    if not re.fullmatch(r"(?:\d{1,9}(?:ms|s|m|h|d))+", text, re.ASCII):
        return None
    return sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|s|m|h|d)", text))
