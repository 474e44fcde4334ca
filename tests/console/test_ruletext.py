"""The rule that the page copies is one that the rule book takes, for every sound and every end of its controls."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from bridge.book.rules import PAGERS_OWN
from bridge.cli import app
from bridge.config import DEFAULT_BOOK
from bridge.config import load as load_book
from bridge.model.catalogue import SOUNDS

SCRIPT = """
import {{ ruleText }} from "{module}";
const asked = {asked};
console.log(JSON.stringify(asked.map(([sound, values]) => ruleText(sound, values))));
"""


def texts(node, console, asked):
    """What the page would copy of each `(sound, values)`."""
    script = SCRIPT.format(module=(console / "ruletext.js").as_uri(), asked=json.dumps(asked))
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def pasted(tmp_path, sound, text):
    """A copy of the built-in rule book with the text as its first rule."""
    head = "alerts:\n" if sound.kind == "cue" else "metrics:\n"
    book = DEFAULT_BOOK.read_text()
    assert book.count(f"\n{head}") == 1
    path = tmp_path / f"{sound.id}.yml"
    path.write_text(book.replace(f"\n{head}", f"\n{head}{text}\n"))
    return path


def ends(sound):
    """The defaults, everything at its lowest, everything at its highest."""
    return [
        sound.defaults(),
        {c.name: c.low for c in sound.controls},
        {c.name: c.high for c in sound.controls},
    ]


def test_every_sound_can_be_pasted_and_means_what_was_tried(node, console, tmp_path):
    asked = [(sound, values) for sound in SOUNDS.values() for values in ends(sound)]
    found = texts(node, console, [(asdict(sound), values) for sound, values in asked])
    for (sound, values), text in zip(asked, found, strict=True):
        if sound.id in PAGERS_OWN:
            assert text is None
            continue
        book = load_book(pasted(tmp_path, sound, text))
        rule = (book.alerts if sound.kind == "cue" else book.metrics)[0]
        assert rule.name == f"tried-{sound.id}"
        assert (rule.effective if sound.kind == "cue" else rule.sound) == sound.id
        assert rule.params == {k: v for k, v in values.items() if v != sound.defaults()[k]}


@pytest.mark.parametrize("name", ["warning", "temperature"])
def test_check_config_takes_it(node, console, tmp_path, name):
    sound = SOUNDS[name]
    [text] = texts(node, console, [(asdict(sound), ends(sound)[2])])
    done = CliRunner().invoke(app, ["check-config", str(pasted(tmp_path, sound, text))])
    assert done.exit_code == 0, done.output


def test_the_page_knows_which_cues_no_rule_may_name(node, console):
    script = f'import * as m from "{(console / "ruletext.js").as_uri()}"; console.log(JSON.stringify(m.PAGERS_OWN))'
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert set(json.loads(done.stdout)) == PAGERS_OWN
