"""The keys of the rule book: their types, ranges and defaults. `compiled()` is what the core works with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bridge.core.durations import duration
from bridge.core.matchers import Matcher, MatcherError, parse
from bridge.core.quiet import DAYS, Day, Quiet
from bridge.core.rules import SIGN_OF_LIFE, SILENT, Rule, RuleBook
from bridge.core.scaling import Scale, ScaleKind
from bridge.core.topics import TopicRule, filter_problem
from bridge.core.watch import WATCHDOG, Expectation
from bridge.core.who import PLACE, Choice
from bridge.model.catalogue import SOUNDS, Sound
from bridge.model.player import Level  # noqa: TC001 # pydantic needs it when the class is made

if TYPE_CHECKING:
    from collections.abc import Mapping

SHORTEST, LONGEST = 10.0, 7 * 86400.0
"""Seconds: bounds of a time in which something is expected."""
DIGEST_SHORTEST = 600.0
PAGERS_OWN = {"storm", "flapping", "flatline", "linklost", "digest", "heartbeat"}
"""Cues whose meaning is fixed: no rule gives them another."""
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
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


def check_matchers(match: list[str]) -> list[str]:
    """Raises ValueError for what is no matcher of Alertmanager's."""
    for text in match:
        try:
            parse(text)
        except MatcherError as e:
            raise ValueError(str(e)) from None
    return match


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


Interval = Annotated[float, Field(ge=-12, le=12)]


class WhoModel(Strict):
    """How one service sounds; what is not said is left to its slot."""

    pan: float | None = Field(None, ge=-PLACE, le=PLACE, description="place, left to right")
    motif: Annotated[list[Interval], Field(min_length=2, max_length=2)] | None = Field(
        None, description="semitones of the second and of the third pulse above the first"
    )

    def compiled(self) -> Choice:
        return Choice(self.pan, (self.motif[0], self.motif[1]) if self.motif else None)


class QuietModel(Strict):
    """Hours in which only what is critical is heard."""

    zone: str = Field(description="time zone, an IANA name: Europe/Berlin")
    from_: str = Field(alias="from", description="when it begins, 22:00")
    to: str = Field(description="when it ends, 07:00; it may be on the next day; 24:00 is midnight")
    days: list[Day] = Field(list(DAYS), min_length=1, description="the days on which it begins")

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"{zone!r} is no time zone; write an IANA name, for example Europe/Berlin"
            ) from None
        return zone

    @field_validator("from_", "to", mode="before")
    @classmethod
    def _quoted(cls, text: Any) -> Any:
        """YAML 1.1 reads a bare 22:00 as the number 1320."""
        if isinstance(text, int):
            raise ValueError('YAML reads a time without quotes as a number; write "22:00"')  # noqa: TRY004 # pydantic's
        return text

    @field_validator("from_", "to")
    @classmethod
    def _time(cls, text: str, info: ValidationInfo) -> str:
        if not _CLOCK.fullmatch(text) and (text, info.field_name) != ("24:00", "to"):
            raise ValueError(f'{text!r} is no time of day; write "22:00"')
        return text

    @model_validator(mode="after")
    def _some(self) -> Self:
        if _minutes(self.from_) == _minutes(self.to):
            raise ValueError("to: it must differ from `from`")
        return self

    def compiled(self) -> Quiet:
        days = frozenset(DAYS.index(day) for day in self.days)
        return Quiet(ZoneInfo(self.zone), _minutes(self.from_), _minutes(self.to), days)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


class ExpectModel(Strict):
    """Something that must keep coming in: samples of a type, or alerts."""

    name: str = Field(min_length=1, max_length=64, description="how status calls it")
    type: str | None = Field(None, min_length=1, description="metric type; without it, alerts are meant")
    match: list[str] = Field([], description="matchers, all must hold")
    within: str = Field(description="flatline after so long without any: 2m; at least 10s")

    _matchers = field_validator("match")(check_matchers)

    @field_validator("within")
    @classmethod
    def _time(cls, text: str) -> str:
        seconds = duration(text)
        if seconds is None or not SHORTEST <= seconds <= LONGEST:
            raise ValueError(f"{text!r} is no time from 10s to 7d; write 90s, 5m, 2h or 1d")
        return text

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.type is None and not self.match:
            raise ValueError("match: say which alerts, or give a type for samples")
        return self

    def compiled(self) -> Expectation:
        matchers = tuple(matcher for text in self.match for matcher in parse(text))
        return Expectation(self.name, duration(self.within) or LONGEST, self.type, matchers)


class CadenceModel(Strict):
    """What time alone makes sound, beyond reminders."""

    digest_every: str | None = Field(
        None, description="a digest of what nobody has acknowledged so often: 4h; at least 10m"
    )

    @field_validator("digest_every")
    @classmethod
    def _time(cls, text: str | None) -> str | None:
        seconds = 3600.0 if text is None else duration(text)
        if seconds is None or not DIGEST_SHORTEST <= seconds <= LONGEST:
            raise ValueError(f"{text!r} is no time from 10m to 7d; write 30m, 4h or 1d")
        return text


class LimitsModel(Strict):
    """Bounds."""

    voices: int = Field(
        12, ge=1, le=12, description="held voices of one sound; series beyond are counted as capped"
    )
    flood: bool = Field(
        True, description="false: every cue sounds, however many come at once; there is no storm"
    )


class OscModel(Strict):
    """What the OSC target is."""

    acknowledges: bool = Field(
        True, description="false: a receiver that never answers counts as heard (assumed)"
    )
    level: Level = Field(
        "everything", description="how much it sounds: cues, heartbeat (cues and heartbeat), or everything"
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
    who: dict[str, WhoModel] = Field(
        {}, description="who sings where and how; others get a place and a motif"
    )
    subject_without: list[str] = Field(
        ["severity"],
        description="labels in which alerts of one subject may differ; the highest severity sounds",
    )
    alerts: list[AlertRuleModel] = Field(min_length=1, description="rules for alerts, the first match wins")
    metrics: list[MetricRuleModel] = Field([], description="rules for samples, the first match wins")
    quiet_hours: QuietModel | None = Field(None, description="hours in which only what is critical is heard")
    expect: list[ExpectModel] = Field(
        [], max_length=100, description="what must keep coming in, or the flatline sounds"
    )
    cadence: CadenceModel = CadenceModel()
    limits: LimitsModel = LimitsModel()
    osc: OscModel = OscModel()
    mqtt: MqttModel = MqttModel()
    _sounds: Mapping[str, Sound] = PrivateAttr(default_factory=lambda: SOUNDS)

    @model_validator(mode="after")
    def _over(self, info: ValidationInfo) -> Self:
        self._sounds = sounds_of(info)
        return self

    @field_validator("expect")
    @classmethod
    def _names(cls, expect: list[ExpectModel]) -> list[ExpectModel]:
        names = [e.name for e in expect]
        if WATCHDOG in names:
            raise ValueError(f"name: {WATCHDOG!r} is what the Watchdog is called; choose another")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"name: {twice[0]!r} is there twice; every input has its own name")
        return expect

    def compiled(self) -> RuleBook:
        """The rule book as the core takes it."""
        return RuleBook(
            alerts=tuple(rule.compiled() for rule in self.alerts),
            metrics=tuple(rule.compiled() for rule in self.metrics),
            alert_scale=self.alert_scale,
            identity=tuple(self.identity),
            chosen={name: who.compiled() for name, who in self.who.items()},
            subject_without=frozenset(self.subject_without),
            max_voices=self.limits.voices,
            flood=self.limits.flood,
            quiet=self.quiet_hours.compiled() if self.quiet_hours else None,
            expected=tuple(e.compiled() for e in self.expect),
            digest_every=duration(self.cadence.digest_every or "") or 0.0,
            sounds=self._sounds,
        )

    def topics(self) -> tuple[TopicRule, ...]:
        """The topic mappings as `wire.topics` takes them."""
        return tuple(topic.compiled() for topic in self.mqtt.topics)
