"""Speed and duplex: from a real kernel, and from drivers that answer as these words say."""

import ctypes
import fcntl
import struct

import pytest

from bellrock.link import ethtool
from bellrock.link.ethtool import line_rate
from tests.link.namespaces import network_namespace


@pytest.mark.lab
def test_a_cable_of_veth_tells_what_its_driver_says():
    with network_namespace() as net:
        net.veth("n4-a", "n4-b")
        assert line_rate("n4-a") == (10_000, "full")


@pytest.mark.parametrize("name", ["n4-nowhere", "a-name-longer-than-any-interface"])
def test_no_such_interface(name):
    assert line_rate(name) == (None, "")


@pytest.mark.parametrize(
    ("speed", "duplex", "told"),
    [
        (1000, 1, (1000, "full")),
        (100, 0, (100, "half")),
        (400_000, 1, (400_000, "full")),
        (0xFFFFFFFF, 0xFF, (None, "")),
        (0xFFFF, 0xFF, (None, "")),
        (0, 1, (None, "full")),
    ],
)
def test_what_a_driver_answers(monkeypatch, speed, duplex, told):
    def answer(_sock, number, request):
        assert number == 0x8946
        name, address = ethtool._REQUEST.unpack(request)
        assert name.rstrip(b"\0") == b"eth0"
        octets = bytearray(44)
        octets[0:4] = ctypes.string_at(address, 4)
        # struct ethtool_cmd: speed at 12, duplex at 14, speed_hi at 28
        struct.pack_into("=HB", octets, 12, speed & 0xFFFF, duplex)
        struct.pack_into("=H", octets, 28, speed >> 16)
        ctypes.memmove(address, bytes(octets), 44)

    monkeypatch.setattr(fcntl, "ioctl", answer)
    assert line_rate("eth0") == told
