"""What follows from asking Alertmanager. Pure: answers and time are arguments.

An answer may do four things with an alert, and with no other:

| what | when |
| --- | --- |
| confirm | it is in the answer |
| silence | Alertmanager says that a silence or an inhibition suppresses it; open again when it no longer does |
| end | it came from this cluster's webhook or from asking it, and is in none of two answers in a row |
| start | it is active, goes to a receiver of ours, began more than OLD ago, and is not known |

What does not count: an answer that is not complete, and it breaks a row of two; that an alert is absent of which a
message came after the question was put, which another cluster still has, or which goes to a receiver that was not
asked for; and, of an Alertmanager that was started less than RELEARN ago, that it does not know what nobody has told it
since: Prometheus sends everything again only after a minute or two. What was told resolved after it began is not
started again: a replica may not know yet.

The first answer about a receiver finds what stood already: those are told in one digest.

*Stale* is an alert that nobody vouches for: FAILURES failed questions have passed since the last word of it, or
`stale_after` without any word. A message about it or an answer of its cluster ends that.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.core.alertmanager import FAILURES, Decided, Known, Stale
from bridge.core.engine import Change
from bridge.model.events import Reason, Source, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bridge.core.alertmanager import Answer, Cluster, Silence
    from bridge.core.engine import Active, Verdict
    from bridge.model.events import AlertEvent

NEGATIVES = 2
OLD, RELEARN = 60.0, 180.0
"""Seconds."""
MOST_STARTS = 20_000
"""Alerts that one answer starts; the next one goes on."""
RECEIVERS, FOREIGN, RESOLVED, HELD = 100, 20, 10_000, 100_000
"""Bounds of what is remembered: receivers of a cluster, names of foreign Alertmanagers, ends that were told, alerts that
webhooks have told of since the last answer."""
LOOK = 5.0
"""Seconds between two looks for what has become stale by time."""
_ASKED = {Source.ALERTMANAGER, Source.ALERTMANAGER_API}
_REPEATING = _ASKED | {Source.GRAFANA}
"""Their alerts are told again and again while they fire, so that one can be stale."""


class Clusters:
    """Every Alertmanager that is asked, and what is known of its alerts."""

    def __init__(self, clusters: Sequence[Cluster], began: float) -> None:
        self.known: list[Known] = []
        self.silenced: dict[str, Silence] = {}
        self.stale: dict[str, Stale] = {}
        self.foreign: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Alertmanagers that send and are not asked: how many webhooks, and when the last came."""
        self.version = 0
        """Another one whenever other alerts are silenced."""
        self.learned = 0
        """Another one whenever a receiver has become known."""
        self.found = False
        """Whether an answer has found what stood already, and nobody has been told; whoever tells takes it back."""
        self._by_url: dict[str, Known] = {}
        self._heard: dict[str, float] = {}
        self._resolved: OrderedDict[str, float] = OrderedDict()
        self._began = self._now = began
        self._next_look = began
        self.swap(clusters)

    def swap(self, clusters: Sequence[Cluster]) -> None:
        """A new rule book. What is known of a cluster that stays as it is goes on."""
        old = {known.cluster: known for known in self.known}
        self.known = [old.get(cluster) or Known(cluster) for cluster in clusters]
        self._by_url = {url: known for known in self.known for url in known.cluster.external_urls}
        if {known.cluster for known in self.known} != set(old):
            self.silenced.clear()
            self.stale.clear()
            self.version += 1

    def restore(
        self, silenced: Iterable[tuple[str, Silence]], receivers: Mapping[str, Iterable[str]]
    ) -> None:
        """Begin with what a store remembers: what is silenced; by name of the cluster which receivers are ours."""
        self.silenced.update(silenced)
        for name, found in receivers.items():
            if (known := self._by_url.get(name)) is not None:
                known.receivers.update(dict.fromkeys(found))
        self.version += 1

    def of(self, external_url: str) -> Known | None:
        """The cluster whose webhooks say that URL."""
        return self._by_url.get(external_url) if external_url else None

    def receivers(self, known: Known) -> tuple[str, ...]:
        """Which receivers of a cluster are ours; nothing while none is known."""
        return tuple(dict.fromkeys((*known.cluster.receivers, *known.receivers)))

    def came(self, external_url: str, receiver: str, now: float) -> bool:
        """A webhook came; whether it is foreign: clusters are configured, and it is of none of them."""
        if (known := self.of(external_url)) is not None:
            if receiver and receiver not in known.receivers and len(known.receivers) < RECEIVERS:
                known.receivers[receiver] = None
                self.learned += 1
            return False
        if not external_url or not self.known:
            return False
        count, _ = self.foreign.pop(external_url, (0, now))
        self.foreign[external_url] = (count + 1, now)
        if len(self.foreign) > FOREIGN:
            self.foreign.popitem(last=False)
        return True

    def judged(self, event: AlertEvent, verdict: Verdict, now: float) -> Verdict:
        """Take note of a message about an alert that was decided on; where it came by asking, say what that means."""
        fingerprint = event.fingerprint
        if verdict.change is Change.ENDED:
            self._ended(event, now)
        elif event.source is Source.ALERTMANAGER_API:
            if verdict.change is Change.NONE and fingerprint in self.silenced:
                return replace(verdict, reason=Reason.SILENCED)
            if verdict.change is Change.FIRED:
                self._heard[fingerprint] = now
                if event.standing and verdict.play is not None:
                    self.found = True
                    return replace(verdict, reason=Reason.DIGEST, play=None)
        elif event.status is Status.FIRING and event.source in _REPEATING:
            self._told(event, now)
        return verdict

    def silence_of(self, fingerprint: str, now: float) -> Silence | None:
        """Why Alertmanager tells nobody of an alert now."""
        silence = self.silenced.get(fingerprint)
        return silence if silence is not None and silence.holds(now) else None

    def answered(
        self,
        known: Known,
        answer: Answer,
        active: Mapping[str, Active],
        wanted: Callable[[AlertEvent], bool],
        now: float,
    ) -> Decided:
        """A complete answer. `active` is what fires; `wanted` says whether an alert may be started by asking at all."""
        known.ok, known.last, known.failed, known.error = True, now, 0, ""
        known.failures.clear()
        known.held = {fingerprint: found.active for fingerprint, found in answer.alerts.items()}
        known.silences = len(answer.silences)
        decided = Decided()
        mine = self.mine(known, active)
        known.missing = {fingerprint: n for fingerprint, n in known.missing.items() if fingerprint in mine}
        known.tried = {
            fingerprint: at for fingerprint, at in known.tried.items() if fingerprint in known.held
        }
        for fingerprint, alert in mine.items():
            self.stale.pop(fingerprint, None)
            if fingerprint in answer.alerts:
                self._confirmed(known, fingerprint, answer, decided, now)
            elif alert.event.receiver in answer.receivers and self._gone(known, fingerprint, answer, now):
                decided.events.append(_end(alert.event, now))
        decided.events.extend(self._starts(known, answer, active, wanted, now))
        known.begun |= answer.receivers
        known.asked = answer.receivers
        return decided

    def failed(self, known: Known, error: str, active: Mapping[str, Active], now: float) -> None:
        """A question that was not answered, or not completely."""
        known.ok, known.error = False, error
        known.failed += 1
        known.failures.append(now)
        known.missing.clear()
        if len(known.failures) < FAILURES:
            return
        why = f"Alertmanager has not answered {known.failed} times: {error}"
        for fingerprint in self.mine(known, active):
            if (
                fingerprint not in self.stale
                and self._heard.get(fingerprint, self._began) < known.failures[0]
            ):
                self.stale[fingerprint] = Stale(now, why)
            silence = self.silenced.get(fingerprint)
            if silence is not None and silence.until is None:  # nobody knows whether that still holds
                self._lift(fingerprint)

    def tick(self, active: Mapping[str, Active], stale_after: float, now: float) -> None:
        """What time alone changes. `stale_after` is seconds, 0 for never."""
        if now < self._now:  # the clock went back
            self._heard = {fingerprint: min(at, now) for fingerprint, at in self._heard.items()}
            self._began = min(self._began, now)
        self._now = now
        for fingerprint in [fp for fp, silence in self.silenced.items() if not silence.holds(now)]:
            self._lift(fingerprint)
        if 0 < self._next_look - now <= LOOK:
            return
        self._next_look = now + LOOK
        for known in (self._heard, self.stale, self.silenced):
            for fingerprint in [fp for fp in known if fp not in active]:
                del known[fingerprint]
        for fingerprint, alert in active.items() if stale_after else ():
            heard = self._heard.get(fingerprint, self._began)
            late = alert.event.source in _REPEATING and now - heard > stale_after
            if late and fingerprint not in self.stale:
                self.stale[fingerprint] = Stale(now, "no message about it has come for too long")

    def mine(self, known: Known, active: Mapping[str, Active]) -> dict[str, Active]:
        """What fires and came from this cluster."""
        return {
            fingerprint: alert
            for fingerprint, alert in active.items()
            if alert.event.source in _ASKED and self.of(alert.event.cluster) is known
        }

    def _confirmed(
        self, known: Known, fingerprint: str, answer: Answer, decided: Decided, now: float
    ) -> None:
        known.missing.pop(fingerprint, None)
        self._heard[fingerprint] = now
        silence, before = answer.silence(fingerprint), self.silenced.get(fingerprint)
        if silence is not None and (
            not silence.holds(now) or self._elsewhere(known, fingerprint, active=True)
        ):
            silence = None
        if silence == before:
            return
        if silence is None and before is not None:
            self._lift(fingerprint)
            decided.silences.append((fingerprint, before, False))
        elif silence is not None:
            self.silenced[fingerprint] = silence
            self.version += 1
            decided.silences.append((fingerprint, silence, True))
            if before is None:
                decided.events.append(answer.alerts[fingerprint].event)

    def _gone(self, known: Known, fingerprint: str, answer: Answer, now: float) -> bool:
        """Whether an alert that the answer does not have has ended."""
        heard = self._heard.get(fingerprint)
        if heard is not None and heard >= answer.began:
            known.missing.pop(fingerprint, None)
            return False
        since = answer.since
        if since is not None and now - since < RELEARN and (heard is None or heard < since):
            return False
        known.missing[fingerprint] = known.missing.get(fingerprint, 0) + 1
        return known.missing[fingerprint] >= NEGATIVES and not self._elsewhere(known, fingerprint)

    def _elsewhere(self, known: Known, fingerprint: str, *, active: bool = False) -> bool:
        """Whether another cluster has it, or has it as `active`."""
        others = (other.held.get(fingerprint) for other in self.known if other is not known)
        return any(found is not None and (found or not active) for found in others)

    def _starts(
        self,
        known: Known,
        answer: Answer,
        active: Mapping[str, Active],
        wanted: Callable[[AlertEvent], bool],
        now: float,
    ) -> list[AlertEvent]:
        found: list[AlertEvent] = []
        for fingerprint, one in answer.alerts.items():
            event = one.event
            if fingerprint in active or not one.active or event.starts_at is None:
                continue
            if now - event.starts_at <= OLD or known.tried.get(fingerprint, -1.0) == event.starts_at:
                continue
            if event.starts_at <= self._resolved.get(fingerprint, event.starts_at - 1.0) or not wanted(event):
                continue
            known.tried[fingerprint] = event.starts_at
            found.append(replace(event, standing=event.receiver not in known.begun))
            if len(found) >= MOST_STARTS:
                break
        return found

    def _told(self, event: AlertEvent, now: float) -> None:
        """A webhook says that it fires."""
        fingerprint = event.fingerprint
        self._heard[fingerprint] = now
        self.stale.pop(fingerprint, None)
        for one in self.known:
            one.missing.pop(fingerprint, None)
        if (known := self.of(event.cluster)) is not None and len(known.held) < HELD:
            known.held[fingerprint] = True
        if fingerprint in self.silenced and (known is None or known.failed):
            self._lift(fingerprint)  # whoever could say better is not there

    def _ended(self, event: AlertEvent, now: float) -> None:
        fingerprint = event.fingerprint
        self._heard.pop(fingerprint, None)
        self.stale.pop(fingerprint, None)
        if fingerprint in self.silenced:
            self._lift(fingerprint)
        for known in self.known:
            known.missing.pop(fingerprint, None)
            known.tried.pop(fingerprint, None)
        if (sender := self.of(event.cluster)) is not None:
            sender.held.pop(fingerprint, None)
        self._resolved.pop(fingerprint, None)
        if event.source is not Source.ALERTMANAGER_API:
            self._resolved[fingerprint] = now if event.ends_at is None else event.ends_at
            if len(self._resolved) > RESOLVED:
                self._resolved.popitem(last=False)

    def _lift(self, fingerprint: str) -> None:
        del self.silenced[fingerprint]
        self.version += 1


def _end(event: AlertEvent, now: float) -> AlertEvent:
    """What ends an alert that its Alertmanager does not have any more."""
    source = Source.ALERTMANAGER_API
    return replace(event, source=source, status=Status.RESOLVED, received=now, ends_at=now, standing=False)
