"""Jumps that no kernel would load."""

import pytest

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.read.jumps import check_jumps
from bellrock.firewall.verify.ruleset import Chain, Choose, Decide, Rule, RulesetError, Verdict, VerdictKind


def chain(name: str, *steps) -> Chain:
    rule = Rule(chain=f"inet t {name}", handle=1, text="", steps=steps)
    return Chain(family="inet", table="t", name=name, rules=(rule,))


def to(name: str) -> Decide:
    return Decide(Verdict(VerdictKind.JUMP, name))


def chains(*some: Chain) -> dict[str, Chain]:
    return {one.key: one for one in some}


def test_a_tree_is_fine():
    check_jumps(
        chains(chain("a", to("b"), to("c")), chain("b", to("c")), chain("c", Decide(Verdict(VerdictKind.DROP))))
    )


def test_a_circle():
    with pytest.raises(RulesetError, match="in a circle"):
        check_jumps(
            chains(chain("a", to("b")), chain("b", Choose(((Boxes.everything(), Verdict(VerdictKind.GOTO, "a")),))))
        )


def test_a_long_way():
    with pytest.raises(RulesetError, match="more than 16"):
        check_jumps(chains(*(chain(f"c{at}", *([to(f"c{at + 1}")] if at < 20 else [])) for at in range(21))))
