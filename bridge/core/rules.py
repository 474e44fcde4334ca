"""The rule book, compiled: which rule takes a label set, and which sound with which controls follows.

The first rule whose matchers all hold wins. A rule either names a sound, or says `silent`, or
`sign_of_life` (the Watchdog: proof that the way from Prometheus to here works).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.core.scaling import Scale
from bridge.model.catalogue import SOUNDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.core.matchers import Matcher

SILENT = "silent"
SIGN_OF_LIFE = "sign_of_life"
PLACE = 0.6
"""Services stand within ± this pan: hard left or right is lost on one loudspeaker of two."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for alerts or for samples. `type` limits a rule for samples to one metric type."""

    name: str
    matchers: tuple[Matcher, ...]
    sound: str
    severity: str = "info"
    params: Mapping[str, float | Scale] = field(default_factory=dict)
    type: str | None = None
    unknown_severity: bool = False

    def takes(self, labels: Mapping[str, str], kind: str | None = None) -> bool:
        """Whether all conditions hold; `kind` is the metric type of a sample."""
        return (self.type is None or self.type == kind) and all(m.matches(labels) for m in self.matchers)

    @property
    def sounds(self) -> bool:
        """Whether the rule names a sound."""
        return self.sound not in {SILENT, SIGN_OF_LIFE}


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything that the core needs to decide. Build it with `bridge.config`."""

    alerts: tuple[Rule, ...]
    metrics: tuple[Rule, ...]
    alert_scale: float = 1.0
    identity: tuple[str, ...] = ("service", "namespace", "job", "instance")
    places: Mapping[str, float] = field(default_factory=dict)
    subject_without: frozenset[str] = frozenset({"severity"})
    max_voices: int = 12

    def alert_rule(self, labels: Mapping[str, str]) -> Rule:
        """The rule that takes these labels; the last resort is a plain info."""
        return next((rule for rule in self.alerts if rule.takes(labels)), LAST_ALERT_RULE)

    def metric_rule(self, kind: str, labels: Mapping[str, str]) -> Rule:
        """The rule that takes a sample of this type; the last resort is the generic drone."""
        return next((rule for rule in self.metrics if rule.takes(labels, kind)), LAST_METRIC_RULE)

    def service(self, labels: Mapping[str, str]) -> str:
        """Who this is about: the first identity label that is there, or empty."""
        return next((labels[name] for name in self.identity if labels.get(name)), "")

    def place(self, service: str) -> float:
        """Pan of a service: as the rule book says, else a stable place from its name; 0 for nobody."""
        if service in self.places:
            return self.places[service]
        if not service:
            return 0.0
        spread = int.from_bytes(hashlib.sha256(service.encode()).digest()[:4]) / 0xFFFFFFFF
        return round(PLACE * (2 * spread - 1), 3)

    def cue(self, rule: Rule, sound: str, value: float | None, service: str) -> dict[str, float]:
        """Controls of a cue. The rule's parameters belong to its own sound, not to `resolved`."""
        controls = SOUNDS[sound].defaults() | {"pan": self.place(service)}
        if sound == rule.sound:
            controls |= resolve(rule.params, value)
        controls["vol"] *= self.alert_scale
        return clip(sound, controls)

    def voice(self, rule: Rule, value: float, service: str) -> dict[str, float]:
        """Controls of a voice for a sample's value."""
        controls = SOUNDS[rule.sound].defaults() | {"pan": self.place(service)}
        return clip(rule.sound, controls | resolve(rule.params, value))


def resolve(params: Mapping[str, float | Scale], value: float | None) -> dict[str, float]:
    """Numbers for parameters; one that needs a value and has none is left to its default."""
    numbers: dict[str, float] = {}
    for name, param in params.items():
        if not isinstance(param, Scale):
            numbers[name] = param
        elif value is not None:
            numbers[name] = param(value)
    return numbers


def clip(sound: str, controls: Mapping[str, float]) -> dict[str, float]:
    """Every control within the range of the catalogue."""
    found = SOUNDS[sound]
    ranges = {control.name: control for control in found.controls}
    return {
        name: min(ranges[name].high, max(ranges[name].low, x))
        for name, x in controls.items()
        if name in ranges
    }


LAST_ALERT_RULE = Rule("(no rule)", (), "info", "info", unknown_severity=True)
LAST_METRIC_RULE = Rule(
    "(no rule)", (), "metric", params={"freq": Scale("musical", 0.0, 100.0, 110.0, 330.0)}
)
