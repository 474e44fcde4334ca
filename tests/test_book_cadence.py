"""Who, quiet hours, what is expected, digests and levels in the rule book; every mistake stands in fixtures/config."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bridge import config
from bridge.core.quiet import Quiet
from bridge.core.watch import Expectation
from bridge.core.who import Choice
from bridge.model.errors import ConfigError

HEAD = "version: 1\nalerts: [{name: all}]\n"
BERLIN = ZoneInfo("Europe/Berlin")
MISTAKES = {path.stem for path in (Path(__file__).parent / "fixtures" / "config").glob("bad-*.yml")}


def book(text):
    return config.parse((HEAD + text).encode(), "f.yml")


def rules(text):
    return book(text).compiled()


@pytest.mark.parametrize(
    "key", ["who-motif", "quiet", "expect", "cadence-digest", "osc-level", "limits-flood"]
)
def test_every_new_key_has_its_mistakes(key):
    assert any(stem.startswith(f"bad-{key}") for stem in MISTAKES)


def test_nothing_said_is_no_quiet_no_expectation_no_digest_and_everything_heard():
    plain = rules("")
    assert (plain.chosen, plain.quiet, plain.expected, plain.digest_every, plain.flood) == (
        {},
        None,
        (),
        0.0,
        True,
    )
    assert book("").osc.level == "everything"


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("{pan: -0.4}", Choice(-0.4, None)),
        ("{pan: 0}", Choice(0.0, None)),
        ("{motif: [-5, 0]}", Choice(None, (-5.0, 0.0))),
        ("{motif: [0, 0]}", Choice(None, (0.0, 0.0))),
        ("{pan: 0.6, motif: [-12, 12]}", Choice(0.6, (-12.0, 12.0))),
        ("{}", Choice(None, None)),
    ],
)
def test_a_service_is_given_a_place_a_motif_or_both(text, choice):
    assert rules(f"who: {{shop: {text}}}").chosen == {"shop": choice}


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ('from: "22:00", to: "07:00"', Quiet(BERLIN, 22 * 60, 7 * 60)),
        ('from: "7:05", to: "23:59"', Quiet(BERLIN, 425, 1439)),
        ('from: "00:00", to: "24:00", days: [sat, sun]', Quiet(BERLIN, 0, 1440, frozenset({5, 6}))),
        ('from: "22:00", to: "0:00", days: [fri]', Quiet(BERLIN, 1320, 0, frozenset({4}))),
        ("from: '22:00', to: 07:00", Quiet(BERLIN, 1320, 420)),
    ],
)
def test_quiet_hours(text, quiet):
    assert rules(f"quiet_hours: {{zone: Europe/Berlin, {text}}}").quiet == quiet


@pytest.mark.parametrize(
    ("within", "seconds"),
    [("10s", 10), ("90s", 90), ("2m", 120), ("1h30m", 5400), ("7d", 604800), ("10500ms", 10.5)],
)
def test_what_is_expected_has_its_time(within, seconds):
    (found,) = rules(f"expect: [{{name: boiler, type: temperature, within: {within}}}]").expected
    assert found == Expectation("boiler", seconds, "temperature")


@pytest.mark.parametrize("within", ["9s", "9999ms", "169h", "0s", "2 m", "m", "-2m", "1.5h", "٣m", ""])
def test_what_is_no_such_time_is_told(within):
    with pytest.raises(ConfigError, match=r"^f\.yml:3: expect\.0\.within: .* is no time from 10s to 7d"):
        book(f'expect: [{{name: a, type: cpu, within: "{within}"}}]')


def test_alerts_are_expected_by_matchers():
    text = "expect: [{name: west, within: 3m, match: ['alertname=\"Watchdog\"', 'cluster=~\"west.*\"']}]"
    (found,) = rules(text).expected
    assert found.type is None
    assert found.takes({"alertname": "Watchdog", "cluster": "west-2"}, None)
    assert not found.takes({"alertname": "Watchdog", "cluster": "east"}, None)
    assert not found.takes({"alertname": "Watchdog", "cluster": "west-2"}, "cpu")


@pytest.mark.parametrize(
    ("text", "seconds"), [("{digest_every: 10m}", 600), ("{digest_every: 4h}", 14400), ("{}", 0)]
)
def test_a_digest_is_switched_on(text, seconds):
    assert rules(f"cadence: {text}").digest_every == seconds


@pytest.mark.parametrize("level", ["cues", "heartbeat", "everything"])
def test_how_much_the_osc_target_sounds(level):
    assert book(f"osc: {{level: {level}}}").osc.level == level


def test_the_flood_is_switched_off():
    assert rules("limits: {flood: false}").flood is False
