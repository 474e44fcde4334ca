"""The soak in small: that it runs, measures and adds up. The long run is `make soak`, its result docs/soak.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab import soak

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


def test_a_short_soak_adds_up(tmp_path: Path) -> None:
    said: list[str] = []
    looks, scrape, books = soak.run(20, tmp_path, every=2, say=said.append)
    assert books.problems == []
    assert books.open == {}
    last = looks[-1]
    assert last.failed == 0
    assert last.received > 1000, "most of 200 a second came"
    assert last.played > 500
    assert 10 < last.nodes < 200, "what sounds is bounded"
    assert last.descriptors <= looks[0].descriptors + 20
    told = soak.report(looks, scrape, books)
    assert "| ledger | adds up |" in told
    assert f"| suppressed | flood | {int(scrape.sum('pager_events_total', reason='flood'))} |" in told
