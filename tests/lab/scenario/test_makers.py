"""Frames that are made are those that they say they are, by the parsers of Bellrock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.lab.scenario.makers import MAKERS, from_hex, make
from bellrock.lab.schema import LabError
from bellrock.wire import arp, dhcp, ethernet, ip, lacp, stp, udp
from bellrock.wire.arp import Arp
from bellrock.wire.dhcp import Kind

MAC = "02:00:00:00:00:07"


def made(maker, **arguments):
    return ethernet.parse(make(maker, arguments, MAC))


def test_arp_with_a_tag_from_somebody_else():
    frame = made("arp", op="reply", sender="10.0.0.1", target="10.0.0.2", vid=30, **{"from": "02:00:00:00:00:08"})
    assert (frame.source, frame.tags[0].vid) == ("02:00:00:00:00:08", 30)
    assert arp.parse(frame.payload) == Arp(2, "02:00:00:00:00:08", "10.0.0.1", "00:00:00:00:00:00", "10.0.0.2")


@pytest.mark.parametrize(
    ("state", "learning", "forwarding"),
    [("blocking", False, False), ("listening", False, False), ("learning", True, False), ("forwarding", True, True)],
)
def test_rapid_bpdus_tell_their_state(state, learning, forwarding):
    said = stp.parse(made("bpdu", state=state).payload)
    assert (said.version, said.learning, said.forwarding, said.hello, said.forward_delay) == (
        2,
        learning,
        forwarding,
        2.0,
        15.0,
    )
    assert (said.role is stp.PortRole.DESIGNATED) == (state != "blocking")


def test_old_bpdus_tell_none():
    said = stp.parse(made("bpdu", rapid=False, priority=0x1000, bridge="00:1c:73:00:00:02").payload)
    assert (said.version, said.role, said.root) == (0, None, "1000.00:1c:73:00:00:02")


@pytest.mark.parametrize("partner", ["00:00:00:00:00:00", MAC])
def test_lacp(partner):
    said = lacp.parse(made("lacpdu", key=7, partner=partner).payload)
    assert (said.actor.key, said.actor.aggregates, said.actor.passes, said.partner.system) == (7, True, False, partner)


def test_a_router_advertisement_is_whole():
    frame = made("router-advertisement", prefixes=["fd00::/64", "fd01::"], dns=["fd00::1"], mtu=1400, managed=True)
    packet = ip.parse(frame.payload)
    assert (packet.hop_limit, packet.destination, packet.source) == (255, "ff02::1", ip.link_local_from_mac(MAC))
    body = bytes(packet.payload)
    assert (body[0], body[5]) == (134, 0x80)
    assert ip.address_bytes("fd01::") in body
    assert len(body) == 16 + 8 + 8 + 32 + 32 + 24


@pytest.mark.parametrize(("source", "destination"), [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")])
def test_datagrams(source, destination):
    frame = made("udp", source_address=source, source_port=1, destination=destination, destination_port=2, text="hello")
    segment = udp.parse(ip.parse(frame.payload))
    assert (segment.source_port, segment.destination_port, bytes(segment.payload)) == (1, 2, b"hello")


@pytest.mark.parametrize(("kind", "port"), [("discover", 67), ("nak", 68), ("offer", 68), ("release", 67)])
def test_dhcp(kind, port):
    frame = made("dhcp", kind=kind, yiaddr="10.0.0.9", options={"54": "0a000002"}, file="x")
    segment = udp.parse(ip.parse(frame.payload))
    said = dhcp.decode(segment.payload)
    assert (segment.destination_port, said.kind, said.yiaddr, said.options[54]) == (
        port,
        Kind[kind.upper()],
        "10.0.0.9",
        b"\x0a\0\0\2",
    )
    assert said.chaddr.hex(":") == MAC


@pytest.mark.parametrize(
    ("maker", "arguments", "why"),
    [
        ("gopher", {}, "no maker of frames is called 'gopher'; there are arp"),
        ("arp", {"sender": "10.0.0.1"}, "maker arp: Object missing required field `target`"),
        ("arp", {"sender": "x", "target": "10.0.0.1"}, "maker arp: "),
        ("arp", {"sender": "10.0.0.1", "target": "10.0.0.1", "colour": 1}, "unknown field"),
        ("bpdu", {"priority": 1 << 20}, "maker bpdu"),
        (
            "udp",
            {
                "source_address": "10.0.0.1",
                "source_port": 1,
                "destination": "10.0.0.2",
                "destination_port": 2,
                "hex": "x",
            },
            "maker udp",
        ),
        ("dhcp", {"options": {"x": "00"}}, "maker dhcp"),
    ],
)
def test_what_does_not_fit(maker, arguments, why):
    with pytest.raises(LabError, match=why):
        make(maker, arguments, MAC)


ANY = st.one_of(st.integers(), st.text(max_size=20), st.booleans(), st.lists(st.text(max_size=8), max_size=2))


@given(
    st.sampled_from(sorted(MAKERS)),
    st.dictionaries(st.sampled_from(["sender", "target", "vid", "from", "state", "prefixes", "key", "to", "mtu"]), ANY),
)
def test_any_arguments_make_a_frame_or_one_clear_line(maker, arguments):
    assert told(make, maker, arguments, MAC).startswith(("frame", f"maker {maker}: "))


@given(st.text(max_size=60))
def test_any_text_is_a_frame_in_hex_or_one_clear_line(text):
    assert told(from_hex, text).startswith(("frame", "a frame "))


def told(make_one, *arguments):
    try:
        return "frame" if len(make_one(*arguments)) >= 14 else "too short"
    except LabError as error:
        return str(error)


def test_hex_with_blanks():
    assert from_hex("ff ff ff ff ff ff 02 00 00 00 00 07\n08 06") == bytes.fromhex("ffffffffffff0200000000070806")
