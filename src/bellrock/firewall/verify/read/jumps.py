"""Jumps between chains: the kernel refuses circles and long ways, so a document that has one is not from a kernel."""

from typing import Final

from bellrock.firewall.verify.ruleset import Chain, Choose, Decide, RulesetError

_DEEPEST: Final = 16
"""NFT_JUMP_STACK_SIZE (linux/netfilter/nf_tables.h)."""


def check_jumps(chains: dict[str, Chain]) -> None:
    """Raise RulesetError where chains jump in a circle, or further than the kernel allows."""
    depths: dict[str, int] = {}
    for start in chains:
        stack: list[tuple[str, bool]] = [(start, False)]
        open_: set[str] = set()
        while stack:
            key, left = stack.pop()
            if left:
                open_.discard(key)
                depths[key] = 1 + max((depths[to] for to in _targets(chains[key])), default=0)
                if depths[key] > _DEEPEST:
                    raise RulesetError(f"chain {key} jumps through more than {_DEEPEST} chains, which no kernel loads")
            elif key in open_:
                raise RulesetError(f"chain {key} jumps in a circle, which no kernel loads")
            elif key not in depths:
                open_.add(key)
                stack.append((key, True))
                stack += [(to, False) for to in _targets(chains[key]) if to not in depths]


def _targets(chain: Chain) -> set[str]:
    found: set[str] = set()
    own = f"{chain.family} {chain.table} "
    for rule in chain.rules:
        for step in rule.steps:
            if isinstance(step, Decide):
                found.add(own + step.verdict.chain)
            elif isinstance(step, Choose):
                found |= {own + verdict.chain for _, verdict in step.cases}
    return found - {own}
