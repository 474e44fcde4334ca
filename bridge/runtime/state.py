"""What the bridge says of itself: to the API, the page and the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bridge import __version__
from bridge.core import digest, filters, links
from bridge.core.voices import cut, few
from bridge.core.watch import ROUTE, WATCHDOG
from bridge.model.catalogue import SEVERITIES

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.core.acks import Ack
    from bridge.core.conductor import Conductor
    from bridge.core.engine import Active
    from bridge.core.mutes import Mute
    from bridge.core.rules import RuleBook
    from bridge.core.voices import Voice
    from bridge.core.who import Identity
    from bridge.model.player import Player
    from bridge.runtime.room import Room
    from bridge.runtime.runtime import Runtime

LABELS = 24
"""Labels of one alert that are shown to whoever asks for it."""


def status(runtime: Runtime, limit: int | None = None) -> dict[str, Any]:
    """Everything that `GET /api/v1/status` shows; at most `limit` alerts in `firing`. Times are unix seconds."""
    conductor, engine, now = runtime.conductor, runtime.engine, runtime.clock()
    active = engine.active.values()
    heard = digest.worst_first(active)
    told = [a for a in heard if conductor.clusters.silence_of(a.event.fingerprint, now) is None]
    return {
        "version": __version__,
        "bridge": runtime.bridge,
        "now": now,
        "started": runtime.began,
        "digest": digest.sentence(
            told,
            engine.book,
            now,
            _late(conductor, now),
            _missing(conductor, now),
            silenced=len(heard) - len(told),
        ),
        "firing": [firing(alert, conductor, now) for alert in heard[:limit]],
        "counts": {severity: sum(a.severity == severity for a in heard) for severity in reversed(SEVERITIES)},
        "silent": len(active) - len(heard),
        "voices": [voice(found, conductor.book) for found in runtime.voices.sounding.values()],
        "players": players(runtime),
        "hears": hears(runtime),
        "mqtt": runtime.mqtt.state(),
        "watchdog": {
            "armed": engine.watchdog_last is not None,
            "last": engine.watchdog_last,
            "late": engine.late(now) is not None,
        },
        "watch": watch(conductor, now),
        "who": [who(found) for found in conductor.who.table()],
        "bed": {"level": conductor.bed.level, "chord": conductor.bed.chord},
        "cadence": cadence(runtime),
        "alertmanager": runtime.asking.state(),
        "webhooks_foreign": runtime.asking.foreign(),
        "mutes": [mute(found, conductor) for found in conductor.mutes.given.values()],
        "rule_book": {
            "path": str(runtime.settings.config),
            "loaded": runtime.loaded_at,
            "problems": runtime.reload_problems,
        },
        "own_sounds": {
            "path": _readable(runtime.settings.synthdefs) if runtime.settings.synthdefs else None,
            "problems": list(runtime.own.problems),
        },
        "store": {
            "path": str(runtime.settings.data_dir),
            "ok": runtime.store_ok,
            "full": runtime.full,
            "aside": runtime.writes.aside,
        },
    }


def cadence(runtime: Runtime) -> dict[str, Any]:
    """What reminds the room, and what keeps it silent."""
    conductor, now = runtime.conductor, runtime.clock()
    return {
        "quiet_hours": conductor.quiet(now),
        "muted": conductor.muted(now),
        "next_reminder": conductor.next_reminder(now),
        "storm": conductor.cadence.flood.counted,
    }


def mute(found: Mute, conductor: Conductor) -> dict[str, Any]:
    """One mute, for a person; of an alert with its name, while that fires."""
    alert = conductor.engine.active.get(found.fingerprint)
    return {
        "id": found.id,
        "fingerprint": found.fingerprint,
        "name": "" if alert is None else cut(alert.event.labels.get("alertname", "")),
        "match": list(found.texts),
        "include_critical": found.criticals,
        "by": found.by,
        "why": found.why,
        "at": found.at,
        "until": found.until,
    }


def _late(conductor: Conductor, now: float) -> float | None:
    """How late the Watchdog is; None while it is not, or is not waited for."""
    return conductor.engine.late(now) if conductor.watch.on else None


def _readable(path: Path) -> str:
    """A path as JSON and a line can hold it: a folder's name need be no text."""
    return digest.printable(str(path).encode("utf-8", "replace").decode())


def _missing(conductor: Conductor, now: float) -> list[str]:
    """What should come in and does not, the Watchdog apart."""
    return [found.name for found in conductor.watch.missing(now) if found.name != WATCHDOG]


def watch(conductor: Conductor, now: float) -> dict[str, Any]:
    """How the watch stands: every input, and what is missing."""
    found = conductor.watch
    missing = found.missing(now)
    ack = conductor.acks.of_flatline([i.name for i in missing], now) if missing else None
    return {
        "on": found.on,
        "off_since": found.off_since,
        "off_by": found.off_by,
        "armed": found.armed,
        "route": ROUTE if found.on and found.watchdog is None else "",
        "flatline": [{"name": i.name, "last": i.last} for i in missing],
        "flatline_since": conductor.flatline_since,
        "acknowledged": _acknowledged(ack),
        "inputs": [asdict(i) for i in found.inputs(now)],
    }


def who(found: Identity) -> dict[str, Any]:
    """How one service sounds."""
    return {
        "service": found.service,
        "second": found.second,
        "third": found.third,
        "pan": found.pan,
        "chosen": found.chosen,
    }


def _acknowledged(ack: Ack | None) -> dict[str, Any] | None:
    return None if ack is None else {"by": ack.by, "why": ack.why, "at": ack.at, "until": ack.until}


def firing(alert: Active, conductor: Conductor, now: float) -> dict[str, Any]:
    """One alert that fires, for a person, in a list of many: without what repeats all its labels."""
    event, book = alert.event, conductor.book
    muted = conductor.mute_of(alert, now)
    silenced = conductor.clusters.silence_of(event.fingerprint, now)
    stale = conductor.clusters.stale.get(event.fingerprint)
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
        "flapping": event.fingerprint in conductor.cadence.flapping.since,
        "acknowledged": _acknowledged(conductor.acks.of(event.fingerprint, alert.severity, now)),
        "muted": None
        if muted is None
        else {"id": muted.id, "by": muted.by, "why": muted.why, "until": muted.until},
        "silenced": None if silenced is None else asdict(silenced),
        "stale": None if stale is None else asdict(stale),
        "links": {name: url for name, url in event.links.items() if name != "silence"},
    }


def whole(alert: Active, conductor: Conductor, now: float) -> dict[str, Any]:
    """One alert that fires, for who asks for it alone: with its labels and every link."""
    event = alert.event
    more = {"labels": dict(few(event.labels, LABELS)), "links": links.whole(event)}
    return firing(alert, conductor, now) | more


def voice(found: Voice, book: RuleBook) -> dict[str, Any]:
    """One held voice."""
    return {
        "id": found.command.id,
        "sound": found.command.sound,
        "service": cut(book.service(found.sample.labels)),
        "value": found.sample.value,
        "rule": found.rule,
        "since": found.since,
        "last": found.last,
    }


def players(runtime: Runtime) -> list[dict[str, Any]]:
    """Everybody who makes sound."""
    return [player(found, runtime.room) for found in runtime.room.players.values()]


def player(found: Player, room: Room) -> dict[str, Any]:
    """One player."""
    quiet = room.quiets.get(found.identity)
    fields: dict[str, Any] = {
        "kind": found.kind,
        "name": found.name,
        "audible": found.audible,
        "level": found.level,
        "filter": filters.shown(found.filter),
        "quiet": None if quiet is None else asdict(quiet),
    }
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
