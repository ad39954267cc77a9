import pytest

from bellrock.diagnosis.across import tagged_where_untagged_expected as rule
from bellrock.model import Strength
from tests.diagnosis.sites import RACK2, case, found, member, site, switchport, topology, vlan, whats


def given(meant, *vlans):
    return case(topology=topology(*vlans), site=site(switchports=(meant,)))


def test_a_tag_where_none_is_meant():
    it = given(switchport(untagged=10), vlan(member(vid=10), member(RACK2)))
    assert whats(rule, it) == [("error", "VLAN 10 comes to rack-1/eth0 with tag, and is meant to come without")]
    [one] = found(rule, it)
    assert "ip link add link eth0 name eth0.10 type vlan id 10" in one.fix[1]
    assert (one.host, one.interface, one.vid) == ("rack-1", "eth0", 10)


def test_no_tag_where_one_is_meant():
    it = given(
        switchport(untagged=None, tagged=(20, 30)), vlan(member(), vid=20), vlan(member(vid=30), vid=30, id="v2")
    )
    assert whats(rule, it) == [("error", "VLAN 20 comes to rack-1/eth0 without tag, and is meant to come with one")]


@pytest.mark.parametrize(
    ("meant", "vlans"),
    [
        (switchport(untagged=10), (vlan(member()),)),
        (switchport(untagged=10), (vlan(member(vid=10), member()),)),
        (switchport(untagged=10), (vlan(member(vid=20), vid=20),)),
        (switchport(untagged=10), (vlan(member(vid=10, strength=Strength.INFERRED)),)),
        (switchport(untagged=10), (vlan(member(), vid=None),)),
        (switchport("rack-9"), (vlan(member(vid=10)),)),
        (switchport(untagged=None, tagged=(20,)), (vlan(member(vid=20), vid=20),)),
        (switchport(untagged=None, tagged=(20,)), ()),
    ],
    ids=[
        "as meant",
        "both ways",
        "another VLAN",
        "a guess",
        "no number known",
        "another host",
        "a tag as meant",
        "nothing seen",
    ],
)
def test_healthy_or_not_known(meant, vlans):
    assert found(rule, given(meant, *vlans)) == []


def test_without_site_or_topology_nothing_is_told():
    assert found(rule, case(topology=topology(vlan(member(vid=10))))) == []
    assert found(rule, case(site=site(switchports=(switchport(),)))) == []
