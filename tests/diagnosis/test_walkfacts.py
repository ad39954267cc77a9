"""What ICMP errors say, which routers show themselves, and what an end's word amounts to."""

import pytest

from bellrock.contract.walk import Path, Seen, Sent, Served, Sighting, Watching
from bellrock.diagnosis.walkfacts import Case, Complaint, complaint, hops, objection, routers
from bellrock.model import Hop, Verdict

A, B = "10.1.0.2", "10.2.0.2"
PATH = Path(walk="0" * 16, key="0" * 64, protocol="udp", target=B, port=53, source_port=50000)


def seen(what="request", *, out=True, **rest):
    known = {"interface": "eth0", "source": A, "source_port": 1, "destination": B, "destination_port": 53}
    return Sighting(at=1.0, what=what, out=out, **(known | rest))


def error(kind, code, by="10.1.0.1", number=0):
    return seen("error", out=False, by=by, kind=kind, code=code, number=number)


def case(near=(), far=(), sent=None, served=None):
    return Case(
        flow="dns", path=PATH, source="a", target="b", watching=Watching(order="1", listener="own"),
        near=Seen(order="1", sightings=tuple(near), sent=sent), far=Seen(order="2", sightings=tuple(far), served=served),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "code", "by", "says", "verdict"),
    [
        (3, 0, "10.1.0.1", Complaint.UNREACHABLE, Verdict.UNREACHABLE),
        (3, 3, "10.1.0.1", Complaint.PORT, Verdict.FILTERED),
        (3, 4, "10.1.0.1", Complaint.TOO_BIG, Verdict.FILTERED),
        (3, 13, "10.1.0.1", Complaint.PROHIBITED, Verdict.FILTERED),
        (11, 0, "10.1.0.1", Complaint.EXCEEDED, Verdict.UNREACHABLE),
        (1, 0, "fd01::1", Complaint.UNREACHABLE, Verdict.UNREACHABLE),
        (1, 4, "fd01::1", Complaint.PORT, Verdict.FILTERED),
        (2, 0, "fd01::1", Complaint.TOO_BIG, Verdict.FILTERED),
        (1, 1, "fd01::1", Complaint.PROHIBITED, Verdict.FILTERED),
        (3, 0, "fd01::1", Complaint.EXCEEDED, Verdict.UNREACHABLE),
    ],
)
def test_icmp_in_words(kind, code, by, says, verdict):
    found = complaint(error(kind, code, by))
    assert (found, found.verdict) == (says, verdict)


def test_a_hop_limit_that_was_meant_to_run_out_is_no_objection():
    assert objection([error(11, 0, number=1), seen("reply", out=False)]) is None
    assert objection([error(11, 0, number=1), error(3, 1)]) == error(3, 1)
    loop = error(11, 0)
    assert objection([loop]) == loop, "of a packet with a full hop limit it is a routing loop"
    assert objection([seen("error", out=True, by=A, kind=3, code=1)]) is None


def test_routers_in_order_with_gaps():
    assert routers([error(11, 0, "10.3.0.1", 3), error(11, 0, "10.1.0.1", 1), error(3, 1)]) == (
        "10.1.0.1",
        "",
        "10.3.0.1",
    )
    assert routers([]) == ()


def test_hops_of_what_never_left():
    sent = Sent(source=A, interface="eth7")
    assert hops(case(sent=sent)) == (
        Hop(address=A, name="a", interface="eth7", request=False), Hop(address=B, name="b"),
    )  # fmt: skip


def test_hops_with_a_silent_router():
    far = [seen(out=False, interface="eth1"), seen("reply", source=B, destination=A)]
    found = hops(case([seen(), error(11, 0, "10.1.0.9", 2)], far))
    assert [(hop.address, hop.request, hop.reply) for hop in found] == [
        ("", True, False), ("", None, None), ("10.1.0.9", True, None), (B, True, True),
    ]  # fmt: skip
    assert found[-1].interface == "eth1"


def test_what_was_not_told_is_empty():
    one = case()
    assert (one.sent, one.served, one.accepted, one.turned) == (Sent(), Served(), False, False)


@pytest.mark.parametrize(
    ("went", "turned"),
    [
        ({"source": B, "destination": A}, False),
        ({"source": B, "destination": A, "interface": "eth1"}, True),
        ({"source": B, "destination": "10.9.9.9"}, True),
        ({"source": "10.9.9.9", "destination": A}, True),
    ],
    ids=["back", "other-interface", "other-destination", "other-source"],
)
def test_an_answer_that_turns_elsewhere(went, turned):
    assert case(far=[seen(out=False), seen("reply", **went)]).turned is turned


def test_interfaces_as_rules_see_them():
    one = case(
        [seen("reply", out=False), seen("reply", out=False, interface="bond0")],
        [seen(out=False), seen(out=False, interface="eth0.10")],
    )
    assert (one.entered, one.came_back, one.round_about) == ("eth0.10", "bond0", False)
    assert (case().entered, case().came_back) == ("", "")


def test_what_came_back_and_who_refused():
    reply, reset = seen("reply", out=False), seen("refusal", out=False)
    one = case([reply, reset], [seen("refusal")])
    assert (one.returned, one.refusal, one.rejected) == (reply, reset, seen("refusal"))
    by_icmp = seen("error", by=B, kind=3, code=13)
    assert case(far=[by_icmp]).rejected == by_icmp
