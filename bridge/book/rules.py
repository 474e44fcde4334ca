"""The rules themselves: which alert or sample sounds as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bridge.book.base import Strict, check_matchers
from bridge.core.matchers import Matcher, parse
from bridge.core.rules import SIGN_OF_LIFE, SILENT, Rule
from bridge.core.scaling import Scale, ScaleKind
from bridge.model.catalogue import SOUNDS, Sound

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGERS_OWN = {"storm", "flapping", "flatline", "linklost", "digest", "heartbeat"}
"""Cues whose meaning is fixed: no rule gives them another."""
Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
Severity = Literal["critical", "warning", "info"]


class ScaleModel(Strict):
    """How the value of an alert or a sample moves a control."""

    scale: ScaleKind = Field("linear", description="linear, exponential (equal ratios) or musical (notes)")
    in_: Pair = Field([0.0, 1.0], alias="in", description="the values at the two ends")
    out: Pair = Field(description="the control at the two ends")

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if self.in_[0] == self.in_[1]:
            raise ValueError("in: the two ends must differ")
        if self.scale != "linear" and min(self.out) <= 0:
            raise ValueError(f"out: a scale that is {self.scale} needs both ends above 0")
        return self

    def compiled(self) -> Scale:
        return Scale(self.scale, self.in_[0], self.in_[1], self.out[0], self.out[1])


Params = dict[str, float | ScaleModel]


class _RuleModel(Strict):
    name: str = Field(min_length=1, description="how status and logs call the rule")
    match: list[str] = Field(
        [], description='Alertmanager matchers, all must hold: service="api", team=~"a|b"'
    )
    params: Params = Field({}, description="controls of the sound: a number, or a scale over the value")

    _matchers = field_validator("match")(check_matchers)

    def matchers(self) -> tuple[Matcher, ...]:
        return tuple(matcher for text in self.match for matcher in parse(text))

    def numbers(self) -> dict[str, float | Scale]:
        return {name: p.compiled() if isinstance(p, ScaleModel) else p for name, p in self.params.items()}


class AlertRuleModel(_RuleModel):
    """One rule for alerts."""

    severity: Severity = Field("info", description="the severity it counts as")
    sound: str | None = Field(
        None, description="a cue, silent, or sign_of_life; without it the severity's cue"
    )
    unknown_severity: bool = Field(False, description="count what lands here in pager_unknown_severity_total")

    @model_validator(mode="after")
    def _known(self, info: ValidationInfo) -> Self:
        check_sound(self.effective, "cue", (SILENT, SIGN_OF_LIFE), self.params, sounds_of(info))
        return self

    @property
    def effective(self) -> str:
        return self.sound or self.severity

    def compiled(self) -> Rule:
        return Rule(
            self.name,
            self.matchers(),
            self.effective,
            self.severity,
            self.numbers(),
            None,
            self.unknown_severity,
        )


class MetricRuleModel(_RuleModel):
    """One rule for samples."""

    type: str | None = Field(None, min_length=1, description="the metric type; without it every type")
    sound: str = Field("metric", description="a voice, or silent")

    @model_validator(mode="after")
    def _known(self, info: ValidationInfo) -> Self:
        check_sound(self.sound, "voice", (SILENT,), self.params, sounds_of(info))
        return self

    def compiled(self) -> Rule:
        return Rule(self.name, self.matchers(), self.sound, params=self.numbers(), type=self.type)


def sounds_of(info: ValidationInfo) -> Mapping[str, Sound]:
    """The sounds that a rule may name: those that whoever validates hands in as context, else the built-in ones."""
    found: Mapping[str, Sound] = (info.context or {}).get("sounds", SOUNDS)
    return found


def check_sound(
    sound: str, kind: str, others: tuple[str, ...], params: Params, sounds: Mapping[str, Sound]
) -> None:
    """Raises ValueError where `sounds` have no such sound, control or range."""
    known = [s.id for s in sounds.values() if s.kind == kind and s.id not in PAGERS_OWN]
    if sound in others:
        if params:
            raise ValueError(f"params: a rule that is {sound} has no sound to set")
        return
    if sound not in known:
        raise ValueError(f"sound: {sound!r} is none; there are: {', '.join([*known, *others])}")
    for name, value in params.items():
        _check_control(sounds[sound], name, value.out if isinstance(value, ScaleModel) else [value])


def _check_control(found: Sound, name: str, values: list[float]) -> None:
    sound, controls = found.id, {c.name: c for c in found.controls}
    if name not in controls:
        raise ValueError(f"params.{name}: {sound} has no such control; it has: {', '.join(controls)}")
    low, high, unit = controls[name].low, controls[name].high, controls[name].unit
    for value in values:
        if not low <= value <= high:
            raise ValueError(
                f"params.{name}: {value:g} is out of range; {sound} takes {low:g} to {high:g} ({unit})"
            )
