import pytest

from bellrock.diagnosis.across import subnet_on_two_segments
from bellrock.model import ConflictKind
from tests.diagnosis.sites import case, conflict, found, topology, whats


def test_the_ports_are_named_with_what_each_says():
    given = case(topology=topology(conflicts=(conflict("subnet-split", proof="rack-1/eth0 says so."),)))
    assert whats(subnet_on_two_segments, given) == [
        (
            "warning",
            "rack-1/eth0 and rack-2/eth0 have addresses of one subnet, but are on segments between which nothing passes",
        )
    ]
    [one] = found(subnet_on_two_segments, given)
    assert (one.host, one.interface, one.proof) == ("rack-1", "eth0", ("rack-1/eth0 says so.",))
    assert one.evidence == ("heard rack-1/eth0 rack-2/eth0",)
    assert one.recheck == "bellrock topology explain rack-1/eth0 rack-2/eth0"


@pytest.mark.parametrize("kind", [kind.value for kind in ConflictKind if kind.value != "subnet-split"])
def test_conflicts_of_other_kinds_are_told_by_others(kind):
    assert found(subnet_on_two_segments, case(topology=topology(conflicts=(conflict(kind),)))) == []


def test_without_topology_or_conflicts_nothing_is_told():
    assert found(subnet_on_two_segments, case()) == []
    assert found(subnet_on_two_segments, case(topology=topology())) == []
