"""What the kernel says of its clock."""

import pytest

from bellrock.link import adjusted
from bellrock.link.adjusted import synchronised


class Kernel:
    def __init__(self, state, status):
        self.state, self.status = state, status

    def adjtimex(self, buffer):
        assert buffer.raw == bytes(len(buffer)), "nothing is set"
        buffer[: adjusted._HEAD.size] = adjusted._HEAD.pack(0, 0, 0, 0, 0, self.status)
        return self.state


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [(0, 0x0001, True), (0, 0x0041, False), (5, 0x0001, False), (5, 0x0040, False), (-1, 0, None)],
)
def test_its_word(monkeypatch, state, status, said):
    monkeypatch.setattr(adjusted, "_libc", Kernel(state, status))
    assert synchronised() is said


def test_the_kernel_of_this_machine_answers():
    assert synchronised() in (True, False)
