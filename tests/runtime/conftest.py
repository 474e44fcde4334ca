from __future__ import annotations

import pytest
from lab.api import running


@pytest.fixture
async def client(tmp_path):
    """A bridge in this process, over a new folder."""
    async with running(tmp_path) as found:
        yield found
