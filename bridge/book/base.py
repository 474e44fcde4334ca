"""What every part of the rule book shares."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bridge.core.matchers import MatcherError, parse


class Strict(BaseModel):
    """Unknown keys are refused, numbers are finite, texts are not taken for numbers."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, populate_by_name=True)


def check_matchers(match: list[str]) -> list[str]:
    """Raises ValueError for what is no matcher of Alertmanager's."""
    for text in match:
        try:
            parse(text)
        except MatcherError as e:
            raise ValueError(str(e)) from None
    return match
