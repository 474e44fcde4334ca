from __future__ import annotations

import pytest

from bridge.store import Store


@pytest.fixture
def opened(tmp_path):
    """Opens the store of `tmp_path` again and again; every one is closed in the end."""
    stores = []

    def again():
        if stores:
            stores[-1].close()
        stores.append(Store(tmp_path))
        return stores[-1], stores[-1].open()

    yield again
    for store in stores:
        store.close()
