"""All that a bridge must remember, as one batch: for a store that has forgotten some of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.store import Batch

if TYPE_CHECKING:
    from bridge.runtime.runtime import Runtime


def everything(runtime: Runtime) -> Batch:
    """What fires, what people said, who sings, who the bridge is."""
    batch, conductor = Batch(), runtime.conductor
    batch.forget_state()
    batch.meta("bridge", runtime.bridge)
    for alert in runtime.engine.active.values():
        batch.fires(alert)
    for ack in conductor.acks.given.values():
        batch.ack(ack)
    for mute in conductor.mutes.given.values():
        batch.mute(mute)
    for player, quieted in runtime.room.quiets.items():
        batch.quiet(player, quieted.by, quieted.why, quieted.at, quieted.until)
    runtime.asking.remember(batch)
    for service, slot in conductor.who.slots.items():
        batch.who(service, slot, conductor.who.seen[service])
    if runtime.engine.watchdog_last is not None:
        batch.watchdog(runtime.engine.watchdog_last)
    batch.watch(conductor.watch.off_since, conductor.watch.off_by)
    return batch
