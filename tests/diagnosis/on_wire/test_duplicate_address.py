import pytest

from bellrock.diagnosis.on_wire import duplicate_address
from bellrock.diagnosis.packets import Advertisement, Arp, Solicitation
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats

VRRP = "00:00:5e:00:01:07"
SIX = "fd00::57"


def announce(at, mac, address=w.NODE_IP, **more):
    return w.packet(Arp(1, mac, address, "00:00:00:00:00:00", address), at, macs=(mac, w.EVERYBODY), **more)


def probe(at=1.0, mac=w.NODE, address=w.NODE_IP):
    return w.packet(Arp(1, mac, w.ANY, "00:00:00:00:00:00", address), at, macs=(mac, w.EVERYBODY))


def six(said, at, mac, source):
    return w.packet(said, at, source, "ff02::1:ff00:57", macs=(mac, "33:33:ff:00:00:57"))


def test_two_answers_to_one_question():
    given = w.case(
        w.arp_asks(1.0, w.RACK_IP, w.NODE_IP),
        w.arp_answers(1.001, w.NODE_IP, w.RACK_IP),
        w.arp_answers(1.002, w.NODE_IP, w.RACK_IP, mac=w.STRANGER),
    )
    assert whats(duplicate_address, given) == [
        ("error", "likely", f"10.0.0.57 is used by two machines, {w.NODE} and {w.STRANGER}")
    ]
    [one] = found(duplicate_address, w.case(w.leased(), given.wire.packets))
    assert (one.client, one.confidence.value) == (w.NODE, "certain"), "DHCP says whose it is"
    assert one.fix[0] == f"Give {w.STRANGER} another address, or take 10.0.0.57 out of the range that DHCP gives away."


def test_one_machine_with_two_interfaces_is_another_fault():
    twice = [
        (
            w.arp_asks(at, target=address),
            w.arp_answers(at + 0.01, address, mac=w.RACK),
            w.arp_answers(at + 0.02, address, mac="00:16:3e:00:00:03"),
        )
        for at, address in ((1.0, w.RACK_IP), (2.0, "10.0.0.3"))
    ]
    assert found(duplicate_address, w.case(twice)) == []


def test_claims_by_turns():
    given = w.case([announce(at, mac) for at, mac in enumerate([w.NODE, w.STRANGER] * 2)])
    assert whats(duplicate_address, given) == [
        ("error", "likely", f"10.0.0.57 is used by two machines, {w.NODE} and {w.STRANGER}")
    ]
    assert found(duplicate_address, given)[0].proof == (
        f"{w.NODE} and {w.STRANGER} announced it by turns, 4 times within 3.0 s.",
    )


def test_whoever_had_it_long_before_counts_as_the_first():
    given = w.case(
        [announce(at, mac) for at, mac in ((0, w.NODE), (900, w.STRANGER), (930, w.NODE), (960, w.STRANGER))],
        until=1000,
    )
    assert len(found(duplicate_address, given)) == 1


def test_who_probes_his_lease_and_is_answered_has_a_double():
    answer = w.packet(Arp(2, w.STRANGER, w.NODE_IP, w.NODE, w.ANY), 1.001, macs=(w.STRANGER, w.NODE))
    [one] = found(duplicate_address, w.case(w.leased(), probe(), answer, w.decline(1.1)))
    assert (one.client, one.address, one.confidence.value) == (w.NODE, "", "certain")
    mine = w.packet(Arp(2, w.NODE, w.NODE_IP, w.NODE, w.ANY), 1.001, macs=(w.NODE, w.NODE))
    assert found(duplicate_address, w.case(w.leased(), probe(), mine)) == []


def test_ipv6_duplicate_address_detection_that_is_answered():
    asks = six(Solicitation(SIX), 0.0, w.NODE, "::")
    says = six(Advertisement(SIX, w.STRANGER), 0.01, w.STRANGER, SIX)
    [one] = found(duplicate_address, w.case(asks, says))
    assert (one.address, one.severity.value) == (SIX, "error")
    assert found(duplicate_address, w.case(asks)) == []
    assert found(duplicate_address, w.case(asks, six(Advertisement(SIX), 0.01, w.NODE, SIX))) == []
    assert found(duplicate_address, w.case(asks, six(Advertisement(SIX, w.STRANGER), 9.0, w.STRANGER, SIX))) == []
    assert found(duplicate_address, w.case(says)) == []


def local_proxy(addresses, *more):
    """Each machine answers for itself, and the router for each (local proxy ARP, private VLANs)."""
    return [
        (w.arp_asks(at, target=address), w.arp_answers(at + 0.01, address, mac=f"00:16:3e:00:01:0{at}"),
         w.arp_answers(at + 0.02, address, mac=w.ROUTER))
        for at, address in enumerate(addresses)
    ], *more  # fmt: skip


@pytest.mark.parametrize(
    "things",
    [
        w.leased(),
        [announce(at, w.NODE) for at in range(8)],
        [announce(at, mac) for at, mac in enumerate([w.NODE] * 3 + [w.STRANGER] * 3)],
        [announce(at, mac) for at, mac in enumerate([w.NODE, VRRP] * 4)],
        [announce(at, mac, vids=(vid,)) for at, (mac, vid) in enumerate([(w.NODE, 10), (w.STRANGER, 20)] * 4)],
        [announce(at, mac, point=mac) for at, mac in enumerate([w.NODE, w.STRANGER] * 4)],
        [w.arp_answers(at, w.RACK_IP, asker, mac=mac) for at, (asker, mac) in enumerate([(w.NODE_IP, w.RACK), (w.NODE2_IP, w.STRANGER)] * 4)],
        (w.arp_asks(0.0), w.arp_answers(0.001, mac=VRRP), w.arp_answers(0.002)),
        (probe(mac=w.STRANGER), w.arp_answers(1.001, w.NODE_IP, w.ANY)),
        (w.leased(), probe(), w.arp_answers(9.0, w.NODE_IP, w.ANY, mac=w.STRANGER)),
        [announce(at * 1200, mac) for at, mac in enumerate([w.NODE, w.STRANGER] * 3)],
        [announce(start + at, mac) for start, mac in ((0, w.NODE), (70, w.STRANGER), (140, w.NODE), (210, w.STRANGER)) for at in range(0, 70, 10)],
        local_proxy(("10.0.0.58", "10.0.0.59")), (w.leased(), local_proxy(("10.0.0.58",), w.arp_answers(5.0, w.ROUTER_IP, mac=w.ROUTER))),
    ],
    ids=[
        "a lease", "one that announces itself", "an address that moves once", "routers that share a virtual address",
        "two VLANs with one subnet", "two places with one subnet", "a bond that balances by ARP", "a virtual router's two answers",
        "a probe by somebody who did not lease it", "an answer much later",
        "a machine that is installed anew by turns", "a virtual address that moves with its announcements", "a proxy of two machines",
        "a proxy that is the router",
    ],
)  # fmt: skip
def test_no_duplicate(things):
    assert whats(duplicate_address, w.case(things)) == []


def test_without_a_wire():
    given = w.case()
    assert list(duplicate_address.find(type(given)(now=given.now))) == []
