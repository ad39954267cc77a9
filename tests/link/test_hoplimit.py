"""Packets with a small hop limit: the socket says so, and they leave."""

import socket

import pytest

from bellrock.link.hoplimit import limit, short_lived
from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source

HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("family", "level", "option"), [(socket.AF_INET, socket.IPPROTO_IP, socket.IP_TTL), (socket.AF_INET6, socket.IPPROTO_IPV6, 16)], ids=["4", "6"]
)  # fmt: skip
def test_the_limit_of_a_socket(family, level, option):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        limit(sock, 3)
        assert sock.getsockopt(level, option) == 3


def test_a_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((HERE, 0))
        listener.settimeout(5)
        listener.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        with short_lived(HERE, listener.getsockname()[1], Source(address=HERE), 2, b"hello"):
            said, ancillary, _, _ = listener.recvmsg(100, 100)
    assert said == b"hello"
    assert int.from_bytes(ancillary[0][2][:4], "little") == 2


def test_a_connection_begins():
    with socket.create_server((HERE, 0)) as server:
        server.settimeout(5)
        with short_lived(HERE, server.getsockname()[1], Source(), 2, None):
            server.accept()[0].close()


def test_a_source_that_is_not_of_this_host():
    with pytest.raises(Obstructed) as error, short_lived(HERE, 9, Source(address="192.0.2.77"), 1, b""):
        pass
    assert error.value.obstacle is Obstacle.LOCAL


def test_what_cannot_be_sent():
    with pytest.raises(Obstructed), short_lived("255.255.255.255", 9, Source(), 1, b""):
        pass
