import msgspec
import pytest

from bellrock.diagnosis import mtu_too_small
from tests.diagnosis.looks import SWITCH, cable, look, said


def switch(largest):
    return msgspec.structs.replace(SWITCH, max_frame_size=largest)


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (look(cable()), []),
        (
            look(cable(link={"mtu": 1279})),
            [("error", "node-7/eth0 has an MTU of 1279; 1280 is what IPv6 needs on every link")],
        ),
        (look(cable(), mtu=9000), [("error", "node-7/eth0 has an MTU of 1500; 9000 is what the network is to pass")]),
        (look(cable(neighbour=SWITCH)), []),
        (look(cable(neighbour=switch(1518))), []),
        (look(cable(neighbour=switch(1514))), []),
        (
            look(cable(neighbour=switch(1513))),
            [("error", "node-7/eth0 may send packets of 1500 octets, and its switch port passes 1499 at most")],
        ),
        (
            look(cable(link={"mtu": 9000}, neighbour=switch(1522)), mtu=9000),
            [("error", "node-7/eth0 may send packets of 9000 octets, and its switch port passes 1508 at most")],
        ),
    ],
    ids=[
        "usual",
        "below IPv6's",
        "below what is wanted",
        "a switch that does not tell",
        "enough",
        "enough, without the check sequence",
        "one too few",
        "jumbo",
    ],
)
def test_mtu_too_small(it, expected):
    assert said(mtu_too_small, it) == expected


def test_a_switch_without_a_name_is_told_by_its_chassis():
    nameless = msgspec.structs.replace(switch(1000), system_name="")
    [one] = mtu_too_small.find(look(cable(neighbour=nameless)))
    assert one.proof == ("00:1b:21:0a:0b:0c port Gi1/0/3 says by LLDP that its largest frame is 1000 octets.",)
