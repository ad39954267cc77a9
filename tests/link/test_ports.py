import os
import socket

import pytest

from bellrock.link.ports import Holder, holder_of


def name_of_this_process() -> str:
    with open("/proc/self/comm") as file:
        return file.read().strip()


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
@pytest.mark.parametrize(("protocol", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
def test_this_process_is_found(protocol, kind, family, address):
    with socket.socket(family, kind) as sock:
        sock.bind((address, 0))
        if protocol == "tcp":
            assert holder_of("tcp", sock.getsockname()[1]) is None, "bound, but not listening"
            sock.listen()
        holder = holder_of(protocol, sock.getsockname()[1])
    assert holder == Holder(os.getpid(), name_of_this_process())
    assert holder.text() == f"{name_of_this_process()} (pid {os.getpid()})"


@pytest.mark.parametrize(
    ("bound", "asked", "has"),
    [
        ("127.0.0.1", "127.0.0.1", True), ("127.0.0.1", "127.0.0.2", False), ("127.0.0.1", "::1", False),
        ("0.0.0.0", "127.0.0.2", True), ("0.0.0.0", "::1", False),
        ("::", "127.0.0.2", True), ("::", "::1", True), ("::1", "::1", True), ("::ffff:127.0.0.1", "127.0.0.1", True),
    ],
)  # fmt: skip
def test_who_has_a_port_at_an_address(bound, asked, has):
    with socket.socket(socket.AF_INET6 if ":" in bound else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((bound, 0))
        holder = holder_of("udp", sock.getsockname()[1], address=asked)
    assert (holder is not None) is has


def test_nobody_holds_a_port_that_was_given_back():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert holder_of("udp", port) is None


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = " 12: 00000000:1478 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0 0\n"


@pytest.fixture
def proc(tmp_path):
    (tmp_path / "thread-self/net").mkdir(parents=True)
    (tmp_path / "thread-self/net/udp").write_text(HEAD + "torn row\n" + ROW)
    for pid, name, target in (("77", "other", "socket:[1]"), ("88", "maas-rackd", "socket:[4711]")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / pid / "comm").write_text(name + "\n")
        (tmp_path / pid / "fd/3").symlink_to(target)
        (tmp_path / pid / "fd/4").write_text("no link")
    (tmp_path / "99").mkdir()  # a process whose descriptors may not be seen
    return tmp_path


def test_the_process_is_named(proc):
    assert holder_of("udp", 5240, proc) == Holder(88, "maas-rackd")
    assert holder_of("tcp", 5240, proc) is None


def test_a_holder_that_may_not_be_seen(proc):
    (proc / "88/fd/3").unlink()
    holder = holder_of("udp", 5240, proc)
    assert holder == Holder(None, "")
    assert holder.text() == "a process that this user may not look into"


def test_a_process_that_ends_while_it_is_looked_at(proc, monkeypatch):
    def gone(self):
        raise FileNotFoundError(self)

    monkeypatch.setattr("pathlib.Path.readlink", gone)
    assert holder_of("udp", 5240, proc) == Holder(None, "")
