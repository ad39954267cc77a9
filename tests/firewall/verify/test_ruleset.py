from bellrock.firewall.verify.ruleset import RulesetError, Verdict, VerdictKind
from tests.firewall.verify.rules import ACCEPT, chain, ruleset


def test_a_chain_is_known_by_family_table_and_name():
    one = chain("forward", (ACCEPT,), hook="forward")
    assert one.key == "inet t forward"
    assert ruleset(one).chains == {"inet t forward": one}
    assert one.rules[0].chain == one.key


def test_verdicts_are_values_and_the_error_is_an_ordinary_one():
    assert Verdict(VerdictKind("goto"), "web") == Verdict(VerdictKind.GOTO, "web")
    assert issubclass(RulesetError, ValueError)
