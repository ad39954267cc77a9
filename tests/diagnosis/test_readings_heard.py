import pytest

from bellrock.diagnosis.readings_heard import heard
from tests.diagnosis import wires as w


@pytest.mark.parametrize(
    ("things", "is_heard"),
    [
        ((), False), (w.heard(), True), (w.conversation(), True), (w.conversation(replies=0, destination="10.9.0.9"), False),
        (w.conversation(source="10.9.0.9", destination=w.NODE_IP, replies=0), True), (w.asked("a.example", 1.0), False),
        (w.transfer(), True), (w.transfer(blksize=None, ended="silent"), False),
        ((w.asked("a.example", 1.0), w.arp_answers(2.0, w.RACK_IP, w.NODE_IP, w.RACK)), True),
    ],
    ids=["nothing", "a packet", "replies", "no replies", "it is asked", "it asks", "a file", "no file", "its card is answered"],
)  # fmt: skip
def test_heard(things, is_heard):
    assert heard(w.wire(things), w.NODE_IP) is is_heard
