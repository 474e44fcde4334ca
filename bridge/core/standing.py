"""What fires and nobody has acknowledged, muted or silenced, and which of it people are reminded of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from bridge.core.engine import Active


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands open, in the order of onsets; of these, what reminders are for."""

    key: tuple[int, int, int, int, int, bool]
    """What it was counted from; it holds while that is the same."""
    open: list[Active]
    criticals: list[Active]
    warnings: list[Active]
    flapping: list[Active]

    @classmethod
    def of(
        cls,
        found: list[Active],
        key: tuple[int, int, int, int, int, bool],
        flaps: Container[str],
        outranked: Callable[[Active], bool],
        *,
        quiet: bool,
    ) -> Self:
        """Sort what is open. `outranked` says whether something worse of the same subject fires."""
        found.sort(key=_order)
        criticals = [alert for alert in found if alert.severity == "critical"]
        warnings = [] if quiet else [alert for alert in found if alert.severity == "warning"]
        flapping = [alert for alert in criticals if alert.event.fingerprint in flaps]
        if flapping:
            criticals = [alert for alert in criticals if alert.event.fingerprint not in flaps]
        # Whoever has taken on the critical of a subject knows of its warning.
        warnings = [a for a in warnings if not (a.event.fingerprint in flaps or outranked(a))]
        return cls(key, found, criticals, warnings, flapping)


def _order(alert: Active) -> tuple[float, str]:
    return alert.severe_since, alert.event.fingerprint


NOTHING = Standing((-1, -1, -1, -1, -1, False), [], [], [], [])
