"""Chains of evidence, and what is missing for one."""

import pytest

from bellrock.model import Port
from bellrock.topology.explain import UnknownPortError, explain
from bellrock.topology.incremental import Incremental
from tests.topology.worlds import host, interface, lldp, mac_of, port, saw

NAMES = [host("a", "rack-1"), host("b", "rack-2"), host("c", "node-3"), host("d", "node-4")]


def asked(a, b, *observations):
    return explain([*NAMES, *observations], a, b)


def way(explanation):
    return [(step.kind, step.a.host + step.b.host) for step in explanation.chain]


def test_one_beacon():
    found = asked("rack-1/eth0.10", "rack-2/eth0", saw("confirmed", "a/eth0.10", "b/eth0", seen=7.0))
    assert found.verdict == "same-vlan"
    (step,) = found.chain
    assert (step.a, step.b, step.kind, step.seen) == (port("a/eth0.10"), port("b/eth0"), "confirmed", 100)
    assert step.sentence.startswith("rack-2/eth0 acknowledged a fresh beacon of rack-1/eth0.10")
    assert not found.missing


def test_a_confirmed_way_is_preferred_unless_it_is_much_longer():
    heard = saw("heard", "a/eth0", "d/eth0")
    two = [saw("confirmed", "a/eth0", "b/eth0"), saw("confirmed", "b/eth0", "c/eth0")]
    three = [*two, saw("confirmed", "c/eth0", "d/eth0")]
    assert way(asked("rack-1/eth0", "node-4/eth0", heard, *three)) == [("heard", "ad")]
    half = [saw("heard", "a/eth0", "c/eth0"), saw("heard", "c/eth0", "d/eth0")]
    assert way(asked("rack-1/eth0", "node-4/eth0", *half, *three)) == [("heard", "ac"), ("confirmed", "cd")]
    near = [saw("heard", "a/eth0", "x/eth0"), saw("heard", "x/eth0", "c/eth0")]
    assert way(asked("rack-1/eth0", "node-3/eth0", *near, *two)) == [("confirmed", "ab"), ("confirmed", "bc")]
    both = [saw("heard", "a/eth0", "b/eth0"), saw("confirmed", "b/eth0", "a/eth0")]
    assert way(asked("rack-1/eth0", "rack-2/eth0", *both)) == [("confirmed", "ab")]


def test_by_a_switch():
    told = lldp("a/eth0", pvid=5), lldp("b/eth1", port_id="Eth2", pvid=5)
    found = asked("rack-1/eth0", "rack-2/eth1", *told)
    assert way(found) == [("lldp", "ab")]
    assert found.chain[0].sentence == (
        "rack-1/eth0 is plugged into port Eth1 of sw1 (LLDP), port VLAN 5 and "
        "rack-2/eth1 is plugged into port Eth2 of sw1 (LLDP), port VLAN 5: one VLAN."
    )
    assert len(found.chain[0].evidence) == 2


def test_by_configuration():
    inside = interface("a", "br0", "bridge"), interface("a", "eth0", master="br0"), saw("heard", "a/br0", "b/eth0")
    found = asked("rack-1/eth0", "rack-2/eth0", *inside)
    assert way(found) == [("configured", "aa"), ("heard", "ab")]
    assert found.chain[0].seen is None
    assert found.chain[0].sentence == "rack-1/eth0 and rack-1/br0 are one segment by the configuration of rack-1."


def test_same_fabric_by_a_trunk():
    trunk = saw("heard", "a/eth0.10", "b/eth0"), saw("heard", "a/eth0.20", "c/eth0")
    found = asked("rack-2/eth0", "node-3/eth0", *trunk)
    assert found.verdict == "same-fabric"
    assert way(found) == [("heard", "ba"), ("trunk", "aa"), ("heard", "ac")]
    assert "in VLAN 10 and VLAN 20 of one fabric (fabric-1): apart, because no beacon passes" in found.missing


def test_same_fabric_by_a_switch():
    found = asked("rack-1/eth0", "rack-2/eth0", lldp("a/eth0"), lldp("b/eth0", port_id="Eth2"))
    assert found.verdict == "same-fabric"
    assert way(found) == [("switch", "ab")]
    assert found.chain[0].sentence.endswith(": one switch.")


def test_apart():
    found = asked("rack-1/eth0", "node-3/eth0", saw("heard", "a/eth0", "b/eth0"), saw("heard", "c/eth0", "d/eth0"))
    assert found.verdict == "apart"
    assert not found.chain
    assert "on fabric-1 and fabric-2: apart" in found.missing


def test_unknown_says_why():
    seen = interface("c", "eth0", carrier=False), saw("heard", "a/eth0", "b/eth0")
    found = asked("rack-1/eth0", "node-3/eth0", *seen)
    assert found.verdict == "unknown"
    assert found.missing == "node-3/eth0: no carrier: no cable, or its other end is down."
    vlan = interface("c", "eth0.10", "vlan", parents=("eth0",), vid=10)
    assert "node-3/eth0.10: nothing heard on VLAN 10" in asked("rack-1/eth0", "node-3/eth0.10", *seen[1:], vlan).missing


def test_unknown_without_an_interface():
    trunk = interface("a", "eth0"), saw("heard", "a/eth0.10", "b/eth0")
    assert asked("rack-1/eth0", "rack-2/eth0", *trunk).missing == "rack-1/eth0: nothing was heard on it."
    down = interface("b", "eth0", carrier=False), saw("heard", "d/eth9", "b/eth0")
    assert "node-4/eth9: nothing was heard on it." in asked("node-4/eth9", "rack-2/eth0", *down).missing
    own = lldp("b/eth0", chassis=mac_of("a", "eth0")), interface("a", "eth0", settled=False)
    assert "rack-1/eth0: beaconing is still under way." in asked("rack-1/eth0", "rack-2/eth0", *own).missing


def test_inferred():
    seen = [
        saw("heard", "a/eth0", "b/eth0"),
        interface("b", "eth0", addresses=("10.0.0.1/24",)),
        interface("c", "eth0", addresses=("10.0.0.2/24",), speaks=False),
    ]
    found = asked("node-3/eth0", "rack-2/eth0", *seen)
    assert found.verdict == "same-vlan"
    assert way(found) == [("inferred", "cb")]
    assert "because 10.0.0.0/24 lives there; nothing else speaks for it" in found.chain[0].sentence


def test_a_port_with_itself():
    assert asked("rack-1/eth0", "rack-1/eth0", saw("heard", "a/eth0", "b/eth0")).verdict == "same-vlan"


def test_ports_may_be_given_in_any_way():
    vlan = interface("a", "eth0.10", "vlan", parents=("eth0",), vid=10), saw("heard", "a/eth0.10", "b/eth0")
    state = Incremental()
    for observation in [*NAMES, *vlan]:
        state.apply(observation)
    for name in ("rack-1/eth0.10", "a/eth0.10", Port("a", "eth0", 10), Port("a", "eth0.10")):
        assert explain(state, name, "rack-2/eth0").verdict == "same-vlan"


def test_unknown_names_come_with_the_nearest():
    seen = saw("heard", "a/eth0", "b/eth0"), interface("c", "enp1s0")
    with pytest.raises(UnknownPortError, match="no port rack-1/eht0; do you mean rack-1/eth0 or") as refused:
        asked("rack-1/eht0", "rack-2/eth0", *seen)
    assert refused.value.nearest[0] == "rack-1/eth0"
    with pytest.raises(UnknownPortError, match="node-3/enp1s0"):
        asked(Port("c", "enp1s1"), "rack-2/eth0", *seen)
    with pytest.raises(UnknownPortError, match=r"^there is no port zzz$"):
        asked("zzz", "rack-2/eth0", *seen)
    with pytest.raises(UnknownPortError):
        asked("rack-1/eth0.x", "rack-2/eth0", *seen)
    # An interface that its host reported does not make every VID upon it a port.
    with pytest.raises(UnknownPortError, match=r"no port node-3/enp1s0\.30; do you mean node-3/enp1s0"):
        asked("node-3/enp1s0.30", "rack-2/eth0", *seen)
