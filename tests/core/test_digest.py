"""One sentence for an ear."""

from __future__ import annotations

import pytest
from core.events import BOOK, NOW, fires

from bridge.core import digest
from bridge.core.engine import Active


def active(fingerprint="f", severity="critical", since=0.0, *, audible=True, **labels):
    event = fires(
        fingerprint, severity, labels={"alertname": f"A{fingerprint}", "service": f"s{fingerprint}"} | labels
    )
    return Active(event, NOW - since, severity, "r", audible)


@pytest.mark.parametrize(
    ("alerts", "sentence"),
    [
        ([], "Nothing is firing."),
        ([active(audible=False)], "Nothing is firing."),
        ([active("1", since=250)], "1 critical: A1 on s1, for 4 min."),
        (
            [active("1", "info", 5), active("2", since=7200)],
            "1 critical: A2 on s2, for 2 h. 1 info: A1 on s1, for 5 s.",
        ),
        ([active("1", since=1, singing_pager_test="true")], "1 critical: TEST A1 on s1, for 1 s."),
        ([active("1", since=-5)], "1 critical: A1 on s1, for 0 s."),
        (
            [active(str(i), "warning", 86400 * i) for i in range(1, 6)],
            "5 warning: A5 on s5, for 5 d; A4 on s4, for 4 d; A3 on s3, for 3 d; 2 more.",
        ),
    ],
)
def test_the_sentence(alerts, sentence):
    assert digest.sentence(alerts, BOOK, NOW) == sentence


def test_an_alert_without_labels_has_a_name_too():
    alert = Active(fires("x"), NOW, "info", "r", audible=True)
    object.__setattr__(alert.event, "labels", {})
    assert digest.sentence([alert], BOOK, NOW) == "1 info: an alert without a name, for 0 s."


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86399, "23 h"),
        (86400 * 400, "400 d"),
    ],
)
def test_ages(seconds, said):
    assert digest.age(seconds) == said
