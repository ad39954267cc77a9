import pytest

from bellrock.diagnosis.across import native_vlan_mismatch
from bellrock.model import ConflictKind
from tests.diagnosis.sites import case, conflict, found, topology, whats


def test_the_ports_are_named_with_what_each_says():
    given = case(topology=topology(conflicts=(conflict("two-vids", proof="rack-1/eth0 says so."),)))
    assert whats(native_vlan_mismatch, given) == [
        ("error", "rack-1/eth0 and rack-2/eth0 are on one segment that has more than one VID")
    ]
    [one] = found(native_vlan_mismatch, given)
    assert (one.host, one.interface, one.proof) == ("rack-1", "eth0", ("rack-1/eth0 says so.",))
    assert one.evidence == ("heard rack-1/eth0 rack-2/eth0",)
    assert one.recheck == "bellrock topology explain rack-1/eth0 rack-2/eth0"


@pytest.mark.parametrize("kind", [kind.value for kind in ConflictKind if kind.value != "two-vids"])
def test_conflicts_of_other_kinds_are_told_by_others(kind):
    assert found(native_vlan_mismatch, case(topology=topology(conflicts=(conflict(kind),)))) == []


def test_without_topology_or_conflicts_nothing_is_told():
    assert found(native_vlan_mismatch, case()) == []
    assert found(native_vlan_mismatch, case(topology=topology())) == []
