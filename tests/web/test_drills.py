"""Every drill sounds as it says, and its answer is the right one."""

from __future__ import annotations

import pytest
from lab.api import running

from bridge import config
from bridge.core.drills import DRILLS, called

BOOK = config.load(config.DEFAULT_BOOK).compiled()
CUES = {
    "one-warning": [(3.0, "warning")],
    "critical-and-end": [(3.0, "critical"), (11.0, "resolved")],
    "who-is-it": [
        (2.0, "warning"),
        (5.0, "resolved"),
        (9.0, "warning"),
        (12.0, "resolved"),
        (18.0, "warning"),
    ],
    "load-rises": [(20.0, "warning")],
    "storm": [*[(3.0, "warning")] * 6, (4.0, "storm")],
    "flood-with-critical": [*[(3.0, "warning")] * 6, (3.5, "critical"), (5.5, "storm"), (18.5, "critical")],
}
ANSWERS = {
    "one-warning": "Warning",
    "critical-and-end": "It was resolved",
    "who-is-it": "search",
    "load-rises": "The tone rose",
    "storm": "Many alerts, none of them critical",
    "flood-with-critical": "Many alerts and a critical",
}


def plays(found):
    return [c for c in found["commands"] if c["do"] == "play" and c["sound"] != "heartbeat"]


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.id)
def test_it_has_the_cues_it_claims(drill):
    found = drill.performed(BOOK)
    assert [(c["at"], c["sound"]) for c in plays(found)] == CUES[drill.id]
    assert drill.choices[drill.answer] == ANSWERS[drill.id]
    assert 3 <= len(set(drill.choices)) <= 4
    assert found["length"] == drill.seconds
    assert 10 <= drill.seconds <= 40
    assert all(c["at"] + c["params"]["dur"] <= drill.seconds for c in plays(found))
    assert found == drill.performed(BOOK)


def test_the_two_services_are_told_apart_and_the_last_is_the_second():
    first, second, last = [c["params"] for c in plays(called("who-is-it").performed(BOOK))[::2]]
    assert second == last
    assert (first["second"], first["third"]) != (last["second"], last["third"])
    assert first["pan"] != last["pan"]


def test_the_load_rises_before_the_warning():
    found = called("load-rises").performed(BOOK)
    tones = [
        c["params"]["freq"]
        for c in found["commands"]
        if c["do"] == "set" and c["id"] == "cpu" and c["at"] < 20
    ]
    assert tones == sorted(tones)
    assert tones[0] < 550
    assert tones[-1] > 850


async def test_they_are_listed_and_played(tmp_path):
    async with running(tmp_path) as client:
        code, found = await client.get("drills")
        assert code == 200
        assert [drill["id"] for drill in found["drills"]] == list(CUES)
        for listed in found["drills"]:
            code, one = await client.get(f"drills/{listed['id']}")
            assert code == 200
            assert (one["title"], one["about"], one["length"]) == (
                listed["title"],
                listed["about"],
                listed["seconds"],
            )
            assert {"question", "choices", "answer", "story", "zero", "commands", "captions"} <= set(one)
        code, answer = await client.get("drills/none")
        assert (code, answer["ok"]) == (404, False)
