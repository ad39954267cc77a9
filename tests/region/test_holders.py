"""Which process listens on a TCP port."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bellrock.region.holders import holders_of


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_names_this_process(family, host):
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        port = listener.getsockname()[1]
        assert holders_of(port) == [], "bound is not listening"
        listener.listen()
        name = Path("/proc/self/comm").read_text().strip()
        assert holders_of(port) == [f"{name} (pid {os.getpid()})"]
    assert holders_of(port) == []


def test_what_cannot_be_seen_is_left_out(tmp_path):
    net = tmp_path / "self/net"
    net.mkdir(parents=True)
    assert holders_of(5240, tmp_path) == []
    row = "   0: 0100007F:1478 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0"
    (net / "tcp").write_text(f"  sl  local_address\n{row}\nshort\n")
    for pid, target in (("10", "socket:[777]"), ("11", "socket:[1]"), ("12", None)):
        (tmp_path / pid).mkdir()
        if target:
            (tmp_path / pid / "fd").mkdir()
            (tmp_path / pid / "fd/3").symlink_to(target)
            (tmp_path / pid / "fd/4").write_text("")
    assert holders_of(5240, tmp_path) == ["a process that has just ended (pid 10)"]
    (tmp_path / "10/comm").write_text("maas\n")
    assert holders_of(5240, tmp_path) == ["maas (pid 10)"]
