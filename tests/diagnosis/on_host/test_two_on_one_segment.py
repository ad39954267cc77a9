import pytest

from bellrock.diagnosis.case import Answers, Neighbour
from bellrock.diagnosis.on_host import two_on_one_segment
from bellrock.model import Strength
from tests.diagnosis.sites import case, found, here, member, topology, vlan, whats

TWO = (("eth0", "10.0.0.2/24"), ("eth1", "10.0.0.3/24"))
GATEWAY = "02:00:00:00:00:01"


def neighbour(interface, mac=GATEWAY, address="10.0.0.1"):
    return Neighbour(address, mac, interface, "known")


def rack(addresses=TWO, **more):
    return here(addresses=addresses, **more)


def test_one_neighbour_that_answers_on_both():
    given = case(rack(neighbours=(neighbour("eth0"), neighbour("eth1")), answers=(Answers("eth0"), Answers("eth1"))))
    assert whats(two_on_one_segment, given) == [("warning", "rack-1's eth0 and eth1 are on one segment")]
    [one] = found(two_on_one_segment, given)
    assert one.proof[1:] == ("eth0 has arp_ignore 0 and arp_announce 0.", "eth1 has arp_ignore 0 and arp_announce 0.")


def test_beacons_that_put_both_into_one_vlan():
    one = topology(vlan(member(), member(interface="eth1", strength=Strength.HEARD)))
    given = case(rack((("eth0", "10.0.0.2/24"), ("eth1", "10.9.0.3/24"))), topology=one)
    assert whats(two_on_one_segment, given) == [("warning", "rack-1's eth0 and eth1 are on one segment")]


def test_both_proofs_are_one_finding():
    one = topology(vlan(member(), member(interface="eth1")))
    assert (
        len(found(two_on_one_segment, case(rack(neighbours=(neighbour("eth0"), neighbour("eth1"))), topology=one))) == 1
    )


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"neighbours": (neighbour("eth0"), neighbour("eth1", "02:00:00:00:00:07"))},
        {"neighbours": (neighbour("eth0"), neighbour("eth1", address="10.0.0.9"))},
        {"neighbours": (neighbour("eth0", ""), neighbour("eth1", ""))},
        {
            "neighbours": (neighbour("eth0"), neighbour("eth1")),
            "addresses": (("eth0", "10.0.0.2/24"), ("eth1", "10.1.0.3/24")),
        },
        {
            "neighbours": (neighbour("eth0"), neighbour("eth1")),
            "answers": (Answers("eth0", 1, 2), Answers("eth1", 2, 1)),
        },
        {"neighbours": (neighbour("eth0"),), "addresses": (("eth0", "10.0.0.2/24"), ("eth0", "10.0.0.3/24"))},
    ],
    ids=[
        "nothing",
        "two machines",
        "two neighbours",
        "nobody answers",
        "two subnets",
        "taken care of",
        "one interface",
    ],
)
def test_healthy(told):
    assert found(two_on_one_segment, case(rack(**told))) == []


@pytest.mark.parametrize(
    ("members", "addresses"),
    [
        (
            (member(), member(interface="br0", strength=Strength.CONFIGURED)),
            (("eth0", "10.0.0.2/24"), ("br0", "10.0.0.3/24")),
        ),
        ((member(), member(interface="eth1")), (("eth0", "10.0.0.2/24"),)),
        ((member(), member("01RACK2", "eth1")), TWO),
        ((member(), member(interface="eth1", strength=Strength.INFERRED)), TWO),
    ],
    ids=["a bridge with its member", "one without address", "of another host", "a guess"],
)
def test_what_is_joined_by_configuration_or_has_no_address_is_healthy(members, addresses):
    assert found(two_on_one_segment, case(rack(addresses), topology=topology(vlan(*members)))) == []
