"""Words that sentences about a walk share."""

import pytest
from msgspec import structs

from bellrock.contract.walk import Sent
from bellrock.diagnosis.walkwords import from_card, no_question, perhaps, place, unruled, unsure
from tests.diagnosis.walkcases import ACCEPT, ARRIVED, DROP, OTHER_CARD, PERHAPS, UNKNOWN, case, unlooked


@pytest.mark.parametrize(
    ("ruled", "says"),
    [(None, ""), (DROP, ""), (UNKNOWN, "could not be judged: nft is not installed"), (ACCEPT, "no rule of its nftables"), (PERHAPS, "this drops it: inet")],
    ids=["not-asked", "drop", "unknown", "accept", "perhaps"],
)  # fmt: skip
def test_what_rules_have_to_do_with_it(ruled, says):
    assert says in unruled(ruled)
    assert bool(says) is bool(unruled(ruled))


def test_what_their_consent_hangs_on():
    assert perhaps(ACCEPT) == ""
    assert "if connection tracking takes it for invalid" in perhaps(PERHAPS)


def test_what_was_not_looked_at():
    assert unsure(case()) == ""
    assert "5 packets" in unsure(unlooked(case(), near=2, far=3))


def test_places_and_cards():
    assert (place("far", ARRIVED), place("", ARRIVED), place("far", None)) == ("far/eth0", "eth0", "far")
    came = structs.replace(ARRIVED, sender=OTHER_CARD)
    assert OTHER_CARD in from_card(case(), came)
    assert from_card(case(), ARRIVED) == from_card(case(), None) == ""
    assert from_card(case(sent=Sent(gateway="10.1.0.1")), came) == "", "that is the gateway's"
    assert no_question(case()) is None
