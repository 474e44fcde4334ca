"""Fixtures of these tests: secrets in files, and the application of a bridge with them."""

from __future__ import annotations

import contextlib

import pytest
from web_door import CONTROL, PASSWORD, POST, READ, Clock, Door

from bridge import config
from bridge.runtime import Runtime
from bridge.settings import Settings
from bridge.web import create_app
from bridge.web.access import Access


@pytest.fixture
def secrets(tmp_path):
    """Settings that name a file for every secret, and the files."""
    names = {
        "post_token_file": POST,
        "read_token_file": READ,
        "control_token_file": CONTROL,
        "post_password_file": PASSWORD,
    }
    found = {}
    for name, text in names.items():
        path = tmp_path / f"{name}.txt"
        path.write_text(text + "\n")
        found[name] = path
    return found


@pytest.fixture
async def door(tmp_path):
    """Make the application of a bridge with these settings."""
    async with contextlib.AsyncExitStack() as stack:

        async def made(**settings):
            given = {
                "data_dir": tmp_path / "state",
                "config": config.DEFAULT_BOOK,
                "mqtt_host": "",
                "osc_port": 9,
            }
            chosen = Settings(**given | settings)
            runtime = Runtime(chosen, config.load(config.DEFAULT_BOOK))
            clock = Clock()
            access = Access(chosen, clock)
            await runtime.start()
            stack.push_async_callback(runtime.stop)
            return Door(create_app(runtime, access), access, clock, runtime, stack)

        yield made
