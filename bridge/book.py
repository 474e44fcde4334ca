"""The keys of the rule book: their types, ranges and defaults. `compiled()` is what the core works with."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from bridge.core.matchers import Matcher, MatcherError, parse
from bridge.core.rules import PLACE, SIGN_OF_LIFE, SILENT, Rule, RuleBook
from bridge.core.scaling import Scale, ScaleKind
from bridge.core.topics import TopicRule, filter_problem
from bridge.model.catalogue import SOUNDS

Pair = Annotated[list[float], Field(min_length=2, max_length=2)]
Severity = Literal["critical", "warning", "info"]


class Strict(BaseModel):
    """Unknown keys are refused, numbers are finite, texts are not taken for numbers."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, populate_by_name=True)


def _filter(text: str) -> str:
    if (problem := filter_problem(text)) is not None:
        raise ValueError(problem)
    return text


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

    @field_validator("match")
    @classmethod
    def _matchers(cls, match: list[str]) -> list[str]:
        for text in match:
            try:
                parse(text)
            except MatcherError as e:
                raise ValueError(str(e)) from None
        return match

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
    def _known(self) -> Self:
        check_sound(self.effective, "cue", (SILENT, SIGN_OF_LIFE), self.params)
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
    def _known(self) -> Self:
        check_sound(self.sound, "voice", (SILENT,), self.params)
        return self

    def compiled(self) -> Rule:
        return Rule(self.name, self.matchers(), self.sound, params=self.numbers(), type=self.type)


def check_sound(sound: str, kind: str, others: tuple[str, ...], params: Params) -> None:
    """Raises ValueError where the catalogue has no such sound, control or range."""
    known = [s.id for s in SOUNDS.values() if s.kind == kind]
    if sound in others:
        if params:
            raise ValueError(f"params: a rule that is {sound} has no sound to set")
        return
    if sound not in known:
        raise ValueError(f"sound: {sound!r} is none; there are: {', '.join([*known, *others])}")
    for name, value in params.items():
        _check_control(sound, name, value.out if isinstance(value, ScaleModel) else [value])


def _check_control(sound: str, name: str, values: list[float]) -> None:
    controls = {c.name: c for c in SOUNDS[sound].controls}
    if name not in controls:
        raise ValueError(f"params.{name}: {sound} has no such control; it has: {', '.join(controls)}")
    low, high, unit = controls[name].low, controls[name].high, controls[name].unit
    for value in values:
        if not low <= value <= high:
            raise ValueError(
                f"params.{name}: {value:g} is out of range; {sound} takes {low:g} to {high:g} ({unit})"
            )


class WhoModel(Strict):
    """One service's place."""

    pan: float = Field(ge=-PLACE, le=PLACE, description="place, left to right")


class LimitsModel(Strict):
    """Bounds."""

    voices: int = Field(
        12, ge=1, le=12, description="held voices of one sound; series beyond are counted as capped"
    )


class OscModel(Strict):
    """What the OSC target is."""

    acknowledges: bool = Field(
        True, description="false: a receiver that never answers counts as heard (assumed)"
    )


class TlsModel(Strict):
    """TLS to the broker. Empty means the system's certificate authorities."""

    ca: str | None = Field(None, description="file with the certificate authorities")
    certificate: str | None = Field(None, description="file with the client's certificate")
    key: str | None = Field(None, description="file with the client's key")


class TopicModel(Strict):
    """What the messages of one topic filter mean."""

    filter: Annotated[str, AfterValidator(_filter)] = Field(
        description="MQTT topic filter; not under the prefix"
    )
    as_: Literal["alert", "metric"] = Field(alias="as", description="what a message is")
    value: str = Field("", description="dotted path to the value in a JSON payload; empty: the bare payload")
    on: list[bool | int | float | str] = Field([], description="values that mean firing")
    off: list[bool | int | float | str] = Field(
        [], description="values that mean resolved; none: each on is one cue"
    )
    type: str = Field("", description="metric type; {n} is level n of the topic")
    labels: dict[str, str] = Field({}, description="labels; {n} is level n of the topic, from 1")
    retained: Literal["state", "ignore"] = Field(
        "state", description="a retained message is the state, or is ignored"
    )

    @model_validator(mode="before")
    @classmethod
    def _yaml_on(cls, value: Any) -> Any:
        """YAML 1.1 reads the bare keys on and off as true and false."""
        if isinstance(value, dict) and (True in value or False in value):
            return {
                {True: "on", False: "off"}.get(k, k) if isinstance(k, bool) else k: v
                for k, v in value.items()
            }
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.as_ == "metric" and not self.type:
            raise ValueError("type: a metric needs one, for example type: temperature")
        if self.as_ == "metric" and (self.on or self.off):
            raise ValueError("on/off: only an alert has these")
        if self.off and not self.on:
            raise ValueError("on: off needs it, else nothing ever fires")
        return self

    def compiled(self) -> TopicRule:
        path = tuple(self.value.split(".")) if self.value else ()
        return TopicRule(
            self.filter,
            self.as_,
            path,
            tuple(self.on),
            tuple(self.off),
            self.type,
            self.labels,
            self.retained == "state",
        )


class MqttModel(Strict):
    """The way to the broker that MQTT_HOST and MQTT_PORT name."""

    prefix: str = Field("", description="before alerts/ and metrics/, for example site-a/")
    publish: bool = Field(True, description="publish what came by HTTP")
    user: str | None = Field(None, description="user name")
    password_file: str | None = Field(None, description="file that holds the password")
    tls: TlsModel | None = Field(None, description="use TLS; {} takes the system's certificate authorities")
    topics: list[TopicModel] = Field([], description="what devices really send")

    @field_validator("prefix")
    @classmethod
    def _plain(cls, prefix: str) -> str:
        if any(c in prefix for c in "+#\0"):
            raise ValueError("a prefix has no +, # or NUL")
        return prefix if not prefix or prefix.endswith("/") else prefix + "/"


class Book(Strict):
    """The whole rule book."""

    version: Literal[1] = Field(description="1")
    alert_scale: float = Field(1.0, ge=0.0, le=2.0, description="scales the level of every alert sound")
    identity: list[str] = Field(
        ["service", "namespace", "job", "instance"],
        min_length=1,
        description="labels that say who, the first one wins",
    )
    who: dict[str, WhoModel] = Field({}, description="who sings where; others get a stable place")
    subject_without: list[str] = Field(
        ["severity"],
        description="labels in which alerts of one subject may differ; the highest severity sounds",
    )
    alerts: list[AlertRuleModel] = Field(min_length=1, description="rules for alerts, the first match wins")
    metrics: list[MetricRuleModel] = Field([], description="rules for samples, the first match wins")
    limits: LimitsModel = LimitsModel()
    osc: OscModel = OscModel()
    mqtt: MqttModel = MqttModel()

    def compiled(self) -> RuleBook:
        """The rule book as the core takes it."""
        return RuleBook(
            alerts=tuple(rule.compiled() for rule in self.alerts),
            metrics=tuple(rule.compiled() for rule in self.metrics),
            alert_scale=self.alert_scale,
            identity=tuple(self.identity),
            places={name: who.pan for name, who in self.who.items()},
            subject_without=frozenset(self.subject_without),
            max_voices=self.limits.voices,
        )

    def topics(self) -> tuple[TopicRule, ...]:
        """The topic mappings as `wire.topics` takes them."""
        return tuple(topic.compiled() for topic in self.mqtt.topics)
