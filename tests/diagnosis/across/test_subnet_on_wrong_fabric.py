import pytest

from bellrock.diagnosis.across import subnet_on_wrong_fabric
from bellrock.model import Confidence, Fabric, Strength
from tests.diagnosis.sites import RACK2, case, conflict, found, member, site, subnet, topology, vlan, whats


def given(meant, *vlans, **more):
    return case(topology=topology(*(vlans or (vlan(member(), member(RACK2), vid=20),)), **more), site=site(meant))


def test_model_and_observation_side_by_side():
    it = given(subnet(vlan=10))
    assert whats(subnet_on_wrong_fabric, it) == [
        ("error", "subnet 10.0.0.0/24 is meant to be in VLAN 10, and is observed in VLAN 20")
    ]
    [one] = found(subnet_on_wrong_fabric, it)
    assert one.proof == (
        "The site says: pxe is in VLAN 10.",
        "Observed: it lives in VLAN 20 of fabric-0, where rack-1/eth0 and rack-2/eth0 are.",
    )
    assert (one.address, one.vid, one.confidence) == ("10.0.0.0/24", 20, Confidence.CERTAIN)


def test_another_fabric_of_those_that_are_known():
    other = Fabric(id="f2", name="storage", vlans=())
    it = given(subnet(vlan=20, fabric="storage"), more=(other,))
    assert whats(subnet_on_wrong_fabric, it) == [
        ("error", "subnet 10.0.0.0/24 is meant to be in fabric storage, and is observed in fabric fabric-0")
    ]


def test_what_only_addresses_speak_for_is_likely():
    [one] = found(subnet_on_wrong_fabric, given(subnet(vlan=10), vlan(member(strength=Strength.INFERRED), vid=20)))
    assert one.confidence is Confidence.LIKELY


@pytest.mark.parametrize(
    ("meant", "vlans"),
    [
        (subnet(vlan=20), ()),
        (subnet(vlan=None), ()),
        (subnet(vlan="pxe"), ()),
        (subnet(vlan=10), (vlan(member(), vid=None),)),
        (subnet("10.9.0.0/24", vlan=10), ()),
        (subnet(vlan=20, fabric="named-by-people"), ()),
        (subnet(vlan=20, fabric="fabric-0"), ()),
        (subnet(vlan=10), (vlan(member(), vid=10), vlan(member(RACK2), vid=20, id="v2"))),
    ],
    ids=["as meant", "not said", "a name", "no number known", "another subnet", "a fabric nobody knows", "its fabric", "two homes are a conflict"],
)  # fmt: skip
def test_healthy_or_not_known(meant, vlans):
    assert found(subnet_on_wrong_fabric, given(meant, *vlans)) == []


def test_where_one_segment_has_two_vids_neither_says_where_a_subnet_is():
    mixed = given(subnet(vlan=10), vlan(member(), vid=20), conflicts=(conflict("two-vids"),))
    assert found(subnet_on_wrong_fabric, mixed) == []


def test_without_site_or_topology_nothing_is_told():
    assert found(subnet_on_wrong_fabric, case(site=site(subnet()))) == []
    assert found(subnet_on_wrong_fabric, case(topology=topology(vlan(member(), vid=20)))) == []
