"""Listeners with their owners: real processes in namespaces, and what cannot be seen."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.link import inet_diag, listeners
from bellrock.link.listeners import listening
from tests.link.namespaces import network_namespace

SERVER = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sock.bind(("0.0.0.0", 69))
print("ready", flush=True); sys.stdin.read()
"""


@pytest.fixture
def server():
    """A process of its own with UDP port 69, in the namespace that the test is in."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, "--secret=x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process.pid

    yield start
    for process in started:
        process.communicate()


@pytest.mark.lab
def test_a_process_is_named_and_its_arguments_are_not(server):
    with network_namespace():
        pid = server()
        [found] = listening().here
        here = os.stat("/proc/thread-self/ns/net").st_ino
    assert (found.protocol, found.address, found.port, found.namespace) == ("udp", "0.0.0.0", 69, "")
    [owner] = found.owners
    assert (owner.pid, owner.program, owner.namespace) == (pid, sys.executable, here)
    assert "secret" not in repr(found)


@pytest.mark.lab
def test_what_listens_in_other_namespaces_is_told_apart(server):
    with network_namespace():
        pid = server()
        there = os.stat("/proc/thread-self/ns/net").st_ino
        with network_namespace(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", 70))
            found = listening()
    assert [it.port for it in found.here] == [70]
    elsewhere = [it for it in found.elsewhere if it.owners and it.owners[0].pid == pid]
    assert [(it.port, it.namespace) for it in elsewhere] == [(69, f"net:[{there}]")]


@pytest.fixture
def made(tmp_path):
    """A /proc of this process in namespace 1 and two others in 2 and 3."""
    for name, namespace in (("thread-self", 1), ("10", 1), ("20", 2), ("30", 3), ("31", 3)):
        (tmp_path / name / "ns").mkdir(parents=True)
        (tmp_path / name / "ns/net").symlink_to(f"net:[{namespace}]")
        (tmp_path / name / "net").mkdir()
        (tmp_path / name / "fd").mkdir()
        row = f"0: 00000000:{int(namespace):04X} 0:0 07 0:0 0:0 0 0 0 {namespace} 2 0 0\n"
        (tmp_path / name / "net/udp").write_text("head\n" + row)
    return tmp_path


@pytest.fixture
def no_diag(monkeypatch):
    def refused():
        raise OSError(2, "no such file")

    monkeypatch.setattr(inet_diag, "sockets", refused)


def test_without_sock_diag_the_tables_tell(made, no_diag, tmp_path):
    found = listening(made, tmp_path / "nothing")
    assert [(it.port, it.owners) for it in found.here] == [(1, ())]
    assert [(it.port, it.namespace) for it in found.elsewhere] == [(2, "net:[2]"), (3, "net:[3]")]
    assert (found.nameless, found.hidden, found.namespaces_left) == (1, 0, 0)


def test_namespaces_are_bounded_and_named(made, no_diag, monkeypatch, tmp_path):
    monkeypatch.setattr(listeners, "MAX_NAMESPACES", 1)
    (tmp_path / "run").mkdir()
    named = tmp_path / "run/blue"
    named.write_text("")
    link = made / "20/ns/net"
    link.unlink()
    link.symlink_to(f"net:[{named.stat().st_ino}]")
    found = listening(made, tmp_path / "run")
    assert [it.namespace for it in found.elsewhere] == ["blue"]
    assert found.namespaces_left == 1


def test_processes_that_may_not_be_looked_into_are_counted(made, no_diag, monkeypatch, tmp_path):
    real = Path.iterdir

    def guarded(self):
        if self.name == "fd":
            raise PermissionError(self)
        return real(self)

    monkeypatch.setattr(Path, "iterdir", guarded)
    assert listening(made, tmp_path / "nothing").hidden == 4
