"""Random networks against the truth: the real engines and the real inference on virtual time.

`.venv/bin/python -m bench.sim [--networks 10000] [--first-seed 0] [--hosts 2000]`; a seed that shows anything wrong is
printed with the line that replays it. Uses all cores but shares them politely.
"""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable

from bench._report import Figure, at_most, plain, report
from tests.sim.big import judge_big
from tests.sim.judge import Verdict, judge

EVERY = 500


class Sums:
    """Running totals."""

    def __init__(self) -> None:
        self.networks = self.false = self.missed = self.late = self.joins = self.moves = self.checked = self.frames = 0

    def add(self, verdict: Verdict) -> None:
        self.networks += 1
        self.false += len(verdict.false_merges)
        self.missed += len(verdict.missed_joins)
        self.late += len(verdict.late)
        self.joins += verdict.joins
        self.moves += verdict.moves
        self.checked += verdict.checked
        self.frames += verdict.frames


def main(networks: int, first: int, hosts: int) -> bool:
    started = time.monotonic()
    os.nice(5)
    with multiprocessing.Pool() as pool:
        big = pool.apply_async(judge_big, (hosts,)) if hosts else None
        sums = _sum(pool.imap_unordered(judge, range(first, first + networks), chunksize=20), networks, started)
        figures = _figures(sums)
        if big is not None:
            figures += _big_figures(hosts, big.get())
    figures.append(plain("time, all cores", time.monotonic() - started, "s"))
    return report("sim", figures)


def _sum(verdicts: Iterable[Verdict], networks: int, started: float) -> Sums:
    sums = Sums()
    for verdict in verdicts:
        sums.add(verdict)
        if verdict.wrong:
            _tell(verdict)
        if sums.networks % EVERY == 0:
            elapsed = time.monotonic() - started
            print(f"{sums.networks:6} of {networks} networks, {elapsed:.0f} s", file=sys.stderr, flush=True)
    return sums


def _tell(verdict: Verdict) -> None:
    print(f"seed {verdict.seed}: {verdict.what}\n  replay: .venv/bin/python -m tests.sim.replay {verdict.seed}")
    for line in verdict.wrong[:4]:
        print(f"  {line}")


def _figures(sums: Sums) -> list[Figure]:
    return [
        at_most("false merges", sums.false, "", 0),
        at_most("joins that the evidence allows and that were missed", sums.missed, "", 0),
        at_most("moves whose truth came late (2 s new, 90 s old)", sums.late, "", 0),
        plain("random networks", sums.networks, ""),
        plain("pairs of ports joined", sums.joins, ""),
        plain("interfaces moved", sums.moves, ""),
        plain("moved ports looked at 2 s after the first frame", sums.checked, ""),
        plain("frames sent", sums.frames, ""),
    ]


def _big_figures(hosts: int, verdict: Verdict) -> list[Figure]:
    for line in verdict.wrong[:8]:
        print(f"  {hosts} hosts: {line}")
    return [
        at_most(f"false merges, one network of {hosts} hosts", len(verdict.false_merges), "", 0),
        at_most(f"missed joins, one network of {hosts} hosts", len(verdict.missed_joins), "", 0),
        plain(f"pairs of ports joined, {hosts} hosts", verdict.joins, ""),
        plain(f"frames sent, {hosts} hosts", verdict.frames, ""),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=10_000)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--hosts", type=int, default=2000, help="of the one big network; 0 for none")
    asked = parser.parse_args()
    sys.exit(0 if main(asked.networks, asked.first_seed, asked.hosts) else 1)
