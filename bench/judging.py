"""What it costs to judge a site, and how that grows: all of it, by rule, and a region's look, in CPU of one process. `--agents 500,1000,2000,4000`.

Nothing may grow faster than the site: of whatever takes long enough to be measured, the exponent is told, 1 where it grows as the site does.
Once where nothing is wrong, and once where faults are all over the site.
"""

import argparse
import asyncio
import gc
import math
import sys
import time
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.findings import MODULES, judge_all
from bench._judged import case
from bench._looks import looks
from bench._report import Figure, at_most, plain, report

WORST = 5
LONG = 0.02
"""CPU seconds at the largest size from which on a slope can be told from noise."""
STEEPEST = 1.4
"""Not 1: what no longer fits into the processor's caches costs more for each."""
clock = time.process_time

Values = dict[str, float]


def measure(agents: int, *, sick: bool) -> Values:
    """CPU seconds of judging all, and of each rule alone, on a case that nobody has looked at."""
    given = case(agents, sick=sick)
    gc.collect()
    gc.freeze()  # as a region does: what it knows is not looked through again and again
    values = {"judge_all": _best(given, judge_all)}
    values |= {f"rule {module.ID}": _best(given, lambda one, find=module.find: [*find(one)]) for module in MODULES}
    gc.unfreeze()
    return values | asyncio.run(looks(agents, sick=sick))


def _best(given: Case, work: Callable[[Case], Any], times: int = 2) -> float:
    taken = []
    for _ in range(times):
        fresh = replace(given)
        began = clock()
        work(fresh)
        taken.append(clock() - began)
        if taken[-1] > 1.0:
            break
    return min(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", default="500,1000,2000,4000")
    sizes = [int(text) for text in parser.parse_args().agents.split(",")]
    figures: list[Figure] = []
    for sick in (False, True):
        found = {}
        for agents in sizes:
            print(f"  {agents:,} agents, {'with faults' if sick else 'healthy'}", file=sys.stderr, flush=True)
            found[agents] = measure(agents, sick=sick)
        figures += told(found, "with faults" if sick else "healthy")
    return 0 if report("judging", figures) else 1


def told(found: dict[int, Values], site: str) -> list[Figure]:
    """Of all and of the worst rules: CPU at each size, and how fast it grows."""
    last = found[max(found)]
    rules = sorted((what for what in last if what.startswith("rule ")), key=lambda what: -last[what])
    figures = []
    for what in (*(what for what in last if what not in rules), *rules[:WORST]):
        unit = "ms" if what.startswith("wait") else "ms CPU"
        for agents, values in found.items():
            figures.append(plain(f"{site}: {what}, {agents:,} agents", values[what] * 1e3, unit))
        if len(found) > 1 and last[what] > LONG and unit == "ms CPU":
            figures.append(
                at_most(f"{site}: {what} grows with the site to the power of", exponent(found, what), "", STEEPEST)
            )
    return figures


def exponent(found: dict[int, Values], what: str) -> float:
    """Between the smallest and the largest site: 1 is as the site does, 2 is with its square."""
    few, many = min(found), max(found)
    return math.log(found[many][what] / max(found[few][what], 1e-4)) / math.log(many / few)


if __name__ == "__main__":
    sys.exit(main())
