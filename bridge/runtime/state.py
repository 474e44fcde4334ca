"""What the bridge says of itself: to the API, the page and the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge import __version__
from bridge.core import digest
from bridge.model.catalogue import SEVERITIES

if TYPE_CHECKING:
    from bridge.core.engine import Active
    from bridge.core.rules import RuleBook
    from bridge.core.voices import Voice
    from bridge.model.player import Player
    from bridge.runtime.runtime import Runtime


def status(runtime: Runtime, limit: int | None = None) -> dict[str, Any]:
    """Everything that `GET /api/v1/status` shows; at most `limit` alerts in `firing`. Times are unix seconds."""
    engine, now = runtime.engine, runtime.clock()
    active = engine.active.values()
    heard = digest.worst_first(active)
    return {
        "version": __version__,
        "bridge": runtime.bridge,
        "now": now,
        "started": runtime.began,
        "digest": digest.sentence(active, engine.book, now, engine.late(now)),
        "firing": [firing(alert, engine.book) for alert in heard[:limit]],
        "counts": {severity: sum(a.severity == severity for a in heard) for severity in reversed(SEVERITIES)},
        "silent": len(active) - len(heard),
        "voices": [voice(found) for found in runtime.voices.sounding.values()],
        "players": [player(found) for found in runtime.room.players.values()],
        "hears": hears(runtime),
        "mqtt": runtime.mqtt.state(),
        "watchdog": {
            "armed": engine.watchdog_last is not None,
            "last": engine.watchdog_last,
            "late": engine.late(now) is not None,
        },
        "rule_book": {
            "path": str(runtime.settings.config),
            "loaded": runtime.loaded_at,
            "problems": runtime.reload_problems,
        },
        "store": {"path": str(runtime.settings.data_dir), "ok": runtime.store_ok},
    }


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


def voice(found: Voice) -> dict[str, Any]:
    """One held voice."""
    return {
        "id": found.command.id,
        "sound": found.command.sound,
        "value": found.sample.value,
        "rule": found.rule,
        "last": found.last,
    }


def player(found: Player) -> dict[str, Any]:
    """One player."""
    fields: dict[str, Any] = {"kind": found.kind, "name": found.name, "audible": found.audible}
    if found.kind == "sclang":
        fields |= {"answers": getattr(found, "alive", False), "driver": getattr(found, "driver", "")}
    return fields


def hears(runtime: Runtime) -> str:
    """One line: who hears it, or what to do."""
    audible = runtime.room.audible()
    if not audible:
        return f"Nobody hears this yet: open {runtime.settings.page} and press Listen."
    browsers = sum(found.kind == "browser" for found in audible)
    parts = [f"SuperCollider at {found.name}" for found in audible if found.kind == "sclang"]
    if browsers:
        parts.append("1 browser" if browsers == 1 else f"{browsers} browsers")
    return f"Heard by {' and '.join(parts)}."
