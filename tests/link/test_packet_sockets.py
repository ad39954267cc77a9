"""Raw sockets that see IPv4."""

import os
import socket

import pytest

from bellrock.link.packet_sockets import readers
from tests.link.namespaces import network_namespace


@pytest.mark.lab
@pytest.mark.parametrize(("protocol", "reads"), [(0x0003, True), (0x0800, True), (0x88CC, False)])
def test_a_socket_of_this_process(protocol, reads):
    with network_namespace(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol)) as sock:
        assert readers() == (frozenset((os.fstat(sock.fileno()).st_ino,)) if reads else frozenset())


@pytest.mark.parametrize("text", ["", "sk RefCnt Type Proto  Iface R Rmem   User   Inode\n", "sk\n1 2 3\n", "sk\na b c 0003 1 1 0 0 x\n", "sk\na b c zz 1 1 0 0 7\n"])  # fmt: skip
def test_lines_that_say_nothing(tmp_path, text):
    (tmp_path / "packet").write_text(text)
    assert readers(tmp_path / "packet") == frozenset()


def test_where_the_kernel_does_not_tell(tmp_path):
    assert readers(tmp_path / "none") == frozenset()
