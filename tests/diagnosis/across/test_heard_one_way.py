import pytest

from bellrock.diagnosis.across import heard_one_way
from bellrock.model import ConflictKind
from tests.diagnosis.sites import case, conflict, found, topology, whats


def test_the_ports_are_named_with_what_each_says():
    given = case(topology=topology(conflicts=(conflict("one-way", proof="rack-1/eth0 says so."),)))
    assert whats(heard_one_way, given) == [
        ("error", "frames pass in one direction only between rack-1/eth0 and rack-2/eth0")
    ]
    [one] = found(heard_one_way, given)
    assert (one.host, one.interface, one.proof) == ("rack-1", "eth0", ("rack-1/eth0 says so.",))
    assert one.evidence == ("heard rack-1/eth0 rack-2/eth0",)
    assert one.recheck == "bellrock topology explain rack-1/eth0 rack-2/eth0"


@pytest.mark.parametrize("kind", [kind.value for kind in ConflictKind if kind.value != "one-way"])
def test_conflicts_of_other_kinds_are_told_by_others(kind):
    assert found(heard_one_way, case(topology=topology(conflicts=(conflict(kind),)))) == []


def test_without_topology_or_conflicts_nothing_is_told():
    assert found(heard_one_way, case()) == []
    assert found(heard_one_way, case(topology=topology())) == []


def test_a_vlan_with_a_tag_is_told_as_a_half_open_trunk():
    from tests.diagnosis.sites import port

    given = conflict("one-way", port(vid=20), port("01RACK2", vid=20))
    assert found(heard_one_way, case(topology=topology(conflicts=(given,)))) == []


def test_a_port_that_nobody_hears_is_told_once_and_in_one_place_whichever_pair_is_known():
    """Others, with a tag and without, confirm each other."""
    from tests.diagnosis.sites import member, port, vlan

    mute, others = port("01RACK2"), vlan(member(), member("01RACK3", vid=10))
    access = conflict("one-way", mute, port())
    trunk = conflict("one-way", mute, port("01RACK3", vid=10))
    for known in ((trunk,), (access,), (trunk, access)):
        [one] = found(heard_one_way, case(topology=topology(others, conflicts=known)))
        assert (one.host, one.interface, one.vid) == ("rack-2", "eth0", None)
    assert one.what == "frames pass in one direction only between rack-2/eth0 and 01RACK3/eth0.10 and rack-1/eth0"
