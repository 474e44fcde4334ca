"""Writes the catalogue as SuperCollider reads it: `python supercollider/catalogue.py` prints it.

For every sound its kind, the head of its message (see docs/osc.md) and of every control low, high and default.
"""
# ruff: noqa: INP001 - a script beside the SuperCollider files, in no package

from __future__ import annotations

import sys

from bridge.model.catalogue import SOUNDS, Sound

HEADS = {"cpu": ("freq",), "memory": ("vol",)}
"""The heads of the first design; every other sound has the head of `/alert`."""


def _entry(sound: Sound) -> str:
    head = ", ".join(f"\\{name}" for name in HEADS.get(sound.id, ("freq", "vol", "dur", "word")))
    controls = ", ".join(f"{c.name}: [{c.low}, {c.high}, {c.default}]" for c in sound.controls)
    return f"\t{sound.id}: (kind: \\{sound.kind}, head: [{head}], controls: ({controls}))"


def text() -> str:
    """The whole file."""
    lines = ",\n".join(_entry(sound) for sound in SOUNDS.values())
    return (
        f"// Made from bridge/model/catalogue.py by supercollider/compile: not to be edited.\n(\n{lines}\n)\n"
    )


if __name__ == "__main__":
    sys.stdout.write(text())
