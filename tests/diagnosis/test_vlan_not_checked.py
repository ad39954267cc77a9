from msgspec.structs import replace

from bellrock.diagnosis import Lies, vlan_not_checked
from tests.diagnosis.looks import SWITCH, cable, look, said

OPEN = [("warning", "node-7/eth0: nothing shows whether it is in VLAN 10")]
NAMED = Lies("eth0", "fabric-1", ("pxe",), (None,))


def wants(vlan="10", interface="eth0", lies=None, told="", **cables):
    return look(cable(**cables), expected=((interface, vlan),), placed=(lies,) if lies else (), told=told)


def test_an_interface_that_is_not_there_is_an_error_whoever_took_the_report():
    for told in ("", "region"):
        assert said(vlan_not_checked, wants(interface="nosuch", told=told)) == [
            ("error", "node-7 has no interface nosuch to look at, which was expected in VLAN 10")
        ]
    [one] = vlan_not_checked.find(look(expected=(("eth0", "10"),)))
    assert one.proof == ("It has none.",)


def test_what_nothing_shows_is_said_unless_a_region_judges_it():
    assert said(vlan_not_checked, wants()) == OPEN
    assert said(vlan_not_checked, wants(lies=NAMED)) == OPEN
    assert said(vlan_not_checked, wants(told="region")) == []


def test_what_is_shown_right_or_wrong_or_dark_is_not_open():
    assert said(vlan_not_checked, wants(neighbour=replace(SWITCH, pvid=10))) == []
    assert said(vlan_not_checked, wants(neighbour=replace(SWITCH, pvid=20))) == []
    assert said(vlan_not_checked, wants(lies=Lies("eth0", "f", ("x",), (10,)))) == []
    assert said(vlan_not_checked, wants("pxe", lies=NAMED)) == []
    assert said(vlan_not_checked, wants(carrier=False)) == []


def test_a_name_that_no_vlan_has():
    [one] = vlan_not_checked.unchecked(wants("pxy", lies=NAMED, told="region"), {"pxy"})
    assert one.proof == ("No VLAN that is known has the name pxy.",)
    assert list(vlan_not_checked.unchecked(wants("pxe", interface="eth9"), {"pxe"})) == []
