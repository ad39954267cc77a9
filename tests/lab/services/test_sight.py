"""Captures of real servers and clients, written by tcpdump at a router, read as rules read them; counted beside tshark."""

import signal
import subprocess
from collections import Counter
from contextlib import contextmanager

import pytest

from bellrock.capture.reading.sight import read_wire
from bellrock.diagnosis.packets import Answered, Asked, Certificate, ClientHello, Complaint, Request, Response
from bellrock.wire import tftp
from tests.cli.programs import wait_until
from tests.lab.services import certificates
from tests.lab.services.test_dns import named
from tests.lab.services.tftp import SIZE, boot_files
from tests.lab.services.web import nginx
from tests.lab.services.world import CLIENT, SERVER, SERVER6

pytestmark = pytest.mark.lab

SITE = "server {{ listen 80; root {{root}}; }} server {{ listen 443 ssl; ssl_protocols TLSv1.2 TLSv1.3; root {{root}}; ssl_certificate {}; ssl_certificate_key {}; }}"


@pytest.fixture(scope="module")
def served(world):
    """Boot files by TFTP and HTTP(S), and names."""
    files = boot_files(world)
    world.start("in.tftpd", "--foreground", "--address", "[::]:69", "--secure", "--user", "root", files)
    world.listens(69, "udp")
    issuer = certificates.authority(directory=world.directory, kind="rsa")
    chain = certificates.certificate(["rack.example"], issuer=issuer, kind="rsa", chain=[issuer.certificate])
    nginx(world, SITE.format(*chain))
    world.listens(443)
    (world.directory / "root" / "bootx64.efi").write_bytes((files / "bootx64.efi").read_bytes())
    with named(world):
        yield world


@contextmanager
def captured(world, *options, link="east"):
    """A capture of the router's link to the client; what it holds is read once the block is over."""
    file = world.directory / f"{len(list(world.directory.iterdir()))}.pcap"
    program = world.start("tcpdump", "-U", "-i", link, "-w", file, *options, inside=world.router, says="listening on")
    found = []
    try:
        yield found
        # A last packet of our own tells that all before it have been written.
        world.client.run("sh", "-c", "ping -c 1 -W 0.2 10.2.0.2 || true")
        wait_until(
            lambda: any(packet.protocol == "icmp" for packet in read_wire([str(file)]).conversations), "no last packet"
        )
        assert program.ends(signal.SIGINT) == 0
        found.append(read_wire([str(file)]))
    finally:
        world.stop(program)
    found.append(file)


def said(wire, *kinds):
    return [packet.said for packet in wire.packets if isinstance(packet.said, kinds)]


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_a_file_by_tftp(served, address):
    with captured(served) as found:
        served.probe("tftp", address, path="bootx64.efi", blksize="1400", windowsize="1")
    wire = found[0]
    whole = [one for one in wire.transfers if one.path == "bootx64.efi" and one.ended == "whole"]
    assert {one.octets for one in whole} == {SIZE}
    (one,) = {(one.server, one.blksize, one.tsize, one.repeated) for one in whole}
    assert one == (address, 1400, SIZE, 0)
    assert all(one.acks >= SIZE // 1400 for one in whole)
    assert all(one.flow == "tftp" for one in wire.conversations if one.protocol == "udp")
    assert wire.left_out == {}


def test_a_file_that_is_not_there(served):
    with captured(served) as found:
        served.probe("tftp", path="no-such-file")
    refused = [one for one in found[0].transfers if one.path == "no-such-file"]
    assert {one.ended for one in refused} == {"refused"}
    assert any(isinstance(packet, tftp.Refusal) for packet in said(found[0], tftp.Refusal))
    assert "not found" in refused[0].error.lower()


def test_a_file_by_http(served):
    with captured(served) as found:
        served.client.run(
            "curl", "-sf", "-o", "/dev/null", "-A", "UefiHttpBoot/1.0", f"http://{SERVER}/bootx64.efi?token=secret"
        )
    wire = found[0]
    (request,), (response,) = said(wire, Request), said(wire, Response)
    assert (request.method, request.target, request.host, request.agent) == (
        "GET",
        "/bootx64.efi",
        SERVER,
        "UefiHttpBoot/1.0",
    )
    assert (response.status, response.length) == (200, SIZE)
    assert response.server.startswith("nginx")
    assert abs(response.date - wire.last / 1e9) < 60
    (one,) = [one for one in wire.conversations if one.protocol == "tcp"]
    assert (one.flow, one.source, one.destination_port, one.ended, one.begun) == (
        "http-boot",
        CLIENT,
        80,
        "closed",
        True,
    )
    assert one.reply_octets > SIZE
    assert one.stuck_octets == 0
    assert "secret" not in repr(wire)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_file_by_https(served, version):
    with captured(served) as found:
        served.client.run("curl", "-skf", "-o", "/dev/null", "--tls-max", version, "--resolve", f"rack.example:443:{SERVER}", "https://rack.example/bootx64.efi")  # fmt: skip
    assert said(found[0], ClientHello) == [ClientHello("rack.example")]
    assert [one.issuer for one in said(found[0], Certificate)] == (["CN=Lab authority"] if version == "1.2" else [])


def test_names(served):
    with captured(served) as found:
        served.probes("dns", names="maas.maas.test,no-such.maas.test")
    asked, answered = said(found[0], Asked), said(found[0], Answered)
    assert {one.name for one in asked} >= {"maas.maas.test", "no-such.maas.test"}
    answers = {(one.name, one.type): (one.rcode, one.addresses) for one in answered}
    assert answers["maas.maas.test", "A"] == ("NOERROR", (SERVER,))
    assert answers["no-such.maas.test", "A"] == ("NXDOMAIN", ())
    # By either way: over TCP the same was asked and answered.
    ways = {(packet.said.name, one.protocol) for packet in found[0].packets if isinstance(packet.said, Answered)
            for one in found[0].conversations if (one.source_port, one.source) == (packet.destination_port, packet.destination)}  # fmt: skip
    assert {("maas.maas.test", "udp"), ("maas.maas.test", "tcp")} <= ways


def test_who_refuses_and_who_does_not_answer(served):
    served.block("drop", "tcp dport 81")
    with captured(served) as found:
        for port in (81, 82):
            served.client.run("sh", "-c", f"curl -s -m 1.5 http://{SERVER}:{port}/ || true")
        served.client.run("bash", "-c", f"echo x > /dev/udp/{SERVER}/4444")
    wire = found[0]
    ended = {one.destination_port: (one.ended, one.packets >= 2) for one in wire.conversations if one.protocol == "tcp"}
    assert ended == {81: ("never answered", True), 82: ("reset", False)}
    (complaint,) = said(wire, Complaint)
    assert (complaint.kind, complaint.destination, complaint.destination_port) == ("port unreachable", SERVER, 4444)


def test_a_large_segment_that_never_gets_through(served):
    """The router drops what is large, and says nothing of it."""
    served.block("drop", "meta length > 1400")
    with captured(served, link="west") as found:
        served.client.run("sh", "-c", f"curl -s -m 3 -o /dev/null http://{SERVER}/bootx64.efi || true")
    (one,) = [one for one in found[0].conversations if one.protocol == "tcp"]
    assert (one.begun, one.answered is not None, one.dont_fragment) == (True, True, True)
    assert one.replies_repeated >= 2
    assert one.stuck_octets == 1500


def test_on_all_interfaces_at_once(served):
    """Linux cooked, which has no name of an interface and no second address."""
    with captured(served, link="any") as found:
        served.probe("tftp", path="bootx64.efi", most="4000", blksize="1400")
    wire = found[0]
    assert wire.points[0].link_type.startswith("Linux cooked")
    assert any(one.path == "bootx64.efi" for one in wire.transfers)


def test_beside_tshark(served):
    """Each conversation has as many packets and octets each way as tshark counts; and packets of meaning are where it finds them."""
    with captured(served) as found:
        served.probe("tftp", path="bootx64.efi", most="100000")
        served.probes("dns", names="maas.maas.test")
        served.client.run("curl", "-sf", "-o", "/dev/null", f"http://{SERVER}/bootx64.efi")
    wire, file = found
    fields = (
        "frame.number",
        "frame.len",
        "ip.src",
        "udp.srcport",
        "tcp.srcport",
        "ip.dst",
        "udp.dstport",
        "tcp.dstport",
        "http.request",
        "dns.qry.name",
    )
    command = [
        "tshark",
        "-n",
        "-r",
        str(file),
        "-T",
        "fields",
        "-E",
        "occurrence=f",
        *(word for field in fields for word in ("-e", field)),
    ]
    rows = [
        line.split("\t")
        for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    ]
    packets, octets = Counter(), Counter()
    for _, length, source, udp_from, tcp_from, destination, udp_to, tcp_to, *_ in rows:
        if udp_from or tcp_from:
            ends = (source, int(udp_from or tcp_from), destination, int(udp_to or tcp_to))
            packets[ends] += 1
            octets[ends] += int(length)
    ours, sizes = Counter(), Counter()
    for one in wire.conversations:
        if one.protocol in ("tcp", "udp"):
            there, back = (one.source, one.source_port), (one.destination, one.destination_port)
            ours[*there, *back], ours[*back, *there] = one.packets, one.replies
            sizes[*there, *back], sizes[*back, *there] = one.octets, one.reply_octets
    assert +ours == packets
    assert +sizes == octets
    assert wire.seen == len(rows)
    requests = [int(row[0]) for row in rows if row[8]]
    assert [packet.number for packet in wire.packets if isinstance(packet.said, Request)] == requests
    names = [int(row[0]) for row in rows if row[9]]
    assert [packet.number for packet in wire.packets if isinstance(packet.said, Asked | Answered)] == names
