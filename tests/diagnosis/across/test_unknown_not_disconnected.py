import pytest

from bellrock.diagnosis.across import unknown_not_disconnected as rule
from tests.diagnosis.sites import case, found, site, switchport, topology, unknown, whats


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ({"untagged": 10}, "untagged 10"),
        ({"untagged": None, "tagged": (30, 20)}, "tagged 20, 30"),
        ({"untagged": 10, "tagged": (20,)}, "untagged 10; tagged 20"),
        ({"untagged": None}, "no VLAN"),
    ],
)
def test_the_word_of_the_site_stays(port, said):
    given = case(
        topology=topology(unknown=(unknown(),)), site=site(switchports=(switchport("host-7", "eth1", **port),))
    )
    assert whats(rule, given) == [
        ("notice", f"nothing shows now where host-7/eth1 leads; the site's word for it stays: {said}")
    ]
    [one] = found(rule, given)
    assert one.proof == ("no carrier: no cable, or its other end is down.",)


def test_what_is_known_or_not_meant_is_not_told():
    meant = site(switchports=(switchport("host-7", "eth1"),))
    assert found(rule, case(topology=topology(), site=meant)) == []
    assert found(rule, case(topology=topology(unknown=(unknown("eth2"),)), site=meant)) == []
    assert found(rule, case(topology=topology(unknown=(unknown(),)))) == []
    assert found(rule, case(site=meant)) == []
