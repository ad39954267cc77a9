"""One boot as its steps read it."""

import pytest

from bellrock.diagnosis.boots.clients import clients
from bellrock.diagnosis.boots.part import MAX_PACKETS, counted, names, part_of, seeing, some
from bellrock.diagnosis.packets import NS
from tests.diagnosis.wires import (
    EPOCH,
    NODE,
    POINT,
    ROUTER,
    ROUTER_IP,
    arp_answers,
    arp_asks,
    asked,
    conversation,
    discover,
    leased,
    ns,
    transfer,
    wire,
)


def part(*things, since=0.0, until=1000.0, end=60.0, own=None):
    given = wire(*things, until=end)
    (client,) = clients(given)
    return part_of(client, given, (ns(since), ns(until)), own or {}, None)


def test_it_has_what_falls_between_its_two_times():
    one = part(leased(1.0), transfer(at=2), transfer(at=9), conversation(at=2), conversation(at=9), since=1.02, until=9)
    assert (len(one.packets), len(one.transfers), len(one.conversations)) == (2, 1, 1)


def test_points_see_what_they_saw_being_sent_to_the_client():
    assert part(discover(1)).sees == frozenset()
    assert part(discover(1), arp_answers(2, point="a")).sees == {"a"}
    assert part(
        discover(1), transfer(at=2, point="b"), transfer(at=3, point="c", ended="silent", blksize=None)
    ).sees == {"b"}
    assert part(leased(1), conversation(at=2, point="d"), conversation(at=3, point="e", replies=0)).sees == {"d"}
    (behind,) = clients(wire(transfer(client="10.1.0.7", client_mac="", point="f", ended="refused", blksize=None)))
    assert seeing(behind) == {"f"}


@pytest.mark.parametrize(
    ("asked", "last", "sees", "outcome"),
    [
        (1, 1.0, False, "not-seen"),
        (1, 1.0, True, "unanswered"),
        (1, 58.0, True, "not-seen"),
        (2, 59.0, False, "unanswered"),
    ],
)
def test_silence_counts_where_an_answer_would_have_been_seen(asked, last, sees, outcome):
    one = part(discover(1), *([arp_answers(1.5)] if sees else []))
    assert one.silent(asked, ns(last)) == outcome


def test_a_broadcast_may_be_answered_from_anywhere():
    by_one, by_two = (
        part(discover(1), arp_answers(1.5)),
        part(discover(1), arp_answers(1.5), arp_answers(1.6, ROUTER_IP)),
    )
    alone = part(discover(1), own={POINT: frozenset((NODE,))})
    assert [one.whole for one in (by_one, by_two, alone)] == [frozenset(), {POINT}, {POINT}]
    assert [one.silent(1, ns(1), everybody=True) for one in (by_one, by_two, alone)] == [
        "not-seen",
        "unanswered",
        "unanswered",
    ]


def test_points_on_its_own_segment_are_near():
    one = part(leased(1), asked("a", 2, point="node-7/eth0"), asked("b", 3, point="far/eth0", macs=(ROUTER, "x")))
    assert (one.near, one.best) == ({POINT, "node-7/eth0"}, (one.whole, one.near, one.sees))


def test_steps_have_seconds_and_the_stage_of_their_time():
    from msgspec.structs import replace

    one = replace(part(discover(1)), stages=((ns(1), "firmware"), (ns(20), "installer")))
    step = one.step("dns", "worked", "x", (ns(21.5), ns(22)), (3, 3, 0, 1))
    assert (step.time, step.seconds, step.stage, step.packets) == (21.5, 0.5, "installer", (1, 3))
    assert one.step("dns", "worked", "x", (ns(0.5), ns(0)), ()).stage == ""
    assert one.step("dns", "worked", "x", (EPOCH - NS, 0), (), "ipxe").stage == "ipxe"
    assert one.step("dns", "worked", "x", (EPOCH - NS, 0), ()).time == 0.0


def test_of_many_packets_the_first_and_the_last_are_named():
    assert some(range(100)) == (1, 2, 3, 4, 5, 6, 7, 8, 92, 93, 94, 95, 96, 97, 98, 99)
    assert len(some(range(1, MAX_PACKETS + 1))) == MAX_PACKETS


def test_words():
    assert [names([]), names(["a"]), names(["a", "b", "a"]), names(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert names(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert [counted(1, "try", "tries"), counted(2, "try", "tries"), counted(2, "solicit")] == [
        "1 try",
        "2 tries",
        "2 solicits",
    ]


def test_the_part_is_the_clients():
    assert part(discover(1), arp_asks(2)).mac == NODE
