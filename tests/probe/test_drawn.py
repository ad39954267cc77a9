import pytest

from bellrock.probe.drawn import drawn
from bellrock.probe.values import Ask

ASK = Ask(flow="ntp", nonce=bytes(range(16)))


@pytest.mark.parametrize("size", [1, 8, 64])
def test_so_many_octets_the_same_each_time(size):
    assert drawn(ASK, "transmit 1", size) == drawn(ASK, "transmit 1", size)
    assert len(drawn(ASK, "transmit 1", size)) == size


def test_each_purpose_and_each_ask_has_its_own():
    other = Ask(flow="ntp", nonce=bytes(16))
    assert len({drawn(ASK, "transmit 1", 8), drawn(ASK, "transmit 2", 8), drawn(other, "transmit 1", 8)}) == 3
