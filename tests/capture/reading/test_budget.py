import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading import budget
from bellrock.capture.reading.budget import Budget, Limits
from bellrock.capture.reading.picks import Kind


def of(*clients):
    return np.array(clients, np.int64)


def test_each_client_has_its_share():
    left = Budget(Limits(client=2))
    assert left.allowed(Kind.ARP, of(1, 1, 2, 1, 2, 2)).tolist() == [True, True, True, False, True, False]
    assert left.allowed(Kind.ARP, of(2, 3)).tolist() == [False, True]
    assert left.allowed(Kind.DNS, of(1)).tolist() == [True]
    assert left.left_out == {"arp": 3}


def test_a_kind_has_its_share():
    left = Budget(Limits(kind=3))
    assert left.allowed(Kind.ARP, of(1, 2, 3, 4)).tolist() == [True, True, True, False]
    assert left.allowed(Kind.ARP, of(5, 6)).tolist() == [False, False]
    assert left.allowed(Kind.DNS, of(1)).all()
    assert not left.allowed(Kind.ARP, of(7)).any()
    assert left.left_out == {"arp": 4}


def test_all_together_have_theirs():
    left = Budget(Limits(total=2))
    assert left.allowed(Kind.ARP, of(1, 2)).all()
    assert not left.allowed(Kind.DNS, of(1)).any()
    assert left.left_out == {"dns": 1}


def test_no_more_clients_are_told_apart_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(budget, "MAX_CLIENTS", 2)
    left = Budget(Limits(client=1))
    assert left.allowed(Kind.ARP, of(1, 2)).all()
    assert left.allowed(Kind.ARP, of(3)).all()
    assert not left.allowed(Kind.ARP, of(4)).any()


def test_other_reasons_are_counted():
    left = Budget(Limits())
    left.leave_out("dhcp that could not be read")
    left.leave_out("dhcp that could not be read", 2)
    left.leave_out("nothing", 0)
    assert left.left_out == {"dhcp that could not be read": 3}


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=20), max_size=5),
    st.integers(0, 30), st.integers(0, 20), st.integers(0, 5),
)  # fmt: skip
def test_as_if_one_after_the_other(chunks, total, kind, client):
    """Whatever the chunks are, the same packets are kept as if each had been asked for by itself."""
    together, alone = (Budget(Limits(total=total, kind=kind, client=client)) for _ in range(2))
    for chunk in chunks:
        one_by_one = [bool(alone.allowed(Kind.ARP, of(one))[0]) for one in chunk]
        assert together.allowed(Kind.ARP, of(*chunk)).tolist() == one_by_one
    assert together.left_out == alone.left_out
