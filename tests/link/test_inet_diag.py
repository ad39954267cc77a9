"""sock_diag on real sockets in a namespace; its answers octet by octet."""

import os
import socket
import struct

import pytest

from bellrock.link import inet_diag
from bellrock.link.inet_diag import parse, sockets
from bellrock.model.listening import Listener
from tests.link.namespaces import network_namespace

HEADER = "02 0a 00 00 07e8 0000"
ADDRESS4 = "0a000002" + "00" * 12
TAIL = "00000000" + "00" * 8 + "00" * 12 + "73000000 67120000"
"""Device 0, cookie, timers and queues, uid 115, inode 4711 (little-endian)."""

little = pytest.mark.skipif(struct.pack("=H", 1) != b"\1\0", reason="these octets are of a little-endian machine")


@little
@pytest.mark.parametrize(
    ("text", "listener"),
    [
        (HEADER + ADDRESS4 + "00" * 16 + TAIL, Listener(
            protocol="tcp", family=4, address="10.0.0.2", port=2024, uid=115, inode=4711)),
        ("0a" + HEADER[2:] + "00" * 32 + TAIL + "0500 0b00 01 000000", Listener(
            protocol="tcp", family=6, address="::", port=2024, uid=115, inode=4711)),
        ("0a" + HEADER[2:] + "00" * 32 + TAIL + "0500 0500 00 000000 0500 0b00 00 000000", Listener(
            protocol="tcp", family=6, address="::", port=2024, dual=True, uid=115, inode=4711)),
        ("0a" + HEADER[2:] + "00" * 32 + TAIL + "0200 0b00 00 000000", Listener(
            protocol="tcp", family=6, address="::", port=2024, uid=115, inode=4711)),
    ],
)  # fmt: skip
def test_answers(text, listener):
    assert parse("tcp", bytes.fromhex(text)) == listener


@little
@pytest.mark.parametrize("change", [lambda t: t[:-8], lambda t: "01" + t[2:], lambda t: t.replace("07e8", "0000")])
def test_answers_that_say_nothing(change):
    assert (
        parse("tcp", bytes.fromhex(change(HEADER.replace(" ", "") + ADDRESS4 + "00" * 16 + TAIL.replace(" ", ""))))
        is None
    )


@pytest.mark.lab
def test_what_listens_in_a_namespace_with_device_and_family():
    with network_namespace() as net:
        net.veth("fb-a", "fb-b")
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound,
            socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as dual,
            socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as six,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connected,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as silent,
        ):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"fb-a")
            bound.bind(("0.0.0.0", 67))
            for sock, only, port in ((dual, 0, 80), (six, 1, 443)):
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
                sock.bind(("::", port))
                sock.listen()
            connected.bind(("127.0.0.1", 5000))
            connected.connect(("127.0.0.1", 67))
            silent.bind(("127.0.0.1", 81))
            found = sorted(sockets(), key=lambda it: it.port)
            inodes = [os.fstat(sock.fileno()).st_ino for sock in (bound, dual, six)]
    assert found == [
        Listener(protocol="udp", family=4, address="0.0.0.0", port=67, interface="fb-a", inode=inodes[0]),
        Listener(protocol="tcp", family=6, address="::", port=80, dual=True, inode=inodes[1]),
        Listener(protocol="tcp", family=6, address="::", port=443, inode=inodes[2]),
    ]


@pytest.mark.lab
def test_more_sockets_than_fit_one_datagram():
    with network_namespace():
        held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(700)]
        try:
            for sock in held:
                sock.bind(("127.0.0.1", 0))
            assert {it.port for it in sockets()} == {sock.getsockname()[1] for sock in held}
        finally:
            for sock in held:
                sock.close()


def test_a_kernel_without_it_says_so(monkeypatch):
    monkeypatch.setattr(inet_diag, "_QUERIES", (("tcp", 250, 1),))
    with pytest.raises(FileNotFoundError):
        sockets()


@pytest.mark.lab
def test_more_than_are_taken_is_no_part_of_them(monkeypatch):
    monkeypatch.setattr(inet_diag, "MAX_SOCKETS", 3)
    with network_namespace():
        held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
        try:
            for sock in held:
                sock.bind(("127.0.0.1", 0))
            with pytest.raises(OSError, match="more than 3 to tell"):
                sockets()
        finally:
            for sock in held:
                sock.close()
