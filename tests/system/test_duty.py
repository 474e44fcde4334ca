"""The commands for whoever is on duty, against a real bridge."""

from __future__ import annotations

import getpass
import json
import re
import subprocess
import sys

import pytest
from lab.bridge import Bridge, one_alert, webhook

from bridge.config import DEFAULT_BOOK

pytestmark = pytest.mark.system


@pytest.fixture
def bridge(tmp_path):
    book = DEFAULT_BOOK.read_text().replace(
        "expect: []", "expect: [{name: boiler, type: temperature, within: 1h}]"
    )
    with Bridge(tmp_path, book=book) as running:
        alerts = (("aa11", "critical", "api"), ("aa22", "warning", "db"), ("bb33", "info", "web"))
        running.post(
            "/alert",
            webhook(*(one_alert("firing", fp, severity=word, service=who) for fp, word, who in alerts)),
        )
        yield running


@pytest.fixture
def pager(bridge):
    """The command: (exit code, stdout, stderr)."""

    def run(*words):
        command = [sys.executable, "-m", "bridge", *words, "--url", bridge.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


def test_the_first_takes_it_on_and_the_second_is_told_who_was_first(bridge, pager):
    code, said, _ = pager("ack", "bb", "--by", "anna", "--why", "on it")
    assert code == 0
    assert said.startswith("Acknowledged info HighCPU on web, until ")
    code, said, _ = pager("ack", "bb33", "--by", "bob")
    assert code == 0
    assert said.startswith("info HighCPU on web was acknowledged already: by anna, ")
    assert "ago (on it), until " in said
    assert "acknowledged by anna" in pager("status")[1]
    assert pager("unack", "bb")[:2] == (0, "Ended 1 acknowledgement.\n")
    assert all(alert["acknowledged"] is None for alert in bridge.status()["firing"])


def test_without_a_fingerprint_it_is_all_and_by_the_login_name(bridge, pager):
    code, said, _ = pager("ack")
    assert (code, said.count("Acknowledged ")) == (0, 3)
    assert {alert["acknowledged"]["by"] for alert in bridge.status()["firing"]} == {getpass.getuser()}
    answer = json.loads(pager("unack", "--json")[1])
    assert sorted(answer["unacknowledged"]) == ["aa11", "aa22", "bb33"]


def test_a_prefix_that_fits_two_takes_neither_and_lists_them(bridge, pager):
    code, _, said = pager("ack", "aa")
    assert code == 1
    assert "'aa' begins 2 fingerprints" in said
    assert "aa11  critical HighCPU on api\naa22  warning HighCPU on db\n" in said
    assert all(alert["acknowledged"] is None for alert in bridge.status()["firing"])


@pytest.mark.parametrize(
    "words", [("ack", "zz"), ("unack", "zz"), ("ack", "flatline"), ("ack", "--why", "a\nb")]
)
def test_a_mistake_is_told_with_exit_code_one(pager, words):
    code, said, error = pager(*words)
    assert code == 1
    assert (said + error).count("\n") == 1


def test_a_fingerprint_that_nothing_has_leads_to_the_status(pager):
    for command in ("ack", "unack"):
        said = pager(command, "zz")[2]
        assert "'zz'" in said
        assert "`singing-pager status`" in said
        assert "api" not in said


def test_a_test_that_does_not_sound_is_not_said_to_be_heard(tmp_path):
    book = DEFAULT_BOOK.read_text().replace(
        "# quiet_hours: ", 'quiet_hours: {zone: UTC, from: "00:00", to: "24:00"}\n# '
    )
    with Bridge(tmp_path, book=book) as running:
        for severity, last in (
            ("warning", "Not sounded: quiet hours."),
            ("critical", "Nobody hears this yet"),
        ):
            words = ["fire", "--severity", severity, "--for", "5s", "--url", running.url]
            done = subprocess.run(
                [sys.executable, "-m", "bridge", *words],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.stdout.splitlines()[1].startswith(last), done


def test_the_watch_is_told_and_switched(bridge, pager):
    code, said, _ = pager("watch")
    assert code == 0
    assert said.startswith(
        "Watch: armed for boiler; no Watchdog has come yet: Prometheus itself is not watched.\n"
        "watchdog: not armed, never heard"
    )
    assert "      matchers: ['alertname=\"Watchdog\"']\n" in said
    code, said, _ = pager("watch", "off", "--by", "anna")
    assert code == 0
    assert re.search(r"Watch: OFF for \d+ s, by anna\.", said)
    assert bridge.status()["watch"]["on"] is False
    assert json.loads(pager("watch", "on", "--json")[1])["on"] is True
    assert pager("watch", "perhaps")[0] == 2
    assert bridge.alert("firing", "w", alertname="Watchdog", severity="none")[0] == 200
    said = pager("watch")[1]
    assert re.match(r"Watch: armed, heard watchdog \d+ s ago", said)
    assert "matchers" not in said


def test_who_sings_is_a_table(bridge, pager):
    head, *rows = pager("who")[1].splitlines()
    assert head.split() == ["SERVICE", "MOTIF", "(SEMITONES)", "PLACE"]
    assert [row.split()[0] for row in rows] == ["api", "db", "web"]
    assert json.loads(pager("who", "--json")[1])["who"] == bridge.status()["who"]
    told = pager("status")[1]
    assert all(f"{service} sings: " in told for service in ("api", "db", "web"))
