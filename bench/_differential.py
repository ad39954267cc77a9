"""The verifier against the kernel, for the benchmark: how many (ruleset, packet) pairs, and how often they disagree."""

from bench._report import Figure, at_least, at_most, plain
from tests.lab.differential import differential
from tests.lab.kernel_judge import kernel

PAIRS = 20_000


def verify_against_kernel(pairs: int = PAIRS, seed: int = 1) -> list[Figure]:
    """Figures of one run; every disagreement is printed with its seed, ruleset and packet."""
    with kernel() as router:
        score = differential(router, pairs, seed, most=20)
    for disagreement in score.disagreements:
        print(disagreement)
    return [
        at_most("verify against the kernel: disagreements", len(score.disagreements), "", 0),
        at_least("verify against the kernel: pairs", score.pairs, "", pairs),
        plain("verify against the kernel: rulesets", score.rulesets, ""),
        plain("verify against the kernel: could not be told", score.unknown, "packets"),
        at_most("verify against the kernel: time", score.seconds, "s", 240),
        plain("verify against the kernel: time in the verifier", score.judging, "s"),
    ]
