"""What listeners cost: cues to many pages with a full bed, and a page that never reads. Nothing here is asserted.

The variants take turns, each against the same bridge; the load (bench/crowd.py) is a process of its own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from lab.bridge import EVERY_CUE, Bridge  # noqa: E402

CROWD = Path(__file__).with_name("crowd.py")
PAGES, ROUNDS, SECONDS = (0, 1, 20, 200), 3, 4.0
AMONG, DEAF_ROUNDS, DEAF_SECONDS = 20, 1, 60.0
"""Pages beside the one that never reads. The window is longer than it took until that one was cut."""
CUT = "page cut"

Row = dict[str, float | None]


def rss(pid: int) -> float:
    """Memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def window(bridge: Bridge, pages: int, seconds: float, how: str) -> Row:
    """One window; of the page that never reads also when it was cut, in s from the start of the load (2 s before the page)."""
    pid = bridge.program.pid
    command = [str(part) for part in (sys.executable, CROWD, pid, bridge.port, pages, seconds, how)]
    cuts, began, cut, most = bridge.program.log.count(CUT), None, None, 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
        began = time.monotonic()
        while crowd.poll() is None:
            time.sleep(0.1)
            most = max(most, rss(pid))
            if cut is None and how == "deaf" and bridge.program.log.count(CUT) > cuts:
                cut = time.monotonic() - began
        row: Row = json.loads(crowd.stdout.read())
    return row | {"RSS MB": most, "cut after s": cut}


def median(rows: list[Row], name: str) -> str:
    found = [row[name] for row in rows if row[name] is not None]
    return f"{statistics.median(found):10.2f}" if found else f"{'-':>10}"


def show(title: str, rows: dict[str, list[Row]]) -> None:
    print(f"\n{title}\n  {'':18}" + "".join(f"{name:>10}" for name in rows))
    for name in next(iter(rows.values()))[0]:
        print(f"  {name:18}" + "".join(median(found, name) for found in rows.values()), flush=True)


def many(bridge: Bridge) -> None:
    rows: dict[str, list[Row]] = {str(pages): [] for pages in PAGES}
    for _ in range(ROUNDS):
        for pages in PAGES:
            rows[str(pages)].append(window(bridge, pages, SECONDS, "all"))
    show(f"listeners, median of {ROUNDS} rounds in turns, by number:", rows)
    one, all_of_them = (
        statistics.median(row["delay p99 ms"] or 0 for row in rows[str(n)]) for n in (1, PAGES[-1])
    )
    print(f"  delay p99 with {PAGES[-1]} listeners against 1: ratio {all_of_them / one:.1f}")


def never_reads(bridge: Bridge) -> None:
    rows: dict[str, list[Row]] = {"without": [], "with": []}
    for _ in range(DEAF_ROUNDS):
        rows["without"].append(window(bridge, AMONG, DEAF_SECONDS, "all"))
        rows["with"].append(window(bridge, AMONG, DEAF_SECONDS, "deaf"))
    show(f"{AMONG} listeners, without and with one more that never reads:", rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Bridge(Path(folder), book=EVERY_CUE) as bridge:
        many(bridge)
        never_reads(bridge)


if __name__ == "__main__":
    main()
