"""Errors that are meant for a person: what is wrong, where, and what to do."""

from __future__ import annotations


class PagerError(Exception):
    """Base of all errors that the bridge words itself."""


class UnreadableError(PagerError):
    """A body or payload that can never be read; sending it again would not help."""


class ConfigError(PagerError):
    """A rule book that is refused. `problems` holds one line each: file, line, key, what would be right."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SettingError(PagerError):
    """A setting (flag or environment variable) that cannot work; the text names it."""


class StoreError(PagerError):
    """The store cannot be opened or written."""


class GoneError(UnreadableError):
    """A sender went away in the middle of what it said; it will say it again."""
