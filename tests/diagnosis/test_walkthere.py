"""Rows about requests that left and never arrived."""

import pytest
from msgspec import structs

from bellrock.contract.walk import Sent
from bellrock.diagnosis.walked import judge
from tests.diagnosis.walkcases import (
    ANSWERED,
    ARRIVED,
    EXCEEDED,
    GATE,
    HELD,
    LEFT,
    OTHER_CARD,
    RETURNED,
    TCP,
    UNMARKED,
    A,
    back,
    case,
    holds,
    there,
)

ROWS = [
    ("in-its-place", case([LEFT, RETURNED], sent=structs.replace(ANSWERED, marked=False)), None, "answered-elsewhere", "wrong-service", "answer came from 10.2.0.2"),
    ("in-its-place-unread", case([LEFT, RETURNED]), None, "answered-elsewhere", "wrong-service", "answer came from 10.2.0.2"),
    ("lost", case([LEFT]), None, "lost-on-the-way", "filtered", "near/eth0 and never came in at far, and nobody says why: no router"),
    ("lost-behind", case([LEFT, EXCEEDED]), None, "lost-on-the-way", "filtered", "as far as the router 10.1.0.1"),
    ("lost-told", case([LEFT, there(out=False, what="error", by=GATE, kind=3, code=13)]), None, "lost-on-the-way", "filtered",
     "10.1.0.1 says: administratively prohibited"),
    ("lost-no-way", case([LEFT, there(out=False, what="error", by=GATE, kind=3, code=1)]), None, "lost-on-the-way", "unreachable",
     "10.1.0.1 says: destination unreachable"),
    ("refused-in-its-name", case([LEFT, back(out=False, what="refusal")], path=TCP), None, "lost-on-the-way", "filtered", "in far's name (TCP RST)"),
    ("refused-in-its-name-udp", case([LEFT, back(out=False, what="refusal")]), None, "lost-on-the-way", "filtered", "(ICMP port unreachable)"),
    ("other-card", case([LEFT], [there(out=False, card=OTHER_CARD, sender="02:00:00:00:00:01")]), None, "lost-on-the-way", "unreachable",
     "passed far/eth0, but was addressed to the network card 02:00:00:00:00:99, which is not that interface's"),
    ("gateway-silent", case([LEFT], sent=Sent(source=A, gateway=GATE, waited=2.0)), None, "lost-on-the-way", "filtered", "by way of the gateway 10.1.0.1"),
    ("one-syn", case([LEFT], sent=Sent(source=A, waited=0.4), path=TCP), None, "lost-on-the-way", "filtered", "its one SYN may have been lost"),
    ("same-address", case([LEFT, back(out=False, what="refusal", sender=OTHER_CARD)]), None, "lost-on-the-way", "filtered",
     "(from the network card 02:00:00:00:00:99 on this link): another machine has that address, or a firewall"),
    ("middle-answers", case([LEFT, RETURNED], [ARRIVED], watching=HELD, sent=UNMARKED), None, "answered-elsewhere", "wrong-service",
     "from whose wire no answer left, and yet one came from 10.2.0.2"),
    ("later-ones-arrive", case([LEFT], [there(out=False, what="probe", number=3)]), None, "lost-on-the-way", "degraded", "1 that was sent after it did"),
]  # fmt: skip
ALIKE = [
    ("same-address-answers", case([LEFT, RETURNED], sent=UNMARKED), None, "answered-elsewhere", "wrong-service", "another machine has that address"),
]  # fmt: skip
"""What leads to the sentence of another row."""


@pytest.mark.parametrize(
    ("seen", "ruled", "died_at", "verdict", "says"), [pytest.param(*row[1:], id=row[0]) for row in (*ROWS, *ALIKE)]
)
def test_each_row(seen, ruled, died_at, verdict, says):
    holds(seen, ruled, died_at, verdict, says)


def test_what_arrives_by_another_way_is_no_sign_of_loss_on_this_one():
    probe = structs.replace(LEFT, what="probe", number=1)
    arrived = structs.replace(ARRIVED, what="probe", number=1)
    assert judge(case([LEFT, probe], [arrived])).verdict == "degraded"
    assert judge(case([LEFT, structs.replace(probe, interface="eth7")], [arrived])).verdict == "filtered"
