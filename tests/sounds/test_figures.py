"""docs/sounds.md says what is measured, has a picture of every sound, and every check within its limit."""

from __future__ import annotations

import re

import pytest
from lab import checks, figures, portraits
from lab.takes import CUES

from bridge.model.catalogue import SOUNDS

pytestmark = pytest.mark.system

REMEDY = "run `make sounds`"
PAGE = figures.PAGE.read_text()
PICTURES = list(portraits.portraits())
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_BY_TRIAL = ("told-apart", "checks")
"""Blocks that take minutes to make."""


def _without_numbers(text: str) -> str:
    return _NUMBER.sub("#", text)


def _rows(name: str) -> list[list[str]]:
    lines = [line for line in figures.block(PAGE, name).splitlines() if line.startswith("|")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


@pytest.mark.parametrize("name", [name for name in figures.blocks() if name not in _BY_TRIAL])
def test_a_block_says_what_is_measured(name):
    told, measured = figures.block(PAGE, name), figures.blocks()[name]()
    assert _without_numbers(told) == _without_numbers(measured), REMEDY
    was, now = ([float(number) for number in _NUMBER.findall(text)] for text in (told, measured))
    assert was == pytest.approx(now, rel=0.01, abs=0.3), REMEDY


@pytest.mark.parametrize("portrait", PICTURES, ids=lambda portrait: portrait.name)
def test_a_picture_is_of_the_sound_as_it_is(portrait):
    assert portraits.is_fresh(portrait), REMEDY
    assert portrait.path.stat().st_size < 60_000


def test_every_picture_is_shown_and_told_in_words():
    shown = dict(re.findall(r"^!\[Spectrogram of ([^\]]+)\]\(sounds/([\w-]+)\.png\)$", PAGE, re.MULTILINE))
    names = list(shown.values())
    assert names == [portrait.name for portrait in PICTURES]
    assert {path.stem for path in portraits.FOLDER.iterdir()} == set(names)
    assert all(len(words) > 60 for words in shown)


def test_every_sound_has_its_chapter():
    assert re.findall(r"^### `(\w+)`$", PAGE, re.MULTILINE) == list(SOUNDS)


def test_every_cue_was_asked_in_full():
    rows = {row[0].strip("`"): row[1:] for row in _rows("told-apart")}
    assert list(rows) == [*CUES, "all"], REMEDY
    assert all(cell.endswith(f" of {checks.EACH}") for cue in CUES for cell in rows[cue])


def test_every_check_is_there_and_within_its_limit():
    rows = _rows("checks")
    assert sorted({int(row[0]) for row in rows}) == list(range(1, 13)), REMEDY
    shares = {row[1]: (row[2], row[3]) for row in rows if row[3].endswith("% or more")}
    assert len(shares) >= 6
    for what, cells in shares.items():
        figure, limit = (float(_NUMBER.findall(cell)[0]) for cell in cells)
        assert figure >= limit, what
