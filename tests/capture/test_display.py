"""Display filters, tried with tshark on captures with known contents."""

import shutil
import subprocess
from ipaddress import ip_network

import pytest

from bellrock.capture import pcapng
from bellrock.capture.display import display
from bellrock.capture.values import Wanted
from bellrock.flows.catalogue import CATALOGUE, flow
from bellrock.flows.values import Role
from tests.capture.packets import KNOWN, STACKS, Packet, belongs, universe
from tests.capture.test_quoted import QUERY, error
from tests.needs import require

TSHARK = shutil.which("tshark")
# Without TFTP's data, which Wireshark follows by what it saw before, and one packet of many that differ in ports alone.
PACKETS = [one for one in universe() if one.payload == b"p" * 18][::5]


@pytest.fixture(scope="module")
def tshark():
    require([] if TSHARK else ["tshark"])


def write(path, frames):
    blocks = [pcapng.section("test"), pcapng.interface("eth0", 262144)]
    blocks += [pcapng.packet(0, 10**18 + at, frame, len(frame), 0) for at, frame in enumerate(frames)]
    path.write_bytes(b"".join(blocks))


def shown(path, text):
    command = [TSHARK, "-n", "-r", str(path), "-Y", text, "-T", "fields", "-e", "frame.number"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, (text, done.stderr)
    return [int(line) - 1 for line in done.stdout.split()]


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    path = tmp_path_factory.mktemp("display") / "all.pcapng"
    write(path, [packet.frame(*STACKS[at % 3]) for at, packet in enumerate(PACKETS)])
    return path


@pytest.mark.usefixtures("tshark")
@pytest.mark.parametrize("known", [{}, KNOWN], ids=["nothing", "all"])
@pytest.mark.parametrize(
    "ids",
    [("dhcp",), ("dhcpv6", "apt", "syslog"), ("icmp", "icmpv6"), ("beacon", "dns", "mld", "igmp", "ldap")],
    ids=str,
)
def test_what_tshark_shows(capture, ids, known):
    flows = tuple(map(flow, ids))
    wanted = [at for at, packet in enumerate(PACKETS) if belongs(packet, flows, known)]
    assert shown(capture, display(Wanted(flows=flows, addresses=known))) == wanted
    assert wanted


@pytest.mark.usefixtures("tshark")
def test_tftp_is_followed_to_its_data(tmp_path):
    node, rack = "10.0.1.5", "10.0.0.2"
    request = Packet(4, 17, node, rack, 2000, 69, payload=b"\0\1pxelinux.0\0octet\0")
    data = Packet(4, 17, rack, node, 3000, 2000, payload=b"\0\3\0\1" + b"k" * 100)
    other = Packet(4, 17, rack, node, 3000, 2001, payload=b"\0\3\0\1" + b"k" * 100)
    write(tmp_path / "t", [one.frame() for one in (request, data, other)])
    assert shown(tmp_path / "t", display(Wanted(flows=(flow("tftp"),)))) == [0, 1]
    assert (
        shown(tmp_path / "t", display(Wanted(flows=(flow("tftp"),), addresses={Role.RACK: (ip_network("10.0.0.3"),)})))
        == []
    )


@pytest.mark.usefixtures("tshark")
def test_errors_when_asked_for(tmp_path):
    write(tmp_path / "e", [error(QUERY[4], 3), error(QUERY[6], 3), QUERY[4].frame()])
    assert shown(tmp_path / "e", display(Wanted(flows=(flow("dns"),)))) == [2]
    assert shown(tmp_path / "e", display(Wanted(flows=(flow("dns"),), errors=True))) == [0, 1, 2]


@pytest.mark.usefixtures("tshark")
def test_wireshark_takes_them_all(capture):
    about = (ip_network("10.0.0.0/24"), ip_network("2001:db8::1"))
    for one in CATALOGUE:
        shown(capture, display(Wanted(flows=(one,), addresses=KNOWN, about=about, stations=("02:00:00:00:00:01",))))


def test_words():
    assert display(Wanted(flows=())) == ""
    assert display(Wanted(flows=(), about=(ip_network("10.0.0.0/24"),))) == "ip.addr == 10.0.0.0/24"
    assert display(Wanted(flows=(), stations=("02:00:00:00:00:01",))) == "eth.addr == 02:00:00:00:00:01"
    assert display(Wanted(flows=(flow("igmp"),))) == "(ip && igmp && ip.dst == 224.0.0.0/4)"
    assert "udp.dstport in {67..68}" in display(Wanted(flows=(flow("dhcp"),)))
