"""Twenty minutes of random faults over 500 agents and two processes of a region on PostgreSQL: what was lost, and how long until all was right again.

`make bench ONLY=soak`. Of one's own: `python -m bench.soak --seconds 300 --agents 200 --seed 7 --cut 60`. Needs root: networks are cut for
real. In the middle of it, half of the time at most, everybody is cut off from everybody for ten minutes.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench._report import Figure, at_most, plain, report
from tests.faults.judge import Verdict
from tests.faults.soaking import Row, soak

RATE = 0.1
"""Changes a second of each agent."""
GOAL = 60.0
"""Seconds in which all is to be right again after any fault."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    print(f"{options.agents} agents, {options.seconds:.0f} s, seed {options.seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="bellrock-soak-") as directory,
        soak(Path(directory), options.seed, options.agents, options.agents * RATE) as soaked,
    ):
        end = time.monotonic() + options.seconds
        cut = min(options.cut, options.seconds / 2)
        for row in soaked.run(time.monotonic() + (options.seconds - cut) / 2):
            _tell(row)
        _tell(soaked.one(f"everybody cut off for {cut:.0f} s", lambda: soaked.cut_for_long(cut)))
        for row in soaked.run(end):
            _tell(row)
        verdict = soaked.verdict()
    for wrong in verdict.wrong[:20]:
        print(f"LOST OR TWICE: {wrong}")
    return 0 if report("soak", _figures(soaked.rows, verdict)) else 1


def _tell(row: Row) -> None:
    print(
        f"  {row.fault:<40} lasted {row.lasted:7.1f} s  {row.waited:6} reports waited  right again after {row.recovery:6.2f} s",
        flush=True,
    )


def _figures(rows: Sequence[Row], verdict: Verdict) -> list[Figure]:
    figures = []
    for fault in dict.fromkeys(row.fault for row in rows):
        found = [row.recovery for row in rows if row.fault == fault]
        figures.append(plain(f"{fault}: times", len(found), ""))
        figures.append(plain(f"{fault}: recovery, median", statistics.median(found), "s"))
        figures.append(at_most(f"{fault}: recovery, longest", max(found), "s", GOAL))
    figures.append(plain("reports acknowledged and found once each", verdict.reports, ""))
    figures.append(at_most("reports lost or taken twice, hosts told of wrongly", len(verdict.wrong), "", 0))
    return figures


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--agents", type=int, default=500)
    parser.add_argument("--seed", type=int, default=5240)
    parser.add_argument("--cut", type=float, default=600.0)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
