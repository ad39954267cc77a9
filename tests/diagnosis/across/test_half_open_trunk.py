from bellrock.diagnosis.across import half_open_trunk
from tests.diagnosis.sites import RACK2, case, conflict, found, member, port, topology, vlan, whats

RACK3 = "01RACK3"


def test_a_vlan_that_passes_in_one_direction_only():
    given = case(topology=topology(conflicts=(conflict("one-way", port(vid=20), port(RACK2, vid=20)),)))
    assert whats(half_open_trunk, given) == [
        ("error", "VLAN 20 passes in one direction only between rack-1/eth0.20 and rack-2/eth0.20")
    ]
    [one] = found(half_open_trunk, given)
    assert (one.host, one.interface, one.vid) == ("rack-1", "eth0", 20)


def test_a_port_that_is_deaf_on_a_tag_is_told_once_and_in_one_place_whichever_pair_is_known():
    """Who is untagged in that VLAN is not heard by it either; which of them is known first is chance."""
    deaf, others = port(RACK2, vid=20), vlan(member(vid=20), member(RACK3), vid=20)
    trunk = conflict("one-way", port(vid=20), deaf, proof="rack-1/eth0.20 hears it.")
    access = conflict("one-way", port(RACK3), deaf, proof="01RACK3/eth0 hears it.")
    for known in ((trunk,), (access,), (trunk, access)):
        [one] = found(half_open_trunk, case(topology=topology(others, conflicts=known)))
        assert (one.host, one.interface, one.vid) == ("rack-2", "eth0", 20)
        assert one.proof == tuple(each.proof for each in known)
    assert one.what == "VLAN 20 passes in one direction only between rack-2/eth0.20 and 01RACK3/eth0 and rack-1/eth0.20"
    assert len(one.evidence) == 2


def test_of_two_that_nobody_confirms_it_is_the_one_with_a_tag():
    given = case(topology=topology(conflicts=(conflict("one-way", port(RACK2), port(vid=20)),)))
    [one] = found(half_open_trunk, given)
    assert (one.host, one.vid, one.recheck) == ("rack-1", 20, "bellrock topology explain rack-1/eth0.20 rack-2/eth0")


def test_whom_others_confirm_on_its_tag_is_not_at_fault():
    heard = vlan(member(vid=20), member(RACK3, vid=20), vid=20)
    given = conflict("one-way", port(RACK2), port(vid=20))
    assert found(half_open_trunk, case(topology=topology(heard, conflicts=(given,)))) == []


def test_without_a_tag_it_is_a_cable_and_other_conflicts_are_told_by_others():
    for given in (conflict("one-way"), conflict("two-vids", port(vid=20))):
        assert found(half_open_trunk, case(topology=topology(conflicts=(given,)))) == []
    assert found(half_open_trunk, case()) == []
