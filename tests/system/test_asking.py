"""Asking the real Alertmanager: what it ends, silences and starts here, and what it does not."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab.bridge import Bridge, Metrics
from lab.programs import free_port, wait_for
from lab.receiver import Receiver
from lab.servers import Alertmanager, ask, program

from bridge.config import DEFAULT_BOOK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.system
