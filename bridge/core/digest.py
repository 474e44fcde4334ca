"""One sentence for an ear or a screen reader: what is wrong, how bad, since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model.catalogue import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bridge.core.engine import Active
    from bridge.core.rules import RuleBook

TEST_LABEL = "singing_pager_test"
NAMED = 3
"""So many alerts are named; the rest are counted."""


def worst_first(active: Iterable[Active]) -> list[Active]:
    """Audible alerts, the worst severity first, the oldest first within it."""
    heard = [a for a in active if a.audible]
    return sorted(heard, key=_order)


def _order(alert: Active) -> tuple[int, float, str, str, str]:
    labels = alert.event.labels
    rank = -SEVERITIES.index(alert.severity)
    return rank, alert.since, labels.get("alertname", ""), labels.get("service", ""), alert.event.fingerprint


def name(alert: Active, book: RuleBook) -> str:
    """How a person names it: alert name and, where there is one, service."""
    labels = alert.event.labels
    service = printable(book.service(labels))
    text = printable(labels.get("alertname", "an alert without a name")) + (
        f" on {service}" if service else ""
    )
    return f"TEST {text}" if is_test(alert) else text


def printable(text: str) -> str:
    """Text from outside for a line of ours: no character that could begin a line or steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def is_test(alert: Active) -> bool:
    """Whether `fire` made it."""
    return alert.event.labels.get(TEST_LABEL) == "true"


def sentence(  # what is said of a state
    active: Iterable[Active],
    book: RuleBook,
    now: float,
    late: float | None = None,
    missing: Sequence[str] = (),
    *,
    silenced: int = 0,
) -> str:
    """For example: `1 critical: HighCPU on checkout, for 4 min.` Times are unix seconds.

    `late` is how long ago the last Watchdog came, when that is too long, `missing` what else should come in and does
    not: then silence proves nothing, and that is said. `silenced` is how many fire that Alertmanager silences.
    """
    alerts = worst_first(active)
    groups = [f"Missing: {', '.join(map(printable, missing))}."] if missing else []
    if late is not None:
        groups.append(f"The Watchdog is late: nothing has come from Prometheus for {age(late)}.")
    if not alerts:
        groups.append("Nothing else is known to fire." if groups else "Nothing is firing.")
    for severity in reversed(SEVERITIES):
        group = [a for a in alerts if a.severity == severity]
        if group:
            named = [f"{name(a, book)}, for {age(now - a.since)}" for a in group[:NAMED]]
            more = [f"{len(group) - NAMED} more"] if len(group) > NAMED else []
            groups.append(f"{len(group)} {severity}: {'; '.join(named + more)}.")
    if silenced:
        groups.append(f"{silenced} {'is' if silenced == 1 else 'are'} silenced in Alertmanager.")
    return " ".join(groups)


def age(seconds: float) -> str:
    """A duration in the largest unit that leaves a whole number, as one says it."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"
