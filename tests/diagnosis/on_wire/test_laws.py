"""What holds of all rules that read captures, whatever a capture shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.diagnosis.findings import judge
from bellrock.diagnosis.on_wire import RULES
from bellrock.diagnosis.packets import (
    Advertisement,
    Alert,
    Arp,
    Certificate,
    ClientHello,
    Echo,
    RouterAdvertisement,
    Segment,
    Solicitation,
)
from bellrock.wire import ntp
from tests.diagnosis import wires as w

MACS = (w.NODE, w.NODE2, w.RACK, w.ROUTER, w.STRANGER, w.EVERYBODY, "")
ADDRESSES = (w.NODE_IP, w.NODE2_IP, w.RACK_IP, w.ROUTER_IP, "192.0.2.7", "fd00::7", w.ANY, "")
CLIENT_IDS = st.sampled_from((w.NODE, w.NODE2, w.STRANGER))
FLOWS = ("", "dns", "api", "http-boot", "apt", "stream")
address, mac = st.sampled_from(ADDRESSES), st.sampled_from(MACS)
ipv4 = st.sampled_from(ADDRESSES[:5])
port = st.sampled_from((0, 53, 67, 68, 80, 443, 5240, 40080))
number = st.integers(0, 3)
date = st.integers(-(2**40), 2**60)
said = st.one_of(
    st.builds(Arp, st.integers(0, 3), mac, ipv4, mac, ipv4),
    st.builds(Solicitation, address),
    st.builds(Advertisement, address, mac),
    st.builds(RouterAdvertisement, st.integers(0, 9000), st.sampled_from(((), ("fd00::/64",), ("2002::/64",)))),
    st.builds(Segment, st.sampled_from(("S", "SA", "R", "RA", "F")), number, number),
    st.builds(Echo, st.booleans(), number, number),
    st.builds(ClientHello, st.sampled_from(("", "images.maas.io", "a.internal"))),
    st.builds(Certificate, st.just("CN=a"), st.sampled_from(("CN=R11", "CN=Fortinet")), date, date, self_signed=st.booleans()),
    st.builds(Alert, st.sampled_from(("unknown_ca", "certificate_expired", "bad_certificate"))),
    st.builds(ntp.Packet, mode=st.integers(0, 7), stratum=st.integers(0, 255), leap=number, transmit=st.integers(0, 2**64 - 1)),
    st.sampled_from(
        [
            one.said
            for one in (
                *w.leased(), w.nak(), w.decline(), w.asked("a.example"), w.answered("a.example", rcode="NXDOMAIN"), w.get("/latest/meta-data"),
                w.get("http://m/dists/noble-updates/InRelease"), w.response(407), w.response(302, head={"location": "http://[::1/"}),
                w.response(200, head={"modified": 0}), w.rrq("pxelinux.0"),
                w.complaint("fragmentation needed", (w.NODE_IP, 40080, w.RACK_IP, 80), protocol=6),
            )
        ]
    ),
)  # fmt: skip
packets = st.builds(
    w.packet, said, st.integers(0, 400).map(lambda at: at / 8), address, address, ports=st.tuples(port, port), macs=st.tuples(mac, mac),
    point=st.sampled_from(("", "eth0", "rack-1/eth0", "router-1/eth0", "router-1/eth1")), vids=st.sampled_from(((), (10,), (100, 10))),
    hop_limit=st.sampled_from((None, 1, 61, 63, 64, 255)),
)  # fmt: skip
conversations = st.builds(
    w.conversation, st.sampled_from(("tcp", "udp", "icmp", "132")), st.integers(0, 50), st.integers(50, 60), source=address, destination=address,
    ports=st.tuples(port, port), point=st.sampled_from(("", "rack-1/eth0", "router-1/eth0", "router-1/eth1")), flow=st.sampled_from(FLOWS),
    packets=number, replies=number, last_reply=st.sampled_from((None, 5.0)), answered=st.sampled_from((None, 5.0)), begun=st.booleans(),
    ended=st.sampled_from(("open", "closed", "reset", "reset by source", "never answered")), repeated=st.integers(0, 9),
    replies_repeated=st.integers(0, 9), stuck_octets=st.sampled_from((0, 100, 1500)), silence=st.sampled_from((0.0, 400.0)),
)  # fmt: skip
wires = st.tuples(st.lists(packets, max_size=40), st.lists(conversations, max_size=6))


@given(wires)
def test_whatever_a_capture_shows_findings_are_whole(things):
    told = w.case(*things)
    numbers = range(1, len(things[0]) + 1)
    for rule in RULES:
        for one in rule.find(told):
            assert one.id == rule.ID
            assert one.what
            assert one.proof
            assert one.fix
            assert one.recheck
            assert "{" not in one.what
            assert all(int(text.removeprefix("packet ")) in (*numbers, 20, 1) for text in one.evidence)


@given(wires)
def test_the_same_capture_gives_the_same_findings(things):
    told = w.case(*things)
    assert judge(told) == judge(told)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.ID)
def test_a_rule_says_who_it_is(rule):
    assert rule.ID.replace("-", "_") == rule.__name__.rpartition(".")[2]
    assert rule.TITLE
    assert not rule.TITLE.endswith(".")
    assert rule.ID not in rule.EXPLAINS
    assert isinstance(rule.EXPLAINS, frozenset)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.ID)
def test_nothing_is_found_where_nothing_was_captured(rule):
    assert list(rule.find(w.case())) == []
    assert list(rule.find(replace(w.case(), wire=None))) == []
