"""The decisions of a program while it is gathered. Packets are told apart by their TTL here."""

import pytest

from bellrock.firewall.verify import decisions as module
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.decisions import OPEN, Decisions
from bellrock.firewall.verify.program import Decision, Kind
from bellrock.firewall.verify.ruleset import RulesetError


def ttl(low, high):
    return Boxes.of(ttl=Intervals.span(low, high))


def decision(boxes, kind=Kind.SKIP, scope=0, may=""):
    return Decision(boxes=boxes, kind=kind, chain="inet t c", scope=scope, may=may)


def gathered(*kinds):
    """One decision of each kind about all packets."""
    found = Decisions()
    for kind in kinds:
        found.add(decision(Boxes.everything(), kind))
    return found


def test_a_decision_about_no_packet_is_none():
    found = Decisions()
    found.add(decision(ttl(1, 5) & ttl(6, 9)))
    assert found.all == []


def test_a_program_has_an_end(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 2)
    found = gathered(Kind.DROP, Kind.DROP)
    with pytest.raises(RulesetError, match="inet t c: its jumps make more than 2 ways to a rule"):
        found.add(decision(Boxes.everything()))
    assert len(found.all) == 2


def test_a_scope_ends_behind_the_decisions_before_its_end():
    found = gathered(Kind.DROP)
    scope = found.scope()
    assert found.ends == [OPEN, OPEN]
    found.add(decision(ttl(1, 1), scope=scope))
    found.close(scope)
    assert found.ends == [OPEN, 2]


@pytest.mark.parametrize("kind", [Kind.ACCEPT, Kind.SKIP])
def test_what_left_the_chain_is_not_there_until_its_scope_ends(kind):
    found = Decisions()
    scope = found.scope()
    found.add(decision(ttl(1, 5), kind, scope))
    assert found.without_returning(ttl(1, 9)) == ttl(6, 9)
    found.close(scope)
    assert found.without_returning(ttl(1, 9)) == ttl(1, 9)


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.REJECT, Kind.UNKNOWN])
def test_what_is_gone_for_good_does_not_matter(kind):
    found = Decisions()
    found.add(decision(ttl(1, 5), kind, found.scope()))
    assert found.without_returning(ttl(1, 9)) == ttl(1, 9)


def test_what_may_or_may_not_have_left_is_kept_as_a_cloud_alone():
    found = Decisions()
    perhaps = decision(ttl(1, 5), scope=found.scope(), may="limit")
    found.add(perhaps)
    assert found.clouds == [perhaps]
    assert found.without_returning(ttl(1, 9)) == ttl(1, 9)


def test_who_was_away_when_others_left_has_not_left_with_them():
    """Packets of TTL 1 to 3 skip the second decision, come back behind it, and are there: the second did not take them."""
    found = Decisions()
    outer, inner = found.scope(), found.scope()
    found.add(decision(ttl(1, 3), scope=inner))
    found.add(decision(ttl(1, 6), scope=outer))
    found.close(inner)
    assert found.without_returning(ttl(1, 9)) == Boxes.of(ttl=Intervals.of(1, 2, 3, 7, 8, 9))
    found.close(outer)
    assert found.without_returning(ttl(1, 9)) == ttl(1, 9)


def test_of_two_ways_back_the_inner_one_is_looked_at_within_the_outer():
    """TTL 1 to 4 are away throughout; 1 to 6 would leave by the second, which hence takes 5 and 6 alone."""
    found = Decisions()
    last, outer, inner = found.scope(), found.scope(), found.scope()
    found.add(decision(ttl(1, 4), scope=outer))
    found.add(decision(ttl(1, 6), scope=inner))
    found.add(decision(ttl(1, 8), scope=last))
    found.close(inner)
    found.close(outer)
    assert found.without_returning(ttl(1, 9)) == Boxes.of(ttl=Intervals.of(1, 2, 3, 4, 5, 6, 9))
