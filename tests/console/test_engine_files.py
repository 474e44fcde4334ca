"""The page's sound engine: pinned, served as it came, with its licences."""

from __future__ import annotations

import json
from pathlib import Path

ENGINE = Path(__file__).parents[2] / "bridge" / "engine"
FILES = ENGINE / "files"
PACKAGES = {"supersonic-scsynth": "MIT", "supersonic-scsynth-core": "GPL-3.0-or-later"}


def test_both_packages_are_pinned_and_the_lock_names_no_registry():
    wanted = json.loads((ENGINE / "package.json").read_text())["dependencies"]
    text = (ENGINE / "package-lock.json").read_text()
    locked = json.loads(text)["packages"]
    assert wanted.keys() == PACKAGES.keys()
    for name, licence in PACKAGES.items():
        found = locked[f"node_modules/{name}"]
        assert (found["version"], found["license"]) == (wanted[name], licence)
        assert found["integrity"].startswith("sha512-")
    assert "resolved" not in text


def test_what_is_served_is_what_is_pinned_and_says_whose_it_is():
    assert (FILES / "package-lock.json").read_text() == (ENGINE / "package-lock.json").read_text(), (
        "run `make setup`"
    )
    source = (FILES / "SOURCE.txt").read_text()
    for name, licence in PACKAGES.items():
        assert f"{name} 0.59.0, {licence}" in source
    assert "GNU General Public License" in (FILES / "LICENSE-core.txt").read_text()
    assert "GNU GENERAL PUBLIC LICENSE" in (FILES / "GPL-3.0.txt").read_text()
    assert "MIT" in (FILES / "LICENSE-client.txt").read_text()
