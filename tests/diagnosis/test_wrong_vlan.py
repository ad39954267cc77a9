import msgspec
import pytest

from bellrock.diagnosis import Lies, wrong_vlan
from tests.diagnosis.looks import SWITCH, cable, look, said

STORAGE = Lies("eth0", "fabric-1", ("storage",), (20,))
NAMED = Lies("eth0", "fabric-1", ("storage",), (None,))
TRUNK = Lies("eth0", "fabric-1", ("pxe", "storage"), (None, 20))
TAGGED_10 = msgspec.structs.replace(SWITCH, pvid=10)


def wants(vlan, lies=None, **told):
    return look(cable(**told), expected=(("eth0", vlan),), placed=(lies,) if lies else ())


@pytest.mark.parametrize(
    ("it", "wrong"),
    [
        (wants("20", STORAGE), False),
        (wants("storage", STORAGE), False),
        (wants("pxe", TRUNK), False),
        (wants("10", STORAGE), True),
        (wants("pxe", STORAGE), True),
        (wants("20", TRUNK), False),
        (wants("10", NAMED), False),
        (wants("10", neighbour=TAGGED_10), False),
        (wants("20", neighbour=TAGGED_10), True),
        (wants("pxe", neighbour=TAGGED_10), False),
        (wants("10"), False),
        (wants("10", STORAGE, carrier=False), False),
        (look(cable("eth1"), expected=(("eth0", "10"),)), False),
    ],
)
def test_wrong_vlan(it, wrong):
    vlan = it.expected[0][1]
    assert said(wrong_vlan, it) == ([("error", f"node-7/eth0 is not in VLAN {vlan}")] if wrong else [])


def test_the_proof_is_what_region_and_switch_say():
    [one] = wrong_vlan.find(wants("30", STORAGE, neighbour=TAGGED_10))
    assert one.proof == (
        "The region places eth0 in storage (VID 20) of fabric-1.",
        "sw1 port Gi1/0/3 says that its untagged VLAN is 10.",
    )
    [one] = wrong_vlan.find(wants("pxe", NAMED))
    assert one.proof == ("The region places eth0 in storage of fabric-1.",)
    assert one.fix == ("Set the untagged (access or native) VLAN of the switch port to pxe.",)
