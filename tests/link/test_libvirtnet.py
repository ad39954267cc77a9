"""dnsmasq processes and libvirt's networks, from a /proc of the test's own and from a real process."""

import pytest

from bellrock.link import listeners
from bellrock.link.libvirtnet import Dnsmasq, dnsmasqs
from bellrock.link.listeners import Listening
from bellrock.model.listening import Listener, Owner


def listener(pid, name="dnsmasq", port=67, **more):
    fields = {"protocol": "udp", "family": 4, "address": "192.168.122.1", "port": port, "owners": (Owner(pid, name),)}
    return Listener(**(fields | more))


@pytest.fixture
def proc(tmp_path, monkeypatch):
    """Processes with these command lines, and what they listen on."""

    def make(lines, here, elsewhere=()):
        for pid, line in lines.items():
            (tmp_path / str(pid)).mkdir()
            (tmp_path / str(pid) / "cmdline").write_bytes(b"\0".join(line) + b"\0")
        monkeypatch.setattr(
            listeners, "listening", lambda root: Listening(here=tuple(here), elsewhere=tuple(elsewhere))
        )
        return dnsmasqs(tmp_path)

    return make


def test_a_network_is_known_by_its_file(proc):
    line = [b"dnsmasq", b"--conf-file=/var/lib/libvirt/dnsmasq/default.conf", b"--leasefile-ro"]
    (found,) = proc({7: line}, [listener(7, interface="virbr0")])
    assert found == Dnsmasq(pid=7, interface="virbr0", address="192.168.122.1", namespace="", network="default")
    assert found.text() == "pid 7 on virbr0, libvirt's network default"
    assert found.ending() == "virsh net-destroy default"


def test_another_dnsmasq_in_another_namespace(proc):
    (found,) = proc({7: [b"dnsmasq", b"-k", b"--conf-file=/etc/x.conf"]}, [], [listener(7, namespace="blue")])
    assert found.text() == "pid 7 in namespace blue"
    assert found.ending() == "kill 7"


def test_the_addresses_that_it_holds(tmp_path, proc):
    table = tmp_path / "7" / "net" / "fib_trie"
    told = proc({7: [b"dnsmasq"]}, [listener(7)])
    assert told[0].local == frozenset()
    table.parent.mkdir()
    table.write_text(
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\nLocal:\n     +-- 10.0.0.0/24 2 0 2\n"
        "        |-- 10.0.0.1\n           /32 host LOCAL\n        |-- 10.0.0.255\n           /32 link BROADCAST\n"
    )
    assert dnsmasqs(tmp_path)[0].local == {"10.0.0.1"}


def test_who_is_none(proc):
    others = [listener(7, name="dhcpd"), listener(8, port=53), listener(9, protocol="tcp"), listener(10, owners=())]
    assert proc({}, others) == ()


def test_by_pid_and_once(proc):
    found = proc({}, [listener(9), listener(7), listener(9, address="10.0.0.1")])
    assert [one.pid for one in found] == [7, 9]
