"""The way to the broker, and what devices send there."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from bridge.book.base import Strict
from bridge.core.topics import TopicRule, filter_problem


def _filter(text: str) -> str:
    if (problem := filter_problem(text)) is not None:
        raise ValueError(problem)
    return text


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
