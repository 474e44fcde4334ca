"""A disk that is full, that breaks, a file that is damaged: what comes sounds, once, and what is owed is said aloud."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from lab.bridge import EVERY_CUE, OPENER, Bridge, one_alert, webhook
from lab.disks import breakable_disk, breaks, fill, small_disk
from lab.programs import wait_for
from lab.standin import StandIn

from bridge.store.books import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

STORE, DAMAGED = "SingingPagerStore", "SingingPagerStoreDamaged"


@pytest.fixture
def engine() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


def begin(folder: Path, state: Path, engine: StandIn) -> Bridge:
    started = Bridge(folder, osc_port=engine.port, book=EVERY_CUE, env={"PAGER_DATA_DIR": str(state)})
    started.state = state
    wait_for(lambda: started.metrics().value("pager_engine_up") == 1, "the stand-in is known")
    return started


def names(bridge: Bridge) -> set[str]:
    return {alert["name"] for alert in bridge.status()["firing"]}


def post(bridge: Bridge, number: int, status: str = "firing") -> tuple[int, str | None]:
    """The code, and after how many seconds to try again."""
    alert = one_alert(status, f"f{number}", service=f"s{number}", severity="info") | {
        "startsAt": "2026-11-20T10:00:00Z"
    }
    alert["annotations"]["summary"] = "x" * 2000
    request = urllib.request.Request(
        bridge.url + "/alert", json.dumps(webhook(alert)).encode(), {"Content-Type": "application/json"}
    )
    try:
        with OPENER.open(request, timeout=20) as answer:
            return answer.status, answer.headers.get("Retry-After")
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.headers.get("Retry-After")


def onsets(engine: StandIn) -> int:
    """Info cues that were played."""
    return engine.tones[440.0]


def adds_up(bridge: Bridge) -> None:
    wait_for(lambda: not ledger(bridge.state).open, "every event has ended", 60, every=0.1)
    assert ledger(bridge.state).problems == []


def test_a_full_disk(engine: StandIn, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk, begin(tmp_path / "b", disk / "state", engine) as bridge:
        assert post(bridge, 0) == (200, None)
        rest = fill(disk)
        taken, number = [0], 0
        while taken[-1] == number:  # the log of the store may still have a place or two
            number += 1
            assert number < 2000, "the disk is full"
            code, again = post(bridge, number)
            taken += [number] if code == 200 else []
        assert code == 503
        assert int(again or 0) > 0, "it says when to try again"
        for _ in range(3):
            assert post(bridge, number)[0] == 503
        assert post(bridge, number + 1)[0] == 503
        wait_for(lambda: onsets(engine) == number + 2, "each has sounded", 20)
        wait_for(lambda: STORE in names(bridge), "it says so")
        wait_for(lambda: engine.tones[660.0] == 1, "aloud")
        assert bridge.get("/-/ready")[0] == 503
        assert not bridge.status()["store"]["ok"]
        rest.unlink()
        wait_for(lambda: post(bridge, number)[0] == 200, "it can be stored again", 30, every=0.2)
        assert post(bridge, number + 1)[0] == 200
        wait_for(lambda: STORE not in names(bridge), "and that is said", 20)
        assert bridge.get("/-/ready")[0] == 200
        adds_up(bridge)
        assert onsets(engine) == number + 2, "nothing sounded twice"
        bridge.kill()
        bridge.start()
        assert {f"f{i}" for i in range(number + 2)} <= set(bridge.firing())
        adds_up(bridge)


def test_a_disk_that_turns_read_only(engine: StandIn, tmp_path: Path) -> None:
    with breakable_disk(tmp_path / "disk") as disk, begin(tmp_path / "b", disk / "state", engine) as bridge:
        assert post(bridge, 0) == (200, None)
        breaks(disk)
        assert wait_for(lambda: (answer := post(bridge, 1))[0] == 503 and answer, "it cannot be stored")
        assert post(bridge, 2)[0] == 503
        wait_for(lambda: onsets(engine) == 3, "all sound, once")
        wait_for(lambda: engine.tones[660.0] == 1, "and it is said aloud")
        assert STORE in names(bridge)
        assert "Traceback" not in bridge.program.log
        assert ledger(bridge.state).problems == [], "the books can still be read"


def test_a_disk_that_cannot_be_written_at_the_start_is_said_in_words(engine: StandIn, tmp_path: Path) -> None:
    with breakable_disk(tmp_path / "disk") as disk:
        breaks(disk)
        with pytest.raises(
            AssertionError, match="set PAGER_DATA_DIR to a folder that can be written"
        ) as error:
            begin(tmp_path / "b", disk / "state", engine)
        assert "Traceback" not in str(error.value)


def damage(bridge: Bridge) -> None:
    """Somebody writes over the file and its log."""
    for path in bridge.state.glob("singing-pager.db*"):
        with path.open("r+b") as file:
            file.write(b"\xa5" * path.stat().st_size)


def test_a_store_that_is_damaged_while_it_runs(engine: StandIn, tmp_path: Path) -> None:
    with begin(tmp_path / "b", tmp_path / "state", engine) as bridge:
        for number in range(50):
            assert post(bridge, number) == (200, None)
        wait_for(lambda: onsets(engine) == 50, "all sound")
        damage(bridge)
        wait_for(
            lambda: post(bridge, 50)[0] == 200 and DAMAGED in names(bridge),
            "a new one is begun",
            60,
            every=0.2,
        )
        wait_for(lambda: engine.tones[660.0] >= 1, "and it is said aloud")
        aside = list(tmp_path.glob("state/singing-pager.db.damaged-*"))
        assert aside, "the damaged one is kept"
        assert bridge.status()["store"]["ok"]
        adds_up(bridge)
        bridge.kill()
        bridge.start()
        assert {f"f{number}" for number in range(51)} <= set(bridge.firing()), "what fires is in the new one"
        assert DAMAGED in names(bridge)
        adds_up(bridge)
        assert onsets(engine) == 51, "nothing sounded twice"


def test_a_store_that_is_damaged_at_the_start(engine: StandIn, tmp_path: Path) -> None:
    with begin(tmp_path / "b", tmp_path / "state", engine) as bridge:
        post(bridge, 0)
        bridge.kill()
        damage(bridge)
        bridge.start()
        assert list(tmp_path.glob("state/singing-pager.db.damaged-*")), "the damaged one is kept"
        wait_for(lambda: DAMAGED in names(bridge), "it is said")
        wait_for(lambda: engine.tones[660.0] == 1, "aloud")
        assert post(bridge, 0) == (200, None), "and what is sent again is known again"
        adds_up(bridge)
