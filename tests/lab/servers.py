"""The real Mosquitto, Alertmanager and Prometheus on free ports, each in a folder of its own.

Each runs the configuration that the project ships, moved to the test's ports and made quicker; a test that
needs another one hands it over in the shipped form. Use them as context managers: they start at once, are ready
when the constructor returns, and are gone after the `with`.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml

from lab.programs import Program, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
MOSQUITTO_CONF = ROOT / "mosquitto" / "mosquitto.conf"
ALERTMANAGER_YML = ROOT / "alertmanager" / "alertmanager.yml"
PROMETHEUS_YML = ROOT / "prometheus" / "prometheus.yml"
ALERTS_YML = ROOT / "prometheus" / "alerts.yml"


def program(*names: str) -> str:
    """The path of the first of `names` that is installed; AssertionError naming all when none is."""
    found = [path for name in names if (path := shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin"))]
    assert found, f"none of {names} is installed: run `make system` as root"
    return found[0]


def ask(url: str, body: object = None, method: str | None = None) -> tuple[int, Any]:
    """One HTTP request on loopback: its status and its body, decoded where it is JSON.

    `body` is sent as JSON. A refused connection is status 0 with the reason as text.
    """
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, sent, {"Content-Type": "application/json"}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            status, text = answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        with e:
            status, text = e.code, e.read().decode(errors="replace")
    except OSError as e:
        return 0, str(e)
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


class Server:
    """What the three have in common: a program that can be killed and started again on the same port."""

    program: Program
    port: int

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it (again) on its port and wait until it is ready."""
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL, as a crash would; its port and its stored state stay for `start`."""
        self.program.signal(signal.SIGKILL)
        self.program.stop()

    def stop(self) -> None:
        """SIGTERM, and gone."""
        self.program.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _ready(self) -> None:
        """Wait for `/-/ready`; the log is in the message when it does not come."""

        def ready() -> bool:
            assert self.program.returncode() is None, (
                f"{self.program.name} ended:\n{self.program.log[-4000:]}"
            )
            return ask(f"{self.url}/-/ready")[0] == 200

        try:
            wait_for(ready, f"{self.program.name} is ready", 30)
        except AssertionError as e:
            self.program.stop()
            raise AssertionError(f"{e}\n{self.program.log[-4000:]}") from None


class Mosquitto(Server):
    """An MQTT broker. `port` is plain MQTT, `websockets` MQTT over WebSocket.

    `config` is the text of a mosquitto.conf for the ports 1883 and 9001 and the folder /mosquitto/data; without
    it the shipped one. A listener that it does not name is not opened.
    """

    def __init__(self, folder: Path, config: str | None = None) -> None:
        super().__init__(folder)
        self.websockets = free_port()
        self.file = self.folder / "mosquitto.conf"
        self.file.write_text(self._moved(MOSQUITTO_CONF.read_text() if config is None else config))
        self.start()

    def _moved(self, config: str) -> str:
        """`config` with this broker's ports and folder; Debian's mosquitto keeps its user when told `root`."""
        config = re.sub(r"^listener 1883\b.*$", f"listener {self.port} 127.0.0.1", config, flags=re.MULTILINE)
        config = re.sub(
            r"^listener 9001\b.*$", f"listener {self.websockets} 127.0.0.1", config, flags=re.MULTILINE
        )
        return f"user root\n{config.replace('/mosquitto/data', str(self.folder))}\n"

    def start(self) -> None:
        self.program = Program([program("mosquitto"), "-c", self.file], self.folder, name="mosquitto")
        try:
            self.program.says("running")
        except AssertionError:
            self.program.stop()
            raise


class Alertmanager(Server):
    """An Alertmanager that posts to `webhook_url`.

    `config` is YAML; without it the shipped file, its waits shortened to a second. In both every webhook is pointed at
    `webhook_url`. It calls itself by its `url`. `peers` are the `cluster` addresses of its replicas; None: it has none.
    """

    flags: Sequence[str] = ()
    """Further flags, for a subclass."""

    def __init__(
        self, folder: Path, webhook_url: str, config: str | None = None, *, peers: Sequence[str] | None = None
    ) -> None:
        super().__init__(folder)
        self.cluster = "" if peers is None else f"127.0.0.1:{free_port()}"
        self._peers = peers or ()
        self.file = self.folder / "alertmanager.yml"
        self.write(webhook_url, config)
        self.start()

    def write(self, webhook_url: str, config: str | None = None) -> None:
        """Write its configuration; a running one takes it with `reload`."""
        tree = yaml.safe_load(ALERTMANAGER_YML.read_text() if config is None else config)
        if config is None:
            _hurry(tree["route"])
        for receiver in tree["receivers"]:
            for webhook in receiver.get("webhook_configs", []):
                webhook["url"] = webhook_url
        self.file.write_text(yaml.safe_dump(tree))

    def start(self) -> None:
        self.program = Program(
            [
                program("prometheus-alertmanager", "alertmanager"),
                f"--config.file={self.file}",
                f"--storage.path={self.folder}/state",
                f"--web.listen-address=127.0.0.1:{self.port}",
                f"--web.external-url={self.url}",
                f"--cluster.listen-address={self.cluster}",
                *(f"--cluster.peer={peer}" for peer in self._peers),
                *self.flags,
                "--log.level=debug",
            ],
            self.folder,
            name="alertmanager",
        )
        self._ready()

    def reload(self) -> None:
        assert ask(f"{self.url}/-/reload", method="POST")[0] == 200, self.program.log[-2000:]

    def post(self, *alerts: Mapping[str, Any]) -> None:
        """Give it alerts as Prometheus does: `labels`, and `annotations`, `startsAt`, `endsAt` where wanted."""
        status, answer = ask(f"{self.url}/api/v2/alerts", list(alerts))
        assert status == 200, answer

    def silences(self) -> list[dict[str, Any]]:
        """The silences in force, as amtool tells them."""
        command = [program("amtool"), "silence", "query", f"--alertmanager.url={self.url}", "--output=json"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        return list(json.loads(done.stdout))

    def silence(
        self, *matchers: str, comment: str = "new disk", author: str = "anna", lasts: str = "1h"
    ) -> str:
        """Make a silence with amtool: its id."""
        command = [program("amtool"), "silence", "add", f"--alertmanager.url={self.url}", *matchers]
        command += [f"--comment={comment}", f"--author={author}", f"--duration={lasts}"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    def expire(self, ident: str) -> None:
        """End a silence with amtool."""
        command = [program("amtool"), "silence", "expire", f"--alertmanager.url={self.url}", ident]
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)

    def alerts(self) -> list[dict[str, Any]]:
        """What it holds as active."""
        return list(ask(f"{self.url}/api/v2/alerts")[1])


class Prometheus(Server):
    """A Prometheus that scrapes and evaluates every second.

    `rules` is a rule file or its text; `targets` gives each job its `host:port` addresses; `alertmanager` is
    `host:port`, or None for none.
    """

    def __init__(
        self,
        folder: Path,
        rules: Path | str,
        targets: Mapping[str, Sequence[str]],
        alertmanager: str | None = None,
    ) -> None:
        super().__init__(folder)
        self.file = self.folder / "prometheus.yml"
        self.write(rules, targets, alertmanager)
        self.start()

    def write(
        self, rules: Path | str, targets: Mapping[str, Sequence[str]], alertmanager: str | None = None
    ) -> None:
        """Write its configuration and rules; a running one takes them with `reload`."""
        text = rules.read_text() if isinstance(rules, Path) else rules
        (self.folder / "alerts.yml").write_text(text)
        self._alertmanager = alertmanager
        tree = yaml.safe_load(PROMETHEUS_YML.read_text())
        tree["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        tree["scrape_configs"] = [
            {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
            for job, addresses in targets.items()
        ]
        addresses = [] if alertmanager is None else [alertmanager]
        tree["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": addresses}]}]
        self.file.write_text(yaml.safe_dump(tree))

    def start(self) -> None:
        self.program = Program(
            [
                program("prometheus"),
                f"--config.file={self.file}",
                f"--storage.tsdb.path={self.folder}/tsdb",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.enable-lifecycle",
                "--rules.alert.resend-delay=5s",
            ],
            self.folder,
            name="prometheus",
        )
        self._ready()
        self._meets_alertmanager()

    def reload(self) -> None:
        assert ask(f"{self.url}/-/reload", method="POST")[0] == 200, self.program.log[-2000:]
        self._meets_alertmanager()

    def _meets_alertmanager(self) -> None:
        """Wait until it knows its Alertmanager (up to 5 s): what fires before that is sent only at the next turn."""
        wanted = self._alertmanager
        if wanted is None:
            return

        def known() -> bool:
            active = ask(f"{self.url}/api/v1/alertmanagers")[1]["data"]["activeAlertmanagers"]
            return any(wanted in entry["url"] for entry in active)

        wait_for(known, f"prometheus knows {wanted}", 20)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The instant vector of a PromQL expression now: labels and value of each series."""
        status, answer = ask(f"{self.url}/api/v1/query?query={urllib.parse.quote(expression)}")
        assert status == 200, answer
        return [(row["metric"], float(row["value"][1])) for row in answer["data"]["result"]]

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        alerts = ask(f"{self.url}/api/v1/alerts")[1]["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


def hurried(rules: Path | str = ALERTS_YML, *, wait: str = "1s", window: str = "5s") -> str:
    """The text of `rules` with every `for:` as `wait` and every range as `window`, for a scrape a second."""
    text = rules.read_text() if isinstance(rules, Path) else rules
    text = re.sub(r"^(\s*for:) \S+$", rf"\1 {wait}", text, flags=re.MULTILINE)
    return re.sub(r"\[\d+[smh]\]", f"[{window}]", text)


def _hurry(route: dict[str, Any]) -> None:
    """Make every wait of a routing tree a second; what repeats after an hour stays as it is."""
    route["group_interval"] = "1s"
    with contextlib.suppress(KeyError):
        route["group_wait"] = min(route["group_wait"], "1s", key=_seconds)
        route["repeat_interval"] = "1h" if _seconds(route["repeat_interval"]) > 60 else "2s"
    for child in route.get("routes", []):
        _hurry(child)


def _seconds(text: str) -> int:
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]
