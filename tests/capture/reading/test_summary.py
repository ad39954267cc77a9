"""What captures hold, told."""

import pytest

from bellrock.capture.reading import summary as module
from bellrock.capture.reading.summary import Below, summarise
from bellrock.capture.reading.values import CaptureError
from bellrock.capture.selection import addresses_of
from bellrock.flows.catalogue import CATALOGUE
from bellrock.flows.crossing import flows_of
from bellrock.flows.site_file import parse
from tests.capture.packets import Packet
from tests.capture.reading.made import BEGIN, NS, classic, enhanced, interface, new, section, statistics

DISCOVER = Packet(4, 17, "0.0.0.0", "255.255.255.255", 68, 67)
REQUEST, DATA = Packet(4, 17, "10.0.0.57", "10.0.0.2", 2070, 69), Packet(4, 17, "10.0.0.2", "10.0.0.57", 40000, 2070)
QUERY, ANSWER = Packet(4, 17, "10.0.0.57", "10.0.0.4", 5353, 53), Packet(4, 17, "10.0.0.4", "10.0.0.57", 53, 5353)
STRANGE = Packet(4, 17, "10.0.0.57", "10.0.0.9", 7777, 9999)
SITE = """
[[subnet]]
name = "pxe"
cidr = "10.0.0.0/24"
[role.node]
addresses = ["10.0.0.57"]
[role.rack]
addresses = ["10.0.0.2"]
[role.dns]
addresses = ["10.0.0.4"]
[role.relay]
addresses = ["10.0.0.1"]
"""


def write(tmp_path, *frames, name="a.pcap"):
    (tmp_path / name).write_bytes(classic([(at, frame) for at, frame in enumerate(frames)], unit=NS))
    return str(tmp_path / name)


def told(*paths, site=None, **more):
    if site is None:
        return summarise(paths, CATALOGUE, {}, **more)
    return summarise(paths, flows_of(site), addresses_of(site), site, **more)


def test_flows_between_whom(tmp_path):
    tagged = [one.frame((0x8100, 10)) for one in (REQUEST, DATA, DATA)]
    found = told(write(tmp_path, QUERY.frame(), ANSWER.frame(), QUERY.frame((0x8100, 20)), *tagged))
    lines = {(one.flow, one.source, one.destination): one for one in found.flows}
    dns, tftp = lines["dns", "10.0.0.57", "10.0.0.4"], lines["tftp", "10.0.0.57", "10.0.0.2"]
    assert (dns.packets, dns.replies, dns.ports, dns.protocol, dns.conversations) == (3, 1, (53,), "udp", 2)
    assert (dns.vlans, dns.untagged) == ((20,), True)
    assert (dns.first, dns.last) == (BEGIN, BEGIN + 2)
    assert (tftp.packets, tftp.replies, tftp.ports) == (3, 2, (69, 40000))
    assert (tftp.vlans, tftp.untagged, tftp.points) == ((10,), False, ("a.pcap",))
    assert found.packets == 6
    assert found.bytes == sum(line.bytes for line in found.flows)
    assert sum(line.packets for line in found.flows) == 6


def test_what_no_flow_explains(tmp_path):
    found = told(write(tmp_path, STRANGE.frame(), QUERY.frame()))
    (line,) = found.unexplained
    assert (line.flow, line.like, line.source, line.destination, line.ports, line.protocol) == (
        "", "", "10.0.0.57", "10.0.0.9", (9999,), "udp",
    )  # fmt: skip
    assert len(found.flows) == 1


def test_senders_without_an_address(tmp_path):
    found = told(write(tmp_path, DISCOVER.frame()))
    (line,) = found.flows
    assert (line.flow, line.source, line.stations) == ("dhcp", "0.0.0.0", ("02:00:00:00:00:01",))


def test_what_is_not_ip(tmp_path):
    arp = bytes(12) + b"\x08\x06" + bytes(46)
    found = told(write(tmp_path, arp, arp, bytes(12) + b"\x12\x34"))
    assert found.below == (Below(kind="arp", packets=2, bytes=120), Below(kind="0x1234", packets=1, bytes=14))


def test_what_the_site_needs_and_is_missing(tmp_path):
    site = parse(SITE.encode(), "site.toml")
    found = told(
        write(
            tmp_path,
            DISCOVER.frame(),
            QUERY.frame(),
            STRANGE.frame(),
            Packet(4, 17, "10.0.0.9", "10.0.0.57", 67, 68).frame(),
        ),
        site=site,
    )
    missing = {one.flow: one for one in found.missing}
    assert {"tftp", "http-boot", "proxy"} <= missing.keys()
    assert not {"dhcp", "dns", "icmp", "https-boot", "ipmi"} & missing.keys()
    assert (missing["tftp"].sources, missing["tftp"].destinations) == (("node",), ("rack",))
    assert found.expected == len(missing) + 2
    assert [(line.like, line.source) for line in found.unexplained if line.like] == [("dhcp", "10.0.0.9")]


def test_without_a_site_nothing_is_expected(tmp_path):
    found = told(write(tmp_path, QUERY.frame()))
    assert (found.expected, found.missing) == (None, ())


def test_several_files_together(tmp_path):
    one, other = write(tmp_path, QUERY.frame()), write(tmp_path, ANSWER.frame(), name="b.pcap")
    found = told(one, other)
    (line,) = found.flows
    assert (line.packets, line.replies, line.points) == (2, 1, ("a.pcap", "b.pcap"))


def test_places_of_a_capture(tmp_path):
    ticks = BEGIN * 10**6
    octets = section() + interface(name=b"rack-1/eth0") + interface(name=b"node-1/eth0")
    octets += enhanced(ticks, QUERY.frame()) + enhanced(ticks, QUERY.frame(), number=1) + statistics(1, dropped=5)
    (tmp_path / "a").write_bytes(octets)
    found = told(str(tmp_path / "a"))
    (line,) = found.flows
    assert line.points == ("rack-1/eth0", "node-1/eth0")
    assert line.packets == 2
    assert found.troubles == (
        "5 packets were lost while capturing at node-1/eth0: what is missing may have been there",
    )


def test_progress(tmp_path):
    heard = []
    told(write(tmp_path, QUERY.frame(), ANSWER.frame()), progress=heard.append)
    assert heard == [2]


def test_an_empty_capture_says_so(tmp_path):
    found = told(write(tmp_path))
    assert (found.packets, found.first, found.last, found.flows) == (0, None, None, ())
    assert found.troubles == (f"{tmp_path}/a.pcap has no packets",)


@pytest.mark.parametrize(("damage", "is_damaged"), [(b"\xff" * 99, True), (b"", False)])
def test_damage_is_told(tmp_path, damage, is_damaged):
    path = write(tmp_path, QUERY.frame())
    with (tmp_path / "a.pcap").open("ab") as file:
        file.write(damage)
    found = told(path)
    assert found.damaged is is_damaged
    assert found.packets == 1
    assert len(found.troubles) == is_damaged


def test_no_capture(tmp_path):
    (tmp_path / "a").write_bytes(b"text")
    with pytest.raises(CaptureError):
        told(str(tmp_path / "a"))


def test_lines_are_bounded(tmp_path, monkeypatch):
    from bellrock.capture.reading import grouped

    monkeypatch.setattr(module, "groups", lambda keys, packets: grouped.groups(keys, packets, most=2))
    frames = [Packet(4, 17, f"10.0.1.{at}", "10.0.0.4", 5353, 53).frame() for at in range(5)]
    found = told(write(tmp_path, *frames, frames[3], Packet(4, 17, "10.0.0.57", "10.0.0.9", 7777, 9999).frame()))
    assert found.flows[0].source == "10.0.1.3"
    assert len(found.flows) == 2
    assert found.lines_left_out == 3


def test_a_protocol_without_a_name(tmp_path):
    found = told(write(tmp_path, Packet(4, 253, "10.0.0.1", "10.0.0.2").frame()))
    assert (found.unexplained[0].protocol, found.unexplained[0].ports) == ("253", ())


def test_pcapng(tmp_path):
    (tmp_path / "a").write_bytes(new([(0, QUERY.frame())], name=b"eth3"))
    assert told(str(tmp_path / "a")).flows[0].points == ("eth3",)
