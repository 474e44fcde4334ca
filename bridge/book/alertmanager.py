"""Which Alertmanagers are asked, and how."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from bridge.book.base import Strict
from bridge.core.alertmanager import Cluster
from bridge.core.durations import duration

SHORTEST, LONGEST = 1.0, 600.0
"""Seconds between two questions."""


def plain_url(text: str) -> str:
    """A URL as it is compared, without a slash at the end. Raises ValueError."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or not text.isprintable() or " " in text:
        raise ValueError(f"{_hidden(text)!r} is no URL; write http://alertmanager:9093")
    if "@" in parts.netloc:
        raise ValueError("a URL holds no password, for it is shown; use username and password_file")
    if parts.query or parts.fragment:
        raise ValueError(f"{text!r}: only the address and a path, nothing after ? or #")
    return text.rstrip("/")


def _hidden(text: str) -> str:
    """What an error may quote: nothing before an @."""
    return text.rpartition("@")[2][:80]


Url = Annotated[str, AfterValidator(plain_url)]


class AlertmanagerModel(Strict):
    """One Alertmanager, or several that are replicas of each other."""

    urls: list[Url] = Field(
        min_length=1, max_length=10, description="where it is asked; several are replicas of each other"
    )
    external_urls: list[Url] = Field(
        [], max_length=10, description="its --web.external-url, as its webhooks say it; without it the urls"
    )
    receivers: list[Annotated[str, Field(min_length=1)]] = Field(
        [], max_length=100, description="its receivers that send here; others are learned from the webhooks"
    )
    every: str = Field("15s", description="it is asked so often; from 1s to 10m")
    token_file: str | None = Field(None, description="file that holds a bearer token")
    username: str | None = Field(None, min_length=1, description="user name for basic authentication")
    password_file: str | None = Field(None, description="file that holds its password")
    ca_file: str | None = Field(
        None, description="file with the certificate authorities; without it the system's"
    )

    @field_validator("every")
    @classmethod
    def _time(cls, text: str) -> str:
        seconds = duration(text)
        if seconds is None or not SHORTEST <= seconds <= LONGEST:
            raise ValueError(f"{text!r} is no time from 1s to 10m; write 15s or 1m")
        return text

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.username is None) != (self.password_file is None):
            raise ValueError("username: it and password_file belong together; give both or none")
        if self.token_file is not None and self.username is not None:
            raise ValueError("token_file: a token or a user name, not both")
        return self

    @property
    def seconds(self) -> float:
        return duration(self.every) or LONGEST

    def compiled(self) -> Cluster:
        external = tuple(self.external_urls or self.urls)
        return Cluster(tuple(self.urls), external, tuple(self.receivers))


def check_clusters(clusters: list[AlertmanagerModel]) -> list[AlertmanagerModel]:
    """Raises ValueError where a URL belongs to two clusters: nobody could say whose alert it is."""
    for names in (
        [url for found in clusters for url in set(found.urls)],
        [url for found in clusters for url in set(found.compiled().external_urls)],
    ):
        if twice := [url for url in names if names.count(url) > 1]:
            raise ValueError(
                f"{twice[0]!r} is in two clusters; replicas of one Alertmanager are one entry with several urls"
            )
    return clusters
