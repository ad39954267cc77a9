"""Values of the network: ports in order."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Port

NAMES = st.sampled_from(["a", "b"])
PORTS = st.builds(Port, NAMES, NAMES, st.none() | st.integers(0, 3))


def test_untagged_ports_come_first():
    ports = [Port("b", "eth0"), Port("a", "eth0", 20), Port("a", "eth0", 3), Port("a", "eth0")]
    assert sorted(ports) == [Port("a", "eth0"), Port("a", "eth0", 3), Port("a", "eth0", 20), Port("b", "eth0")]


@given(st.lists(PORTS, max_size=12))
def test_any_ports_are_in_one_order_also_within_other_values(ports):
    found = sorted((port, 1) for port in ports)
    assert found == sorted((port, 1) for port in reversed(ports))
    assert all(a == b or a < b for a, b in pairwise(found))
