"""Drills: short stories on a simulated clock, each with a question that can be answered by ear.

They are heard through the same core as everything else, with the built-in rule book, so that each is the same every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bridge.core.playback import take
from bridge.core.programme import programme
from bridge.model.events import AlertEvent, Event, MetricSample, Source, Status

if TYPE_CHECKING:
    from bridge.core.rules import RuleBook

ZERO = 1_767_225_600.0
"""Unix seconds of the first moment of every drill: 2026-01-01."""


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill: `seconds` of sound, and which of the `choices` is right (`answer`, counted from 0)."""

    id: str
    title: str
    about: str
    question: str
    choices: tuple[str, ...]
    answer: int
    story: str
    seconds: float
    events: tuple[Event, ...]

    def listed(self) -> dict[str, Any]:
        """What is told of it before it is heard."""
        return {"id": self.id, "title": self.title, "about": self.about, "seconds": self.seconds}

    def performed(self, book: RuleBook) -> dict[str, Any]:
        """All of it, with its performance by the built-in rule book."""
        last = self.events[-1].received - ZERO
        part = take(self.events, tail=self.seconds - last)
        words = {"id": self.id, "title": self.title, "about": self.about, "question": self.question}
        more = {"choices": list(self.choices), "answer": self.answer, "story": self.story}
        return words | more | programme(part, book, zero=ZERO)


def _fires(at: float, severity: str, service: str, name: str, more: str = "") -> AlertEvent:
    labels = {"alertname": name, "severity": severity, "service": service}
    labels |= {"instance": more} if more else {}
    ident = "-".join(labels.values())
    return AlertEvent(Source.FIRE, ident, Status.FIRING, labels, ZERO + at)


def _ends(at: float, severity: str, service: str, name: str) -> AlertEvent:
    labels = {"alertname": name, "severity": severity, "service": service}
    ident = "-".join(labels.values())
    return AlertEvent(Source.FIRE, ident, Status.RESOLVED, labels, ZERO + at)


def _cpu(at: float, value: float) -> MetricSample:
    return MetricSample(Source.HTTP, "cpu", value, ZERO + at)


_BEGINS = AlertEvent(
    Source.FIRE, "watchdog", Status.FIRING, {"alertname": "Watchdog", "severity": "none"}, ZERO
)
"""It makes no sound: the clock of a drill begins with it."""
_CROWD = ("Nothing", "One critical alert", "Many alerts, none of them critical", "Many alerts and a critical")

DRILLS = (
    Drill(
        "one-warning",
        "One warning",
        "A quiet room, and then one alert. Two very soft pulses are the heartbeat; they are no alert.",
        "How bad was the alert?",
        ("Critical", "Warning", "Info"),
        1,
        "A warning: three even pulses. A critical has ten quick ones, an info a single one.",
        12.0,
        (_BEGINS, _fires(3, "warning", "checkout", "SlowAnswers")),
    ),
    Drill(
        "critical-and-end",
        "A critical and its end",
        "Something needs somebody now. Listen to how it goes on.",
        "How did it end?",
        ("It is still going on", "It became a warning", "It was resolved"),
        2,
        "A critical: ten quick pulses, three and two, twice. Then two soft falling pulses: it was resolved.",
        18.0,
        (
            _BEGINS,
            _fires(3, "critical", "checkout", "NoAnswers"),
            _ends(11, "critical", "checkout", "NoAnswers"),
        ),
    ),
    Drill(
        "who-is-it",
        "Who is it?",
        "Each service has its own motif and place. First you hear a warning of checkout and its end, "
        "then one of search and its end. Then one of the two fails again.",
        "Which service fails at the end?",
        ("checkout", "search", "Both of them"),
        1,
        "It was search: the last warning has the motif and the place of the second one.",
        26.0,
        (
            _BEGINS,
            _fires(2, "warning", "checkout", "SlowAnswers"),
            _ends(5, "warning", "checkout", "SlowAnswers"),
            _fires(9, "warning", "search", "SlowAnswers"),
            _ends(12, "warning", "search", "SlowAnswers"),
            _fires(18, "warning", "search", "NoAnswers"),
        ),
    ),
    Drill(
        "load-rises",
        "The load rises",
        "A low tone says how busy the processor is. Listen to it, and to what comes of it.",
        "What came before the alert?",
        ("The tone rose", "The tone fell", "The tone stayed as it was"),
        0,
        "The tone rose as the load did, and became rough at its end; then a warning of high load came.",
        28.0,
        (
            _BEGINS,
            *(_cpu(second, 0.2 if second < 4 else 0.2 + 0.78 * (second - 4) / 15) for second in range(20)),
            _fires(20, "warning", "checkout", "HighLoad"),
            *(_cpu(second, 0.98) for second in range(21, 26)),
        ),
    ),
    Drill(
        "storm",
        "A storm",
        "Very much happens at once. Single alerts can no longer be told; listen for the texture that stands for many.",
        "What did you hear?",
        _CROWD,
        2,
        "Sixty warnings at once. A few sounded together, the others became a storm: rain on wooden bars. "
        "No ten quick pulses: nothing was critical.",
        14.0,
        (_BEGINS, *(_fires(3, "warning", "web", "HostSlow", f"web-{n}") for n in range(60))),
    ),
    Drill(
        "flood-with-critical",
        "A flood, and what is in it",
        "Again very much happens at once. Is anything in it that cannot wait?",
        "What did you hear?",
        _CROWD,
        3,
        "Forty warnings, and half a second later a critical of payment. Its ten quick pulses sounded at once, "
        "and the storm waited for their end. Nobody took it on, so a reminder of it came 15 s later.",
        26.0,
        (
            _BEGINS,
            *(_fires(3, "warning", "web", "HostSlow", f"web-{n}") for n in range(40)),
            _fires(3.5, "critical", "payment", "NoAnswers"),
        ),
    ),
)
"""In the order in which one learns by them."""


def called(ident: str) -> Drill | None:
    """The drill with this id."""
    return next((drill for drill in DRILLS if drill.id == ident), None)
