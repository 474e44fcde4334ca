"""What lets a browser install the page as an app."""

from __future__ import annotations

import json
from pathlib import Path

CONSOLE = Path(__file__).parents[2] / "bridge" / "console"
MANIFEST = "/console/manifest.webmanifest"


async def test_the_manifest_is_served_as_one_and_both_pages_may_load_it(door):
    it = await door()
    answer = await it.ask("GET", MANIFEST)
    assert answer.headers["content-type"] == "application/manifest+json"
    for path in ("/", "/wall"):
        page = await it.ask("GET", path)
        assert f'<link rel="manifest" href="{MANIFEST}">' in page.text
        assert "; manifest-src 'self'; " in page.headers["content-security-policy"]


def test_what_the_manifest_names_is_there():
    manifest = json.loads((CONSOLE / "manifest.webmanifest").read_text())
    assert manifest["start_url"] == manifest["scope"] == "/"
    assert manifest["display"] == "standalone"
    assert manifest["name"]
    assert manifest["short_name"]
    for icon in manifest["icons"]:
        assert (CONSOLE / icon["src"].removeprefix("/console/")).exists()
