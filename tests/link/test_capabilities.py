import os
import socket
import subprocess
import sys

import pytest

from bellrock.link.capabilities import can_raw, grant_hint


def test_what_can_raw_says_is_what_a_socket_does():
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
        allowed = True
    except PermissionError:
        allowed = False
    assert can_raw() is allowed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up a capability")
def test_without_the_capability_it_says_no():
    code = "from bellrock.link.capabilities import can_raw; raise SystemExit(can_raw())"
    command = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", sys.executable, "-c", code]
    assert subprocess.run(command, check=False).returncode == 0
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


def test_no_packet_sockets_in_this_kernel(monkeypatch):
    def refuse(*_):
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", refuse)
    assert not can_raw()


def test_the_hint_names_the_file_that_the_kernel_runs(tmp_path):
    binary = tmp_path / "python 3"
    binary.write_bytes(b"\x7fELF")
    (tmp_path / "link").symlink_to(binary)
    script = tmp_path / "bellrock"
    # A shebang cannot name a path with a blank, so the interpreter is named by a link.
    script.write_text(f"#!{tmp_path}/link -s\nimport bellrock\n")
    quoted = f"sudo setcap cap_net_raw+ep '{binary}'"
    for program in ("python 3", "link", "bellrock"):
        assert grant_hint(str(tmp_path / program)) == quoted


@pytest.mark.parametrize("content", [b"", b"#!", b"#!\nnothing"])
def test_a_file_without_an_interpreter_is_itself(tmp_path, content):
    (tmp_path / "tool").write_bytes(content)
    assert grant_hint(str(tmp_path / "tool")) == f"sudo setcap cap_net_raw+ep {tmp_path}/tool"


def test_a_file_that_is_not_there_is_itself(tmp_path):
    assert grant_hint(str(tmp_path / "gone")) == f"sudo setcap cap_net_raw+ep {tmp_path}/gone"


def test_the_python_of_the_machine_is_not_to_be_granted_anything():
    assert grant_hint("/usr/bin/python3") == grant_hint("/usr/bin/python3.99") == "sudo bellrock"
