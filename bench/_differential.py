"""The verifier against the kernel, for the benchmark: how many (ruleset, packet) pairs, and how often they disagree."""

import sys

from bench._report import Figure, at_least, at_most, plain
from tests.lab.conversations import conversing
from tests.lab.differential import differential
from tests.lab.kernel_judge import kernel

PAIRS = 20_000
CONVERSATIONS = 400


def verify_against_kernel(pairs: int = PAIRS, seed: int = 1) -> list[Figure]:
    """Figures of one run; every disagreement is printed with its seed, ruleset and packet."""
    with kernel() as router:
        score = differential(router, pairs, seed, most=20)
    for disagreement in score.disagreements:
        print(disagreement, file=sys.stderr)
    return [
        at_most("kernel: disagreements", len(score.disagreements), "", 0),
        at_least("kernel: pairs", score.pairs, "", pairs),
        plain("kernel: rulesets", score.rulesets, ""),
        plain("kernel: could not be told", score.unknown, "packets"),
        at_most("kernel: time", score.seconds, "s", 240),
        plain("kernel: time in the verifier", score.judging, "s"),
    ]


def conversations_against_kernel(n: int = CONVERSATIONS, seed: int = 13) -> list[Figure]:
    """Figures of `n` whole conversations; every difference is printed with its seed, ruleset and packets."""
    with kernel() as router:
        score = conversing(router, n, seed, most=20)
    for difference in score.differences:
        print(difference, file=sys.stderr)
    return [
        at_most("conversations: disagreements", len(score.differences), "", 0),
        at_least("conversations: had through the kernel", score.conversations, "", n),
        plain("conversations: directions compared", score.directions, ""),
        plain("conversations: could not be told", score.unknown, "directions"),
        plain("conversations: time", score.seconds, "s"),
    ]
