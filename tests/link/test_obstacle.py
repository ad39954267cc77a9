"""What errors of the kernel, and ICMP errors in its queue, mean."""

import asyncio
import errno
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.link import obstacle
from bellrock.link.datagram import open_datagrams
from bellrock.link.obstacle import Obstacle, Obstructed, _extended, from_error, is_own, no_way, tell_errors, told
from bellrock.link.stream import connect
from tests.link.namespaces import network_namespace

FOUR = {"version": 4, "origin": 2, "offender": b"\x02\0" + b"\0\0" + bytes([192, 0, 2, 1])}
SIX = {"version": 6, "origin": 3, "offender": b"\x0a\0" + bytes(6) + bytes.fromhex("20010db8000000000000000000000001")}


def extended(kind, code, *, version, origin, offender, number=errno.EHOSTUNREACH):
    """linux/errqueue.h: struct sock_extended_err, and the sockaddr behind it."""
    return _extended(struct.pack("=IBBBBII", number, origin, kind, code, 0, 0, 0) + offender, version)


@pytest.mark.parametrize(
    ("family", "kind", "code", "obstacle", "words"),
    [
        (FOUR, 3, 0, Obstacle.UNREACHABLE, "no route to its network"),
        (FOUR, 3, 1, Obstacle.NO_HOST, "host unreachable"),
        (FOUR, 3, 3, Obstacle.PORT, "port unreachable"),
        (FOUR, 3, 4, Obstacle.TOO_BIG, "too big for the way"),
        (FOUR, 3, 9, Obstacle.PROHIBITED, "network prohibited"),
        (FOUR, 3, 10, Obstacle.PROHIBITED, "host prohibited"),
        (FOUR, 3, 13, Obstacle.PROHIBITED, "prohibited by a filter"),
        (FOUR, 3, 99, Obstacle.UNREACHABLE, "unreachable"),
        (FOUR, 11, 0, Obstacle.EXCEEDED, "hop limit used up on the way"),
        (SIX, 1, 0, Obstacle.UNREACHABLE, "no route to it"),
        (SIX, 1, 1, Obstacle.PROHIBITED, "prohibited by a filter"),
        (SIX, 1, 3, Obstacle.NO_HOST, "address unreachable"),
        (SIX, 1, 4, Obstacle.PORT, "port unreachable"),
        (SIX, 1, 5, Obstacle.PROHIBITED, "prohibited by the source address's policy"),
        (SIX, 1, 6, Obstacle.PROHIBITED, "route that rejects"),
        (SIX, 2, 0, Obstacle.TOO_BIG, "too big for the way"),
        (SIX, 3, 0, Obstacle.EXCEEDED, "hop limit used up on the way"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_icmp_in_words_with_who_said_so(family, kind, code, obstacle, words):
    found = extended(kind, code, **family)
    by = "192.0.2.1" if family is FOUR else "2001:db8::1"
    name = "ICMP" if family is FOUR else "ICMPv6"
    assert (found.obstacle, found.by) == (obstacle, by)
    assert found.why == f"{words} ({name} type {kind} code {code} from {by})"


@pytest.mark.parametrize("family", [FOUR | {"offender": b""}, SIX | {"offender": b"\0" * 8}], ids=["four", "six"])
def test_an_offender_that_is_not_told(family):
    found = extended(3 if family["version"] == 4 else 1, 3, **family)
    assert found.by == ""
    assert "from an unknown address" in found.why


def test_what_this_host_says_to_itself_of_a_neighbour():
    """Linux tells its own sockets by an ICMP error of its own address that ARP has failed."""
    own = {"version": 4, "origin": 2, "offender": b"\x02\0\0\0" + bytes([127, 0, 0, 1])}
    assert extended(3, 1, **own).obstacle is Obstacle.NO_NEIGHBOUR
    assert extended(3, 3, **own).obstacle is Obstacle.PORT


@pytest.mark.parametrize("origin", [0, 1])
def test_an_error_of_this_host_is_what_its_number_says(origin):
    assert extended(0, 0, version=4, origin=origin, offender=b"", number=errno.EMSGSIZE).obstacle is Obstacle.LOCAL


@pytest.mark.parametrize(
    ("number", "obstacle"),
    [
        (errno.ECONNREFUSED, Obstacle.RESET), (errno.ECONNRESET, Obstacle.CLOSED), (errno.EPIPE, Obstacle.CLOSED), (errno.ENETUNREACH, Obstacle.NO_ROUTE),
        (errno.EHOSTUNREACH, Obstacle.NO_NEIGHBOUR), (errno.EPERM, Obstacle.OWN_FIREWALL), (errno.ETIMEDOUT, Obstacle.SILENCE),
        (errno.EADDRNOTAVAIL, Obstacle.LOCAL), (errno.ENOBUFS, Obstacle.LOCAL),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)  # fmt: skip
def test_errors_of_the_kernel(number, obstacle):
    found = from_error(OSError(number, "Some Words"))
    assert found.obstacle is obstacle
    assert found.why
    assert str(found) == found.why


def test_an_error_without_a_number_keeps_its_words():
    assert from_error(OSError("Something Else")).why == "something else"


def test_an_obstacle_alone_says_its_name():
    assert (Obstructed(Obstacle.SILENCE).why, Obstructed(Obstacle.CLOSED, partial=b"x").partial) == ("silence", b"x")


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_a_queued_error_is_told_once(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as gone:
        gone.bind((address, 0))
        port = gone.getsockname()[1]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        tell_errors(sock)
        assert told(sock) is None
        sock.sendto(b"x", (address, port))
        found = told(sock)
        assert found is not None
        assert (found.obstacle, found.by) == (Obstacle.PORT, address)
        assert told(sock) is None
        sock.settimeout(1)
        sock.sendto(b"x", (address, port))
        with pytest.raises(ConnectionRefusedError) as caught:
            sock.recv(1)
        assert from_error(caught.value, sock).obstacle is Obstacle.PORT


@pytest.mark.lab
@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
@pytest.mark.parametrize("target", ["192.0.2.1", "2001:db8::1"])
def test_a_route_that_passes_on_nothing(kind, target):
    """By their numbers alone these would be a fault of the caller's, of ARP, and of the firewall."""

    async def tried():
        with open_datagrams(target, 53) as opened, pytest.raises(Obstructed) as caught:
            await opened.send(b"x")
        yield caught.value
        with pytest.raises(Obstructed) as caught:
            await connect(target, 53)
        yield caught.value

    async def all_of_it():
        return [one async for one in tried()]

    with network_namespace() as inside:
        inside.ip(f"-{6 if ':' in target else 4} route add {kind} {target}")
        for found in asyncio.run(all_of_it()):
            assert (found.obstacle, found.by) == (Obstacle.REFUSING_ROUTE, "")
            assert f"of type {kind} on this host takes what is for {target}" in found.why


@pytest.mark.lab
def test_the_same_numbers_without_such_a_route():
    with network_namespace() as inside, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        inside.ip("addr add 10.1.0.2/24 dev lo")
        inside.ip("route add default dev lo")
        sock.bind(("10.1.0.2", 0))
        peer = ("192.0.2.1", 53)
        assert from_error(OSError(errno.EACCES, ""), sock, peer).obstacle is Obstacle.OWN_FIREWALL
        assert from_error(OSError(errno.EHOSTUNREACH, ""), sock, peer).obstacle is Obstacle.NO_NEIGHBOUR
        inside.ip("route del default")
        assert (no_way("192.0.2.1").obstacle, no_way("192.0.2.1").why) == (
            Obstacle.NO_ROUTE,
            "this host has no route to 192.0.2.1",
        )
        inside.ip("addr del 10.1.0.2/24 dev lo")
        found = from_error(OSError(errno.EINVAL, "Invalid argument"), sock, peer)
        assert (found.obstacle, found.why) == (Obstacle.LOCAL, "10.1.0.2 is no longer an address of this host")


def test_own_addresses():
    assert is_own("127.0.0.1")
    assert is_own("::1")
    assert not is_own("192.0.2.77")
    assert not is_own("2001:db8::77")
    assert not is_own("")
    assert not is_own("fe80::77:77")


def test_an_own_address_of_some_link(monkeypatch):
    asked = []

    def binds(family, address):
        asked.append(address)
        return address == "fe80::1%two"

    monkeypatch.setattr(obstacle, "_binds", binds)
    monkeypatch.setattr(obstacle.socket, "if_nameindex", lambda: [(1, "one"), (2, "two")])
    assert is_own("fe80::1")
    assert not is_own("fe80::2")
    assert asked == ["fe80::1%one", "fe80::1%two", "fe80::2%one", "fe80::2%two"]


@given(st.binary(min_size=16, max_size=60), st.sampled_from([4, 6]))
def test_any_octets_are_an_obstacle(data, version):
    assert isinstance(_extended(data, version), Obstructed)
