import errno
import socket
import struct
import subprocess

import pytest

from bellrock.link import dump as dumping
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


class Kernel:
    """A netlink socket with the answers of one dump for each time that it is opened."""

    def __init__(self, *dumps):
        self.dumps = [[struct.pack("=IHHII", 16, *words, 1, 0) for words in dump] for dump in dumps]
        self.opened = 0

    def __call__(self, *_):
        self.opened += 1
        self.left = self.dumps[min(self.opened, len(self.dumps)) - 1].copy()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def settimeout(self, seconds):
        assert seconds > 0

    def sendto(self, request, address):
        assert address == (0, 0)

    def recv(self, size):
        return self.left.pop(0)


ROW, CUT, END = (20, 0), (20, rtnetlink.DUMP_INTERRUPTED), (rtnetlink.DONE, 0)


@pytest.mark.parametrize("interrupted", [(CUT, ROW, END), (ROW, (rtnetlink.DONE, rtnetlink.DUMP_INTERRUPTED))])
def test_what_changed_while_it_was_told_is_asked_for_again(monkeypatch, interrupted):
    kernel = Kernel(interrupted, interrupted, (ROW, ROW, ROW, END))
    monkeypatch.setattr(dumping.socket, "socket", kernel)
    assert len(dump(0, b"")) == 3
    assert kernel.opened == 3


def test_what_changes_all_the_time_is_told_of(monkeypatch):
    kernel = Kernel((ROW, CUT, END))
    monkeypatch.setattr(dumping.socket, "socket", kernel)
    with pytest.raises(OSError, match="changed each of the 5 times") as caught:
        dump(0, b"")
    assert (caught.value.errno, kernel.opened) == (errno.EAGAIN, 5)


def test_a_kernel_that_never_ends_is_not_listened_to_for_ever(monkeypatch):
    monkeypatch.setattr(dumping.socket, "socket", Kernel((ROW,) * 20))
    with pytest.raises(OSError, match="more than 10 to tell") as caught:
        dump(0, b"", most=10)
    assert caught.value.errno == errno.EOVERFLOW
