"""Puts freshly compiled synthdefs into place, renders the page's cues with them and writes the manifest.

    python supercollider/press.py FOLDER     called by supercollider/compile

The manifest names what everything was made of, by digest, so that a test without SuperCollider can tell
whether the committed files are those of the committed sources (tests/sounds/test_fresh.py).
"""
# ruff: noqa: INP001 - a script beside the SuperCollider files, in no package

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import sys
import tempfile
from pathlib import Path

import catalogue

from bridge.core.conductor import ALTERED
from bridge.core.score import score
from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.commands import Play
from bridge.sinks.render import render
from bridge.sinks.soundfiles import loudest

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


def cues() -> dict[str, Play]:
    """Every cue of the page by the name of its file: as the catalogue has it, and what a file cannot bend.

    The page cannot reckon a digest out, so there is one for each worst severity, at the pitch of that, and number of
    further alerts, for example `digest.2.3`; and the heartbeat that is altered while something is muted.
    """
    found = {s.id: Play(s.id, s.id, {}) for s in SOUNDS.values() if s.kind == "cue" and s.id != "digest"}
    altered = {"second": ALTERED}
    found["heartbeat.altered"] = Play("heartbeat.altered", "heartbeat", altered)
    for worst, count in itertools.product(*(_whole("digest", name) for name in ("worst", "count"))):
        name = f"digest.{worst}.{count}"
        freq = SOUNDS[SEVERITIES[worst]].control("freq").default
        found[name] = Play(name, "digest", {"freq": freq, "worst": float(worst), "count": float(count)})
    return found


def rendered(ends: dict[str, float]) -> dict[str, dict[str, object]]:
    """For every file of the page its digest and what it was made of; `ends` are their lengths in s."""
    made = {}
    for name, end in ends.items():
        inputs = {
            "score": digest(cue_score(name, end)),
            "end": end,
            "synthdefs": [cues()[name].sound, "reverb", "master"],
        }
        made[f"{name}.flac"] = {"sha256": digest((CUES / f"{name}.flac").read_bytes()), **inputs}
    return made


def cue_score(name: str, end: float) -> bytes:
    """The score of one cue of the page, from the first sample on."""
    return score([(0.0, cues()[name])], end)


def _digests(files: list[Path], root: Path) -> dict[str, str]:
    return {file.relative_to(root).as_posix(): digest(file.read_bytes()) for file in sorted(files)}


def _whole(sound: str, control: str) -> range:
    """The whole numbers in the range of a control."""
    found = SOUNDS[sound].control(control)
    return range(int(found.low), int(found.high) + 1)


def _end(name: str) -> float:
    """Where the cue's reverb has become faint, in whole hundredths of a second."""
    with tempfile.TemporaryDirectory() as scratch:
        longest = SOUNDS[cues()[name].sound].control("dur").default + TAIL
        path = render(cue_score(name, longest), Path(scratch) / "cue.wav")
        return round(loudest(path, above=FAINT).ends + 0.01, 2)


def main(folder: Path) -> None:
    """Bring compiled/, the page's cues and the manifest up to date."""
    for old in COMPILED.glob("*.scsyndef"):
        old.unlink()
    for new in sorted(folder.glob("*.scsyndef")):
        shutil.copyfile(new, COMPILED / new.name)
    (COMPILED / "catalogue.scd").write_text(catalogue.text())
    ends = {name: _end(name) for name in cues()}
    CUES.mkdir(parents=True, exist_ok=True)
    for old in CUES.glob("*.flac"):
        old.unlink()
    for name, end in ends.items():
        render(cue_score(name, end), CUES / f"{name}.flac")
    manifest = {"sources": sources(), "compiled": compiled(), "rendered": rendered(ends)}
    MANIFEST.write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
