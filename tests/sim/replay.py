"""Replays one seed: `.venv/bin/python -m tests.sim.replay SEED` prints the network and what is wrong with what was found."""

import sys

from tests.sim.judge import judge

if __name__ == "__main__":
    for text in sys.argv[1:]:
        verdict = judge(int(text))
        print(f"seed {verdict.seed}: {verdict.what}; {verdict.joins} pairs joined, {verdict.frames} frames")
        for line in verdict.wrong:
            print(f"  {line}")
