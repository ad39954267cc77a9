"""What ICMP errors say, which routers show themselves, and what an end's word amounts to."""

import pytest
from msgspec import structs

from bellrock.contract.walk import Path, Seen, Sent, Served, Sighting, Watching
from bellrock.diagnosis.walkfacts import (
    Case,
    Complaint,
    complaint,
    hops,
    missing,
    objection,
    plain,
    routers,
    strays,
)
from bellrock.model import Hop, Verdict
from bellrock.wire.text import endpoint

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
        (A, True, False), ("", None, None), ("10.1.0.9", True, None), (B, True, True),
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


def test_the_target_is_no_router_on_the_way_to_itself():
    """A translation of addresses puts the target's address on a router's complaint; a host that passes packets on complains itself."""
    told = [error(11, 0, "10.1.0.1", 1), error(11, 0, B, 2)]
    assert routers(told, B) == ("10.1.0.1",)
    assert routers([*told, error(11, 0, "10.9.0.1", 3)], B) == ("10.1.0.1", "", "10.9.0.1")
    assert routers([error(11, 0, B, 1)], B) == ()


def test_what_was_for_another_network_card_did_not_arrive():
    stray, answer = seen(out=False, card="02::99"), seen("reply", out=False, card="02::99")
    found = case([seen(), answer], [stray])
    assert (found.arrived, found.returned, found.entered, found.came_back) == (None, None, "", "")
    assert (found.passed_by, found.answer_passed_by) == (stray, answer)
    assert not found.reached
    assert objection([structs.replace(error(3, 1), card="02::99")]) is None


@pytest.mark.parametrize(
    ("sent", "served", "came_out", "reached"),
    [
        (None, None, False, False),
        (Sent(answered=True), None, True, False),
        (Sent(answered=True, marked=True), None, True, True),
        (None, Served(accepted=1), True, True),
        (None, Served(half_open=1), True, True),
    ],
    ids=["nothing", "answered", "marked", "accepted", "half-open"],
)
def test_what_proves_that_it_left_and_arrived_without_being_seen(sent, served, came_out, reached):
    found = case(sent=sent, served=served)
    assert (found.came_out, found.reached) == (came_out, reached)


def tries(*numbers, what="request", out):
    return [seen(what, out=out, number=number) for number in numbers]


@pytest.mark.parametrize(
    ("near", "far", "says"),
    [
        (tries(0, out=True), tries(0, out=False), ""),
        (tries(0, 1, 2, out=True), tries(2, out=False), "2 of 3 requests lost on the way"),
        (tries(0, 1, 2, out=True), tries(0, out=False), ""),
        (tries(0, 1, 2, out=True), [], ""),
        (tries(0, out=True) + tries(1, what="reply", out=False), tries(0, out=False) + tries(0, 1, what="reply", out=True), "1 of 2 answers lost on the way"),
        (tries(0, 1, out=True) + tries(3, what="reply", out=False), tries(1, out=False) + tries(1, 3, what="reply", out=True),
         "1 of 2 requests lost on the way and 1 of 2 answers lost on the way"),
    ],
    ids=["none", "there", "under-way", "all", "back", "both"],
)  # fmt: skip
def test_only_what_a_later_one_overtook_is_lost(near, far, says):
    found = case(near, far)
    assert missing(found) == says
    assert missing(structs.replace(found, far=structs.replace(found.far, lost=1))) == ""


def test_a_syn_that_was_repeated():
    tcp = structs.replace(case([seen(), seen(), seen(interface="br0")]), path=structs.replace(PATH, protocol="tcp"))
    assert "its SYN had to be sent 2 times" in missing(tcp)
    assert missing(structs.replace(tcp, near=Seen(order="1", sightings=(seen(),)))) == ""
    assert missing(structs.replace(tcp, near=Seen(order="1"))) == ""


def test_how_late_an_answer_is_by_the_clock_of_one_end():
    late = case([seen(), structs.replace(seen("reply", out=False), at=2.9)], sent=Sent(waited=1.2))
    assert late.lateness == pytest.approx(1.9)
    assert structs.replace(late, near=structs.replace(late.near, sent=Sent(waited=2.5))).lateness == 0
    assert structs.replace(late, near=structs.replace(late.near, sent=Sent(answered=True))).lateness == 0
    assert case([seen()]).lateness == 0
    assert (late.patience, case().patience) == (1.2, 1.5)


@pytest.mark.parametrize(
    ("left", "came", "translated", "by"),
    [({}, {}, "", ""), ({}, {"destination_port": 5353}, "10.2.0.2:5353", "on the way"), ({}, {"destination": "fd02::3"}, "[fd02::3]:53", "on the way"),
     ({"destination_port": 54}, {"destination_port": 54}, "10.2.0.2:54", "by a itself")],
    ids=["not", "port", "address", "by-itself"],
)  # fmt: skip
def test_what_it_came_in_for(left, came, translated, by):
    found = case([seen(**left)], [seen(out=False, **came)])
    assert found.translated == translated
    assert by in found.translator


def test_addresses_in_words():
    assert (plain("fe80::1%eth0"), plain(B)) == ("fe80::1", B)
    assert (endpoint("fd01::2", 5), endpoint(B, 5)) == ("[fd01::2]:5", "10.2.0.2:5")


FORKED = (
    seen(source="10.3.0.2", interface="eth1"),
    seen("probe", number=1, interface="eth0"), error(11, 0, "10.1.0.1", 1),
    seen("probe", number=2, source="10.3.0.2", interface="eth1"), error(11, 0, "10.9.0.1", 2),
)  # fmt: skip


def test_routers_on_another_way_than_the_request_took_are_none_of_its_way():
    assert strays(FORKED) == {1: "eth0"}
    assert routers(FORKED) == ("", "10.9.0.1")
    first, *between, _ = hops(case(FORKED, sent=Sent(source=A, interface="eth0")))
    assert (first.address, first.interface) == ("10.3.0.2", "eth1")
    assert [one.address for one in between] == ["", "10.9.0.1"]


def test_a_packet_that_passes_a_bridge_and_its_card_is_on_one_way():
    both = (seen(interface="br0"), seen(interface="eth0"), seen("probe", number=1, interface="br0"),
            seen("probe", number=1, interface="eth0"))  # fmt: skip
    assert strays(both) == {}
    assert strays(FORKED[1:]) == {}, "without a request there is no way that it took"
