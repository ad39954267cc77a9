"""The interfaces that a user names."""

import fcntl
import os
import socket
import struct

import pytest

from bellrock.capture import interfaces
from bellrock.capture.interfaces import indexes
from bellrock.link.device import LinkError
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab


def test_each_once():
    with network_namespace() as inside:
        near, far = inside.veth("fg-a", "fg-b")
        assert indexes(["fg-b", "fg-a", "fg-b", "lo"]) == (far, near, 1)
        assert indexes([]) == ()


def test_what_cannot_be_heard():
    with network_namespace() as inside:
        inside.veth("fg-a", "fg-b", up=False)
        with pytest.raises(LinkError, match="fg-a is down, so nothing can be heard; `ip link set fg-a up`"):
            indexes(["fg-a"])
        with pytest.raises(LinkError, match="there is no interface 'fg-aa'; did you mean 'fg-a'"):
            indexes(["fg-aa"])
        with pytest.raises(LinkError, match="there are lo, "):
            indexes(["\0"])


def test_no_ethernet():
    with network_namespace():
        tun = os.open("/dev/net/tun", os.O_RDWR)
        try:
            # TUNSETIFF, IFF_TUN | IFF_NO_PI
            fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"fg-tun", 0x1001))
            with pytest.raises(LinkError, match="fg-tun carries no Ethernet frames"):
                indexes(["fg-tun"])
        finally:
            os.close(tun)


def test_gone_between_two_questions(monkeypatch):
    monkeypatch.setattr(interfaces.socket, "if_nametoindex", lambda name: 7)
    with pytest.raises(LinkError, match="fg-gone cannot be asked about: No such device"):
        indexes(["fg-gone"])
    assert socket.socket is interfaces.socket.socket
