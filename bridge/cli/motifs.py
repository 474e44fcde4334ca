"""Who is singing, in words: the motif of a service as one would sing it, and its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.core.digest import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

_INTERVALS = (
    "a minor second",
    "a second",
    "a minor third",
    "a third",
    "a fourth",
    "a tritone",
    "a fifth",
    "a minor sixth",
    "a sixth",
    "a minor seventh",
    "a seventh",
    "an octave",
)
"""From one semitone on. The page has the same words in texts.js."""
_NEAR = 0.05
"""Less than this, in semitones or in place, is no difference to an ear."""


def interval(semitones: float) -> str:
    """For example `falls a fourth`."""
    size = abs(semitones)
    if size < _NEAR:
        return "stays"
    whole = size == round(size) and size <= len(_INTERVALS)
    words = _INTERVALS[round(size) - 1] if whole else f"{size:g} semitones"
    return f"{'falls' if semitones < 0 else 'rises'} {words}"


def motif(second: float, third: float) -> str:
    """What the second and the third pulse do; each is in semitones above the first."""
    if abs(second) < _NEAR and abs(third) < _NEAR:
        return "stays on one note"
    back = abs(third) < _NEAR
    return f"{interval(second)}, then {'back' if back else interval(third - second)}"


def place(pan: float) -> str:
    """For example `left 0.4`; 1 is hard left or right."""
    if abs(pan) < _NEAR:
        return "middle"
    return f"{'left' if pan < 0 else 'right'} {abs(pan):.1f}"


def line(who: dict[str, Any]) -> str:
    """One service of the status in a line of words."""
    return f"{printable(who['service'])} sings: {motif(who['second'], who['third'])}; {place(who['pan'])}"


def table(people: Iterable[dict[str, Any]]) -> list[str]:
    """Service, motif and place in columns, with a head; empty when there is nobody."""
    found = [
        (
            printable(who["service"]),
            f"{motif(who['second'], who['third'])} ({who['second']:g}, {who['third']:g})",
            place(who["pan"]) + (" (by the rule book)" if who["chosen"] else ""),
        )
        for who in people
    ]
    if not found:
        return []
    cells = [("SERVICE", "MOTIF (SEMITONES)", "PLACE"), *found]
    first, second = (max(len(row[i]) for row in cells) for i in (0, 1))
    return [f"{row[0]:{first}}  {row[1]:{second}}  {row[2]}" for row in cells]
