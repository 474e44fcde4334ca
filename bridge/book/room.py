"""What the room hears when, and from where: who, quiet hours, expectations, limits, the engine."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bridge.book.base import Strict, check_matchers
from bridge.core.durations import duration
from bridge.core.matchers import parse
from bridge.core.quiet import DAYS, Day, Quiet
from bridge.core.watch import Expectation
from bridge.core.who import PLACE, Choice
from bridge.model.player import Level  # noqa: TC001 # pydantic needs it when the class is made

SHORTEST, LONGEST = 10.0, 7 * 86400.0
"""Seconds: bounds of a time in which something is expected."""
DIGEST_SHORTEST = 600.0
STALE_SHORTEST, STALE_LONGEST = 60.0, LONGEST
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")
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


class StoreModel(Strict):
    """How much of what has happened is kept."""

    keep: str = Field("30d", description="ended events and samples are kept so long; from 1h to 3650d")
    megabytes: int = Field(
        256, ge=16, le=65536, description="how large the store may become; the oldest goes first"
    )

    @field_validator("keep")
    @classmethod
    def _time(cls, text: str) -> str:
        seconds = duration(text)
        if seconds is None or not 3600 <= seconds <= 3650 * 86400:
            raise ValueError(f"{text!r} is no time from 1h to 3650d; write 12h or 30d")
        return text

    @property
    def seconds(self) -> float:
        return duration(self.keep) or 0.0


class OscModel(Strict):
    """What the OSC target is."""

    acknowledges: bool = Field(
        True, description="false: a receiver that never answers counts as heard (assumed)"
    )
    level: Level = Field(
        "everything", description="how much it sounds: cues, heartbeat (cues and heartbeat), or everything"
    )
