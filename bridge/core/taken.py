"""Asking the rule book: which rule takes a label set, and what follows. Nothing is changed by asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.core.rules import RuleBook
    from bridge.core.who import Who


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rule makes of a label set. A sample has no severity; where nothing sounds there are no `params`."""

    rule: str
    sound: str
    service: str
    severity: str | None
    params: Mapping[str, float]


def alert_taken(book: RuleBook, who: Who, labels: Mapping[str, str], value: float | None = None) -> Taken:
    """Of an alert with these labels. A service that `who` does not know is not made known by this."""
    rule, service = book.alert_rule(labels), book.service(labels)
    params = book.cue(rule, rule.sound, value, who.place(service)) if rule.sounds else {}
    return Taken(rule.name, rule.sound, service, rule.severity, params)


def sample_taken(book: RuleBook, who: Who, kind: str, labels: Mapping[str, str], value: float = 0.0) -> Taken:
    """Of a sample of this type with these labels."""
    rule, service = book.metric_rule(kind, labels), book.service(labels)
    params = book.voice(rule, value, who.place(service)) if rule.sounds else {}
    return Taken(rule.name, rule.sound, service, None, params)
