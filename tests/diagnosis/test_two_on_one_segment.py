from bellrock.diagnosis import two_on_one_segment
from bellrock.model import EvidenceKind, Port
from tests.diagnosis.looks import cable, heard, look, said

OWN = EvidenceKind.OWN_BEACON


def own(here, there, vid=None):
    return heard(here, OWN, Port("node", there, vid), vid)


def test_a_pair_is_told_once_from_whichever_end():
    it = look(cable("eth0", heard=(own("eth0", "eth1"),)), cable("eth1", heard=(own("eth1", "eth0"),)))
    assert said(two_on_one_segment, it) == [("warning", "node-7/eth0 and node-7/eth1 are on one segment")]


def test_each_vlan_that_two_share_is_told():
    it = look(cable("eth0", heard=(own("eth0", "eth1"), own("eth0", "eth1", 20))))
    assert [(one.what, one.vid) for one in two_on_one_segment.find(it)] == [
        ("node-7/eth0 and node-7/eth1 are on one segment", None),
        ("node-7/eth0 and node-7/eth1.20 are on one segment", 20),
    ]


def test_other_machines_and_other_vlans_of_one_interface_are_no_fault():
    beacons = (heard("eth0"), own("eth0", "eth0", 20), heard("eth0", OWN, None))
    assert said(two_on_one_segment, look(cable("eth0", heard=beacons))) == []
