"""Where a socket sends from."""

import socket

import pytest

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.link.source import Source, bind


@pytest.mark.parametrize(
    ("family", "source", "name"),
    [
        (socket.AF_INET, None, ("0.0.0.0", 0)),
        (socket.AF_INET, Source(), ("0.0.0.0", 0)),
        (socket.AF_INET, Source(address="127.0.0.1"), ("127.0.0.1", 0)),
        (socket.AF_INET6, Source(address="::1"), ("::1", 0)),
    ],
    ids=["none", "any", "address", "address6"],
)
def test_an_address_is_bound_and_its_port_left_to_the_kernel(family, source, name):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        bind(sock, source)
        assert sock.getsockname()[:2] == name


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")])
def test_a_port_alone_is_of_any_address(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as free:
        free.bind((address, 0))
        port = free.getsockname()[1]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        bind(sock, Source(port=port))
        assert sock.getsockname()[:2] == (address, port)


def test_an_interface_is_the_only_one_used():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        bind(sock, Source(interface="lo"))
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source(interface="blk-none"), "cannot send from blk-none: No such device"),
        (Source(address="192.0.2.77"), "cannot send from 192.0.2.77: Cannot assign requested address"),
        (
            Source(interface="lo", address="192.0.2.77", port=9),
            "cannot send from lo, 192.0.2.77, 9: Cannot assign requested address",
        ),
    ],
)
def test_what_is_not_of_this_host(source, words):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(Obstructed) as caught:
        bind(sock, source)
    assert (caught.value.obstacle, caught.value.why) == (Obstacle.LOCAL, words)
