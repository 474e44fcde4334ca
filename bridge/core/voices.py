"""The bed: one voice per measured series, bounded in number, set by its newest sample.

A series with no new sample for max(QUIET seconds, 5 x its interval) is released and counted `expired`.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from bridge.core.who import Who
from bridge.model.commands import Set
from bridge.model.events import MetricSample, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.core.rules import Rule, RuleBook

QUIET = 60.0
"""Seconds."""
INTERVALS = 5.0
SILENT = 1000
"""Series without a voice that are remembered, the newest, so that it can be told why they are silent."""
LABELS, LETTERS = 16, 128
"""Labels that are kept and shown of such a series, and characters of each name and value."""
TAKEN = frozenset({"ambient"})
"""Ids of voices that an engine holds by itself; a series of that name gets another."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One sounding series: its newest sample, the command that says it, when it came, how often they come, since when."""

    sample: MetricSample
    command: Set
    rule: str
    last: float
    interval: float = 0.0
    since: float = 0.0

    def over(self, now: float) -> bool:
        """Whether its series has gone."""
        return (
            not 0 <= now - self.last <= max(QUIET, INTERVALS * self.interval)
        )  # below 0: the clock went back


@dataclass(frozen=True, slots=True)
class Silent:
    """A series that has no voice: its newest sample, why, by which rule, and when the sample came (unix seconds)."""

    sample: MetricSample
    reason: Reason
    rule: str
    last: float
    known: float
    """Since when that is known (unix seconds): a voice may be taken away long after its last sample."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a sample means: the voice to set, or why there is none."""

    rule: Rule
    reason: Reason | None = None
    command: Set | None = None


class Voices:
    """Every voice that should sound now. Deterministic: same samples, same voices."""

    def __init__(self, book: RuleBook, who: Who | None = None) -> None:
        self.book = book
        self.who = who or Who(book.chosen)
        self.sounding: dict[str, Voice] = {}
        self.silent: OrderedDict[str, Silent] = OrderedDict()
        """The newest series that have no voice, at most SILENT."""

    def sample(self, sample: MetricSample, now: float) -> Heard:
        """Take one sample."""
        rule = self.book.metric_rule(sample.type, sample.labels)
        if not rule.sounds:
            return self.keep_silent(sample, rule, Reason.BY_RULE, now)
        voice_id = identity(sample)
        known = self.sounding.get(voice_id)
        if known is None and self._full(rule.sound):
            return self.keep_silent(sample, rule, Reason.CAPPED, now)
        if known is not None and _older(sample, known.sample):
            return Heard(rule, Reason.SUPERSEDED)
        service = self.book.service(sample.labels)
        controls = self.book.voice(rule, sample.value, self.who.place(service))
        command = Set(voice_id, rule.sound, controls, cut(service))
        if known is None:
            self.sounding[voice_id] = Voice(sample, command, rule.name, now, since=now)
            self.silent.pop(voice_id, None)
        else:
            gap = max(0.0, now - known.last)
            self.sounding[voice_id] = replace(known, sample=sample, command=command, last=now, interval=gap)
        return Heard(rule, None, command)

    def keep_silent(self, sample: MetricSample, rule: Rule, reason: Reason, now: float) -> Heard:
        """Remember why this series has no voice."""
        self._remember(identity(sample), Silent(sample, reason, rule.name, now, now))
        return Heard(rule, reason)

    def silence(self, voice_id: str, reason: Reason, now: float) -> None:
        """Take a voice away, and remember why its series has none."""
        voice = self.sounding.pop(voice_id)
        self._remember(voice_id, Silent(voice.sample, reason, voice.rule, voice.last, now))

    def _remember(self, voice_id: str, silent: Silent) -> None:
        sample = replace(silent.sample, labels=few(silent.sample.labels))
        self.silent[voice_id] = replace(silent, sample=sample)
        self.silent.move_to_end(voice_id)
        if len(self.silent) > SILENT:
            self.silent.popitem(last=False)

    def _full(self, sound: str) -> bool:
        """Each sound has its own limit, so that a flood of unknown types never takes the place of cpu."""
        return sum(v.command.sound == sound for v in self.sounding.values()) >= self.book.max_voices

    def expire(self, now: float) -> list[str]:
        """Ids of the voices whose series has gone; they are forgotten here."""
        gone = [voice_id for voice_id, voice in self.sounding.items() if voice.over(now)]
        for voice_id in gone:
            del self.sounding[voice_id]
        while self.silent and not 0 <= now - next(iter(self.silent.values())).known <= QUIET:
            self.silent.popitem(last=False)
        return gone

    def standing(self) -> list[Set]:
        """The commands that bring a player to this state."""
        return [voice.command for voice in self.sounding.values()]


def identity(sample: MetricSample) -> str:
    """The id of a series: its type alone, or with a short hash of its labels."""
    if not sample.labels and sample.type not in TAKEN:
        return sample.type
    text = json.dumps(sorted(sample.labels.items()))
    return f"{sample.type}:{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def few(labels: Mapping[str, str], most: int = LABELS) -> Mapping[str, str]:
    """The first `most` of them, each name and value cut to LETTERS characters, ending in … where it is cut."""
    if len(labels) <= most and all(len(n) <= LETTERS and len(v) <= LETTERS for n, v in labels.items()):
        return labels
    return {cut(name): cut(value) for name, value in islice(labels.items(), most)}


def cut(text: str) -> str:
    """At most LETTERS characters of it."""
    return text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…"


def _older(sample: MetricSample, known: MetricSample) -> bool:
    return sample.at is not None and known.at is not None and sample.at < known.at
