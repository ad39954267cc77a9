import ctypes
import errno
import os
import select
import socket

import pytest

from bellrock.link import libc
from tests.link.namespaces import network_namespace


def test_a_timer_polls_readable_when_its_time_is_over_and_can_be_stopped():
    timer = libc.timer()
    try:
        libc.set_timer(timer, 0.001)
        assert select.select([timer], [], [], 5)[0]
        libc.set_timer(timer, 0)
        assert not select.select([timer], [], [], 0)[0]
        libc.set_timer(timer, 3600.5)
        assert not select.select([timer], [], [], 0)[0]
    finally:
        os.close(timer)


def test_errors_are_oserrors_with_their_number():
    with pytest.raises(OSError, match="Bad file descriptor") as caught:
        libc.bind_packet(-1, 0)
    assert caught.value.errno == errno.EBADF
    with pytest.raises(OSError, match="Bad file descriptor"):
        libc.set_timer(-1, 1)
    assert libc.send_packet(-1, 1, b"frame") == errno.EBADF


def test_no_descriptor_left_for_a_timer(monkeypatch):
    class Full:
        @staticmethod
        def timerfd_create(*_):
            ctypes.set_errno(errno.EMFILE)
            return -1

    monkeypatch.setattr(libc, "_libc", Full)
    with pytest.raises(OSError, match="Too many open files"):
        libc.timer()


def test_the_kernel_refuses_a_wrong_filter():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, pytest.raises(OSError, match="Invalid argument"):
        libc.attach_filter(sock.fileno(), bytes(8) * 3)  # does not end with a return


def test_a_filter_works_on_any_socket():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        libc.attach_filter(
            sock.fileno(), bytes.fromhex("0600000009000000")
        )  # keep 9 octets: the UDP header and one more
        peer.sendto(b"octets", sock.getsockname())
        assert sock.recv(100) == b"o"


@pytest.mark.lab
def test_bound_to_one_interface_and_to_all():
    with network_namespace() as net:
        near, far = net.veth()
        for ifindex in (far, 0):
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
                libc.bind_packet(sock.fileno(), ifindex)
                sock.settimeout(5)
                frame = bytes.fromhex("020000000002 020000000001 88b5") + bytes(46)
                assert libc.send_packet(sock.fileno(), near, frame) == 0
                heard = [sock.recvfrom(100)]
                while heard[-1][1][2] == socket.PACKET_OUTGOING:
                    heard.append(sock.recvfrom(100))
                assert heard[-1][0] == frame
                assert heard[-1][1][0] == "blk-b"
