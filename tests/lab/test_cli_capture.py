"""Capture with real tagged frames: by libpcap's own live handle with our filters, and by `bellrock capture run` as users run it."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time

import pcapy
import pytest

from bellrock.capture.filter import expression
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import CATALOGUE, flow
from bench._namespaces import pair
from tests.capture.packets import KNOWN, STACKS, Packet, belongs, universe
from tests.capture.reader import read
from tests.capture.test_live import send
from tests.cli.programs import BELLROCK, programs, wait_until
from tests.link.namespaces import network_namespace

pytestmark = pytest.mark.lab
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
SAMPLE = universe()[::23]


def heard(handle, marker):
    """Frames up to the marker."""
    found = []
    end = time.monotonic() + 120
    while time.monotonic() < end:
        select.select([handle.getfd()], [], [], 0.2)
        while True:
            header, data = handle.next()
            if header is None or not data:
                break
            if data == marker:
                return found
            found.append(data)
    raise AssertionError("the marker did not come")


@pytest.mark.parametrize("known", [{}, KNOWN], ids=["nothing", "all"])
@pytest.mark.parametrize(
    "ids",
    [("dhcp",), ("tftp",), ("dns", "ntp"), ("icmpv6", "mld", "beacon"), tuple(one.id for one in CATALOGUE[:8])],
    ids=str,
)
def test_a_live_handle_of_libpcap(ids, known):
    """There libpcap compiles `vlan` otherwise: the outer tag stands beside the frame."""
    flows = tuple(map(flow, ids))
    marker = bytes.fromhex("ffffffffffff020000000009") + b"\x88\xb5" + bytes(46)
    with network_namespace() as inside:
        inside.veth("fg-a", "fg-b")
        handle = pcapy.open_live("fg-b", 65535, True, 10)
        try:
            handle.setnonblock(True)
            handle.setfilter(f"ether proto 0x88b5 or ({expression(Wanted(flows=flows, addresses=known))})")
            frames = [(packet, packet.frame(*STACKS[at % 3])) for at, packet in enumerate(SAMPLE)]
            # More than two tags are not asked for.
            send("fg-a", *(frame for _, frame in frames), marker)
            taken = heard(handle, marker)
        finally:
            handle.close()
    assert taken == [frame for packet, frame in frames if belongs(packet, flows, known)]


@pytest.fixture
def hosts():
    with pair(1) as both:
        for one in both:
            wait_until(lambda one=one: " state UP " in one.run("ip", "-o", "link", "show", "dev", "eth0"), "eth0 up")
        yield both


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    with programs(tmp_path) as starter:
        yield starter


SENDER = """
import socket, sys
sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sock.bind(("eth0", 0))
for _ in range(int(sys.argv[2])):
    sock.send(bytes.fromhex(sys.argv[1]))
"""


def solicit(host, count=3, size=24):
    """Router solicitations, as a host at its start sends them."""
    packet = Packet(6, 58, "fe80::1", "ff02::2", type=133, payload=bytes(size))
    host.run(sys.executable, "-c", SENDER, packet.frame().hex(), str(count))


def test_ended_by_ctrl_c_and_read_by_others(hosts, start, tmp_path):
    here, there = hosts
    program = start("capture", "run", "icmpv6", "-i", "eth0", "-o", tmp_path / "a.pcapng", inside=there)
    program.says("capturing on eth0")
    solicit(here)
    wait_until(lambda: b"\x60" in (tmp_path / "a.pcapng").read_bytes()[400:], "packets in the file")
    assert program.ends(signal.SIGINT) == 0
    contents = read((tmp_path / "a.pcapng").read_bytes())
    assert len(contents.packets) >= 3
    assert contents.statistics
    assert "ended: stopped" in program.err
    for reader in (["tshark", "-r"], ["capinfos"], [shutil.which("tcpdump", path="/usr/sbin:/usr/bin"), "-n", "-r"]):
        done = subprocess.run([*reader, tmp_path / "a.pcapng"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert "ICMP6" in done.stdout or "ICMPv6" in done.stdout or "Name = eth0" in done.stdout


def test_a_ring_ended_by_sigterm(hosts, start, tmp_path):
    here, there = hosts
    program = start(
        "capture", "run", "-i", "eth0", "-o", tmp_path / "a.pcapng", "--size", "4096", "--files", "2", inside=there
    )
    program.says("capturing on eth0")
    solicit(here, 60)
    wait_until(lambda: (tmp_path / "a-0003.pcapng").exists(), "the third file")
    assert program.ends(signal.SIGTERM) == 0
    names = sorted(name for name in os.listdir(tmp_path) if name.endswith(".pcapng"))
    assert len(names) == 2
    for name in names:
        assert read((tmp_path / name).read_bytes()).statistics


def test_into_a_pipe(hosts, tmp_path):
    here, there = hosts
    command = there.command(
        "sh",
        "-c",
        f"{BELLROCK} capture run icmpv6 -i eth0 -o - --packets 2 2>{tmp_path}/err | tshark -n -r - -T fields -e _ws.col.Protocol",
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as piped:
        wait_until(
            lambda: "capturing on" in (tmp_path / "err").read_text() if (tmp_path / "err").exists() else False,
            "it begins",
        )
        solicit(here, 5)
        out, _ = piped.communicate(timeout=60)
    assert out.split() == ["ICMPv6", "ICMPv6"]


def test_a_full_disk_leaves_a_file_that_can_be_read(hosts, start, tmp_path):
    here, there = hosts
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "fg-small", small], check=True)
    try:
        program = start("capture", "run", "-i", "eth0", "-o", small / "a.pcapng", inside=there)
        program.says("capturing on eth0")
        solicit(here, 200, 1400)
        program.says("No space left on device; the capture ends here")
        assert program.ends() == 3
        assert len(read((small / "a.pcapng").read_bytes()).packets) > 10
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_without_root_but_with_the_capability(hosts, tmp_path):
    here, _ = hosts
    tmp_path.chmod(0o777)
    base = ["capture", "run", "-i", "eth0", "-o", f"/dev/shm/fg-{os.getpid()}.pcapng", "--seconds", "0.5", "--json"]
    try:
        allowed = here.command(
            *NOBODY,
            "--inh-caps=-all,+net_raw",
            "--ambient-caps=-all,+net_raw",
            "--bounding-set=-all,+net_raw",
            str(BELLROCK),
            *base,
        )
        done = subprocess.run(allowed, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        refused = here.command(*NOBODY, "--inh-caps=-all", "--bounding-set=-all", str(BELLROCK), *base, "--force")
        done = subprocess.run(refused, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 3
        assert len(done.stderr.splitlines()) == 1
        assert "CAP_NET_RAW is missing" in done.stderr
        assert "sudo setcap cap_net_raw+ep " in done.stderr
    finally:
        os.unlink(base[5])


def test_tags_of_real_frames_are_in_the_file(tmp_path):
    with network_namespace() as inside, programs(tmp_path) as start:
        inside.veth("fg-a", "fg-b")
        program = start("capture", "run", "ntp", "-i", "fg-b", "-o", tmp_path / "a.pcapng", "--packets", "3")
        program.says("capturing on fg-b")
        frames = [Packet(4, 17, "10.0.0.1", "10.0.0.2", 1000, 123).frame(*stack) for stack in STACKS]
        send("fg-a", *frames)
        assert program.ends() == 0
        assert [packet[2] for packet in read((tmp_path / "a.pcapng").read_bytes()).packets] == frames
