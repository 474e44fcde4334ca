"""What a device's topic means: the `mqtt: topics:` entries of the rule book, compiled."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVEL = re.compile(r"\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class TopicRule:
    """One entry. `path` leads to the value inside a JSON payload; empty is the whole payload.

    `on` and `off` are payload values that mean firing and resolved. Texts may hold `{n}`: level n of the topic,
    counted from 1. `keep_retained`: a retained message is the device's present state; else it is passed over.
    """

    filter: str
    kind: Literal["alert", "metric"]
    path: tuple[str, ...] = ()
    on: tuple[Any, ...] = ()
    off: tuple[Any, ...] = ()
    type: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    keep_retained: bool = True

    def matches(self, topic: str) -> bool:
        """Whether the topic is one of this filter."""
        return filter_matches(self.filter, topic)

    def labels_for(self, topic: str) -> dict[str, str]:
        """The labels with the topic's levels put in."""
        return {name: fill(text, topic) for name, text in self.labels.items()}

    def value_in(self, payload: Any) -> Any:
        """What the path leads to; None where it leads nowhere. A number steps into a list."""
        found = payload
        for step in self.path:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                return None
        return found


def fill(text: str, topic: str) -> str:
    """`{n}` in the text becomes level n of the topic; a level that is not there becomes empty."""
    levels = topic.split("/")
    return _LEVEL.sub(lambda m: levels[int(m[1]) - 1] if 0 < int(m[1]) <= len(levels) else "", text)


def filter_matches(topic_filter: str, topic: str) -> bool:
    """MQTT's own rule: `+` is one level, `#` all that follow (their parent included), `$…` only by name."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if levels[0].startswith("$") and wanted[0] in {"+", "#"}:
        return False
    for i, level in enumerate(wanted):
        if level == "#":
            return True
        if i >= len(levels) or level not in {"+", levels[i]}:
            return False
    return len(wanted) == len(levels)


def filter_problem(topic_filter: str) -> str | None:
    """Why a text is no topic filter; None when it is one."""
    if not topic_filter or "\0" in topic_filter:
        return "a topic filter has at least one character and no NUL"
    for i, level in enumerate(levels := topic_filter.split("/")):
        if "#" in level and (level != "#" or i != len(levels) - 1):
            return "# stands alone and last"
        if "+" in level and level != "+":
            return "+ stands alone in its level"
    return None
