"""Events for tests of the core, short to write."""

from __future__ import annotations

from bridge import config
from bridge.core.engine import Engine
from bridge.model.events import AlertEvent, MetricSample, Source, Status

BOOK = config.load(config.DEFAULT_BOOK).compiled()
NOW = 1_800_000_000.0


def fires(fingerprint="f1", severity="critical", *, at=NOW, **fields):
    """A firing alert that came at `at`; `labels` are added to its own."""
    labels = {"alertname": "HighCPU", "service": fingerprint, "severity": severity} | fields.pop("labels", {})
    defaults = {"source": Source.ALERTMANAGER, "status": Status.FIRING}
    return AlertEvent(fingerprint=fingerprint, labels=labels, received=at, **defaults | fields)


def ends(fingerprint="f1", severity="critical", *, at=NOW, **fields):
    """A resolved alert."""
    return fires(fingerprint, severity, at=at, status=Status.RESOLVED, **fields)


def sample(kind="cpu", value=0.5, **fields):
    return MetricSample(Source.HTTP, kind, value, NOW, **fields)


class Told:
    """An engine and everything that it was told and said, in order."""

    def __init__(self, book=BOOK, active=()):
        self.engine = Engine(book)
        self.engine.restore(active)
        self.cues = []
        self._count = 0

    def __call__(self, event, now=None):
        """(change, reason or the sound that is to play)."""
        self._count += 1
        now = event.received if now is None else now
        verdict = self.engine.alert(event, f"e{self._count}", now)
        assert (verdict.reason is None) == (verdict.play is not None)
        if verdict.play:
            self.cues.append(verdict.play)
        return str(verdict.change), verdict.play.sound if verdict.play else str(verdict.reason)
