"""The real `python -m bridge serve` on free ports, with its own state: started, killed and started again.

Use it as a context manager: it is ready when the constructor returns and gone after the `with`.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

from bridge.config import DEFAULT_BOOK
from lab.programs import Program, free_port, free_udp_port, wait_for
from lab.servers import Server, ask

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAGE_HOST = "pager.test"
"""The name under which a browser of the tests reaches a bridge; lab.browser leads it to 127.0.0.1."""
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


EVERY_CUE = DEFAULT_BOOK.read_text().replace("  flood: true\n", "  flood: false\n")
"""The built-in rule book for tests that fire faster than an ear could follow."""


@dataclass(frozen=True)
class Metrics:
    """Every sample of a scrape. `value` is one series, `sum` all series of a name that have these labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def value(self, name: str, **labels: str) -> float:
        """The value of exactly this series; 0 when it is not there."""
        return self.samples.get((name, frozenset(labels.items())), 0.0)

    def sum(self, name: str, **labels: str) -> float:
        """The sum over the series of this name that carry these labels."""
        wanted = set(labels.items())
        return sum(v for (found, has), v in self.samples.items() if found == name and wanted <= has)

    def values_of(self, label: str) -> set[str]:
        """Every value that the label has anywhere."""
        return {value for _, labels in self.samples for name, value in labels if name == label}


class Bridge(Server):
    """One bridge. `port` is HTTP, `metrics_port` metrics, `osc_port` where it looks for sclang.

    `book` is the text of a rule book; without it the built-in one. No broker unless `mqtt_port` names one, and
    nobody at the OSC port unless somebody listens there. `env` and `args` are added to those of `serve`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        mqtt_port: int | None = None,
        osc_port: int | None = None,
        book: str | None = None,
        env: Mapping[str, str] | None = None,
        args: tuple[str, ...] = (),
    ) -> None:
        super().__init__(folder)
        self.metrics_port = free_port()
        self.osc_port = osc_port or free_udp_port()
        self.state = self.folder / "state"
        self.file = self.folder / "pager.yml"
        self.args = args
        self.env = {
            "PAGER_DATA_DIR": str(self.state),
            "PAGER_HTTP_HOST": "127.0.0.1",
            "PAGER_HTTP_PORT": str(self.port),
            "PAGER_METRICS_PORT": str(self.metrics_port),
            "MQTT_HOST": "" if mqtt_port is None else "127.0.0.1",
            "MQTT_PORT": str(mqtt_port or 1883),
            "OSC_HOST": "127.0.0.1",
            "OSC_PORT": str(self.osc_port),
            "PAGER_ALLOWED_HOSTS": PAGE_HOST,
        }
        if book is not None:
            self.file.write_text(book)
            self.env["PAGER_CONFIG"] = str(self.file)
        self.env |= dict(env or {})
        self.start()

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}"

    def launch(self) -> Program:
        """Start it without waiting for it to be ready."""
        command = [sys.executable, "-m", "bridge", "serve", *self.args]
        self.program = Program(command, self.folder, name="bridge", env=self.env)
        return self.program

    def start(self) -> None:
        """Start it (again) on its ports and with its state, and wait until it is ready."""
        self.launch()
        self._ready()

    def post(self, path: str, body: object = None) -> tuple[int, Any]:
        """POST `body` as JSON: the status and the answer, decoded."""
        return ask(self.url + path, {} if body is None else body)

    def get(self, path: str) -> tuple[int, Any]:
        """GET: the status and the answer, decoded where it is JSON."""
        return ask(self.url + path)

    def status(self) -> dict[str, Any]:
        """`GET /api/v1/status`."""
        code, answer = self.get("/api/v1/status")
        assert code == 200, answer
        found: dict[str, Any] = answer
        return found

    def firing(self) -> list[str]:
        """Fingerprints of what fires, worst first."""
        return [alert["fingerprint"] for alert in self.status()["firing"]]

    def alert(self, status: str = "firing", fingerprint: str = "f1", **labels: str) -> tuple[int, Any]:
        """POST what Alertmanager would send about one alert."""
        return self.post("/alert", webhook(one_alert(status, fingerprint, **labels)))

    def metrics(self, *, port: int | None = None) -> Metrics:
        """A scrape, of the HTTP port unless `port` says otherwise."""
        with OPENER.open(f"http://127.0.0.1:{port or self.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return Metrics(
            {
                (sample.name, frozenset(sample.labels.items())): sample.value
                for family in text_string_to_metric_families(text)
                for sample in family.samples
            }
        )

    def connected(self, deadline: float = 20.0) -> None:
        """Wait until the broker is connected."""
        wait_for(lambda: self.status()["mqtt"]["state"] == "connected", "the broker is connected", deadline)


def one_alert(status: str = "firing", fingerprint: str = "f1", **labels: str) -> dict[str, Any]:
    """One alert of a webhook."""
    return {
        "status": status,
        "fingerprint": fingerprint,
        "labels": {"alertname": "HighCPU", "severity": "critical", "service": "api"} | labels,
        "annotations": {"summary": "CPU above 80 %.", "value": "0.93"},
        "startsAt": "2026-11-20T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-20T10:05:00Z",
    }


def webhook(*alerts: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook body of Alertmanager's version 4 with these alerts."""
    return {
        "version": "4",
        "status": "firing",
        "receiver": "web.hook",
        "alerts": [json.loads(json.dumps(a)) for a in alerts],
    }
