"""100,000 alerts that fire at once, in the real bridge: the next is heard, counted and not kept, and the bridge says so."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from lab.bridge import OPENER, Bridge, one_alert, webhook
from lab.programs import wait_for
from lab.receiver import Receiver

from bridge.core.space import MOST
from bridge.store.books import ledger

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

BATCH = 20_000
BOOK = """
version: 1
osc: {acknowledges: false}
alerts:
  - {name: critical, match: ['severity="critical"'], severity: critical, sound: critical}
  - {name: others, match: ['severity="warning"'], severity: warning, sound: warning}
  - {name: rest, sound: info}
"""
MEMORY = 1600
"""MB that 100,000 alerts of Kubernetes may take, all in all; 1,070 were measured, 420 of them for what is kept."""


def of_kubernetes(number, severity="info"):
    """One as kube-prometheus sends it."""
    pod = f"checkout-{number:08x}"
    return {
        "status": "firing",
        "labels": {
            "alertname": "KubePodNotReady",
            "severity": severity,
            "namespace": "shop",
            "pod": pod,
            "container": "app",
            "cluster": "eu-1",
            "job": "kube-state-metrics",
            "instance": "10.0.0.7:8443",
            "prometheus": "monitoring/k8s",
        },
        "annotations": {
            "summary": f"Pod {pod} is not ready.",
            "description": f"Pod shop/{pod} has been in a non-ready state for longer than 15 minutes. " * 3,
            "runbook_url": "https://runbooks.example/kubepodnotready",
        },
        "startsAt": "2026-11-20T10:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{number:016x}",
    }


def post(bridge, alerts):
    body = json.dumps(
        {"version": "4", "receiver": "r", "externalURL": "http://a:9093", "alerts": alerts}
    ).encode()
    request = urllib.request.Request(f"{bridge.url}/alert", body, {"Content-Type": "application/json"})
    with OPENER.open(request, timeout=120) as answer:
        assert json.load(answer) == {"ok": True}


def resident(pid):
    """MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def test_a_hundred_thousand_alerts_and_one_more(tmp_path, record_property):
    with Receiver() as ears, Bridge(tmp_path, osc_port=ears.port, book=BOOK) as bridge:
        for first in range(0, MOST, BATCH):
            post(bridge, [of_kubernetes(first + i) for i in range(BATCH)])
        assert bridge.metrics().sum("pager_alerts_active") == MOST
        assert bridge.metrics().value("pager_alerts_not_kept_total") == 0

        before = len(ears.on("/alert"))
        late = one_alert(fingerprint="late", service="late") | {"startsAt": "2026-11-21T10:00:00Z"}
        assert bridge.post("/alert", webhook(late)) == (200, {"ok": True})
        assert bridge.post("/alert", webhook(late)) == (200, {"ok": True})
        wait_for(lambda: any(args[3] == "critical" for args in ears.on("/alert")[before:]), "it is heard", 30)
        assert sum(args[3] == "critical" for args in ears.on("/alert")) == 1, "once"
        found = wait_for(
            lambda: (m := bridge.metrics()).value("pager_alerts_not_kept_total") and m, "it is counted"
        )
        assert found.value("pager_alerts_not_kept_total") == 1
        wait_for(
            lambda: bridge.metrics().sum("pager_alerts_active") == MOST + 1, "the bridge's own is kept", 30
        )
        assert found.value("pager_alerts_active", severity="critical") == 0

        used = resident(bridge.program.pid)
        record_property("resident_mb", used)
        assert used < MEMORY
        bridge.program.stop()
        assert ledger(bridge.state).problems == []
