"""docs/render.md and the example journal against the reader of journals."""

from __future__ import annotations

import dataclasses

from pages import ROOT, blocks, code, page, rows, section

from bridge.core.playback import FADE, TAIL
from bridge.model.events import AlertEvent, MetricSample
from bridge.sinks.render import FORMATS
from bridge.wire import journal


def test_every_key_of_a_journal_has_its_row() -> None:
    told = {code(row[0])[0]: row for row in rows(section("docs/render.md", "The journal"))}
    fields = {
        kind: {field.name for field in dataclasses.fields(model)} - {"received"} | {"t", "kind"}
        for kind, model in (("alert", AlertEvent), ("sample", MetricSample))
    }
    assert told.keys() == fields["alert"] | fields["sample"]
    for key, row in told.items():
        kinds = {"alert", "sample"} if row[1] == "both" else {row[1]}
        assert kinds == {kind for kind, names in fields.items() if key in names}, key
        for kind in kinds:
            needed = key in ("t", "kind", *journal.NEEDED[kind])
            said = (
                row[3] == "a bad line" or f"a bad line for a{'n' if kind == 'alert' else ''} {kind}" in row[3]
            )
            assert needed == said, (key, kind)


def test_the_lines_of_the_page_are_events() -> None:
    [block] = [block for block in blocks(page("docs/render.md")) if block.kind == "jsonl"]
    found = list(journal.read(block.text.encode().splitlines(), "page"))
    assert len(found) == 3
    assert all(isinstance(event, AlertEvent | MetricSample) for _, event in found)


def test_the_example_is_as_told() -> None:
    with (ROOT / "examples" / "incident.jsonl").open("rb") as file:
        events = [event for _, event in journal.read(file, "incident")]
    assert all(isinstance(event, AlertEvent | MetricSample) for event in events)
    assert events[-1].received - events[0].received == 95
    assert "an incident of 95 s" in page("docs/render.md")


def test_what_the_page_says_of_the_file_holds() -> None:
    text = page("docs/render.md")
    assert ", ".join(f"`{ending}`" for ending in FORMATS).replace("`.ogg`", "`.ogg` (Vorbis)") in text
    assert f"({TAIL:g} s, with a fade of {FADE:g} s)" in text
