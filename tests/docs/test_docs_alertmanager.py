"""The configuration to paste, by the tools of the programs that will read it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from lab.servers import program
from pages import PAGES, ROOT, Block, blocks, page

if TYPE_CHECKING:
    from pathlib import Path

OURS = ("README.md", "docs/alertmanager.md")
PASTED = (*OURS, "docs/kubernetes.md")


def routing(name: str) -> Block:
    """The page's complete Alertmanager configuration."""
    [found] = [b for b in blocks(page(name)) if b.kind == "yaml" and b.text.startswith("route:")]
    return found


def test_both_pages_say_the_same() -> None:
    readme, long = (routing(name).tree() for name in OURS)
    assert readme == long


def test_every_route_to_us_lets_others_have_it_too() -> None:
    for path in PAGES:
        for block in blocks(path.read_text()):
            if "route" in block.tree():
                ours = [r for r in block.tree()["route"]["routes"] if r["receiver"] == "singing-pager"]
                assert len(ours) == 2, path.name
                assert all(route["continue"] for route in ours), path.name


def ask(*arguments: str | Path) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.system
@pytest.mark.parametrize("name", PASTED)
def test_amtool_takes_it(name: str, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text(routing(name).text)
    assert "SUCCESS" in ask(program("amtool"), "check-config", file)


@pytest.mark.system
@pytest.mark.parametrize("name", PASTED)
@pytest.mark.parametrize(
    "labels",
    [["alertname=Watchdog", "severity=none"], ["alertname=HighCPU", "severity=critical"], ["severity=x"]],
)
def test_the_pager_keeps_what_it_had(labels: list[str], name: str, tmp_path: Path) -> None:
    """Whatever fires reaches both: the receiver at the top alone would get nothing behind a route for everything."""
    file = tmp_path / "alertmanager.yml"
    file.write_text(routing(name).text)
    said = ask(program("amtool"), "config", "routes", "test", f"--config.file={file}", *labels)
    assert said.strip() == "singing-pager,my-pager"


@pytest.mark.system
def test_the_watchdog_rule_is_one(tmp_path: Path) -> None:
    [rules] = [b for b in blocks(page("docs/alertmanager.md")) if b.kind == "yaml rules"]
    file = tmp_path / "rules.yml"
    file.write_text(rules.text)
    assert "SUCCESS" in ask(program("promtool"), "check", "rules", file)
    assert "alert: Watchdog" in (ROOT / "prometheus/alerts.yml").read_text()


@pytest.mark.system
def test_expressions_of_the_docs_are_promql(tmp_path: Path) -> None:
    """Each expression of docs/metrics.md as a recording rule."""
    from pages import code, rows, section  # noqa: PLC0415 # only this test needs them

    table = rows(section("docs/metrics.md", "Questions to ask"))
    found = [{"record": f"r{i}", "expr": code(row[1])[0]} for i, row in enumerate(table)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "docs", "rules": found}]}))
    assert f"{len(found)} rules found" in ask(program("promtool"), "check", "rules", file)
