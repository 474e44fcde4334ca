"""Parts die, hang and come back. Afterwards what should sound sounds, and nothing is replayed."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from lab.audio import Engine, dummy_jack, engine
from lab.bridge import Bridge
from lab.ear import Ear
from lab.programs import wait_for
from lab.receiver import Receiver
from lab.servers import Mosquitto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine that is told that it can be heard; tests that kill it bring it back."""
    with engine(tmp_path_factory.mktemp("engine"), driver="host") as running:
        yield running


@pytest.fixture
def bridge(sound: Engine, tmp_path: Path) -> Iterator[Bridge]:
    with Bridge(tmp_path / "bridge", osc_port=sound.port) as running:
        heard_by_the_engine(running)
        yield running


def heard_by_the_engine(bridge: Bridge, deadline: float = 60) -> None:
    wait_for(
        lambda: bridge.status()["hears"].startswith("Heard by SuperCollider"), "the engine answers", deadline
    )


def played(bridge: Bridge) -> float:
    """Alerts that an audible player has acknowledged."""
    return bridge.metrics().sum("pager_events_total", source="alertmanager", outcome="played")


def stats(sound: Engine) -> dict[str, float]:
    with sound.talk("reader") as talk:
        return talk.stats()


def test_a_broker_that_is_down_at_the_start_stops_nothing(sound: Engine, tmp_path: Path) -> None:
    with ExitStack() as parts:
        mosquitto = parts.enter_context(Mosquitto(tmp_path / "mosquitto"))
        mosquitto.kill()
        bridge = parts.enter_context(
            Bridge(tmp_path / "bridge", mqtt_port=mosquitto.port, osc_port=sound.port)
        )
        heard_by_the_engine(bridge)
        bridge.alert(fingerprint="before", alertname="before")
        wait_for(lambda: played(bridge) == 1, "it sounds without the broker")
        assert bridge.status()["mqtt"] == {
            "state": "down",
            "host": f"127.0.0.1:{mosquitto.port}",
            "unsent": 1,
        }
        mosquitto.start()
        with Ear(mosquitto.port, "alerts/#") as ear:
            bridge.connected(60)
            assert ear.waits_for("alerts/critical")["alert"]["fingerprint"] == "before"
        mosquitto.kill()
        wait_for(lambda: bridge.status()["mqtt"]["state"] == "down", "the loss is noticed")
        bridge.alert(fingerprint="between", alertname="between")
        wait_for(lambda: played(bridge) == 2, "it sounds while the broker is away")
        bridge.kill()
        mosquitto.start()
        with Ear(mosquitto.port, "alerts/#") as ear:
            bridge.start()
            found = ear.waits_for("alerts/critical", 60)
            assert found["alert"]["fingerprint"] == "between", "the store kept it over the bridge's death"
            wait_for(lambda: bridge.status()["mqtt"]["unsent"] == 0, "nothing waits any more")
            ear.publish("alerts/warning", json.dumps({"value": 1}))
            wait_for(
                lambda: bridge.metrics().value("pager_events_received_total", source="mqtt") == 1,
                "it hears again",
            )


def test_a_killed_scsynth_comes_back_and_the_state_sounds(sound: Engine, bridge: Bridge) -> None:
    bridge.post("/metric", {"type": "cpu", "value": 1.0})
    bridge.alert()
    wait_for(lambda: played(bridge) == 1, "the cue is acknowledged")
    before = stats(sound)
    os.kill(sound.scsynth, signal.SIGKILL)
    wait_for(lambda: stats(sound)["restarts"] > before["restarts"], "scsynth is back", 60)
    heard_by_the_engine(bridge)
    # Ambient is the engine's own; with it there are two voices.
    wait_for(lambda: stats(sound)["voices"] == 2, "the drone sounds again")
    assert bridge.metrics().sum("pager_events_total", outcome="played", source="alertmanager") == 1


def test_a_hung_scsynth_is_replaced_and_what_waited_sounds(sound: Engine, bridge: Bridge) -> None:
    before = stats(sound)
    os.kill(sound.scsynth, signal.SIGSTOP)
    bridge.alert()
    wait_for(lambda: played(bridge) == 1, "the alert that came while it hung sounds", 60)
    after = stats(sound)
    assert after["restarts"] == before["restarts"] + 1


def test_a_killed_engine_that_comes_back_gets_the_state_and_no_old_onset(tmp_path: Path) -> None:
    with ExitStack() as parts:
        first = parts.enter_context(engine(tmp_path / "first", driver="host"))
        bridge = parts.enter_context(Bridge(tmp_path / "bridge", osc_port=first.port))
        heard_by_the_engine(bridge)
        bridge.post("/metric", {"type": "cpu", "value": 1.0})
        bridge.alert()
        wait_for(lambda: played(bridge) == 1, "the cue is acknowledged")
        bridge.alert("resolved")
        wait_for(lambda: played(bridge) == 2, "the resolution is acknowledged")
        first.signal(signal.SIGKILL)
        first.stop()
        wait_for(lambda: not bridge.status()["hears"].startswith("Heard"), "the loss is noticed", 60)
        # A JACK that was killed keeps its name in a register of eight until one of that name ends in order.
        with dummy_jack(tmp_path / "register", first.jack):
            again = engine(
                tmp_path / "again", driver="host", port=first.port, scsynth_port=first.scsynth_port
            )
        with again as second:
            heard_by_the_engine(bridge)
            wait_for(lambda: stats(second)["voices"] == 2, "the drone sounds on the new engine")
            assert stats(second)["played"] <= 1, "no onset is replayed; a heartbeat may have sounded"
            bridge.alert(fingerprint="new", alertname="new")
            wait_for(lambda: played(bridge) == 3, "new alerts sound")


def test_a_killed_bridge_knows_what_fires_and_replays_nothing(sound: Engine, bridge: Bridge) -> None:
    bridge.alert()
    wait_for(lambda: played(bridge) == 1, "the cue is acknowledged")
    cues = stats(sound)["played"]
    bridge.kill()
    bridge.start()
    assert bridge.firing() == ["f1"]
    heard_by_the_engine(bridge)
    bridge.alert()
    wait_for(
        lambda: bridge.metrics().sum("pager_events_total", reason="duplicate") == 1,
        "the repeat is a duplicate",
    )
    bridge.alert("resolved")
    wait_for(lambda: played(bridge) == 1, "the resolution sounds")
    assert stats(sound)["played"] - cues <= 3, "the resolution and at most two heartbeats; no second onset"
    assert bridge.firing() == []


def test_a_bridge_that_is_killed_for_good_leaves_no_voice_behind(tmp_path: Path) -> None:
    """A value that nobody measures any more must not go on sounding as if it were current."""
    patience = {"PAGER_SESSION_TIMEOUT": "7"}  # the bridge says hello every 5 s
    with engine(tmp_path / "engine", driver="host", env=patience) as sound:
        with Bridge(tmp_path / "bridge", osc_port=sound.port) as bridge:
            heard_by_the_engine(bridge)
            bridge.post("/metric", [{"type": "cpu", "value": 1.0}, {"type": "queue", "value": 7}])
            wait_for(lambda: stats(sound)["voices"] == 3, "both sound, with the engine's own bed")
            bridge.kill()
        wait_for(lambda: stats(sound)["voices"] == 1, "only the bed is left", 40)


def test_an_onset_that_was_stored_without_an_outcome_sounds_once(tmp_path: Path) -> None:
    """The bridge dies between storing and sounding: nobody has answered at the OSC port yet."""
    with Bridge(tmp_path / "bridge") as bridge:
        bridge.alert()  # within the first seconds cues wait for an engine to answer, so it is stored and open
        bridge.kill()
        with Receiver() as receiver:
            bridge.env["OSC_PORT"] = str(receiver.port)
            bridge.start()
            assert receiver.waits_for("/alert")[3] == "critical"
            wait_for(
                lambda: bridge.get("/api/v1/events")[1]["events"][0]["outcome"] is not None,
                "how it ended is stored",
            )
            bridge.kill()
            bridge.start()
            bridge.alert(fingerprint="marker", alertname="marker", severity="info")
            receiver.waits_for("/alert", 2)
            assert [args[3] for args in receiver.on("/alert")] == ["critical", "info"]


def test_nobody_to_hear_is_an_outcome_of_its_own(tmp_path: Path) -> None:
    with Bridge(tmp_path / "bridge") as bridge:
        bridge.alert()
        wait_for(
            lambda: (
                bridge.metrics().sum("pager_events_total", source="alertmanager", reason="no_listener") == 1
            ),
            "it is suppressed, and says why",
        )
        assert bridge.status()["hears"].startswith("Nobody hears this yet")
