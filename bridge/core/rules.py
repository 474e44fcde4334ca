"""The rule book, compiled: which rule takes a label set, and which sound with which controls follows.

The first rule whose matchers all hold wins. A rule either names a sound, or says `silent`, or
`sign_of_life` (the Watchdog: proof that the way from Prometheus to here works).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bridge.core.scaling import Scale
from bridge.model.catalogue import SOUNDS, Sound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.core.alertmanager import Cluster
    from bridge.core.matchers import Matcher
    from bridge.core.quiet import Quiet
    from bridge.core.watch import Expectation
    from bridge.core.who import Choice, Identity

SILENT = "silent"
SIGN_OF_LIFE = "sign_of_life"


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
    chosen: Mapping[str, Choice] = field(default_factory=dict)
    subject_without: frozenset[str] = frozenset({"severity"})
    max_voices: int = 12
    flood: bool = True
    """Whether what an ear cannot take at once becomes a storm; else every cue sounds."""
    quiet: Quiet | None = None
    expected: tuple[Expectation, ...] = ()
    digest_every: float = 0.0
    """Seconds between two digests of what stands; 0: none."""
    clusters: tuple[Cluster, ...] = ()
    stale_after: float = 0.0
    """Seconds without a word after which an alert is stale; 0: never for that reason."""
    sounds: Mapping[str, Sound] = field(default_factory=lambda: SOUNDS)

    def alert_rule(self, labels: Mapping[str, str]) -> Rule:
        """The rule that takes these labels; the last resort is a plain info."""
        return next((rule for rule in self.alerts if rule.takes(labels)), LAST_ALERT_RULE)

    def metric_rule(self, kind: str, labels: Mapping[str, str]) -> Rule:
        """The rule that takes a sample of this type; the last resort is the generic drone."""
        return next((rule for rule in self.metrics if rule.takes(labels, kind)), LAST_METRIC_RULE)

    def service(self, labels: Mapping[str, str]) -> str:
        """Who this is about: the first identity label that is there, or empty."""
        return next((labels[name] for name in self.identity if labels.get(name)), "")

    def cue(self, rule: Rule, sound: str, value: float | None, who: Identity) -> dict[str, float]:
        """Controls of a cue. The rule's parameters belong to its own sound, not to `resolved`."""
        # An event of an earlier run may name a sound that is gone: players fall back to the cue of its severity.
        found = self.sounds.get(sound, self.sounds[rule.severity])
        controls = found.defaults() | who.controls()
        if sound == rule.sound:
            controls |= resolve(rule.params, value)
        controls["vol"] = controls.get("vol", 1.0) * self.alert_scale
        return clip(found, controls)

    def voice(self, rule: Rule, value: float, who: Identity) -> dict[str, float]:
        """Controls of a voice for a sample's value."""
        found = self.sounds[rule.sound]
        return clip(found, found.defaults() | {"pan": who.pan} | resolve(rule.params, value))


def resolve(params: Mapping[str, float | Scale], value: float | None) -> dict[str, float]:
    """Numbers for parameters; one that needs a value and has none is left to its default."""
    numbers: dict[str, float] = {}
    for name, param in params.items():
        if not isinstance(param, Scale):
            numbers[name] = param
        elif value is not None:
            numbers[name] = param(value)
    return numbers


def clip(sound: Sound, controls: Mapping[str, float]) -> dict[str, float]:
    """Every control of the sound, within the range of the catalogue; what it has not is left out."""
    ranges = {control.name: control for control in sound.controls}
    return {
        name: min(ranges[name].high, max(ranges[name].low, x))
        for name, x in controls.items()
        if name in ranges
    }


LAST_ALERT_RULE = Rule("(no rule)", (), "info", "info", unknown_severity=True)
LAST_METRIC_RULE = Rule(
    "(no rule)", (), "metric", params={"freq": Scale("musical", 0.0, 100.0, 110.0, 330.0)}
)
