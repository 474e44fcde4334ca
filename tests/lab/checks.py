"""The twelve checks of the sounds, each with its figure of today and the limit it is held against, for docs/sounds.md."""

from __future__ import annotations

import itertools
import math
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bridge.core.score import score
from bridge.model.catalogue import SEVERITIES, SOUNDS
from bridge.model.commands import Play, Release, Set
from lab import day, eight_hours, measure, renders, trials
from lab.figures import markdown
from lab.patterns import PATTERNS, TONAL, departures
from lab.takes import BUSY, CUES, VOICES
from lab.urgency import urgency

if TYPE_CHECKING:
    from lab.renders import Sound
    from lab.trials import Tally

EACH, PAIR, ROUNDS = 200, 5, 25
"""Trials of each cue, of each pair, and rounds of eight services."""

Row = tuple[str, str, str, str]
"""Number of the check, what is measured, figure, limit."""


def told_apart() -> str:
    """How many of each cue were recognised, and what was taken for what."""
    spectrum, envelope, bed, far = (_alone("spectrum"), _alone("envelope"), _bed(), _bed(laptop=True))
    head = [
        "cue",
        "in noise",
        "in noise, envelope alone",
        "over the full bed",
        "over the full bed, on a laptop",
    ]
    rows = [[f"`{cue}`", *(_of(tally, cue) for tally in (spectrum, envelope, bed, far))] for cue in CUES]
    total = ["all", *(_share(tally) for tally in (spectrum, envelope, bed, far))]
    named = {
        "in noise": spectrum,
        "by envelope alone": envelope,
        "over the bed": bed,
        "over the bed, on a laptop": far,
        "two at once": _pairs(),
        **{f"services by {cue}": _services(cue) for cue in ("critical", "warning")},
    }
    mistakes = [f"* {name}: {_mistakes(tally)}" for name, tally in named.items()]
    return markdown([head, *rows, total]) + "\n\nWhat was taken for what:\n\n" + "\n".join(mistakes)


def _of(tally: Tally, cue: str) -> str:
    wrong = sum(count for (was, _), count in tally.mistaken.items() if was == cue)
    return f"{tally.asked[cue] - wrong} of {tally.asked[cue]}"


def _share(tally: Tally) -> str:
    """Rounded down: all right is 100 %, and nothing else is."""
    return f"{math.floor(1000 * tally.right + 1e-6) / 10:.1f} %"


def _mistakes(tally: Tally) -> str:
    said = [f"{was} as {taken} ({count})" for (was, taken), count in tally.mistaken.most_common()]
    return f"{tally.asked.total()} asked, {tally.mistaken.total()} wrong" + (
        f": {', '.join(said)}" if said else ""
    )


@cache
def _alone(sense: trials.Sense) -> Tally:
    return trials.alone(EACH, sense)


@cache
def _bed(*, laptop: bool = False) -> Tally:
    return trials.over_bed(EACH, laptop=laptop)


@cache
def _pairs() -> Tally:
    return trials.pairs(PAIR)


@cache
def _services(cue: str) -> Tally:
    return trials.services(cue, ROUNDS)


def table() -> str:
    """Every check, measured now."""
    found = [*_shapes(), *_levels(), *_confusion(), *_bytes(), *_eight_hours(), *_days()]
    return markdown([["check", "what is measured", "figure", "limit"], *(list(row) for row in found)])


def _shapes() -> list[Row]:
    off = [sound for sound in PATTERNS if departures(PATTERNS[sound], renders.dry(sound))]
    found = {sound: measure.pulses(*renders.dry(sound)) for sound in PATTERNS}
    firsts = {s: measure.first_partial(*renders.dry(s), found[s][0]) for s in TONAL}
    low, high = min(f for s, f in firsts.items() if s != "heartbeat"), max(firsts.values())
    apart = min(12 * abs(np.log2(firsts[a] / firsts[b])) for a, b in itertools.combinations(SEVERITIES, 2))
    pulses = [pulse for sound in PATTERNS for pulse in found[sound]]
    steps = max(measure.largest_step(renders.wet(sound)[0]) for sound in CUES)
    return [
        (
            "1",
            "cues whose pulses, lengths and gaps are in their windows",
            f"{len(PATTERNS) - len(off)} of 10",
            "10",
        ),
        (
            "2",
            "first partials of the tonal cues, without the heartbeat",
            f"{low:.0f} to {high:.0f} Hz",
            "150 to 1000 Hz",
        ),
        ("2", "least distance of two severities", f"{apart:.1f} semitones", "3 or more"),
        (
            "2",
            "fewest partials of a severity in 300 to 4000 Hz within 15 dB",
            str(_fewest_partials()),
            "4 or more",
        ),
        ("3", "quickest rise of a pulse", f"{1000 * min(p.rise for p in pulses):.0f} ms", "10 ms or more"),
        (
            "3",
            "slowest rise, as a share of its pulse",
            f"{100 * max(p.rise / p.length for p in pulses):.0f} %",
            "20 % or less",
        ),
        ("3", "largest step from sample to sample, over all cues", f"{steps:.3f}", "0.1 or less"),
    ]


def _fewest_partials() -> int:
    counts = []
    for sound in SEVERITIES:
        x, rate = renders.dry(sound)
        found = measure.partials(measure.cut(x, rate, measure.pulses(x, rate)[0]), rate)
        counts.append(len([p for p in found if 300 <= p.freq <= 4000 and p.level >= -15]))
    return min(counts)


def _levels() -> list[Row]:
    level = {sound: measure.momentary(*renders.wet(sound)) for sound in CUES}
    peaks = max(measure.true_peak(renders.cue(sound, vol=1.0)[0]) for sound in CUES)
    crowd = measure.true_peak(_crowd()[0])
    bed, calm = measure.momentary(*_full_bed()), measure.integrated(*_calm())
    scores = [urgency(renders.dry(s), alone=SOUNDS[s].control("dur").default) for s in SEVERITIES]
    softer = "; ".join(f"{b} {level[a] - level[b]:.1f}" for a, b in itertools.pairwise(reversed(SEVERITIES)))
    rising = " < ".join(f"{score:.1f}" for score in scores)
    return [
        ("4", "highest true peak of a cue at full level", f"{peaks:.1f} dBTP", "-1 or less"),
        ("4", "true peak of 64 cues and voices at full level", f"{crowd:.1f} dBTP", "-1 or less"),
        ("5", "critical, loudest 400 ms", f"{level['critical']:.1f} LUFS", "-18 \N{PLUS-MINUS SIGN} 2"),
        ("5", "each lower severity, softer than the next one by", f"{softer} LU", "2 or more"),
        ("5", "heartbeat, loudest 400 ms", f"{level['heartbeat']:.1f} LUFS", "-42 or less"),
        ("5", "the full bed, softer than info by", f"{level['info'] - bed:.1f} LU", "10 or more"),
        ("5", "an hour in which nothing is wrong (one minute of it)", f"{calm:.1f} LUFS", "-35 or less"),
        ("6", "urgency of info, warning, critical", rising, "rises"),
    ]


def _crowd() -> Sound:
    """64 sounds at full level within a third of a second."""
    ids = itertools.count()
    cues = [(0.3, Play(f"c{next(ids)}", s, {"vol": 1.0})) for s in SEVERITIES * 16]
    voices = [(0.0, Set(f"v{next(ids)}", s, {"vol": 1.0})) for s in (VOICES * 3)[:16]]
    return renders.played([*voices, *cues], 3.0)


def _full_bed() -> Sound:
    x, rate = renders.played([(0.0, Set(s, s, BUSY.get(s, {}))) for s in VOICES], 40)
    return x[8 * rate :], rate


def _calm() -> Sound:
    calm = {"ambient": {}, "cpu": {"freq": 480.0}, "memory": {"vol": 0.4}, "network": {"rate": 1.0}}
    x, rate = renders.played([(0.0, Set(s, s, params)) for s, params in calm.items()], 68)
    return x[8 * rate :], rate


def _confusion() -> list[Row]:
    cues, pairs = _alone("spectrum"), _pairs()
    rows = [
        ("7", "cues recognised in noise", cues, 99),
        ("7", "cues recognised in noise, by envelope alone", _alone("envelope"), 95),
        ("8", "two cues at once: both recognised", pairs, 95),
        ("8", "cues recognised over the full bed", _bed(), 95),
        ("8", "eight services told apart by the motif of their criticals", _services("critical"), 95),
        ("8", "eight services told apart by the motif of their warnings", _services("warning"), 95),
    ]
    return [(n, what, _share(tally), f"{limit} % or more") for n, what, tally, limit in rows]


def _bytes() -> list[Row]:
    voices = [(0.0, Set(s, s, BUSY.get(s, {}) | {"anomaly": 1.0})) for s in VOICES]
    events = [*voices, *((1.0 + i, Play(s, s, {})) for i, s in enumerate(CUES))]
    ended = [*voices, *((4.0, Release(s)) for s in VOICES), *((1.0, Play(s, s, {})) for s in CUES)]
    same = (renders.played(events, 14)[0] == renders.played(events, 14)[0]).all()
    x, rate = renders.played(ended, 14)
    assert score(events, 14) == score(events, 14)
    left = np.abs(x[-rate:]).max()
    return [
        ("9", "largest sample 8 s after everything ended or was released", f"{left:.5f}", "0.00003 or less"),
        (
            "10",
            "the same score twice, every sound in it",
            "the same samples" if same else "different",
            "the same",
        ),
    ]


def _eight_hours() -> list[Row]:
    """The bed for as long as somebody is at work."""
    with tempfile.TemporaryDirectory() as folder:
        long = eight_hours.heard(Path(folder))
    most, fewest = max(map(len, long.trees)), min(map(len, long.trees))
    return [
        (
            "11",
            "synths in each of eight hours of bed, reverb and master included",
            f"{fewest} to {most}",
            "no growth",
        ),
        ("11", "mean of a channel over an hour", f"{long.lean:.7f}", f"{1 / 32768:.7f} or less"),
        ("11", "drift of the level from hour to hour", f"{long.drift:.2f} dB", "less than 0.5 dB"),
    ]


def _days() -> list[Row]:
    """What somebody at a desk hears, on the core's clock."""
    rows: list[Row] = []
    for scene, counts in day.figures().items():
        cues = sum(count for what, count in counts.items() if not what.startswith("heartbeat"))
        limit = 40 if "acknowledged" in scene else 45 if "open" in scene else 0
        rows.append(("12", f"cues in {scene}", f"{cues}", f"{limit} or less" if limit else "0"))
    return rows
