"""What the bridge says of itself: to the API, the page and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.core import digest

if TYPE_CHECKING:
    from bridge.core.engine import Active
    from bridge.core.rules import RuleBook
    from bridge.model.player import Player


def firing(alert: Active, book: RuleBook) -> dict[str, Any]:
    """One alert that fires, for a person."""
    event = alert.event
    return {
        "fingerprint": event.fingerprint,
        "severity": alert.severity,
        "name": event.labels.get("alertname", ""),
        "service": book.service(event.labels),
        "since": alert.since,
        "summary": event.annotations.get("summary", ""),
        "value": event.value,
        "rule": alert.rule,
        "source": str(event.source),
        "test": digest.is_test(alert),
    }


def hears(players: list[Player], page: str) -> str:
    """One line: who hears it, or what to do."""
    audible = [player for player in players if player.audible]
    if not audible:
        return f"Nobody hears this yet: open {page} and press Listen."
    browsers = sum(player.kind == "browser" for player in audible)
    parts = [f"SuperCollider at {player.name}" for player in audible if player.kind == "sclang"]
    if browsers:
        parts.append("1 browser" if browsers == 1 else f"{browsers} browsers")
    return f"Heard by {' and '.join(parts)}."


def player(found: Player) -> dict[str, Any]:
    """One player."""
    fields: dict[str, Any] = {"kind": found.kind, "name": found.name, "audible": found.audible}
    if found.kind == "sclang":
        fields |= {"answers": getattr(found, "alive", False), "driver": getattr(found, "driver", "")}
    return fields
