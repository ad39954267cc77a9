import pytest

from bellrock.diagnosis import half_duplex
from tests.diagnosis.looks import cable, look, said


@pytest.mark.parametrize(
    ("link", "proof"),
    [
        ({"speed": 1000, "duplex": "full"}, None),
        ({}, None),
        ({"speed": 100, "duplex": "half"}, "The driver of eth0 reports 100 Mb/s, half duplex."),
        ({"duplex": "half"}, "The driver of eth0 reports an unknown speed, half duplex."),
    ],
)
def test_half_duplex(link, proof):
    it = look(cable(link=link))
    assert said(half_duplex, it) == ([("warning", "node-7/eth0 runs at half duplex")] if proof else [])
    assert [one.proof[0] for one in half_duplex.find(it)] == ([proof] if proof else [])


def test_without_carrier_a_driver_may_say_anything():
    assert said(half_duplex, look(cable(carrier=False, link={"duplex": "half"}))) == []
