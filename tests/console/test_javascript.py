"""The page's modules that need no browser, run by Node.js."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name)
def test_modules(node, file):
    done = run(node, "--test", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_is_javascript(node, console):
    for file in console.glob("*.js"):
        done = subprocess.run(
            [node, "--check", "--input-type=module"],
            input=file.read_text(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{file.name}: {done.stderr}"
