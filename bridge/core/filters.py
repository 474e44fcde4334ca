"""What one listener wants to hear of it, beside its level: these services, severities and voices.

No filter can hide a critical, nor a cue that is about the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.core.bed import AMBIENT
from bridge.core.voices import cut
from bridge.model.catalogue import SEVERITIES
from bridge.model.commands import Why
from bridge.model.player import Filter

if TYPE_CHECKING:
    from bridge.model.commands import Play, Set

KEYS = ("services", "severities", "voices")
OF_ONE = frozenset({Why.EVENT, Why.REMINDER})
"""What makes a cue about one alert sound."""
LISTED, LONGEST = 64, 4096
"""Entries of a list, and characters of an entry, at most. What is longer than a name may be is cut as every name is."""


def read(told: object) -> Filter | None:
    """The filter that a listener asks for; None where it asks for none. Raises ValueError saying what is wrong."""
    if told is None:
        return None
    if not isinstance(told, dict) or not set(told) <= set(KEYS):
        raise ValueError("filter has services, severities and voices")
    found = Filter(**{key: _entries(key, listed) for key, listed in told.items()})
    if not set(found.severities or ()) <= set(SEVERITIES):
        raise ValueError("filter: severities are critical, warning and info")
    return None if found == Filter() else found


def lets_through(chosen: Filter | None, cue: Play) -> bool:
    """Whether a cue is to be heard."""
    return cue.why not in OF_ONE or takes(chosen, cue.severity, cue.service)


def takes(chosen: Filter | None, severity: str, service: str) -> bool:
    """Whether the cues of an alert are to be heard; `service` is empty where it has none."""
    if chosen is None or severity == "critical":
        return True
    return _has(chosen.severities, severity) and _has(chosen.services, service)


def holds(chosen: Filter | None, voice: Set) -> bool:
    """Whether a voice is to be heard. The ambient bed is of no service: only `voices` leaves it out."""
    if chosen is None:
        return True
    return _has(chosen.voices, voice.id) and (voice.id == AMBIENT or _has(chosen.services, voice.service))


def shown(chosen: Filter | None) -> dict[str, Any] | None:
    """As a listener would ask for it."""
    if chosen is None:
        return None
    lists = {key: getattr(chosen, key) for key in KEYS}
    return {key: list(listed) for key, listed in lists.items() if listed is not None}


def _has(listed: tuple[str, ...] | None, one: str) -> bool:
    return listed is None or one in listed


def _entries(key: str, told: object) -> tuple[str, ...]:
    if not isinstance(told, list) or len(told) > LISTED:
        raise ValueError(f"filter: {key} is a list of at most {LISTED}")
    if not all(isinstance(entry, str) and len(entry) <= LONGEST for entry in told):
        raise ValueError(f"filter: an entry of {key} is text of at most {LONGEST} characters")
    return tuple(cut(entry) for entry in told)
