"""Every structure that somebody else can make grow has a bound: docs/design.md lists them, here each is met."""

from __future__ import annotations

import asyncio
import threading

import pytest
from core.events import BOOK, NOW, fires
from lab.programs import wait_for
from lab.still import Still

from bridge.book import MqttModel
from bridge.broker import client, embedded
from bridge.broker.client import Broker, Delivery
from bridge.core import flood, outcomes
from bridge.core.conductor import Conductor
from bridge.core.flood import Flapping
from bridge.core.space import Space
from bridge.core.watch import Expectation, Watch
from bridge.model.commands import Play
from bridge.model.events import AlertEvent, MetricSample, Outcome, Reason, Source, Status
from bridge.runtime import intake, mqtt, runtime
from bridge.runtime.notices import FULL
from bridge.store import Batch, store, weight
from bridge.telemetry import Metrics
from bridge.wire import link
from bridge.wire.link import Link
from bridge.wire.topics import Message


@pytest.fixture
def still(tmp_path):
    found = Still(tmp_path)
    yield found
    found.close()


def value(still, name, **labels):
    return still.runtime.metrics.registry.get_sample_value(name, labels) or 0


# What fires


def test_the_bridge_says_aloud_that_it_is_full_and_when_it_is_not_any_more(still):
    still.runtime.engine.space = Space(3)
    still.take(*(fires(f"w{i}", "warning", at=still.now) for i in range(3)))
    still.wait(30)
    assert value(still, "pager_alerts_not_kept_total") == 0
    still.take(fires("new", at=still.now))
    assert still.ear.heard[-1][1].sound == "critical"
    still.wait(1)
    assert value(still, "pager_alerts_not_kept_total") == 1
    assert FULL in still.runtime.engine.active, "which is itself kept"
    assert still.ear.heard[-1][1].fingerprint == FULL
    still.take(fires("w0", "warning", at=still.now, status=Status.RESOLVED, ends_at=still.now))
    still.wait(1)
    assert FULL not in still.runtime.engine.active


def test_it_is_still_said_after_a_restart(still):
    still.runtime.engine.space = Space(1)
    still.take(fires("a", at=still.now), fires("b", at=still.now))
    still.wait(1)
    still.stop()
    still.start()
    assert FULL in still.runtime.engine.active
    still.wait(1)
    assert FULL not in still.runtime.engine.active, "there is the usual room again"


def test_only_so_many_alerts_flap_at_once(monkeypatch):
    monkeypatch.setattr(flood, "REMEMBERED", 5)
    flapping = Flapping()
    flaps = [[flapping.onset(f"f{i}", "warning", NOW + j) for j in range(4)] for i in range(8)]
    assert [any(one) for one in flaps] == [True] * 5 + [False] * 3
    assert len(flapping.since) == len(flapping._worst) == len(flapping._onsets) == 5
    flapping.settle(NOW + 700)
    assert not flapping.since


def test_what_is_no_longer_expected_is_forgotten():
    watch = Watch((), NOW)
    for i in range(20):
        watch.expect((Expectation(f"input{i}", 60.0),), NOW)
        watch.sign({}, None, NOW)
    assert watch._last.keys() == {"input19"}


# What sounds


def test_beyond_so_many_cues_on_the_way_the_next_is_capped(still, monkeypatch):
    monkeypatch.setattr(outcomes, "MOST", 3)
    still.ear.answers = False
    still.runtime.conductor.swap(BOOK.__class__(**{**_fields(BOOK), "flood": False}), still.now)
    still.take(*(fires(f"f{i}", at=still.now) for i in range(5)))
    assert still.runtime.room.open == 3
    assert (
        value(still, "pager_events_total", source="alertmanager", outcome="suppressed", reason="capped") == 2
    )
    still.ear.answers = True
    still.call(still.ear.answer)
    assert not still.runtime.writes.open
    still.take(fires("later", at=still.now))
    assert still.ear.heard[-1][1].fingerprint == "later"


def _fields(book):
    return {name: getattr(book, name) for name in book.__dataclass_fields__}


def test_of_what_an_engine_has_just_played_so_many_cues_are_known(monkeypatch):
    monkeypatch.setattr(link, "HELD", 3)
    found = Link("s", 0.0)
    found.engine = link.osc.Hello("s", 1, "jack", 0)
    for i in range(9):
        found.state = link.State.KNOWN
        found.play(Play(f"e{i}", "info", {"freq": 440.0, "vol": 0.5, "dur": 1.0}, "info", f"f{i}"), 0.0)
        found._ack(link.osc.Ack("s", i + 1, "played"), 0.0)
    assert [cue.id for cue, _ in found._recent] == ["e6", "e7", "e8"]


def test_a_window_full_of_cues_caps_the_next(monkeypatch):
    monkeypatch.setattr(link, "HELD", 3)
    found = Link("s", 0.0)
    for i in range(5):
        found.play(Play(f"e{i}", "info", {}), 0.0)
    assert [(a.play_id, a.status) for a in found.answers] == [("e3", "capped"), ("e4", "capped")]


def test_of_voices_it_is_remembered_of_so_many_when_they_were_written(still, monkeypatch):
    monkeypatch.setattr(intake, "KEPT", 5)
    for i in range(40):
        still.take(MetricSample(Source.HTTP, f"t{i % 8}", 1.0, still.now))
        still.now += 0.3
    assert len(still.runtime.intake._kept) <= 6


# What waits for the store


def event(size, number=0):
    labels = {"alertname": "A", "severity": "info", "x": "y" * size}
    return AlertEvent(Source.ALERTMANAGER, f"f{number}", Status.FIRING, labels, NOW)


def test_a_heavy_statement_counts_as_many():
    def batch(size):
        found = Batch()
        found.event(1, event(size), severity="info", rule="r", sound="", outcome=None, reason=None)
        return weight(found.statements)

    assert (batch(0), batch(5000)) == (1, 6)
    assert weight([]) == 0


def test_what_is_owed_to_a_disk_is_bounded_by_its_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "OWED", 20)
    found = store.Store(tmp_path)
    found.open()

    def fails(size, count):
        found._owed = []
        batch = Batch()
        for i in range(count):
            batch.event(i, event(size), severity="info", rule="r", sound="", outcome=None, reason=None)
        found._failed(store.sqlite3.OperationalError("disk full"), batch.statements, whole=False)
        return len(found._owed), found.forgot

    try:
        assert fails(0, 15) == (15, False)
        assert fails(5000, 15) == (0, True)
    finally:
        found.close()


def test_while_too_much_waits_for_the_disk_nothing_more_is_taken(still, monkeypatch):
    monkeypatch.setattr(runtime, "PENDING", 10)
    assert not still.runtime.full

    async def hangs():
        never = asyncio.get_running_loop().create_future()
        monkeypatch.setattr(still.runtime.upkeep, "commit", lambda _: never)
        waiting = asyncio.ensure_future(still.runtime.take([event(20_000)]))
        await asyncio.sleep(0)
        full = still.runtime.full
        never.set_result(True)
        await waiting
        monkeypatch.undo()
        return full

    assert still.do(hangs()) is True
    assert not still.runtime.full


def test_samples_that_wait_for_a_disk_that_hangs_are_counted_and_left_out(still, monkeypatch):
    monkeypatch.setattr(runtime, "PENDING", 2)

    async def hangs():
        still.runtime.writes._ending = True  # as while a commit does not end
        for i in range(5):
            still.now += 1.5
            await still.runtime.take([MetricSample(Source.HTTP, "cpu", i / 5, still.now)])
        return len(still.runtime.writes._endings.statements)

    assert still.do(hangs()) == 2
    assert value(still, "pager_samples_not_kept_total") == 3
    still.runtime.writes._ending = False


def test_a_pruning_that_hangs_is_not_begun_again(still, monkeypatch):
    begun = []

    async def hangs(_):
        never = asyncio.get_running_loop().create_future()
        monkeypatch.setattr(still.runtime.writes, "prune", lambda: begun.append(1) or never)
        for _ in range(5):
            still.now += 61
            await still.runtime._tick(still.now)
            await asyncio.sleep(0.05)
        never.set_result(True)
        return len(begun)

    assert still.do(hangs(None)) == 1


# The broker


class Publishing:
    """The bridge's side of a broker that is not there."""

    def __init__(self):
        self.metrics, self.done = Metrics(), []
        self.broker = Broker(
            "127.0.0.1", 9, MqttModel(), "b", metrics=self.metrics, published=self.done.append, changed=list
        )

    def dropped(self, reason="overflow"):
        return self.metrics.registry.get_sample_value(
            "pager_mqtt_publishes_dropped_total", {"reason": reason}
        )


@pytest.fixture
async def publishing():
    return Publishing()


async def test_publishes_that_wait_are_bounded_in_number(publishing, monkeypatch):
    monkeypatch.setattr(client, "UNSENT", 3)
    for i in range(5):
        publishing.broker.publish(i, "alerts/info", b"x")
    assert list(publishing.broker.unsent) == [2, 3, 4]
    assert (publishing.done, publishing.dropped()) == ([0, 1], 2)


async def test_publishes_that_wait_are_bounded_in_bytes(publishing, monkeypatch):
    monkeypatch.setattr(client, "UNSENT_BYTES", 100)
    for i in range(5):
        publishing.broker.publish(i, "alerts/info", b"x" * 40)
    assert list(publishing.broker.unsent) == [3, 4]
    assert publishing.broker._unsent_bytes == 80
    publishing.broker._flying[7] = 3
    publishing.broker._acknowledged(7)
    assert publishing.broker._unsent_bytes == 40
    assert publishing.done == [0, 1, 2, 3]


async def test_samples_that_a_slow_broker_does_not_take_are_bounded(publishing, monkeypatch):
    monkeypatch.setattr(client, "SAMPLES", 3)
    sent = []

    class Slow:
        def publish(self, topic, *_, **__):
            sent.append(topic)
            return type("Info", (), {"mid": len(sent)})

    publishing.broker._client, publishing.broker.connected = Slow(), True
    for _ in range(5):
        publishing.broker.publish_sample("metrics/cpu", b"1")
    assert (len(sent), publishing.dropped()) == (3, 2)
    publishing.broker._acknowledged(2)
    publishing.broker.publish_sample("metrics/cpu", b"1")
    assert len(sent) == 4


async def test_messages_that_wait_for_the_loop_are_bounded_in_bytes(publishing, monkeypatch):
    """Paho's thread waits, then TCP does, then the broker's queue."""
    monkeypatch.setattr(client, "INTAKE_BYTES", 100)
    broker = publishing.broker

    def brings():
        for i in range(6):
            broker._put(Delivery(Message("alerts/info", bytes([i]) * 40), lambda: None))

    thread = threading.Thread(target=brings)
    thread.start()
    try:
        wait_for(lambda: broker._queue.qsize() == 2, "two have room")
        found = []
        while len(found) < 6:
            await asyncio.to_thread(wait_for, lambda: not broker._queue.empty(), "the next")
            now = await broker.deliveries()
            assert len(now) <= 2
            found += now
        assert [delivery.message.payload[0] for delivery in found] == list(range(6)), "none is lost"
    finally:
        broker._stopping = True
        thread.join(10)
    assert broker._queued_bytes == broker._taken_bytes == 240


async def test_one_message_larger_than_all_of_that_is_taken_alone(publishing, monkeypatch):
    monkeypatch.setattr(client, "INTAKE_BYTES", 100)
    publishing.broker._put(Delivery(Message("alerts/info", b"x" * 500), lambda: None))
    assert len(await publishing.broker.deliveries()) == 1


def test_a_payload_larger_than_any_webhook_is_one_that_cannot_be_read():
    (found,) = mqtt.topics.decode(Message("alerts/critical", client.TOO_LARGE), (), NOW)
    assert found.why is Reason.INVALID


async def test_while_the_store_fails_no_more_than_so_many_are_taken(monkeypatch):
    monkeypatch.setattr(mqtt, "STORE_AGAIN", 0.01)

    class Never:
        async def deliveries(self):
            raise AssertionError("it must not be asked")

    assert await mqtt.Mqtt._next(Never(), waiting=True, full=True) == []


async def test_what_the_broker_does_not_keep_is_not_kept_for_it(monkeypatch):
    """Messages of QoS 0 while the store fails: they were decided, and nobody waits for a word on them."""
    monkeypatch.setattr(mqtt, "STORE_AGAIN", 0.01)
    told, stores = [], [False, False, True]
    batches = [
        [Delivery(Message("metrics/cpu", b"1"), lambda: told.append("never"), waits=False)],
        [Delivery(Message("alerts/info", b"{}"), lambda: told.append("kept"))],
        [],
    ]

    class Brings:
        async def deliveries(self):
            if batches:
                return batches.pop(0)
            raise asyncio.CancelledError

    found = object.__new__(mqtt.Mqtt)

    async def takes(_):
        return stores.pop(0)

    found._take_all = takes
    with pytest.raises(asyncio.CancelledError):
        await found._listen(Brings())
    assert told == ["kept"]


async def test_the_embedded_broker_keeps_the_last_message_of_so_many_topics(monkeypatch):
    monkeypatch.setattr(embedded, "RETAINED", 3)
    monkeypatch.setattr(embedded, "LARGEST_RETAINED", 10)
    broker = embedded._Bounded(
        {"listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}}, "plugins": {}}
    )
    for i in range(5):
        await broker.retain_message(None, f"t{i}", b"x", 0)
    assert list(broker.retained_messages) == ["t0", "t1", "t2"]
    await broker.retain_message(None, "t1", b"y", 0)
    assert broker.retained_messages["t1"].data == b"y"
    await broker.retain_message(None, "t2", b"y" * 11, 0)
    assert "t2" not in broker.retained_messages, "an older one must not pass for the last"
    await broker.retain_message(None, "t9", b"z", 0)
    assert "t9" in broker.retained_messages


# Labels of metrics


def test_no_series_grows_with_what_comes(still):
    def series():
        return {
            (sample.name, frozenset(sample.labels.items()))
            for metric in still.runtime.metrics.registry.collect()
            for sample in metric.samples
        }

    still.take(fires("first", at=still.now), MetricSample(Source.HTTP, "cpu", 0.5, still.now))
    still.wait(1)
    for i in range(50):
        labels = {"alertname": f"n{i}", "severity": f"s{i}", "service": f"v{i}", f"l{i}": "x"}
        still.take(
            AlertEvent(Source.GRAFANA, f"g{i}", Status.FIRING, labels, still.now),
            MetricSample(Source.HTTP, f"t{i}", 0.5, still.now, {f"l{i}": "x"}),
        )
    still.wait(1)
    assert len(series()) < 250
    known = {str(member) for kind in (Source, Outcome, Reason) for member in kind}
    for name, labels in series():
        assert not any(text.startswith(("n1", "s1", "v1", "t1", "l1")) for _, text in labels - known), name


def test_who_sings_is_bounded_however_many_services_there_are():
    conductor = Conductor(BOOK, NOW)
    for i in range(500):
        conductor.alert(fires(f"f{i}"), f"e{i}", NOW)
        conductor.sample(MetricSample(Source.HTTP, "cpu", 0.5, NOW, {"service": f"m{i}"}), NOW)
    assert len(conductor.who.slots) == len(conductor.who.seen) == 15
    assert len(conductor.who.touched) <= 15
    assert len(conductor.voices.sounding) == BOOK.max_voices
