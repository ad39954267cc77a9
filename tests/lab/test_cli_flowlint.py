"""`bellrock flows lint` on real sockets of real processes, and on real frames, in a namespace of their own."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.link.namespaces import network_namespace, until

pytestmark = pytest.mark.lab

BELLROCK = Path(sys.executable).parent / "bellrock"
SITE = """
[[subnet]]
name = "pxe"
cidr = "10.20.0.0/24"
vlan = 20
[[subnet]]
name = "office"
cidr = "10.9.0.0/24"
[role.node]
subnets = ["pxe"]
[role.rack]
addresses = ["10.20.0.2"]
[role.region]
addresses = ["10.20.0.3"]
[role.libvirt-host]
addresses = ["10.20.0.7"]
[role.admin]
subnets = ["office"]
"""
SERVER = """
import socket, sys
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
sock = socket.socket(socket.AF_INET, kind); sock.bind((sys.argv[2], int(sys.argv[3])))
if sys.argv[1] == "tcp": sock.listen()
print("ready", flush=True); sys.stdin.read()
"""


class Host:
    """A host in the namespace of the test: one interface fb-a, whose other end is fb-b."""

    def __init__(self, net, directory):
        self.net, self.directory, self.processes, self.servers = net, directory, [], []
        self.near, self.far = net.veth("fb-a", "fb-b")
        (directory / "site.toml").write_text(SITE)

    def serve(self, protocol, address, port):
        """A process that has a socket; its pid."""
        command = [sys.executable, "-c", SERVER, protocol, address, str(port)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.processes.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process.pid

    def dnsmasq(self, *more):
        """A DHCP server as an operator starts one; its pid."""
        command = ["dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--user=root", "--pid-file=", "--log-facility=/dev/null",
                   f"--dhcp-leasefile={self.directory}/leases-{len(self.servers)}", "--dhcp-range=10.20.0.100,10.20.0.200,255.255.255.0", *more]  # fmt: skip
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        table, wanted = Path("/proc/thread-self/net/udp"), len(self.servers) + 1
        until(lambda: table.read_text().count(":0043 ") == wanted, "dnsmasq has port 67")
        self.servers.append(process.pid)
        return process.pid

    def lint(self, *arguments, prefix=(), code=None):
        command = [*prefix, str(BELLROCK), "flows", "lint", str(self.directory / "site.toml"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr
        if code is not None:
            assert done.returncode == code, done.stdout + done.stderr
        return done

    def remarks(self, *arguments):
        """Kind and flow → remark."""
        told = json.loads(self.lint("--json", *arguments).stdout)
        return {(remark["kind"], remark["flow"]): remark for remark in told["remarks"]}, told


@contextmanager
def hosted(directory, address):
    with network_namespace() as net:
        host = Host(net, directory)
        net.ip(f"address add {address} dev fb-a")
        try:
            yield host
        finally:
            for process in host.processes:
                process.kill()
                process.communicate()


@pytest.fixture
def rack(tmp_path):
    with hosted(tmp_path, "10.20.0.2/24") as host:
        yield host


@pytest.fixture
def libvirt_host(tmp_path):
    with hosted(tmp_path, "10.20.0.7/24") as host:
        yield host


def test_a_rack_that_serves_all_of_it_exits_0(rack):
    dhcp = rack.dnsmasq("--interface=fb-a")
    for protocol, port in (("udp", 69), ("tcp", 80), ("udp", 53), ("tcp", 53), ("tcp", 3128)):
        rack.serve(protocol, "10.20.0.2", port)
    done = rack.lint(code=0)
    lines = done.stdout.splitlines()
    assert lines[0] == "this host (10.20.0.2 on fb-a) plays rack; 6 sockets listen here"
    assert f"✓ dhcp: dnsmasq (pid {dhcp}, 0.0.0.0:67) on udp/67" in lines
    assert lines[-1] == "0 complaints, 2 hints"  # HTTPS boot and SSH may be left out


def test_what_is_silent_or_where_another_profile_has_it_exits_1(rack):
    squid = rack.serve("tcp", "10.20.0.2", 8000)
    tftp = rack.serve("udp", "127.0.0.1", 69)
    rack.lint(code=1)
    found, _ = rack.remarks()
    name = Path(f"/proc/{squid}/comm").read_text().strip()
    assert found["silent", "dhcp"]["sentence"] == "the site says rack serves dhcp on udp/67 here, nothing listens"
    assert (
        f"{name} (pid {squid}, 10.20.0.2:8000) listens on tcp/8000, where the profile maas-3 has proxy"
        in (found["silent", "proxy"]["proof"])
    )
    assert f"(pid {tftp}, 127.0.0.1:69)" in found["unreachable", "tftp"]["proof"]


def test_libvirts_dnsmasq_on_the_production_side(libvirt_host):
    pid = libvirt_host.dnsmasq("--interface=fb-a")
    found, told = libvirt_host.remarks()
    assert told["roles"] == ["libvirt-host"]
    assert found["forbidden", "libvirt-dnsmasq"]["sentence"] == (
        f"dnsmasq (pid {pid}, 0.0.0.0:67) answers DHCP: role libvirt-host must not on VLAN 20 (fb-a)"
    )


def test_libvirts_dnsmasq_on_its_own_bridge_harms_nobody(libvirt_host):
    libvirt_host.net.ip("link add fb-br type bridge")
    libvirt_host.net.ip("address add 192.168.122.1/24 dev fb-br")
    libvirt_host.net.ip("link set fb-br up")
    # As libvirt configures it: the socket is bound to the bridge (SO_BINDTODEVICE), and only sock_diag tells.
    libvirt_host.dnsmasq("--bind-dynamic", "--interface=fb-br", "--except-interface=lo")
    found, _ = libvirt_host.remarks()
    assert not {kind for kind, _ in found} & {"forbidden", "rogue-dhcp", "two-dhcp"}
    assert found["unknown-address", ""]["sentence"].startswith("192.168.122.1 on fb-br is in no subnet")


def test_two_dhcp_servers(rack):
    first = rack.dnsmasq("--bind-interfaces", "--interface=fb-a")
    assert ("two-dhcp", "dhcp") not in rack.remarks()[0]
    second = rack.dnsmasq("--bind-interfaces", "--interface=fb-a")
    found, _ = rack.remarks()
    sentence = found["two-dhcp", "dhcp"]["sentence"]
    assert sentence.startswith("two DHCP servers hear VLAN 20 (fb-a): dnsmasq (pid ")
    assert all(f"dnsmasq (pid {pid}, 0.0.0.0%fb-a:67)" in sentence for pid in (first, second))


def test_ssh_beyond_the_site(rack):
    rack.serve("tcp", "0.0.0.0", 22)
    assert rack.remarks()[0]["exposed", "ssh"]["weight"] == "hint"
    rack.net.ip("address add 203.0.113.5/24 dev fb-b")
    found = rack.remarks()[0]["exposed", "ssh"]
    assert found["weight"] == "complaint"
    assert found["sentence"].endswith("also outside of the site: 203.0.113.5 on fb-b")


def test_a_server_in_another_namespace(rack):
    with network_namespace():
        rack.serve("udp", "0.0.0.0", 69)
    found, _ = rack.remarks()
    # Any of them: tests beside this one have servers in namespaces of their own.
    proof = found["silent", "tftp"]["proof"]
    assert re.search(r"\(pid \d+, 0\.0\.0\.0:69\) listens in network namespace net:\[\d+\], not in this one", proof)


def test_the_role_can_be_named(rack):
    found, told = rack.remarks("--for", "ntp,log")
    assert told["roles"] == ["ntp", "log"]
    assert {flow for kind, flow in found if kind == "silent"} == {"ntp", "syslog"}
    assert found["silent", "syslog"]["weight"] == "hint"


def test_an_address_of_the_loopback_counts_as_any_other(tmp_path):
    """As services have that are announced by a routing protocol."""
    with hosted(tmp_path, "192.0.2.9/24") as host:
        host.net.ip("address add 10.20.0.3/32 dev lo")
        host.serve("tcp", "10.20.0.3", 5240)
        _, told = host.remarks()
    assert told["roles"] == ["region"]
    assert {one["flow"] for one in told["served"]} == {"api", "stream"}


def test_a_stranger_is_told_so(tmp_path):
    with hosted(tmp_path, "192.0.2.9/24") as host:
        found, _ = host.remarks()
    assert found["stranger", ""]["proof"] == "no role has one of its addresses: 192.0.2.9 on fb-a"


def test_traffic_is_counted_to_flows_and_what_none_explains_is_told(rack):
    """Frames come in at fb-b, from a node that asks and from servers that should not be there."""
    frames = [frame("10.20.0.50", 2070, "10.20.0.2", 69), frame("10.20.0.99", 67, "255.255.255.255", 68),
              frame("10.20.0.50", 40000, "10.20.0.77", 9999)]  # fmt: skip
    command = [str(BELLROCK), "flows", "lint", str(rack.directory / "site.toml"), "--watch", "60", "--json"]
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
    ):
        sender.bind(("fb-a", 0))
        until(lambda: hears(process.pid), "it hears", 20)
        for data in frames * 3:
            sender.send(data)
        process.send_signal(signal.SIGINT)  # ends the look, not the command
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, b"")
    told = json.loads(out)
    assert {one["flow"]: one["packets"] for one in told["seen"]}["tftp"] == 3
    found = {(remark["kind"], remark["flow"]): remark for remark in told["remarks"]}
    assert found["rogue-dhcp", "dhcp"]["sentence"].startswith("10.20.0.99 answers DHCP on fb-b")
    assert found["unexplained", ""]["sentence"] == "no flow of the site explains 10.20.0.50 → 10.20.0.77 on udp/9999"
    assert found["unexplained", ""]["proof"] == "3 packets seen"
    assert told["sight"]["watched"]["dropped"] == 0


def frame(source, source_port, destination, destination_port):
    from bellrock.wire import ip, udp
    from bellrock.wire.ethernet import EthernetFrame, build

    segment = udp.build(source, destination, udp.Segment(source_port, destination_port, b"x"))
    packet = ip.build(source, destination, 64, 17, segment)
    return build(EthernetFrame("ff:ff:ff:ff:ff:ff", "52:54:00:00:00:09", (), 0x0800, packet))


def hears(pid):
    """Whether a process has a packet socket that is running."""
    sockets = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/packet").read_text().splitlines()[1:]]
    return any(f"socket:[{row[8]}]" in sockets and row[5] == "1" for row in rows)


@pytest.fixture
def open_rack():
    """A rack whose site file everybody may read."""
    with tempfile.TemporaryDirectory(prefix="fb-") as path:
        directory = Path(path)
        directory.chmod(0o755)
        with hosted(directory, "10.20.0.2/24") as host:
            yield host


def test_who_may_not_look_is_told_what_he_does_not_see(open_rack):
    setpriv = shutil.which("setpriv")
    assert setpriv, "setpriv is part of util-linux"
    pid = open_rack.serve("udp", "10.20.0.2", 69)
    prefix = (setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
    seen = subprocess.run([*prefix, str(BELLROCK), "version"], capture_output=True, check=False)
    if seen.returncode:
        pytest.skip("another user may not read this installation")
    done = open_rack.lint(prefix=prefix, code=1)
    assert str(pid) not in done.stdout
    assert "✓ tftp: a process that this user may not look into (10.20.0.2:69) on udp/69" in done.stdout
    assert "? the owners of 1 socket cannot be seen by this user" in done.stdout
    done = open_rack.lint("--watch", "1", prefix=prefix, code=3)
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1)
    assert "CAP_NET_RAW" in done.stderr


def test_a_reader_that_leaves_is_no_error(rack):
    command = [str(BELLROCK), "flows", "lint", str(rack.directory / "site.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) in (1, 141)
