import socket
import struct
import subprocess

import pytest

from bellrock.link import rtnetlink
from bellrock.link.dump import addresses, dump
from tests.link.namespaces import network_namespace


@pytest.mark.lab
def test_every_address_by_interface():
    with network_namespace() as net:
        net.veth("fb-a", "fb-b")
        net.ip("address add 10.0.0.1/24 dev fb-b")
        net.ip("address add 10.9.9.9/32 dev lo")
        net.ip("address add fd00::1/64 dev fb-a nodad")
        found = addresses()
    assert found[0] == ("lo", "127.0.0.1/8")
    assert set(found) == {
        ("lo", "127.0.0.1/8"), ("lo", "::1/128"), ("lo", "10.9.9.9/32"), ("fb-a", "fd00::1/64"), ("fb-b", "10.0.0.1/24")
    }  # fmt: skip


@pytest.mark.lab
def test_more_than_one_datagram():
    with network_namespace() as net:
        net.veth("fb-a", "fb-b")
        batch = "\n".join(f"address add 10.{n >> 8}.{n & 255}.1/24 dev fb-a" for n in range(1000))
        subprocess.run(["ip", "-batch", "-"], input=batch, text=True, check=True)
        assert sum(name == "fb-a" for name, _ in addresses()) == 1000


def test_a_request_that_makes_no_sense_is_refused():
    request = struct.pack("=IHHII", 16, 4000, 0x301, 1, 0)
    with pytest.raises(OSError, match="."):
        list(dump(socket.NETLINK_ROUTE, request))
    with pytest.raises(OSError, match="."):
        list(dump(12345, rtnetlink.request(rtnetlink.GET_ADDRESS, 1)))
