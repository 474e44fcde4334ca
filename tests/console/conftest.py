"""The page's files, and Node.js from the wheel that the development packages bring."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

CONSOLE = Path(__file__).parents[2] / "bridge" / "console"


@pytest.fixture(scope="session")
def console() -> Path:
    """The folder of the page."""
    return CONSOLE


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js; version 22 or newer, because the tests use its own WebSocket."""
    found = Path(sys.executable).with_name("node")
    assert found.exists(), "Node.js is missing: run `make test-fast`, which installs the development packages"
    return str(found)
