from bellrock.diagnosis.absorption import place
from bellrock.diagnosis.across import interfaces_without_evidence as rule
from tests.diagnosis.sites import RACK1, case, found, site, switchport, topology, unknown, whats


def test_eighty_thousand_interfaces_are_one_notice_and_no_fabric():
    given = case(topology=topology(unknown=[unknown(f"veth{number}", why="nothing heard") for number in range(80_000)]))
    assert whats(rule, given) == [
        ("notice", "80000 interfaces without beacon evidence: they are in no fabric and make none")
    ]
    [one] = found(rule, given)
    assert one.proof[1] == "80000 of them: nothing heard."
    assert len(one.proof[0]) < 200


def test_one_of_them():
    assert whats(rule, case(topology=topology(unknown=(unknown(),)))) == [
        ("notice", "1 interface without beacon evidence: it is in no fabric and makes none")
    ]


def test_it_stays_the_same_finding_wherever_they_are():
    [one] = found(rule, case(topology=topology(unknown=(unknown(),))))
    [other] = found(rule, case(topology=topology(unknown=(unknown(), unknown("eth2", RACK1)))))
    assert place(one) == place(other)


def test_what_the_site_means_to_be_somewhere_is_told_by_itself():
    meant = site(switchports=(switchport("host-7", "eth1"),))
    assert found(rule, case(topology=topology(unknown=(unknown(),)), site=meant)) == []


def test_where_all_is_known_nothing_is_told():
    assert found(rule, case(topology=topology())) == []
    assert found(rule, case()) == []
