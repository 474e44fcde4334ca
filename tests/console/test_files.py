"""What stands in the page's files: nothing from elsewhere, no markup from labels, words in one place, contrast."""

from __future__ import annotations

import itertools
import json
import re
import subprocess

import pytest

from bridge.cli.duty import ROUTE
from bridge.cli.look import reason
from bridge.cli.motifs import motif, place
from bridge.model.catalogue import SOUNDS
from bridge.model.events import Reason

MARKUP = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "document.write",
    "eval(",
    "new Function",
    "DOMParser",
)
GROUNDS = {
    "ground": ("text", "soft", "accent", "critical", "warning", "info", "good"),
    "card": ("text", "soft", "accent", "critical", "warning", "info", "good"),
    "row-critical": ("text", "soft", "accent", "critical"),
    "accent": ("on-accent",),
    "critical": ("on-critical",),
    "warning": ("on-warning",),
    "info": ("on-info",),
}
"""Which text stands on which ground."""


PAGES = {"index.html", "wall.html"}


def sources(console):
    return {file.name: file.read_text() for file in console.iterdir() if file.is_file()}


def exported(node, console, module, name):
    """The value that a module of the page exports, through JSON."""
    script = f"import * as m from '{(console / module).as_uri()}'; console.log(JSON.stringify(m.{name}))"
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def test_nothing_comes_from_another_host(console):
    for name, text in sources(console).items():
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, name


def test_labels_can_never_become_markup(console):
    for name, text in sources(console).items():
        found = [word for word in MARKUP if word in text]
        assert not found, f"{name} uses {found}"


@pytest.mark.parametrize("file", sorted(PAGES))
def test_the_page_works_under_a_strict_policy(console, file):
    page = (console / file).read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", page) == [""]


def test_every_file_is_used_and_every_used_file_is_there(console):
    texts = sources(console)
    named = set()
    for text in texts.values():
        named |= set(re.findall(r'"/console/([\w.-]+)"', text)) | set(
            re.findall(r'from "\./([\w.-]+)"', text)
        )
    assert named | PAGES == set(texts)


def test_the_cues_are_those_of_the_catalogue_at_their_default_level(node, console):
    cues = exported(node, console, "cues.js", "CUES")
    assert cues == {s.id: s.control("vol").default for s in SOUNDS.values() if s.kind == "cue"}
    assert set(exported(node, console, "cues.js", "ESSENTIAL")) <= set(cues)


def test_every_file_of_a_cue_is_there_and_known(node, console):
    files = exported(node, console, "cues.js", "FILES")
    assert {f"{file}.flac" for file in files} == {path.name for path in (console / "sounds").iterdir()}
    assert all((console / "sounds" / f"{file}.flac").stat().st_size > 1000 for file in files)


def test_the_page_tells_of_a_motif_as_the_command_line_does(node, console):
    pairs = [*itertools.product((0, -5, -8, -12, 7), repeat=2), (-2.5, 1), (12, -12)]
    calls = ", ".join(f"m.motif({second}, {third})" for second, third in pairs)
    assert exported(node, console, "texts.js", f"texts && [{calls}]") == [motif(*pair) for pair in pairs]
    places = [-1, -0.6, -0.257, -0.04, 0, 0.086, 0.6]
    shown = exported(node, console, "texts.js", f"texts && {places}.map(m.place)")
    assert shown == [place(pan) for pan in places]


def test_the_page_tells_why_a_test_does_not_sound_as_the_command_line_does(node, console):
    words = [str(word) for word in Reason]
    shown = exported(node, console, "texts.js", f"texts && {json.dumps(words)}.map(m.reason)")
    assert shown == [reason(word) for word in words]


def test_the_route_to_paste_is_that_of_the_readme(node, console):
    root = console.parents[1]
    [route] = re.findall(
        r"(    - receiver: singing-pager\n      matchers: \['alertname=\"Watchdog\"'\]\n(?:      .+\n)+)",
        (root / "README.md").read_text(),
    )
    assert exported(node, console, "texts.js", "texts.watchRoute") == ROUTE == route.rstrip("\n")


def test_every_word_is_in_one_place_and_used(console):
    texts = sources(console)
    table = texts["texts.js"].split("export const texts", 1)[1]
    keys = set(re.findall(r"^  (\w+): ", table, re.MULTILINE)) | {"critical", "warning", "info"}
    markup = "".join(texts[page] for page in sorted(PAGES))
    used = set(re.findall(r'data-text="(\w+)"', markup))
    for text in texts.values():
        used |= set(re.findall(r"\btexts\.(\w+)", text))
    used.discard("js")
    assert used == keys
    spoken = re.sub(r"<(title|noscript|script).*?</\1>|<[^>]+>", "", markup, flags=re.DOTALL)
    assert not spoken.strip()


def themes(console):
    """Light and dark: name → #rrggbb."""
    light, dark = (console / "style.css").read_text().split("prefers-color-scheme: dark", 1)
    read = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css)) for css in (light, dark)]
    assert read[0].keys() == read[1].keys()
    return {"light": read[0], "dark": read[1]}


def luminance(colour):
    """Relative luminance, WCAG 2.2."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_is_at_least_aa(console, theme):
    colours = themes(console)[theme]
    pairs = itertools.chain.from_iterable(itertools.product([g], fronts) for g, fronts in GROUNDS.items())
    for ground, front in pairs:
        low, high = sorted((luminance(colours[ground]), luminance(colours[front])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, f"{front} on {ground}"
