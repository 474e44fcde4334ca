"""docs/configuration.md and docs/commands.md against the command line and the environment that the code reads."""

from __future__ import annotations

import dataclasses
import re
import shlex
from typing import Any

import pytest
import typer
from pages import NONE, PAGES, ROOT, blocks, code, everything, page, rows, section

from bridge.cli import app
from bridge.settings import Settings, default_data_dir

TREE = typer.main.get_command(app)
OWN_WORDS = {
    "--config": "the built-in rule book",
    "--embedded-broker": "off",
    "--alertmanager-url": "none",
    "--alertmanager-external-url": "the same",
}
"""Defaults that are told in words."""
PREFIXES = ("PAGER_", "OSC_", "MQTT_", "PULSE_")


def commands(tree: Any = TREE, above: str = "") -> dict[str, Any]:
    """Every command that does something, by its full name. Typer brings a Click of its own, hence no types."""
    found: dict[str, Any] = {}
    for name, command in getattr(tree, "commands", {}).items():
        inner = commands(command, f"{above}{name} ")
        found |= inner or {f"{above}{name}": command}
    return found


def options(command: Any) -> dict[str, Any]:
    """A command's options by their long names."""
    return {max(p.opts, key=len): p for p in command.params if p.param_type_name == "option"}


def settings() -> list[tuple[str, str, str]]:
    """Flag, environment variable and default of every setting, as the page has them."""
    found = []
    for flag, option in options(commands()["serve"]).items():
        variable = f"`{option.envvar}`" if option.envvar else NONE
        default = option.show_default if isinstance(option.show_default, str) else option.default
        found.append((f"`{flag}`", variable, OWN_WORDS.get(flag, f"`{default}`")))
    return found


def test_every_setting_has_its_row() -> None:
    documented = [row[:3] for row in rows(section("docs/configuration.md", "Settings"))]
    expected = [
        row if row[0] != "`--data-dir`" else (*row[:2], documented[i][2]) for i, row in enumerate(settings())
    ]
    assert documented == expected


def test_the_state_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    [row] = [r for r in rows(section("docs/configuration.md", "Settings")) if r[0] == "`--data-dir`"]
    first, second = code(row[2])
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert str(default_data_dir()) == first.replace("$XDG_STATE_HOME", "/state")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert str(default_data_dir()) == second.replace("~", "/home/me")


def test_every_field_of_the_settings_is_a_flag() -> None:
    flags = {flag.strip("`-").replace("-", "_") for flag, _, _ in settings()}
    assert {field.name for field in dataclasses.fields(Settings)} == flags


def test_every_command_has_its_row_with_its_options() -> None:
    documented = {}
    for row in rows(section("docs/commands.md", "Commands")):
        name = re.split(r" [\[A-Z]", code(row[0])[0].removeprefix("singing-pager "))[0]
        documented[name] = {word for word in code(row[2]) if word.startswith("--")}
    expected = {name: set(options(command)) for name, command in commands().items()}
    expected["serve"] = set()  # the row leads to the table of the settings
    assert documented == expected


def test_arguments_are_told() -> None:
    text = page("docs/commands.md")
    assert "`singing-pager resolve [FINGERPRINT]`" in text
    assert "`singing-pager check-config [FILE]`" in text
    assert "--version" in options(TREE)
    assert "`singing-pager --version`" in text


def read_by_the_code() -> set[str]:
    """Environment variables that bridge, engine and compose files look at."""
    found = {str(option.envvar) for c in commands().values() for option in c.params if option.envvar}
    client = ROOT / "bridge" / "cli" / "client.py"
    for path in [*(ROOT / "supercollider").rglob("*"), *ROOT.glob("docker-compose*.yml"), client]:
        if path.suffix in {".scd", ".yml", ".sh", ".py", ""} and path.is_file():
            names = re.findall(r"\b(?:PAGER|OSC|MQTT|PULSE|BIND)_[A-Z_]+\b", path.read_text())
            found |= set(names)
    return found


INTERNAL = {"PAGER_SCSYNTH", "PAGER_COMPILED"}
"""Told by one script of the engine to another; nobody sets them by hand."""


def test_every_variable_is_told_and_exists() -> None:
    used = read_by_the_code() - INTERNAL
    told = {name for name in re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", everything()) if name.startswith(PREFIXES)}
    text = everything()
    assert not [name for name in sorted(used) if f"{name}" not in text]
    assert not sorted(told - used - INTERNAL)


def lines_of_shell() -> list[tuple[str, str]]:
    """Every line of the shell blocks of all pages, with its page; continued lines are one."""
    found = []
    for path in PAGES:
        for block in blocks(path.read_text()):
            if block.kind == "sh":
                whole = block.text.replace("\\\n", " ")
                found += [(path.name, line) for line in whole.splitlines() if line.strip()]
    return found


def test_commands_in_examples_exist() -> None:
    seen = 0
    for name, line in lines_of_shell():
        words = [w.rpartition("/")[2] for w in shlex.split(line.split("|")[0], comments=True)]
        if "singing-pager" not in words or words[0] != "singing-pager":
            continue
        seen += 1
        given = words[1:]
        found = next((c for n, c in commands().items() if given[: len(n.split())] == n.split()), None)
        assert found is not None, f"{name}: {line}"
        unknown = {w.partition("=")[0] for w in given if w.startswith("--")} - set(options(found))
        assert not unknown, f"{name}: {line}: no such option: {unknown}"
    assert seen > 5


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    told = set(re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z-]+)`", everything()))
    told |= {m[1] for _, line in lines_of_shell() if (m := re.search(r"(?:^|\s)make ([a-z-]+)", line))}
    assert told <= targets
    contributing = {
        word.removeprefix("make ")
        for row in rows(section("CONTRIBUTING.md", "Begin"))
        for word in code(row[0])
    }
    assert contributing == targets, "CONTRIBUTING.md lists every target"


def test_compose_profiles_and_services_exist() -> None:
    compose = page("docker-compose.yml")
    known = set(re.findall(r"[\w-]+", " ".join(re.findall(r"profiles: \[(.*)\]", compose))))
    told = set(re.findall(r"--profile (\w+)", everything()))
    assert told == known


@pytest.mark.parametrize("word", ["NO_COLOR", "ACCESSIBLE", "TERM"])
def test_what_leaves_colour_out_is_told(word: str) -> None:
    assert f'"{word}"' in page("bridge/cli/look.py")
    assert f"`{word}" in page("docs/configuration.md")
