"""Ends of conversations in networks, held against ipaddress."""

from ipaddress import ip_address, ip_network

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bellrock.capture.reading.members import Members, Side
from bellrock.flows.values import Role

NETWORKS = st.one_of(
    st.builds(lambda at, bits: ip_network((at << 8, bits), strict=False), st.integers(0, 2**24 - 1), st.integers(0, 32)),
    st.builds(lambda at, bits: ip_network(((0x20010DB8 << 96) + at, bits), strict=False), st.integers(0, 2**70), st.integers(0, 128)),
)  # fmt: skip


def side(addresses):
    numbers = [int(one) for one in addresses]
    return Side(
        np.array([one.version for one in addresses], np.int32), np.array([one >> 64 for one in numbers], np.uint64),
        np.array([one & 2**64 - 1 for one in numbers], np.uint64), np.zeros(len(addresses), np.int32),
    )  # fmt: skip


@given(networks=st.lists(NETWORKS, max_size=8), more=st.lists(st.ip_addresses(), max_size=4))
def test_as_ipaddress_has_it(networks, more):
    ends = [one for net in networks for one in (net.network_address, net.broadcast_address)]
    beside = [type(one)(max(0, int(one) - 1)) for one in ends]
    addresses = [*ends, *beside, *more]
    members = Members((side(addresses), side(addresses[::-1])), {Role.RACK: tuple(networks)})
    expected = [any(one in net for net in networks) for one in addresses]
    assert members.of_role(Role.RACK, 0).tolist() == expected
    assert members.of_role(Role.RACK, 1).tolist() == expected[::-1]
    assert members.named(tuple(map(str, networks)), 0).tolist() == expected
    assert members.count == len(addresses)


def test_a_role_is_looked_up_once():
    one = side([ip_address("10.0.0.1")])
    members = Members((one, one), {Role.RACK: (ip_network("10.0.0.0/24"),)})
    assert members.of_role(Role.RACK, 0) is members.of_role(Role.RACK, 0)
    assert members.named(("fe80::/10",), 0) is members.named(("fe80::/10",), 0)
    assert members.is_known(Role.RACK)
    assert not members.is_known(Role.NODE)
