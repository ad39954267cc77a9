"""Tables and processes of /proc: a made-up one for each oddity, and the real one."""

import os
import socket
from pathlib import Path

import pytest

from bellrock.link import proc
from bellrock.model.listening import Listener, Owner

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def row(local, state, inode=4711, uid=115):
    return f" 12: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  {uid}        0 {inode} 2 0 0\n"


ANY4, LOOP4, ANY6, LOOP6 = "00000000", "0100007F", "0" * 32, "0" * 24 + "01000000"


@pytest.fixture
def tables(tmp_path):
    def write(**rows):
        for name, lines in rows.items():
            (tmp_path / name).write_text(HEAD + "".join(lines))
        return list(proc.sockets(tmp_path))

    return write


def test_each_table_gives_its_listeners(tables):
    common = {"uid": 115, "inode": 4711}
    assert tables(
        tcp=[row(ANY4 + ":0C38", "0A"), row(LOOP4 + ":0C38", "01")],
        tcp6=[row(ANY6 + ":0016", "0A")],
        udp=[row(LOOP4 + ":0045", "07"), row(ANY4 + ":0044", "01")],
        udp6=[row(LOOP6 + ":0035", "07")],
    ) == [
        Listener(protocol="tcp", family=4, address="0.0.0.0", port=3128, **common),
        Listener(protocol="tcp", family=6, address="::", port=22, dual=True, **common),
        Listener(protocol="udp", family=4, address="127.0.0.1", port=69, **common),
        Listener(protocol="udp", family=6, address="::1", port=53, **common),
    ]


def test_a_udp_socket_with_a_peer_holds_its_port_where_that_is_asked_for(tables, tmp_path):
    assert tables(udp=[row(LOOP4 + ":0045", "01")]) == []
    assert [it.port for it in proc.sockets(tmp_path, connected=True)] == [69]


@pytest.mark.parametrize("torn", ["", "torn row\n", row("0100:0045", "07"), row(LOOP4 + ":zz", "07"), row("", "07")])
def test_a_row_that_makes_no_sense_is_passed_over(tables, torn):
    assert len(tables(udp=[torn, row(LOOP4 + ":0045", "07")])) == 1


@pytest.fixture
def made(tmp_path):
    """Processes 88 (nginx, with a socket that it shares with 77), 77, and 99, which has just ended."""
    for pid, name, line in (
        ("88", "nginx", "nginx: master process /usr/sbin/nginx"),
        ("77", "a", "/bin/a\0--password=x"),
    ):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / pid / "ns").mkdir()
        (tmp_path / pid / "ns/net").symlink_to("net:[4026531999]")
        (tmp_path / pid / "comm").write_text(name + "\n")
        (tmp_path / pid / "cmdline").write_text(line)
        (tmp_path / pid / "fd/3").symlink_to("socket:[4711]")
        (tmp_path / pid / "fd/4").symlink_to("/dev/null")
    (tmp_path / "99").mkdir()
    (tmp_path / "self").mkdir()
    return tmp_path


def test_owners_are_named_by_pid_without_their_arguments(made):
    found = proc.owners([4711, 5], made)
    assert found.owners == {
        4711: (Owner(77, "a", "/bin/a", 4026531999), Owner(88, "nginx", "nginx:", 4026531999)),
    }
    assert found.closed == 0


def test_processes_that_may_not_be_looked_into_are_counted(made, monkeypatch):
    real = Path.iterdir

    def guarded(self):
        if self.parent.name == "88":
            raise PermissionError(self)
        return real(self)

    monkeypatch.setattr(Path, "iterdir", guarded)
    found = proc.owners([4711], made)
    assert (found.closed, [owner.pid for owner in found.owners[4711]]) == (1, [77])


def test_a_process_that_ends_while_it_is_looked_at_owns_nothing(made, monkeypatch):
    def gone(self):
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "readlink", gone)
    assert proc.owners([4711], made).owners == {}
    assert proc.namespace_of(made / "88") == 0


def test_descriptors_are_bounded(made, monkeypatch):
    monkeypatch.setattr(proc, "MAX_DESCRIPTORS", 1)
    monkeypatch.setattr(proc, "MAX_PROCESSES", 1)
    assert len(proc.processes(made)) <= 1
    assert len(proc.owners([4711], made).owners.get(4711, ())) <= 1


def test_this_process_has_its_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        inode = os.fstat(sock.fileno()).st_ino
        [listener] = [it for it in proc.sockets(Path("/proc/thread-self/net")) if it.inode == inode]
        [owner] = proc.owners([inode]).owners[inode]
        assert (listener.address, listener.port) == sock.getsockname()
    assert (owner.pid, owner.namespace) == (os.getpid(), os.stat("/proc/self/ns/net").st_ino)
