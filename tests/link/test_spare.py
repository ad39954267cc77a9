"""Spare sockets: silent, used without privileges, used again."""

import os
import select
from contextlib import closing

import pytest

from bellrock.capture.program import keep
from bellrock.link.device import LinkError
from bellrock.link.packet import PacketDevice
from bellrock.link.spare import NoneLeftError, Spares
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab
FRAME = bytes.fromhex("ffffffffffff02000000000188b5") + bytes(50)


def heard(sock):
    """What loopback gives back of a frame, through a device on a lent socket."""
    device = PacketDevice(4, keep(2048), ifindex=1, outgoing=True, promiscuous=True, sock=sock)
    try:
        assert device.send(1, FRAME) is None
        assert select.select([device.fileno()], [], [], 5)[0]
        return device.receive(8)[0].data[: len(FRAME)]
    finally:
        device.close()


def test_a_socket_is_used_again_and_hears_nothing_between():
    with network_namespace(), closing(Spares(1)) as spares:
        with spares.lent(), pytest.raises(NoneLeftError), spares.lent():
            pass
        for _ in range(2):
            with spares.lent() as sock:
                assert heard(sock) == FRAME
        with spares.lent() as sock, closing(PacketDevice(4, keep(64))) as sender:
            assert sender.send(1, FRAME) is None
            with pytest.raises(BlockingIOError):
                sock.recv(100)
    spares.close()


def test_no_right():
    pid = os.fork()
    if pid == 0:
        os.setresuid(65534, 65534, 65534)
        try:
            Spares(1)
        except LinkError as error:
            os._exit(0 if "CAP_NET_RAW" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
