"""The ledger, the journal and the commands on duty, against a real bridge: running, stopped, killed and meddled with."""

from __future__ import annotations

import contextlib
import getpass
import json
import sqlite3
import subprocess
import sys

import pytest
from lab.bridge import EVERY_CUE, Bridge, one_alert, webhook
from lab.programs import wait_for

pytestmark = pytest.mark.system


@pytest.fixture
def bridge(tmp_path):
    with Bridge(tmp_path, book=EVERY_CUE) as running:
        yield running


@pytest.fixture
def pager(bridge):
    """The command: (exit code, stdout, stderr). What reads the store is told its folder, the others the address."""

    def run(*words):
        stored = words[0] in {"ledger", "export"}
        where = ("--data-dir", str(bridge.state)) if stored else ("--url", bridge.url)
        command = [sys.executable, "-m", "bridge", *words, *where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


def busy(bridge):
    """A bit of everything: onsets, repeats, ends, samples, what cannot be read."""
    alerts = [
        one_alert("firing", f"f{n}", severity=("critical", "warning", "info")[n % 3]) for n in range(30)
    ]
    assert bridge.post("/alert", webhook(*alerts))[0] == 200
    assert bridge.post("/alert", webhook(*alerts[:10]))[0] == 200
    assert bridge.post("/alert", webhook(*(one_alert("resolved", f"f{n}") for n in range(5))))[0] == 200
    assert bridge.post("/alert", {"alerts": [5]})[0] == 200
    assert bridge.post("/metric", [{"type": "cpu", "value": n / 10} for n in range(10)])[0] == 200
    assert bridge.post("/metric", [{"type": "", "value": 1}])[0] == 200


def settled(bridge):
    """Whether every event has its outcome, by the counters."""
    found = bridge.metrics()
    return found.sum("pager_events_received_total") == found.sum("pager_events_total") > 0


def test_the_ledger_adds_up_running_stopped_and_killed(bridge, pager):
    busy(bridge)
    code, said, _ = pager("ledger")
    assert (code, said.splitlines()[-1]) == (
        0,
        "It adds up: everything that came has an outcome, or is open.",
    )
    wait_for(lambda: settled(bridge), "every event has its outcome", 30)
    found = bridge.metrics()

    def same():
        told = json.loads(pager("ledger", "--json")[1])
        came = sum(one["count"] for one in told["received"])
        ended = {(c["source"], c["outcome"], c["reason"]): c["count"] for c in told["outcomes"]}
        counted = {
            key: found.sum("pager_events_total", source=key[0], outcome=key[1], reason=key[2])
            for key in ended
        }
        return told["open"] == [] and came == found.sum("pager_events_received_total") and ended == counted

    wait_for(same, "the store and the counters tell the same", 30)
    busy(bridge)
    bridge.kill()
    code, said, _ = pager("ledger", "--json")
    killed = json.loads(said)
    assert (code, killed["ok"], killed["problems"]) == (0, True, [])
    bridge.start()
    wait_for(lambda: json.loads(pager("ledger", "--json")[1])["open"] == [], "what was open has ended", 30)
    bridge.program.stop()
    assert pager("ledger")[0] == 0


def test_one_that_does_not_add_up_is_told_and_the_exit_code_says_so(bridge, pager):
    busy(bridge)
    bridge.program.stop()
    with contextlib.closing(sqlite3.connect(bridge.state / "singing-pager.db")) as db:
        db.execute("UPDATE received SET count = count + 1 WHERE kind = 'sample'")
        db.commit()
    code, said, _ = pager("ledger")
    assert code == 1
    assert "It does NOT add up:\nsamples of http: 11 came, 10 ended and 0 are open, that is 10" in said
    assert json.loads(pager("ledger", "--json")[1])["ok"] is False


def test_where_there_is_no_store_it_is_told(tmp_path):
    command = [sys.executable, "-m", "bridge", "ledger", "--data-dir", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no store; set PAGER_DATA_DIR" in done.stderr


def test_what_was_exported_can_be_rendered(bridge, pager, tmp_path):
    bridge.post("/alert", webhook(one_alert("firing", "a", severity="critical")))
    bridge.post("/metric", {"type": "cpu", "value": 0.5})
    out = tmp_path / "journal.jsonl"
    wait_for(lambda: len(pager("export")[1].splitlines()) == 2, "samples are written a moment later", 30)
    code, said, _ = pager("export", "-o", str(out))
    assert (code, said) == (0, f"{out}: 2 events.\n")
    assert out.read_text() == pager("export")[1]
    kinds = [json.loads(line)["kind"] for line in out.read_text().splitlines()]
    assert sorted(kinds) == ["alert", "sample"]
    sound = tmp_path / "night.flac"
    command = [sys.executable, "-m", "bridge", "render", str(out), "-o", str(sound), "--strict"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    assert "Cues: critical " in done.stdout
    assert sound.stat().st_size > 10_000
    assert pager("export", "--from", "2099-01-01T00:00:00Z") == (
        0,
        "",
        "the store holds no event of that time\n",
    )
    code, _, said = pager("export", "--from", "noon")
    assert (code, "--from noon: is unix seconds" in said) == (1, True)
    code, _, said = pager("export", "-o", str(tmp_path / "none" / "x.jsonl"))
    assert (code, "cannot be written" in said) == (1, True)


def test_mute_and_quiet_by_command(bridge, pager):
    busy(bridge)
    code, said, _ = pager("mute", "--match", "severity=info", "--why", "lunch", "--by", "anna")
    assert code == 0
    assert said.startswith("Muted: severity=info, not criticals, until ")
    assert "MUTED: severity=info, not criticals, until" in pager("status")[1]
    assert "Silent: " in pager("status")[1]
    code, _, said = pager("mute", "f6")
    assert (code, "--include-critical" in said) == (1, True)
    assert pager("mute", "f6", "--include-critical", "--for", "5m")[0] == 0
    assert " (f6), also criticals, until " in pager("status")[1]
    for words in (("mute",), ("mute", "f6", "--all"), ("mute", ""), ("mute", "--match", "{}")):
        assert pager(*words)[0] == 1
    code, said, _ = pager("mute", "--all")
    assert (code, said.startswith("Muted: everything, not criticals, until ")) == (0, True)
    assert pager("unmute")[:2] == (0, "Ended 3 mutes.\n")
    assert pager("unmute")[:2] == (0, "Nothing is muted.\n")
    code, said, _ = pager("quiet", "--for", "20m", "--by", "anna")
    assert (code, " is quiet until " in said) == (0, True)
    assert bridge.status()["players"][0]["quiet"]["by"] == "anna"
    assert pager("unquiet")[0] == 0
    assert bridge.status()["players"][0]["quiet"] is None
    assert pager("quiet", "nobody")[0] == 1
    code, said, _ = pager("events", "--severity", "critical", "--limit", "3")
    assert (code, len(said.splitlines())) == (0, 4)
    assert said.splitlines()[-1].startswith("There are older ones: --limit (500 at most)")
    assert "older ones" not in pager("events", "--fingerprint", "f6")[1]
    code, said, _ = pager("explain", "f6")
    assert (code, said.splitlines()[-1].startswith("It has fired for ")) == (0, True)
    assert pager("explain", "nothing")[0] == 1


def test_who_ended_it_and_why_is_in_the_story(bridge, pager):
    busy(bridge)
    assert pager("ack", "f6", "--by", "anna")[0] == 0
    assert pager("unack", "f6", "--by", "bob")[0] == 0
    assert pager("ack", "f6", "--by", "anna")[0] == 0
    assert pager("resolve", "f6", "--by", "carl", "--why", "gone")[0] == 0
    code, said, _ = pager("explain", "f6")
    assert code == 0
    for words in (
        " unack by bob\n",
        " resolve by carl: gone\n",
        "(from resolve,",
        " ack over, of anna: it was res",
    ):
        assert words in said
    assert pager("resolve", "f7")[0] == 0
    assert f" resolve by {getpass.getuser()}\n" in pager("explain", "f7")[1]


def test_the_ledger_has_words_for_its_reasons(bridge, pager):
    busy(bridge)
    _, said, _ = pager("ledger")
    assert "duplicate: it fires already" in said
    assert all(line.split(",")[-1].strip() != "no_listener" for line in said.splitlines())
