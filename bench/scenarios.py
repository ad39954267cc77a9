"""The fault lab judges the tool: every scenario, 50 random healthy networks, 30 random pairs of faults, three minutes of flapping.

Needs root and the servers that tools/setup installs; takes some 15 minutes on two cores. Every row is printed as it comes.
"""

import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.flapping import watch
from bellrock.lab.scenario.healthy import healthy
from bellrock.lab.scenario.pairs import pairs
from bellrock.lab.scenario.run import Report, run, run_many, run_pair
from bench._report import at_least, at_most, plain, report

HEALTHY, PAIRS, SECONDS = 50, 30, 180.0
SEED = 1000
FLAPPING = ("healthy-relay", "dhcp-two-servers", "healthy-site", "flow-filtered")
"""A boot and a region, each with a fault and without."""


def main() -> int:
    known = [parse.scenario(name) for name in parse.names()]
    all_of_them = told("scenarios", [partial(run, one) for one in known])
    sound = told("healthy", [partial(run, *healthy(seed)) for seed in range(SEED, SEED + HEALTHY)])
    both = told("pairs", [partial(run_pair, one) for one in pairs(known, PAIRS, SEED)])
    flapping = told("flapping", [partial(watch, one, SECONDS) for one in known if one.name in FLAPPING])
    figures = [
        at_least("scenarios named right, at the first place", right(all_of_them), f"of {len(known)}", len(known)),
        plain("seconds of a scenario, median", statistics.median(one.seconds for one in all_of_them), "s"),
        at_most("false alarms in random healthy networks", sum(len(one.judgement.false) for one in sound), f"in {HEALTHY}", 0),
        at_most("random healthy networks that could not be run", sum(bool(one.error) for one in sound), f"of {HEALTHY}", 0),
        at_least("pairs of faults of which both are named", right(both), f"of {len(both)}", round(0.9 * len(both))),
        at_most("findings that flap within three minutes", sum(len(one.judgement.false) for one in flapping), "findings", 0),
        at_most("watches that could not be run", sum(bool(one.error) for one in flapping), f"of {len(FLAPPING)}", 0),
    ]  # fmt: skip
    return 0 if report("scenarios", figures) else 1


def told(title: str, jobs: Sequence[Callable[[], Report]]) -> list[Report]:
    """Reports of jobs, each printed in a line: scenario, found, missed, false alarms, seconds."""
    print(f"\n{title}")
    found = []
    for one in run_many(jobs):
        judged = one.judgement
        wrong = one.error or "; ".join(
            (*(f"missed {what}" for what in judged.missed), *(f"false {what}" for what in judged.false))
        )
        wrong = wrong or (
            "" if judged.first else f"first is {one.findings[0].get('id') if one.findings else 'nothing'}"
        )
        print(
            f"  {'right' if one.right else 'WRONG'}  {one.name:<44} {one.seconds:6.1f} s  {', '.join(judged.found)}  {wrong}",
            flush=True,
        )
        found.append(one)
    return found


def right(reports: Sequence[Report]) -> int:
    return sum(one.right for one in reports)


if __name__ == "__main__":
    sys.exit(main())
