"""Asking the real Alertmanager: what it ends, silences and starts here, and what it does not."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab.bridge import Bridge
from lab.programs import wait_for
from lab.receiver import Receiver
from lab.servers import ALERTMANAGER_YML, Alertmanager

from bridge.config import DEFAULT_BOOK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system

SOON = 30.0
"""Seconds: ten times what three questions take, one each second."""


def routing(*, resolved: bool = True) -> str:
    """The shipped routing with short waits; without `resolved` no end is ever told."""
    tree = yaml.safe_load(ALERTMANAGER_YML.read_text())
    tree["route"] |= {"group_wait": "0s", "group_interval": "1s", "routes": []}
    tree["receivers"][0]["webhook_configs"][0]["send_resolved"] = resolved
    return yaml.safe_dump(tree)


def cluster(*members: Alertmanager) -> dict[str, Any]:
    return {"urls": [one.url for one in members], "every": "1s"}


@contextlib.contextmanager
def asked(
    folder: Path, *clusters: tuple[Alertmanager, ...], told: bool = True, resolved: bool = False
) -> Iterator[Bridge]:
    """A bridge that asks these clusters every second; unless `told` is false their webhooks go to it."""
    keys = {"alertmanager": [cluster(*members) for members in clusters]}
    with Bridge(folder / "bridge", book=DEFAULT_BOOK.read_text() + yaml.safe_dump(keys)) as bridge:
        for one in [one for members in clusters for one in members] if told else []:
            one.write(f"{bridge.url}/alert", routing(resolved=resolved))
            one.reload()
        yield bridge


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Alertmanager]:
    with Alertmanager(tmp_path / "alertmanager", "http://127.0.0.1:9/alert", routing()) as found:
        yield found


def stamp(ago: float = 0.0) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ago)).isoformat()


def alert(
    name: str = "HighCPU", severity: str = "critical", *, began: float = 0.0, **labels: str
) -> dict[str, Any]:
    return {"labels": {"alertname": name, "severity": severity} | labels, "startsAt": stamp(began)}


def over(found: dict[str, Any]) -> dict[str, Any]:
    return found | {"endsAt": stamp()}


def names(bridge: Bridge) -> list[str]:
    return sorted(one["name"] for one in bridge.status()["firing"])


def polls(bridge: Bridge, result: str = "ok") -> float:
    return bridge.metrics().value("pager_alertmanager_polls_total", result=result)


def more_polls(bridge: Bridge, count: int, result: str = "ok") -> None:
    """Wait until so many more questions have ended so."""
    since = polls(bridge, result)
    wait_for(lambda: polls(bridge, result) >= since + count, f"{count} questions end {result}", 2 * SOON)


def fires(bridge: Bridge, *wanted: str) -> None:
    wait_for(lambda: names(bridge) == sorted(wanted), f"{wanted} fire", SOON)


def one(bridge: Bridge, name: str = "HighCPU") -> dict[str, Any]:
    return next(found for found in bridge.status()["firing"] if found["name"] == name)


def adds_up(bridge: Bridge) -> bool:
    found = bridge.metrics()
    return found.sum("pager_events_received_total") == found.sum("pager_events_total")


def run(bridge: Bridge, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line against the bridge."""
    command = [sys.executable, "-m", "bridge", *words, "--url", bridge.url]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_an_end_that_was_never_told_is_found(alertmanager: Alertmanager, tmp_path: Path) -> None:
    with asked(tmp_path, (alertmanager,)) as bridge:
        alertmanager.post(alert(), alert("Disk"))
        fires(bridge, "Disk", "HighCPU")
        bridge.alert(fingerprint="curl", alertname="Curl", severity="warning")
        alertmanager.post(over(alert()))
        fires(bridge, "Curl", "Disk")
        more_polls(bridge, 4)
        assert names(bridge) == ["Curl", "Disk"], "what it has goes on, and what is not its own"
        ended = bridge.get("/api/v1/events?limit=1")[1]["events"][0]
        assert (ended["source"], ended["status"]) == ("alertmanager_api", "resolved")
        assert bridge.metrics().value("pager_events_received_total", source="alertmanager_api") == 1
        [known] = bridge.status()["alertmanager"]
        assert known | {"last": 0} == {
            "urls": [alertmanager.url],
            "external_urls": [alertmanager.url],
            "ok": True,
            "last": 0,
            "error": "",
            "failed": 0,
            "silences": 0,
            "receivers": ["web.hook"],
        }
        assert bridge.status()["webhooks_foreign"] == []
        wait_for(lambda: adds_up(bridge), "every event has an outcome", 3 * SOON)


def reminders(receiver: Receiver) -> int:
    """How often the room was reminded of a critical."""
    return sum(".r" in args[args.index("id") + 1] for args in receiver.on("/alert") if "id" in args)


def test_a_silence_ends_reminders_and_its_end_brings_them_back(
    alertmanager: Alertmanager, tmp_path: Path
) -> None:
    keys = yaml.safe_dump({"alertmanager": [cluster(alertmanager)]})
    with (
        Receiver() as receiver,
        Bridge(tmp_path / "bridge", book=DEFAULT_BOOK.read_text() + keys, osc_port=receiver.port) as bridge,
    ):
        alertmanager.write(f"{bridge.url}/alert", routing())
        alertmanager.reload()
        alertmanager.post(alert())
        fires(bridge, "HighCPU")
        wait_for(lambda: reminders(receiver), "the first reminder", SOON)
        ident = alertmanager.silence("alertname=HighCPU")
        wait_for(lambda: one(bridge)["silenced"], "it is silenced", SOON)
        silenced = one(bridge)["silenced"]
        assert (silenced["id"], silenced["by"], silenced["comment"]) == (ident, "anna", "new disk")
        status = bridge.status()
        assert 3500 < silenced["until"] - status["now"] < 3700
        assert status["cadence"]["next_reminder"] is None
        assert status["digest"] == "Nothing is firing. 1 is silenced in Alertmanager."
        assert status["alertmanager"][0]["silences"] == 1
        count, events = reminders(receiver), bridge.metrics()
        assert (
            events.value(
                "pager_events_total", source="alertmanager_api", outcome="suppressed", reason="silenced"
            )
            == 1
        )
        more_polls(bridge, 18)
        assert reminders(receiver) == count, "longer than two reminders lie apart"
        alertmanager.expire(ident)
        wait_for(lambda: reminders(receiver) > count, "it is reminded of again", SOON)
        assert one(bridge)["silenced"] is None
        story = bridge.get(f"/api/v1/explain?fingerprint={one(bridge)['fingerprint']}")[1]
        assert [deed["what"] for deed in story["deeds"]] == ["silenced", "unsilenced"]


def test_what_is_inhibited_is_silent_while_its_critical_fires(
    alertmanager: Alertmanager, tmp_path: Path
) -> None:
    with asked(tmp_path, (alertmanager,)) as bridge:
        alertmanager.post(alert(severity="warning", instance="a"))
        fires(bridge, "HighCPU")
        alertmanager.post(alert(instance="a"))
        fires(bridge, "HighCPU", "HighCPU")

        def silenced() -> dict[str, Any]:
            return {found["severity"]: found["silenced"] for found in bridge.status()["firing"]}

        wait_for(lambda: silenced()["warning"], "the warning is inhibited", SOON)
        assert silenced() == {
            "critical": None,
            "warning": {"id": "", "by": "", "comment": "inhibited by HighCPU", "until": None},
        }
        alertmanager.post(over(alert(instance="a")))
        wait_for(lambda: silenced() == {"warning": None}, "the warning is open again", SOON)


def test_an_alertmanager_that_hangs_ends_nothing_and_makes_stale(
    alertmanager: Alertmanager, tmp_path: Path
) -> None:
    with asked(tmp_path, (alertmanager,)) as bridge:
        alertmanager.post(alert())
        fires(bridge, "HighCPU")
        more_polls(bridge, 1)
        alertmanager.program.signal(signal.SIGSTOP)
        wait_for(lambda: bridge.metrics().value("pager_alerts_stale") == 1, "it is stale", 3 * SOON)
        assert polls(bridge, "failed") >= 3
        assert one(bridge)["stale"]["why"].startswith("Alertmanager has not answered 3 times")
        [known] = bridge.status()["alertmanager"]
        assert known["ok"] is False
        assert "no answer within" in known["error"]
        told = run(bridge, "status", "--plain").stdout
        assert "CANNOT BE ASKED" in told
        assert "STALE for" in told
        assert bridge.alert(fingerprint="x", alertname="Meanwhile")[0] == 200, "and the intake goes on"
        alertmanager.program.signal(signal.SIGCONT)
        wait_for(lambda: bridge.metrics().value("pager_alerts_stale") == 0, "it answers again", 3 * SOON)
        assert one(bridge)["stale"] is None
        assert names(bridge) == ["HighCPU", "Meanwhile"]


def test_an_alertmanager_that_forgot_everything_ends_nothing_at_once(
    alertmanager: Alertmanager, tmp_path: Path
) -> None:
    """It keeps no alerts over a restart, and Prometheus tells it again only after a minute."""
    with asked(tmp_path, (alertmanager,)) as bridge:
        alertmanager.post(alert())
        fires(bridge, "HighCPU")
        more_polls(bridge, 2)
        alertmanager.kill()
        shutil.rmtree(alertmanager.folder / "state")
        alertmanager.start()
        more_polls(bridge, 6)
        assert alertmanager.alerts() == []
        assert names(bridge) == ["HighCPU"]
        alertmanager.post(alert(began=60))
        wait_for(alertmanager.alerts, "it has been told again", SOON)
        more_polls(bridge, 2)
        assert bridge.metrics().value("pager_cues_total", sound="critical", why="event") == 1, (
            "and heard once"
        )
        alertmanager.post(over(alert(began=60)))
        fires(bridge)


def test_replicas_stand_in_for_each_other(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Alertmanager(tmp_path / "a", "http://127.0.0.1:9/", routing(), peers=[]))
        second = stack.enter_context(
            Alertmanager(tmp_path / "b", "http://127.0.0.1:9/", routing(), peers=[first.cluster])
        )
        bridge = stack.enter_context(asked(tmp_path, (first, second)))
        for replica in (first, second):
            replica.post(alert())
        second.post(alert("OnlySecond"))  # as where Prometheus does not reach the first
        fires(bridge, "HighCPU", "OnlySecond")
        more_polls(bridge, 5)
        assert names(bridge) == ["HighCPU", "OnlySecond"], "no replica alone says that something is over"
        first.kill()
        more_polls(bridge, 3)
        assert polls(bridge, "failed") == 0
        code, answer = bridge.post("/api/v1/silence", {"match": ["alertname=OnlySecond"]})
        assert code == 200, answer
        assert [silence["id"] for silence in second.silences()] == [answer["silences"][0]["id"]]
        assert one(bridge, "OnlySecond")["silenced"] is not None
        second.post(over(alert()))
        fires(bridge, "OnlySecond")
        assert bridge.status()["webhooks_foreign"] == [], "both are known by their names"


def test_two_clusters_may_have_the_same_alert(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        west, east = (
            stack.enter_context(Alertmanager(tmp_path / name, "http://127.0.0.1:9/", routing()))
            for name in ("west", "east")
        )
        bridge = stack.enter_context(asked(tmp_path, (west,), (east,)))
        west.post(alert())
        fires(bridge, "HighCPU")
        east.post(alert())
        more_polls(bridge, 6)
        west.post(over(alert()))
        more_polls(bridge, 8)
        assert names(bridge) == ["HighCPU"], "the east still has it"
        east.post(over(alert()))
        fires(bridge)
        assert bridge.metrics().value("pager_cues_total", sound="critical", why="event") == 1


def test_what_stood_already_is_one_digest_and_what_comes_later_sounds(
    alertmanager: Alertmanager, tmp_path: Path
) -> None:
    """Its webhooks reach nobody, so that all of it is found by asking."""
    alertmanager.post(
        alert("Disk", began=600), alert("Memory", "warning", began=600), alert("Watchdog", "none", began=600)
    )
    wait_for(lambda: len(alertmanager.alerts()) == 3, "they are there", SOON)
    with asked(tmp_path, (alertmanager,), told=False) as bridge:
        fires(bridge, "Disk", "Memory")
        wait_for(
            lambda: bridge.metrics().value("pager_cues_total", sound="digest", why="digest") == 1,
            "one digest tells of them",
            SOON,
        )
        found = bridge.metrics()
        assert (
            found.value(
                "pager_events_total", source="alertmanager_api", outcome="suppressed", reason="digest"
            )
            == 2
        )
        assert found.sum("pager_cues_total", why="event") == 0
        assert bridge.status()["watchdog"]["armed"] is False, "a Watchdog must come by itself"
        alertmanager.post(alert("Young"), alert("Old", began=300))
        fires(bridge, "Disk", "Memory", "Old")
        more_polls(bridge, 4)
        assert names(bridge) == ["Disk", "Memory", "Old"], "what is younger than a minute comes by webhook"
        assert bridge.metrics().value("pager_cues_total", sound="critical", why="event") == 1
        assert one(bridge, "Old")["source"] == "alertmanager_api"


def test_receivers_of_others_are_not_ours(alertmanager: Alertmanager, tmp_path: Path) -> None:
    tree = yaml.safe_load(routing())
    tree["receivers"].append({"name": "others", "webhook_configs": [{"url": "http://127.0.0.1:9/"}]})
    tree["route"]["routes"] = [{"receiver": "others", "matchers": ['team="others"']}]
    with asked(tmp_path, (alertmanager,), told=False) as bridge:
        tree["receivers"][0]["webhook_configs"][0]["url"] = f"{bridge.url}/alert"
        alertmanager.file.write_text(yaml.safe_dump(tree))
        alertmanager.reload()
        alertmanager.post(alert("Theirs", began=600, team="others"), alert("Ours", began=600))
        fires(bridge, "Ours")
        more_polls(bridge, 4)
        assert names(bridge) == ["Ours"]
        assert bridge.status()["alertmanager"][0]["receivers"] == ["web.hook"]


def test_the_command_line_makes_and_ends_a_silence(alertmanager: Alertmanager, tmp_path: Path) -> None:
    with asked(tmp_path, (alertmanager,)) as bridge:
        alertmanager.post(alert(), alert("Disk"))
        fires(bridge, "Disk", "HighCPU")
        fingerprint = one(bridge)["fingerprint"]
        done = run(
            bridge, "silence", fingerprint[:8], "--for", "90m", "--why", "the disk comes", "--by", "anna"
        )
        assert done.returncode == 0, done.stderr
        [made] = alertmanager.silences()
        assert (made["createdBy"], made["comment"]) == ("anna", "the disk comes")
        assert {(m["name"], m["value"]) for m in made["matchers"]} == {
            ("alertname", "HighCPU"),
            ("severity", "critical"),
        }
        assert f"{alertmanager.url}/#/silences/{made['id']}" in done.stdout
        assert one(bridge)["silenced"]["id"] == made["id"], "the bridge knows at once"
        assert one(bridge, "Disk")["silenced"] is None
        assert "silenced in Alertmanager by anna until " in run(bridge, "status").stdout
        done = run(bridge, "unsilence", made["id"])
        assert (done.returncode, done.stdout) == (0, f"Ended in {alertmanager.url}.\n")
        assert alertmanager.silences() == []
        assert one(bridge)["silenced"] is None
        again = run(bridge, "silence", "--match", "alertname=Disk")
        assert again.returncode == 0, again.stderr
        assert one(bridge, "Disk")["silenced"] is not None
        alertmanager.kill()
        done = run(bridge, "silence", fingerprint)
        assert done.returncode == 1
        assert alertmanager.url in done.stderr
        assert run(bridge, "unsilence", made["id"]).returncode == 1
        assert run(bridge, "silence").returncode == 1
        alertmanager.start()


def test_alertmanager_refuses_in_its_own_words(alertmanager: Alertmanager, tmp_path: Path) -> None:
    with asked(tmp_path, (alertmanager,)) as bridge:
        code, answer = bridge.post("/api/v1/silence", {"match": ['alertname=""']})
        assert (code, answer["ok"]) == (502, False)
        assert "at least one matcher must not match the empty string" in answer["error"]
        code, answer = bridge.post("/api/v1/unsilence", {"id": "00000000-0000-0000-0000-000000000000"})
        assert code == 404, answer


def test_a_reload_asks_others_and_a_stop_is_quick_while_one_hangs(
    alertmanager: Alertmanager, tmp_path: Path
) -> None:
    with asked(tmp_path, (alertmanager,)) as bridge:
        alertmanager.post(alert())
        fires(bridge, "HighCPU")
        more_polls(bridge, 1)
        bridge.file.write_text(DEFAULT_BOOK.read_text())
        assert bridge.post("/-/reload")[0] == 200
        assert bridge.status()["alertmanager"] == []
        keys = yaml.safe_dump({"alertmanager": [cluster(alertmanager)]})
        bridge.file.write_text(DEFAULT_BOOK.read_text() + keys)
        assert bridge.post("/-/reload")[0] == 200
        more_polls(bridge, 2)
        bad = {"alertmanager": [cluster(alertmanager) | {"token_file": "/nonexistent"}]}
        bridge.file.write_text(DEFAULT_BOOK.read_text() + yaml.safe_dump(bad))
        code, answer = bridge.post("/-/reload")
        assert code == 422, answer
        assert "/nonexistent" in answer["problems"][0]
        more_polls(bridge, 1)
        alertmanager.program.signal(signal.SIGSTOP)
        bridge.stop()
        assert bridge.program.returncode() == 0
        alertmanager.program.signal(signal.SIGCONT)


def test_the_setting_alone_is_enough(alertmanager: Alertmanager, tmp_path: Path) -> None:
    env = {
        "PAGER_ALERTMANAGER_URL": alertmanager.url,
        "PAGER_ALERTMANAGER_EXTERNAL_URL": "http://pager.example.org",
    }
    with Bridge(tmp_path / "bridge", env=env) as bridge:
        wait_for(lambda: polls(bridge) >= 1, "it has been asked", SOON)
        alertmanager.write(f"{bridge.url}/alert", routing())
        alertmanager.reload()
        alertmanager.post(alert())
        fires(bridge, "HighCPU")
        found = bridge.status()
        assert found["alertmanager"][0]["external_urls"] == ["http://pager.example.org"]
        assert [one["external_url"] for one in found["webhooks_foreign"]] == [alertmanager.url]
        assert bridge.metrics().value("pager_webhooks_foreign_total") >= 1
        assert (
            f"Not asked: the Alertmanager that calls itself {alertmanager.url}"
            in run(bridge, "status").stdout
        )
