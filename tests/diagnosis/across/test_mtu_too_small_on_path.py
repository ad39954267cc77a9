from bellrock.diagnosis.across import mtu_too_small_on_path as rule
from bellrock.diagnosis.case import Narrow
from tests.diagnosis.sites import RACK2, case, found, port, topology, whats


def narrow(**told):
    return Narrow(
        **(
            {
                "where": (port(),),
                "towards": (port(RACK2),),
                "mtu": 1500,
                "others": 9000,
                "what": "1500 octets pass at rack-1/eth0",
            }
            | told
        )
    )


def test_what_passes_and_what_is_expected():
    given = case(narrow=(narrow(proof=("Two directions show it.",)),), topology=topology())
    assert whats(rule, given) == [("error", "1500 octets pass at rack-1/eth0")]
    [one] = found(rule, given)
    assert (one.host, one.interface) == ("rack-1", "eth0")
    assert one.fix[1] == "Until then: ip link set eth0 mtu 1500 on rack-1"
    assert "9000" in one.fix[0]


def test_where_nothing_large_passes_and_there_is_nothing_to_compare():
    [one] = found(rule, case(narrow=(narrow(mtu=0, others=0),), topology=topology()))
    assert "not even 1,280 octets" in one.proof[0]
    assert one.fix[1] == "Until then nothing large will pass."


def test_where_all_passes_nothing_is_told():
    assert found(rule, case()) == []
    assert found(rule, case(narrow=(narrow(where=()),))) == []
