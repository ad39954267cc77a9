"""Contradictions, each from observations to the sentence."""

from itertools import pairwise

import pytest

from bellrock.topology.batch import infer
from bellrock.topology.conflicts import naming
from bellrock.topology.facts import Facts
from tests.topology.worlds import gone, host, interface, lldp, mac_of, port, saw


def conflicts(*observations, kind=None):
    return [c for c in infer(observations).conflicts if kind in (None, c.kind)]


def joined(*ports, kind="confirmed", **fields):
    """A chain of beacons through ports, and an interface for each."""
    seen = [saw(kind, a, b, **fields) for a, b in pairwise(ports)]
    return [*seen, *(interface(text.split("/")[0], text.split("/")[1].split(".")[0]) for text in ports)]


def addressed(text, *addresses):
    owner, name = text.split("/")
    return interface(owner, name, addresses=addresses)


NAMES = [host(id, f"node-{id}") for id in "abcdefgh"]


def test_two_vids():
    (found,) = conflicts(*NAMES, *joined("a/eth0.10", "b/eth0.20"))
    assert found.kind == "two-vids"
    assert found.where == (port("a/eth0.10"), port("b/eth0.20"))
    assert (
        found.proof == "One segment has 2 VIDs: node-a/eth0.10 tagged with VID 10; node-b/eth0.20 tagged with VID 20."
    )


def test_two_vids_by_a_switchs_word():
    (found,) = conflicts(*NAMES, *joined("a/eth0.10", "b/eth0"), lldp("b/eth0", pvid=20))
    assert "node-b/eth0 in port VLAN 20 by its switch's word" in found.proof
    assert not conflicts(*NAMES, *joined("a/eth0.10", "b/eth0"), lldp("b/eth0", pvid=10))


def test_duplicate_mac():
    (found,) = conflicts(*NAMES, *joined("a/eth0", "b/eth0"), interface("b", "eth0", mac=mac_of("a", "eth0")))
    assert found.kind == "duplicate-mac"
    assert found.where == (port("a/eth0"), port("b/eth0"))
    assert mac_of("a", "eth0") in found.proof
    assert "node-a/eth0 and node-b/eth0" in found.proof


@pytest.mark.parametrize("mac", ["", "00:00:00:00:00:00", "00:00:5e:00:01:07", "00:00:5e:00:02:07"])
def test_macs_that_are_shared_on_purpose(mac):
    assert not conflicts(*joined("a/eth0", "b/eth0"), interface("a", "eth0", mac=mac), interface("b", "eth0", mac=mac))


def test_one_host_may_use_a_mac_twice():
    bridge = interface("a", "br0", "bridge", mac=mac_of("a", "eth0")), interface("a", "eth0", master="br0")
    assert not conflicts(*joined("a/br0", "b/eth0"), *bridge)


def test_macs_of_peers_that_report_no_interface():
    same = {"peer_mac": "02:00:00:00:00:99"}
    chain = saw("heard", "a/eth0", "x/eth0", **same), saw("heard", "a/eth0", "y/eth0", **same)
    assert [c.kind for c in conflicts(*chain)] == ["duplicate-mac"]
    # A program that is known by its MAC only may run on a host that is known otherwise.
    assert not conflicts(chain[0], saw("heard", "a/eth0", "peer-99/eth0", **same))
    assert not conflicts(chain[1], saw("heard", "a/eth0", "peer-99/eth0", **same))
    both = conflicts(*chain, saw("heard", "a/eth0", "aaa/eth0", **same), saw("heard", "a/eth0", "peer-9/eth0", **same))
    assert {p.host for c in both for p in c.where} == {"aaa", "x", "y"}


def test_vlan_interfaces_with_macs_of_their_own():
    vlans = [interface(h, "eth0.10", "vlan", parents=("eth0",), vid=10, mac="02:00:00:00:00:77") for h in "ab"]
    assert [c.kind for c in conflicts(*joined("a/eth0.10", "b/eth0.10"), *vlans)] == ["duplicate-mac"]


def one_way(since=1.0, seen=100.0):
    return [*NAMES, *joined("a/eth0", "b/eth0", kind="heard", since=since, seen=seen)]


def test_one_way():
    (found,) = conflicts(*one_way())
    assert found.kind == "one-way"
    assert found.where == (port("a/eth0"), port("b/eth0"))
    assert found.proof.startswith("node-a/eth0 hears node-b/eth0, but node-b/eth0")
    assert len(found.evidence) == 1


@pytest.mark.parametrize(
    "more",
    [
        saw("heard", "b/eth0", "a/eth0"),
        saw("confirmed", "b/eth0", "a/eth0"),
        saw("confirmed", "a/eth0", "b/eth0"),
        interface("b", "eth0", speaks=False),
        interface("b", "eth0", settled=False),
        interface("a", "eth0", settled=False),
        interface("a", "eth0", speaks=False),
        gone("heard", "a/eth0", "b/eth0"),
        saw("heard", "a/eth0", "b/eth0", since=95.0),
    ],
)
def test_not_one_way(more):
    assert not conflicts(*one_way(), more)


def test_one_way_waits_until_both_hosts_had_their_say():
    early = [o for o in one_way() if o != host("b", "node-b")]
    assert not conflicts(*early)
    assert not conflicts(*early, host("b", "node-b", seen=5.0))
    assert conflicts(*early, host("b", "node-b", seen=12.0))


def test_own_beacons_one_way():
    found = conflicts(*NAMES, *joined("a/eth0", "a/eth1", kind="own-beacon"))
    assert [c.kind for c in found] == ["one-way"]


def test_loop():
    (found,) = conflicts(*NAMES, saw("loop", "a/eth0", "a/eth0"))
    assert found.kind == "loop"
    assert found.where == (port("a/eth0"),)
    assert found.proof.startswith("node-a/eth0 receives its own beacons")
    assert not conflicts(interface("a", "eth0", carrier=False), saw("loop", "a/eth0", "a/eth0"))


def split_vlan():
    # a/eth0 and c/eth0 are trunks of one fabric by VLAN 20; VLAN 10 is in two parts.
    return [
        *NAMES,
        *joined("a/eth0.10", "b/eth0.10"),
        *joined("c/eth0.10", "d/eth0.10"),
        *joined("a/eth0.20", "c/eth0.20"),
    ]


def test_vid_split():
    (found,) = conflicts(*split_vlan())
    assert found.kind == "vid-split"
    assert found.where == tuple(port(f"{h}/eth0.10") for h in "abcd")
    assert "node-a/eth0.10 and node-b/eth0.10; and node-c/eth0.10 and node-d/eth0.10" in found.proof


def test_parts_that_nobody_would_hear_are_no_split():
    silent = [interface(h, "eth0", speaks=False) for h in "cd"]
    assert not conflicts(*split_vlan(), *silent)


def homes(*groups):
    """Segments with addresses: each group is (port, address) pairs."""
    seen = list(NAMES)
    for group in groups:
        seen += joined(*(text for text, _ in group))
        seen += [addressed(text, *addresses) for text, addresses in group]
    return seen


def test_subnet_split():
    net = ("10.0.0.1/24",)
    (found,) = conflicts(*homes([("a/eth0", net), ("b/eth0", net)], [("c/eth0", net), ("d/eth0", net)]))
    assert found.kind == "subnet-split"
    assert found.proof == (
        "Subnet 10.0.0.0/24 is on 2 segments between which no beacon passes: node-a/eth0 and node-b/eth0; and node-c/eth0 and node-d/eth0."
    )
    (found,) = conflicts(*homes([("a/eth0", net), ("b/eth0", ())], [("c/eth0", net), ("d/eth0", ())]))
    assert found.kind == "subnet-split"
    assert found.where == (port("a/eth0"), port("c/eth0"))


def test_address_misfit():
    net, other = ("10.0.0.1/24",), ("10.9.0.1/24",)
    here = [("c/eth0", net), ("d/eth0", other), ("e/eth0", other)]
    (found,) = conflicts(*homes([("a/eth0", net), ("b/eth0", net)], here))
    assert found.kind == "address-misfit"
    assert found.where == (port("c/eth0"),)
    assert "lives on the segment of node-a/eth0 and node-b/eth0" in found.proof
    assert found.proof.endswith("where 10.9.0.0/24 lives.")
    (found,) = conflicts(*homes([("a/eth0", net), ("b/eth0", net)], [("c/eth0", net), ("d/eth0", ())]))
    assert found.proof.endswith("but is on another segment.")


def test_no_conflict_in_good_order():
    assert not conflicts(
        *homes([("a/eth0", ("10.0.0.1/24",)), ("b/eth0", ("10.0.0.2/24",))], [("c/eth0", ()), ("d/eth0", ())])
    )


def test_naming_is_short():
    facts = Facts()
    assert naming(facts, [port("a/eth0")]) == "a/eth0"
    assert naming(facts, [port(f"{h}/eth0") for h in "cba"]) == "a/eth0, b/eth0 and c/eth0"
    assert naming(facts, [port(f"{h}/eth0") for h in "edcba"]) == "a/eth0, b/eth0, c/eth0 and 2 more"
