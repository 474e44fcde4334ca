"""`make audit` with databases that know, know nothing, or do not answer: it never calls silence good news."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from lab.servers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PIP = """#!{python}
import json, pathlib, sys
lock = pathlib.Path(sys.argv[sys.argv.index("-r") + 1])
known = {known}
if known is None:
    sys.exit("could not connect")
holes = [dict(id="CVE-1")]
found = [dict(name="idna", version="3.6", vulns=holes if lock.name in known else [])]
pathlib.Path(sys.argv[sys.argv.index("-o") + 1]).write_text(json.dumps(dict(dependencies=found)))
"""
NPM = """#!{python}
import json, pathlib
known = {known}
here = pathlib.Path.cwd().name
there = here if here in ("nodered", "engine") else "canary"
hole = dict(lodash=dict(range="<4", severity="high"))
if known is None:
    print(json.dumps(dict(message="405 Method Not Allowed")))
else:
    print(json.dumps(dict(auditReportVersion=2, vulnerabilities=hole if there in known else dict())))
"""
CANARIES = ["holed.txt"], ["canary"]


def audit(folder: Path, python: list[str] | None, node: list[str] | None) -> tuple[int, str]:
    """Exit code and words, where the databases know these locks; None does not answer."""
    for name, text, known in (("pip-audit", PIP, python), ("npm", NPM, node)):
        path = folder / name
        path.write_text(text.format(python=sys.executable, known=json.dumps(known).replace("null", "None")))
        path.chmod(0o755)
    command = [sys.executable, ROOT / ".ci" / "audit", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_nothing_known_is_good_news_from_who_knows(tmp_path: Path) -> None:
    code, said = audit(tmp_path, *CANARIES)
    assert (code, said.count(": 0 known")) == (0, 4)


@pytest.mark.parametrize(
    ("python", "node", "hole"),
    [
        (["holed.txt", "requirements.lock"], ["canary"], "idna 3.6: CVE-1"),
        (["holed.txt", "requirements-dev.lock"], ["canary"], "idna 3.6: CVE-1"),
        (["holed.txt"], ["canary", "engine"], "lodash <4: high"),
        (["holed.txt"], ["canary", "nodered"], "lodash <4: high"),
    ],
)
def test_a_hole_is_named(tmp_path: Path, python: list[str], node: list[str], hole: str) -> None:
    code, said = audit(tmp_path, python, node)
    assert code == 1
    assert hole in said


@pytest.mark.parametrize(
    ("python", "node"), [(None, ["canary"]), ([], ["canary"]), (["holed.txt"], None), (["holed.txt"], [])]
)
def test_silence_is_no_good_news(tmp_path: Path, python: list[str] | None, node: list[str] | None) -> None:
    """A mirror may answer without knowing any advisory."""
    code, said = audit(tmp_path, python, node)
    assert code == 2
    assert "NOT AUDITED" in said
