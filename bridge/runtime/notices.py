"""What the bridge says of itself, aloud: its troubles are alerts like any other.

They go the way of every event: through the rule book, into the store and the ledger, into the room. They can be
acknowledged and muted, and they end when the trouble does. They are not published to MQTT.

| alert | fires | ends |
| --- | --- | --- |
| `SingingPagerStore` | the store cannot be written: senders are told to send again | it can |
| `SingingPagerStoreDamaged` | a damaged store was put aside and a new one begun | after an hour |
| `SingingPagerUnreadable` | what a sender sends can never be read, so what it has to say is lost; once for each route | after ten minutes without more |
| `SingingPagerRefused` | somebody sends alerts with credentials that are wrong; senders drop what is refused so | after ten minutes without more |
| `SingingPagerFull` | so many alerts fire that further ones are not kept | there is room again |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model.events import AlertEvent, Source, Status

if TYPE_CHECKING:
    from collections.abc import Callable

STORE, DAMAGED = "SingingPagerStore", "SingingPagerStoreDamaged"
UNREADABLE, REFUSED, FULL = "SingingPagerUnreadable", "SingingPagerRefused", "SingingPagerFull"
DAMAGED_LASTS, UNREADABLE_LASTS = 3600.0, 600.0
"""Seconds."""
SERVICE = "singing-pager"


class Notices:
    """Troubles that wait to be told. The runtime takes them with every tick, so nothing here waits or fails."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waiting: dict[tuple[str, str], AlertEvent] = {}
        self._on: set[str] = set()

    def trouble(self, name: str, summary: str, *, about: str = "", lasts: float | None = None) -> None:
        """Something is wrong; said again it is the same trouble. With `lasts` (seconds) it ends by itself."""
        now = self._clock()
        expires = None if lasts is None else now + lasts
        self._waiting[name, about] = _alert(name, about, Status.FIRING, now, summary, expires)

    def state(self, name: str, summary: str, *, wrong: bool) -> None:
        """How it stands; what has changed is told."""
        if wrong and name not in self._on:
            self._on.add(name)
            self.trouble(name, summary)
        elif not wrong and name in self._on:
            self._on.discard(name)
            self._waiting[name, ""] = _alert(name, "", Status.RESOLVED, self._clock(), summary, None)

    def resume(self, firing: set[str]) -> None:
        """Troubles that fired when the last run ended: what is well now ends with the next `state`."""
        self._on |= {name for name in (STORE, FULL) if fingerprint(name, "") in firing}

    def unreadable(self, route: str, client: str, why: str) -> None:
        """A body, or a part of one, that can never be read."""
        summary = f"{client} sends to {route} what cannot be read: {why}"
        self.trouble(UNREADABLE, summary[:300], about=route, lasts=UNREADABLE_LASTS)

    def refused(self, client: str) -> None:
        """Alerts with credentials that are wrong: their sender will not send them again."""
        summary = f"{client or 'somebody'} sends alerts with credentials that are wrong; they are lost"
        self.trouble(REFUSED, summary, lasts=UNREADABLE_LASTS)

    def waiting(self) -> list[AlertEvent]:
        """What has not been told yet; it is now."""
        told, self._waiting = list(self._waiting.values()), {}
        return told


def fingerprint(name: str, about: str) -> str:
    """The fingerprint of a trouble."""
    return f"{name}:{about}" if about else name


def _alert(  # what one is made of
    name: str, about: str, status: Status, now: float, summary: str, expires: float | None
) -> AlertEvent:
    # Without a start: said again later, it is the same trouble and no new one.
    labels = {"alertname": name, "severity": "warning", "service": SERVICE}
    return AlertEvent(
        source=Source.BRIDGE,
        fingerprint=fingerprint(name, about),
        status=status,
        labels=labels | ({"route": about} if about else {}),
        received=now,
        annotations={"summary": summary},
        ends_at=now if status is Status.RESOLVED else None,
        expires_at=expires,
    )
