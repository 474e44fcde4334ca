"""How much is kept of what fires, so that no sender fills the memory.

At most MOST alerts are kept, those of the bridge itself apart, and BYTES of what they are made of. One that comes when there is no room sounds as any
onset does, and is not kept: it is in no list, nobody is reminded of it, its end is not told. Of the last BEYOND such the
names are known, so that a repeat does not sound again; where there is room again, their next message is kept, silently.
Of the annotations of an alert TEXTS characters are kept, the summary first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.model.events import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.model.events import AlertEvent

MOST = 100_000
BYTES = 512 << 20
"""As `weight` counts them. An alert of Kubernetes weighs about 5 kB."""
BEYOND = 10_000
TEXTS = 4096
AGAIN = 0.9
"""There is room again, and that is said, when this share is left of what filled it."""


def weight(event: AlertEvent) -> int:
    """About how many bytes of memory an alert takes that is kept; rather too many than too few."""
    texts = (event.fingerprint, event.cluster, event.receiver)
    sets = _weight(event.labels, 250) + _weight(event.annotations, 100) + _weight(event.links, 100)
    return 1000 + sum(map(_size, texts)) + sets


def _weight(texts: Mapping[str, str], each: int) -> int:
    return sum(each + _size(name) + _size(text) for name, text in texts.items())


def _size(text: str) -> int:
    return len(text) if text.isascii() else 4 * len(text)


def kept(event: AlertEvent) -> AlertEvent:
    """What is kept of an alert. As it was sent it may be huge, and is published already."""
    return replace(event, raw={}, annotations=shortened(event.annotations))


def shortened(annotations: Mapping[str, str]) -> Mapping[str, str]:
    """At most TEXTS characters of them."""
    if sum(len(name) + len(text) for name, text in annotations.items()) <= TEXTS:
        return annotations
    left, found = TEXTS, {}
    for name in sorted(annotations, key=lambda name: name != "summary"):
        if (room := left - len(name)) <= 0:
            continue
        found[name] = annotations[name][:room]
        left = room - len(found[name])
    return found


class Space:
    """What is taken of it, and who came when there was none."""

    def __init__(self, most: int = MOST, most_bytes: int = BYTES) -> None:
        self.full = False
        """Whether an alert has come that could not be kept, and there is no room again yet."""
        self._most, self._most_bytes = most, most_bytes
        self._count = self._used = 0
        self._beyond: OrderedDict[str, tuple[float, int, float | None]] = OrderedDict()

    def fits(self, event: AlertEvent) -> bool:
        """Whether one more alert can be kept."""
        return self._count < self._most and self._used + weight(event) <= self._most_bytes

    def fits_instead(self, known: AlertEvent, event: AlertEvent) -> bool:
        """Whether this message can stand in the place of another one of its alert."""
        return self._used - weight(known) + weight(event) <= self._most_bytes

    def take(self, event: AlertEvent) -> None:
        """An alert is kept."""
        self._count += event.source is not Source.BRIDGE
        self._used += weight(event)

    def leave(self, event: AlertEvent) -> None:
        """An alert that was kept, as it was, is kept no more."""
        self._count -= event.source is not Source.BRIDGE
        self._used -= weight(event)
        if self._count <= AGAIN * self._most and self._used <= AGAIN * self._most_bytes:
            self.full = False

    def restored(self) -> None:
        """Everything that a store remembers is there."""
        self.full = self._count >= self._most or self._used >= self._most_bytes

    def beyond(self, event: AlertEvent, rank: int, now: float) -> None:
        """An alert as severe as `rank` came and is not kept."""
        self.full = True
        self._beyond[event.fingerprint] = now, rank, event.starts_at
        self._beyond.move_to_end(event.fingerprint)
        if len(self._beyond) > BEYOND:
            self._beyond.popitem(last=False)

    def came(self, fingerprint: str) -> tuple[float, int, float | None] | None:
        """When an alert came that is not kept, how severe, and its start; None where none is known."""
        return self._beyond.get(fingerprint)

    def forget(self, fingerprint: str) -> bool:
        """It has ended, or is kept now; whether it was known."""
        return self._beyond.pop(fingerprint, None) is not None
