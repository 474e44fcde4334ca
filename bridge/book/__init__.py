"""The keys of the rule book: their types, ranges and defaults. `compiled()` is what the core works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from bridge.book.alertmanager import AlertmanagerModel, check_clusters
from bridge.book.base import Strict
from bridge.book.mqtt import MqttModel, TlsModel
from bridge.book.room import (
    STALE_LONGEST,
    STALE_SHORTEST,
    CadenceModel,
    ExpectModel,
    LimitsModel,
    OscModel,
    QuietModel,
    StoreModel,
    WhoModel,
)
from bridge.book.rules import AlertRuleModel, MetricRuleModel, sounds_of
from bridge.core.durations import duration
from bridge.core.rules import RuleBook
from bridge.core.watch import WATCHDOG
from bridge.model.catalogue import SOUNDS, Sound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.core.topics import TopicRule

__all__ = ["AlertmanagerModel", "Book", "MqttModel", "TlsModel"]


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
    alertmanager: list[AlertmanagerModel] = Field(
        [], max_length=20, description="Alertmanagers that are asked what fires and what is silenced"
    )
    stale_after: str | None = Field(
        None, description="an alert of which nothing was heard for so long is stale: 5h; at least 1m"
    )
    cadence: CadenceModel = CadenceModel()
    limits: LimitsModel = LimitsModel()
    store: StoreModel = StoreModel()
    osc: OscModel = OscModel()
    mqtt: MqttModel = MqttModel()
    _sounds: Mapping[str, Sound] = PrivateAttr(default_factory=lambda: SOUNDS)

    @model_validator(mode="after")
    def _over(self, info: ValidationInfo) -> Self:
        self._sounds = sounds_of(info)
        return self

    _clusters = field_validator("alertmanager")(check_clusters)

    @field_validator("stale_after")
    @classmethod
    def _stale(cls, text: str | None) -> str | None:
        seconds = STALE_SHORTEST if text is None else duration(text)
        if seconds is None or not STALE_SHORTEST <= seconds <= STALE_LONGEST:
            raise ValueError(f"{text!r} is no time from 1m to 7d; write 5h or 1d")
        return text

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
            clusters=tuple(found.compiled() for found in self.alertmanager),
            stale_after=duration(self.stale_after or "") or 0.0,
            digest_every=duration(self.cadence.digest_every or "") or 0.0,
            sounds=self._sounds,
        )

    def topics(self) -> tuple[TopicRule, ...]:
        """The topic mappings as `wire.topics` takes them."""
        return tuple(topic.compiled() for topic in self.mqtt.topics)
