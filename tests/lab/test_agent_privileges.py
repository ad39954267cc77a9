"""After the drop nothing is left, and what was opened before still works."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from bellrock.agent import privileges
from bellrock.link.packet import PacketDevice
from tests.lab.apart import apart

pytestmark = pytest.mark.lab


def capabilities() -> dict[str, int]:
    """The capability sets of this thread."""
    lines = Path("/proc/thread-self/status").read_text().splitlines()
    return {name: int(value, 16) for name, value in (line.split(":") for line in lines if line.startswith("Cap"))}


def test_nothing_is_left_and_the_open_socket_still_works(tmp_path):
    def scene():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        before = capabilities()
        device = PacketDevice()
        assert privileges.drop(tmp_path)
        after = capabilities()
        with pytest.raises(PermissionError):
            socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        (tmp_path / "own").write_text("still mine")
        lo = socket.if_nametoindex("lo")
        error = device.send(lo, b"\0" * 60)
        join = device.join_groups(lo)
        device.close()
        return before, after, error, join

    before, after, error, join = apart(scene)
    assert before["CapEff"] != 0
    assert {after[name] for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {0}
    assert (error, join) == (None, None)
    assert capabilities()["CapEff"] != 0, "only the thread that asked for it has lost them"


def test_with_a_state_directory_of_somebody_else_nothing_is_dropped(tmp_path):
    os.chown(tmp_path, 65534, 65534)
    assert not privileges.drop(tmp_path)
    assert capabilities()["CapEff"] != 0
