"""Puts freshly compiled synthdefs into place, renders the page's cues with them and writes the manifest.

    python supercollider/press.py FOLDER     called by supercollider/compile

The manifest names what everything was made of, by digest, so that a test without SuperCollider can tell
whether the committed files are those of the committed sources (tests/sounds/test_fresh.py).
"""
# ruff: noqa: INP001 - a script beside the SuperCollider files, in no package

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from pathlib import Path

import catalogue

from bridge.core.score import score
from bridge.model.catalogue import SOUNDS
from bridge.model.commands import Play
from bridge.sinks.render import loudest, render

HERE = Path(__file__).parent
COMPILED = HERE / "compiled"
CUES = HERE.parent / "bridge" / "console" / "sounds"
MANIFEST = COMPILED / "manifest.json"

TAIL = 2.0
"""Seconds that a cue's reverb may take; what lies below `FAINT` at its end is cut."""

FAINT = 2e-4
"""-74 dB of full scale: nobody hears it under anything."""


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def sources() -> dict[str, str]:
    """Digest of every file that a compiled synthdef is made of."""
    files = [HERE / "build.scd", HERE / "lib" / "defs.scd", HERE / "lib" / "shapes.scd"]
    return _digests([*files, *(HERE / "synthdefs").glob("*.scd")], HERE)


def compiled() -> dict[str, str]:
    """Digest of every compiled file."""
    return _digests([*COMPILED.glob("*.scsyndef"), COMPILED / "catalogue.scd"], COMPILED)


def rendered(ends: dict[str, float]) -> dict[str, dict[str, object]]:
    """For every cue of the page its digest and what it was made of; `ends` are their lengths in s."""
    made = {}
    for sound, end in ends.items():
        inputs = {
            "score": digest(cue_score(sound, end)),
            "end": end,
            "synthdefs": [sound, "reverb", "master"],
        }
        made[f"{sound}.flac"] = {"sha256": digest((CUES / f"{sound}.flac").read_bytes()), **inputs}
    return made


def cue_score(sound: str, end: float) -> bytes:
    """The score of one cue of the page: as the catalogue has it, from the first sample on."""
    return score([(0.0, Play(sound, sound, {}))], end)


def _digests(files: list[Path], root: Path) -> dict[str, str]:
    return {file.relative_to(root).as_posix(): digest(file.read_bytes()) for file in sorted(files)}


def _end(sound: str) -> float:
    """Where the cue's reverb has become faint, in whole hundredths of a second."""
    with tempfile.TemporaryDirectory() as scratch:
        longest = SOUNDS[sound].control("dur").default + TAIL
        path = render(cue_score(sound, longest), Path(scratch) / "cue.wav")
        return round(loudest(path, above=FAINT).ends + 0.01, 2)


def main(folder: Path) -> None:
    """Bring compiled/, the page's cues and the manifest up to date."""
    for old in COMPILED.glob("*.scsyndef"):
        old.unlink()
    for new in sorted(folder.glob("*.scsyndef")):
        shutil.copyfile(new, COMPILED / new.name)
    (COMPILED / "catalogue.scd").write_text(catalogue.text())
    ends = {sound.id: _end(sound.id) for sound in SOUNDS.values() if sound.kind == "cue"}
    CUES.mkdir(parents=True, exist_ok=True)
    for sound, end in ends.items():
        render(cue_score(sound, end), CUES / f"{sound}.flac")
    manifest = {"sources": sources(), "compiled": compiled(), "rendered": rendered(ends)}
    MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
