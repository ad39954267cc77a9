import pytest

from bellrock.diagnosis.across import duplicate_mac
from bellrock.model import ConflictKind
from tests.diagnosis.sites import case, conflict, found, topology, whats


def test_the_ports_are_named_with_what_each_says():
    given = case(topology=topology(conflicts=(conflict("duplicate-mac", proof="rack-1/eth0 says so."),)))
    assert whats(duplicate_mac, given) == [("error", "rack-1/eth0 and rack-2/eth0 have one MAC address on one segment")]
    [one] = found(duplicate_mac, given)
    assert (one.host, one.interface, one.proof) == ("rack-1", "eth0", ("rack-1/eth0 says so.",))
    assert one.evidence == ("heard rack-1/eth0 rack-2/eth0",)
    assert one.recheck == "bellrock topology explain rack-1/eth0 rack-2/eth0"


@pytest.mark.parametrize("kind", [kind.value for kind in ConflictKind if kind.value != "duplicate-mac"])
def test_conflicts_of_other_kinds_are_told_by_others(kind):
    assert found(duplicate_mac, case(topology=topology(conflicts=(conflict(kind),)))) == []


def test_without_topology_or_conflicts_nothing_is_told():
    assert found(duplicate_mac, case()) == []
    assert found(duplicate_mac, case(topology=topology())) == []
