"""Sounds, outcomes, reasons, metrics and OSC addresses: what the code has is told, and what is told exists."""

from __future__ import annotations

import re

from pages import DOCS, NONE, ROOT, code, everything, page, rows, section
from prometheus_client.metrics import MetricWrapperBase

from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.commands import Play, Release, Set
from bridge.model.events import Outcome, Reason, Source
from bridge.telemetry import Metrics
from bridge.wire import osc


def first_words(name: str, title: str) -> list[str]:
    return [code(row[0])[0] for row in rows(section(name, title))]


def test_every_outcome_and_reason_is_told() -> None:
    told = first_words("docs/design.md", "How an event ends")
    assert told == [*(str(o) for o in Outcome), *(str(r) for r in Reason)]


def test_the_table_of_sounds() -> None:
    found = [row for row in rows(section("README.md", "The sounds")) if code(row[0])]
    expected = [(f"`{s.id}`", s.kind, s.text) for s in SOUNDS.values()]
    assert [row[:3] for row in found] == expected
    for row in found:
        path = re.search(r"\((.+)\)", row[3])
        assert (path is not None) == (row[1] == "cue"), row
        assert path is None or (ROOT / path[1]).is_file(), row


def test_every_file_of_a_sound_is_in_the_table() -> None:
    """A cue that has several files has its name before the first dot of each."""
    files = {path.name.partition(".")[0] for path in (ROOT / "bridge/console/sounds").glob("*.flac")}
    assert files == {s.id for s in SOUNDS.values() if s.kind == "cue"}


def test_every_sound_and_synthdef_has_its_place_in_docs() -> None:
    text = "\n".join(path.read_text() for path in DOCS.glob("*.md"))
    synthdefs = {path.stem for path in (ROOT / "supercollider/synthdefs").glob("*.scd")}
    assert not [
        name for name in sorted(synthdefs | set(SOUNDS)) if not re.search(rf"`{name}(?:\.scd)?`", text)
    ]


def test_contracts_of_the_cues_and_voices() -> None:
    text = section("docs/design.md", "Contracts")
    for severity in SEVERITIES:
        d = SOUNDS[severity].defaults()
        assert re.search(rf"{severity} {d['freq']:.0f} Hz, (?:level )?{d['vol']}, {d['dur']} s", text), (
            severity
        )


def metrics() -> list[MetricWrapperBase]:
    return [m for m in vars(Metrics()).values() if isinstance(m, MetricWrapperBase)]


def metric_row(metric: MetricWrapperBase) -> str:
    """A metric's line of the table."""
    name = metric._name + ("_total" if metric._type == "counter" else "")
    labels = ", ".join(f"`{label}`" for label in metric._labelnames) or NONE
    return f"| `{name}` | {metric._type} | {labels} | {metric._documentation} |"


def test_every_metric_has_its_row() -> None:
    table = [line for line in section("docs/metrics.md", "Metrics").splitlines() if line.startswith("| `")]
    table = table[: len(metrics())]
    assert table == [metric_row(m) for m in metrics()]


def test_every_metric_that_is_named_exists() -> None:
    rules = page("prometheus/alerts.yml")
    known = {code(metric_row(m))[0] for m in metrics()}
    named = set(re.findall(r"\bpager_[a-z_]+[a-z]\b", everything() + rules))
    assert not sorted(named - known)


def test_every_label_is_told() -> None:
    told = {word for row in rows(section("docs/metrics.md", "Labels")) for word in code(row[0])}
    assert told == {label for m in metrics() for label in m._labelnames}
    sources = next(row for row in rows(section("docs/metrics.md", "Labels")) if row[0] == "`source`")
    assert {str(s) for s in Source} <= set(code(sources[1]))


def sent_by_the_bridge() -> set[str]:
    """The address of everything that the bridge can send."""
    told: list[bytes] = [osc.hello("s"), osc.stats(), osc.command(Release("x"))]
    for sound in SOUNDS.values():
        play = Play("x", sound.id, sound.defaults())
        told.append(osc.command(play if sound.kind == "cue" else Set("x", sound.id, sound.defaults())))
    return {datagram.partition(b"\0")[0].decode() for datagram in told}


def known_to_the_engine() -> set[str]:
    """The addresses that the engine's responders name, and those that it makes of the catalogue."""
    named = re.findall(r"(?:'|msg\[0\] == ')(/[a-z]+)'", page("supercollider/lib/engine.scd"))
    named += re.findall(r"msg\[0\] == '(/[a-z]+)'", page("supercollider/lib/orders.scd"))
    sounds = {f"/{name}" for name in SOUNDS if name not in SEVERITIES}
    return (set(named) | sounds) - {"/synced"}


def test_every_osc_address_is_told_and_exists() -> None:
    told = set(first_words("docs/osc.md", "Bridge (or anybody) → engine"))
    assert told == known_to_the_engine()
    assert sent_by_the_bridge() <= told


def test_every_answer_of_the_engine_is_told() -> None:
    told = set(first_words("docs/osc.md", "Engine → the address and port that asked"))
    sent = set(re.findall(r'sendMsg\("(/[a-z]+)"', page("supercollider/lib/engine.scd"))) - {"/sync"}
    assert told == sent


def test_osc_heads_are_as_told() -> None:
    heads = {code(row[0])[0]: row[1] for row in rows(section("docs/osc.md", "Bridge (or anybody) → engine"))}
    for sound in SOUNDS.values():
        address = "/alert" if sound.id in SEVERITIES else f"/{sound.id}"
        words = osc._HEADS.get(sound.id, (*osc._FULL_HEAD, ""))
        assert [w.partition("(")[0] for w in heads[address].split()][: len(words) - 1] == [
            w for w in words if w
        ][: len(words) - 1]
