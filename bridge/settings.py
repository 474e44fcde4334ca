"""What is set from outside: environment and flags of `serve`. The rule book holds everything else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


def default_data_dir() -> Path:
    """Where state lives unless PAGER_DATA_DIR says otherwise: the user's state folder."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "singing-pager"


@dataclass(frozen=True, slots=True)
class Settings:
    """One bridge's settings; each field is documented with its environment variable in docs/configuration.md."""

    data_dir: Path
    config: Path
    osc_host: str = "localhost"
    osc_port: int = 57120
    mqtt_host: str = "localhost"
    mqtt_port: int = 1883
    http_host: str = "127.0.0.1"
    http_port: int = 8000
    metrics_port: int = 9109
    embedded_broker: bool = False
    synthdefs: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    post_token_file: Path | None = None
    post_password_file: Path | None = None
    read_token_file: Path | None = None
    control_token_file: Path | None = None
    allow_unauthenticated: str = ""
    bind_address: str = ""
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    post_rate: float = 0.0
    alertmanager_url: str = ""
    alertmanager_external_url: str = ""

    @property
    def page(self) -> str:
        """Where a person on this machine opens the page."""
        host = "localhost" if self.http_host in {"127.0.0.1", "0.0.0.0", "::", "::1", ""} else self.http_host  # noqa: S104 # compared, not bound
        return f"http{'s' if self.tls_cert_file else ''}://{host}:{self.http_port}"
