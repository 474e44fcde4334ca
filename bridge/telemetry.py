"""The bridge's own metrics. One registry per bridge; every label has a bounded set of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.events import Outcome, Reason, Source

if TYPE_CHECKING:
    from bridge.model.commands import Play

disable_created_metrics()  # type: ignore[no-untyped-call] # one more series per counter that nobody asks for

SEEDS_OWN = "alerts", "metrics"
REFUSALS = (
    "origin",
    "host",
    "credentials",
    "right",
    "unavailable",
    "rate",
    "head",
    "slow",
    "connections",
    "memory",
)
"""Why a request or a connection goes no further."""
OTHER = "other"
"""What every unknown label value folds into."""


class Metrics:
    """All metrics. The first five keep the names of the first design; the others begin with `pager_`."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self._seeds_own(r)
        self._what_came(r)
        self._who_plays(r)
        self._broker(r)
        self._itself(r)
        self._start()

    def _seeds_own(self, r: CollectorRegistry) -> None:
        """The five of the first design, under their names."""
        self.alerts = Counter("alerts", "Alerts taken, by mapped severity.", ["severity"], registry=r)
        self.mqtt_messages = Counter(
            "mqtt_messages",
            "MQTT messages taken, by topic (known ones; all others as other).",
            ["topic"],
            registry=r,
        )
        self.cpu_frequency = Gauge(
            "cpu_sound_frequency", "Frequency last sent to the cpu voice, in Hz.", registry=r
        )
        self.memory_volume = Gauge(
            "memory_sound_volume", "Level last sent to the memory voice, 0 to 1.", registry=r
        )
        self.processing = Histogram(
            "alert_processing_seconds",
            "From a webhook's last byte to its alerts being stored and sent.",
            registry=r,
        )

    def _what_came(self, r: CollectorRegistry) -> None:
        """Events, what fires and what is held."""
        self.events = Counter(
            "pager_events", "Events by how they ended.", ["source", "outcome", "reason"], registry=r
        )
        self.received = Counter("pager_events_received", "Events taken in.", ["source"], registry=r)
        self.unknown_severity = Counter(
            "pager_unknown_severity", "Alerts whose severity the rule book does not know.", registry=r
        )
        self.active = Gauge(
            "pager_alerts_active", "Alerts that fire now, by mapped severity.", ["severity"], registry=r
        )
        self.not_kept = Counter(
            "pager_alerts_not_kept", "Alerts that sounded and are not kept: too many fire.", registry=r
        )
        self.stale = Gauge(
            "pager_alerts_stale", "Alerts that fire and that nobody has vouched for lately.", registry=r
        )
        self.polls = Counter(
            "pager_alertmanager_polls",
            "Questions to Alertmanagers, by how they ended.",
            ["result"],
            registry=r,
        )
        self.foreign = Counter(
            "pager_webhooks_foreign",
            "Webhooks of Alertmanagers that no entry of the rule book names.",
            registry=r,
        )
        self.samples_not_kept = Counter(
            "pager_samples_not_kept", "Samples that are in no journal: the disk hangs.", registry=r
        )
        self.voices = Gauge("pager_voices", "Held voices that should sound now.", registry=r)

        self.cues = Counter(
            "pager_cues",
            "Cues given to the room, by sound and by what made them sound.",
            ["sound", "why"],
            registry=r,
        )
        self.acks = Gauge("pager_acknowledged", "Acknowledgements in force.", registry=r)
        self.mutes = Gauge("pager_mutes", "Mutes in force.", registry=r)

    def _who_plays(self, r: CollectorRegistry) -> None:
        """Players and the engine."""
        self.players = Gauge("pager_players", "Connected players.", ["kind", "audible"], registry=r)
        self.osc_sent = Counter("pager_osc_messages_sent", "OSC messages sent, repeats included.", registry=r)
        self.osc_repeated = Counter(
            "pager_osc_messages_repeated", "OSC messages sent again for want of an answer.", registry=r
        )
        self.engine_up = Gauge("pager_engine_up", "1 while SuperCollider answers.", registry=r)
        self.engine = Gauge(
            "pager_engine_stat",
            "Counters of the SuperCollider engine, as it gives them.",
            ["name"],
            registry=r,
        )

    def _broker(self, r: CollectorRegistry) -> None:
        """The way to the MQTT broker."""
        self.mqtt_connected = Gauge(
            "pager_mqtt_connected",
            "1 while the MQTT broker is connected (1 too where MQTT is off).",
            registry=r,
        )
        self.mqtt_queue = Gauge("pager_mqtt_unsent", "Publishes that wait for the broker.", registry=r)
        self.mqtt_dropped = Counter(
            "pager_mqtt_publishes_dropped", "Publishes given up, by why.", ["reason"], registry=r
        )
        self.mqtt_own = Counter(
            "pager_mqtt_own_messages", "Own publishes that came back and were passed over.", registry=r
        )

    def _itself(self, r: CollectorRegistry) -> None:
        """The bridge itself."""
        self.watchdog_armed = Gauge(
            "pager_watchdog_armed",
            "1 while the watch is armed: a Watchdog has come, or an input is expected.",
            registry=r,
        )
        self.watchdog_last = Gauge(
            "pager_watchdog_last_timestamp_seconds",
            "Unix time of the last Watchdog alert; 0 before the first.",
            registry=r,
        )
        self.watch_on = Gauge("pager_watch_on", "0 while the watch is switched off.", registry=r)
        self.missing = Gauge(
            "pager_inputs_missing",
            "Expected inputs and parts that are missing: the flatline sounds.",
            registry=r,
        )
        self.reload_ok = Gauge(
            "pager_config_last_reload_successful",
            "1 when the last (re)load of the rule book worked.",
            registry=r,
        )
        self.reload_time = Gauge(
            "pager_config_last_reload_success_timestamp_seconds",
            "Unix time of the last good load.",
            registry=r,
        )
        self.store_failures = Counter("pager_store_failures", "Writes that the store refused.", registry=r)
        self.unreadable = Counter(
            "pager_unreadable_bodies", "Bodies that could not be read.", ["route"], registry=r
        )
        self.refused = Counter(
            "pager_http_refused",
            "Requests and connections refused before anybody looked at what they ask, by why.",
            ["reason"],
            registry=r,
        )
        self.build = Gauge("pager_build_info", "1, with the version as a label.", ["version"], registry=r)

    def _start(self) -> None:
        """Every bounded series is there from the beginning, so that a rate over it begins at 0."""
        for severity in SEVERITIES:
            self.alerts.labels(severity)
            self.active.labels(severity)
        for result in ("ok", "failed"):
            self.polls.labels(result)
        for source in Source:
            self.received.labels(source)
        for kind in ("sclang", "browser"):
            for audible in ("true", "false"):
                self.players.labels(kind, audible)
        for reason in ("overflow", "offline", "bad_topic"):
            self.mqtt_dropped.labels(reason)
        for reason in REFUSALS:
            self.refused.labels(reason)

    def watchdog(self, last: float | None) -> None:
        """When the last Watchdog came (unix seconds), if one ever did."""
        if last is not None:
            self.watchdog_last.set(last)

    def cue(self, cue: Play) -> None:
        """Count a cue; the sounds of a user's own are one."""
        self.cues.labels(cue.sound if cue.sound in SOUNDS else "own", cue.why).inc()

    def ended(self, source: Source, outcome: Outcome, reason: Reason | None, times: int = 1) -> None:
        """Count events that ended."""
        self.events.labels(source, outcome, reason or "").inc(times)

    def mqtt_topic(self, topic: str) -> str:
        """The bounded label for a topic: its first level with a known last level, else with `other`."""
        first, _, rest = topic.partition("/")
        if first not in SEEDS_OWN:
            return OTHER
        last = rest.rpartition("/")[2]
        known = SEVERITIES if first == "alerts" else SOUNDS
        return f"{first}/{last}" if last in known else f"{first}/{OTHER}"
