"""The default rule book, row by row, and what a rule does to a sound."""

from __future__ import annotations

import pytest

from bridge import config
from bridge.core.matchers import parse
from bridge.core.rules import Rule, RuleBook, clip
from bridge.core.scaling import Scale
from bridge.core.who import NOBODY
from bridge.model.catalogue import SOUNDS

BOOK = config.load(config.DEFAULT_BOOK).compiled()


def severities(sound, words):
    spellings = [spelled for word in words.split() for spelled in (word, word.upper(), word.title())]
    return [({"severity": spelled}, sound) for spelled in spellings]


@pytest.mark.parametrize(
    ("labels", "sound"),
    [
        ({"alertname": "Watchdog", "severity": "critical"}, "sign_of_life"),
        ({"alertname": "Watchdog", "severity": "none"}, "sign_of_life"),
        ({"alertname": "watchdog", "severity": "critical"}, "critical"),
        ({"alertname": "InfoInhibitor", "severity": "critical"}, "silent"),
        *severities("silent", "none"),
        *severities("critical", "critical page emergency fatal disaster p1 sev1"),
        *severities("warning", "warning error high major average p2 sev2"),
        *severities("info", "info"),
        *severities("info", "debug notice p3 criticalish xpage 1 ☃"),
        ({"severity": ""}, "info"),
        ({}, "info"),
        ({"severity": "critical\n"}, "info"),
        ({"severity": " critical"}, "info"),
    ],
)
def test_the_default_book(labels, sound):
    assert BOOK.alert_rule(labels).sound == sound


@pytest.mark.parametrize(
    ("labels", "unknown"),
    [
        ({"severity": "info"}, False),
        ({"severity": "INFO"}, False),
        ({"severity": "notice"}, True),
        ({}, True),
    ],
)
def test_only_what_no_rule_knows_counts_as_unknown(labels, unknown):
    assert BOOK.alert_rule(labels).unknown_severity is unknown


@pytest.mark.parametrize(
    ("kind", "value", "sound", "params"),
    [
        ("cpu", 0.0, "cpu", {"freq": 440}),
        ("cpu", 0.5, "cpu", {"freq": 660}),
        ("cpu", 1.0, "cpu", {"freq": 880}),
        ("cpu", 7.0, "cpu", {"freq": 880}),
        ("memory", 0.0, "memory", {"vol": 0.1}),
        ("memory", 0.5, "memory", {"vol": 0.55}),
        ("memory", -1, "memory", {"vol": 0.1}),
        ("anything", 0.0, "metric", {"freq": 110}),
        ("anything", 100.0, "metric", {"freq": 110 * 2 ** (19 / 12)}),
        ("CPU", 50.0, "metric", {}),
    ],
)
def test_samples_by_the_default_book(kind, value, sound, params):
    rule = BOOK.metric_rule(kind, {})
    voice = BOOK.voice(rule, value, NOBODY)
    assert rule.sound == sound
    assert {name: voice[name] for name in params} == pytest.approx(params)


@pytest.mark.parametrize(
    ("severity", "params"),
    [
        ("critical", {"freq": 880, "vol": 0.9, "dur": 2.0, "pan": 0}),
        ("warning", {"freq": 660, "vol": 0.7, "dur": 1.5, "pan": 0}),
        ("info", {"freq": 440, "vol": 0.5, "dur": 1.0, "pan": 0}),
    ],
)
def test_the_contract_of_the_first_design(severity, params):
    found = BOOK.cue(BOOK.alert_rule({"severity": severity}), severity, None, NOBODY)
    assert {name: found[name] for name in params} == pytest.approx(params)
    assert not any(found[name] for name in found.keys() - params.keys())


def book(**fields):
    return RuleBook(**{"alerts": (), "metrics": ()} | fields)


def rule(match="", sound="info", **fields):
    return Rule("r", parse(match), sound, **fields)


def test_the_first_rule_that_matches_wins():
    two = book(alerts=(rule('a="1"', "warning"), rule("", "critical")))
    assert [two.alert_rule(labels).sound for labels in ({"a": "1"}, {"a": "2"})] == ["warning", "critical"]


def test_without_a_rule_an_alert_is_a_plain_info_and_a_sample_the_generic_drone():
    empty = book()
    assert (empty.alert_rule({}).sound, empty.alert_rule({}).unknown_severity) == ("info", True)
    assert empty.metric_rule("x", {}).sound == "metric"


@pytest.mark.parametrize(("value", "freq"), [(None, 440), (0, 300), (50, 450), (100, 600), (1e9, 600)])
def test_an_alerts_value_may_shape_its_cue(value, freq):
    shaped = rule("", "info", params={"freq": Scale("linear", 0, 100, 300, 600)})
    assert book().cue(shaped, "info", value, NOBODY)["freq"] == pytest.approx(freq)


def test_a_rules_parameters_are_not_those_of_its_resolution():
    shaped = rule("", "info", params={"freq": 1000.0})
    assert book().cue(shaped, "resolved", None, NOBODY)["freq"] == SOUNDS["resolved"].control("freq").default


@pytest.mark.parametrize(("scale", "vol"), [(0.0, 0.0), (0.5, 0.45), (1.0, 0.9), (2.0, 1.0)])
def test_alert_scale_moves_the_level_within_its_range(scale, vol):
    assert book(alert_scale=scale).cue(rule("", "critical"), "critical", None, NOBODY)[
        "vol"
    ] == pytest.approx(vol)


def test_clip_holds_every_control_and_drops_what_the_sound_has_not():
    wild = {"freq": 1e30, "vol": -5.0, "dur": 1e9, "pan": -7.0, "cutoff": 3.0}
    assert clip(SOUNDS["info"], wild) == {"freq": 12000.0, "vol": 0.0, "dur": 30.0, "pan": -1.0}


@pytest.mark.parametrize(
    ("labels", "who"),
    [
        ({"service": "a", "job": "b"}, "a"),
        ({"service": "", "job": "b"}, "b"),
        ({"namespace": "n", "instance": "i"}, "n"),
        ({"instance": "i"}, "i"),
        ({"pod": "p"}, ""),
    ],
)
def test_who_an_alert_is_about(labels, who):
    assert book().service(labels) == who
