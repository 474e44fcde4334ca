"""Where an alert came from, as links for a person: its rule, its runbook, its dashboard, a way to silence it.

They are a stranger's text that a browser will follow at one press. Only whole http and https URLs are links, without
credentials and without anything that browsers and we could read differently; everything else is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import quote, urlsplit

from bridge.core.matchers import written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.model.events import AlertEvent

LONGEST = 2048
"""Characters of a URL."""
NAMES = ("source", "runbook", "dashboard", "panel", "silence")
"""Every link that there may be."""


def links(sent: Mapping[str, Any], annotations: Mapping[str, str]) -> dict[str, str]:
    """The links of an alert by their NAMES. `sent` is the alert as it was sent; Grafana's own fields lie there."""
    said = {
        "source": (sent.get("generatorURL"),),
        "runbook": (annotations.get("runbook_url"), annotations.get("runbook")),
        "dashboard": (
            annotations.get("dashboard_url"),
            annotations.get("dashboard"),
            sent.get("dashboardURL"),
        ),
        "panel": (sent.get("panelURL"),),
        "silence": (sent.get("silenceURL"),),
    }
    first = {name: next(filter(usable, urls), None) for name, urls in said.items()}
    return {name: url for name, url in first.items() if url is not None}


def checked(found: Mapping[str, str]) -> dict[str, str]:
    """Those of these links that are some: of a file that anybody may have written."""
    return {name: found[name] for name in NAMES if usable(found.get(name))}


def whole(event: AlertEvent) -> dict[str, str]:
    """The links of an alert with the one that silences it in its Alertmanager.

    That one repeats every label, so it is made when somebody looks and not kept.
    """
    made = "" if "silence" in event.links else silence(event.cluster, event.labels)
    return dict(event.links) | ({"silence": made} if made else {})


def silence(external_url: str, labels: Mapping[str, str]) -> str:
    """Alertmanager's form for a silence of exactly these labels; empty where that makes no usable link."""
    if not labels or not usable(external_url) or "#" in external_url or "?" in external_url:
        return ""
    matchers = ", ".join(written(name, value) for name, value in labels.items())
    text = quote(f"{{{matchers}}}", safe="", errors="replace")
    url = f"{external_url.rstrip('/')}/#/silences/new?filter={text}"
    return url if usable(url) else ""


def usable(text: object) -> TypeGuard[str]:
    """Whether a page may show it as a link."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST or not text.isprintable():
        return False
    # A browser reads a backslash as a slash, and takes spaces away at the ends: neither belongs in a URL.
    if "\\" in text or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and port != 0
    )
