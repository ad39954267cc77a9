import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.wire import ethernet, frame, ip, udp
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import EthernetFrame, Tag
from bellrock.wire.frame import BEACON_PORT, HeardDatagram, build_beacon_frame, open_beacon_frame
from tests.wire.vectors import MAC, refuses

V4, V6 = "10.20.30.41", "fe80::5054:ff:fe12:3456"
PEER4, PEER6 = ("52:54:00:00:00:09", "10.20.30.9", 5240), ("52:54:00:00:00:09", "fe80::9", 5240)
MULTICAST4 = HeardDatagram(MAC, "01:00:5e:00:00:76", None, V4, "224.0.0.118", 1, True, 5240, b"abc")
MULTICAST6 = HeardDatagram(MAC, "33:33:00:00:01:5a", None, V6, "ff02::15a", 1, True, 5240, b"abc")
UDP4, UDP6 = "1478 1478 000b 09d2 616263", "1478 1478 000b 8feb 616263"

TABLE = [
    ("IPv4 multicast", (b"abc", MAC, V4), "01005e000076 525400123456 0800 4500001f0000400001 11 711b 0a141e29 e0000076" + UDP4, MULTICAST4),
    ("IPv6 multicast", (b"abc", MAC, V6), "33330000015a 525400123456 86dd 60000000000b1101 fe80000000000000505400fffe123456 ff02000000000000000000000000015a" + UDP6, MULTICAST6),
    (
        "IPv6 multicast in VLAN 10",
        (b"abc", MAC, V6, (Tag(0x8100, 10),)),
        "33330000015a 525400123456 8100000a 86dd 60000000000b1101 fe80000000000000505400fffe123456 ff02000000000000000000000000015a" + UDP6,
        HeardDatagram(MAC, "33:33:00:00:01:5a", 10, V6, "ff02::15a", 1, True, 5240, b"abc"),
    ),
    (
        "IPv4 unicast, priority tag",
        (b"abc", MAC, V4, (Tag(0x8100, 0, 3),), PEER4),
        "525400000009 525400123456 81006000 0800 4500001f0000400040 11 ea74 0a141e29 0a141e09 1478 1478 000b c22b 616263",
        HeardDatagram(MAC, "52:54:00:00:00:09", None, V4, "10.20.30.9", 64, False, 5240, b"abc"),
    ),
]  # fmt: skip
TABLE = [pytest.param(*row[1:], id=row[0]) for row in TABLE]


@pytest.mark.parametrize(("arguments", "text", "heard"), TABLE)
def test_build(arguments, text, heard):
    assert build_beacon_frame(*arguments).hex() == bytes.fromhex(text).hex()


@pytest.mark.parametrize(("arguments", "text", "heard"), TABLE)
@pytest.mark.parametrize("kind", [bytes, memoryview, bytearray])
def test_open(arguments, text, heard, kind):
    opened = open_beacon_frame(kind(bytes.fromhex(text)))
    assert opened == heard
    assert type(opened.payload) is bytes


@pytest.mark.parametrize(("arguments", "text", "heard"), TABLE)
def test_every_prefix_is_refused(arguments, text, heard):
    data = bytes.fromhex(text)
    for size in range(len(data)):
        with refuses(Reason.TRUNCATED):
            open_beacon_frame(data[:size])


@pytest.mark.parametrize(("arguments", "text", "heard"), TABLE)
def test_ethernets_padding_is_trimmed(arguments, text, heard):
    assert open_beacon_frame(bytes.fromhex(text) + bytes(range(1, 30))) == heard


@pytest.mark.parametrize(
    ("tags", "vid"),
    [((), None), ((Tag(0x8100, 0),), None), ((Tag(0x88A8, 7),), 7), ((Tag(0x8100, 0), Tag(0x8100, 7)), 7)],
)
def test_tags_that_the_kernel_stripped(tags, vid):
    assert open_beacon_frame(build_beacon_frame(b"abc", MAC, V4), tags).vid == vid


@pytest.mark.parametrize("inside", [0, 1, 2])
def test_two_vlans_on_one_frame(inside):
    tags = (Tag(0x88A8, 100), Tag(0x8100, 10))
    data = build_beacon_frame(b"abc", MAC, V4, tags[2 - inside :])
    with refuses(Reason.STACKED_TAGS):
        open_beacon_frame(data, tags[: 2 - inside])


def changed(address: str, at: int, value: bytes) -> bytes:
    data = bytearray(build_beacon_frame(b"abc", MAC, address))
    data[at : at + len(value)] = value
    return bytes(data)


def packet(source: str, protocol: int, payload: bytes) -> bytes:
    destination = frame.GROUP6 if ":" in source else frame.GROUP4
    ethertype = 0x86DD if ":" in source else 0x0800
    return ethernet.build(EthernetFrame(MAC, MAC, (), ethertype, ip.build(source, destination, 1, protocol, payload)))


OTHER_PORT = {v: udp.build(v, frame.GROUP6 if ":" in v else frame.GROUP4, udp.Segment(5240, 53, b"")) for v in (V4, V6)}
REFUSALS = [
    ("not IP", Reason.UNSUPPORTED, changed(V4, 12, b"\x08\x06")),
    ("IPv6 type, IPv4 packet", Reason.MALFORMED, changed(V6, 14, b"\x45")),
    ("IPv4 type, version 6", Reason.MALFORMED, changed(V4, 14, b"\x65")),
    ("IPv4 header changed", Reason.BAD_CHECKSUM, changed(V4, 22, b"\x02")),
    ("IPv4 address changed", Reason.BAD_CHECKSUM, changed(V4, 29, b"\x02")),
    ("IPv4 payload changed", Reason.BAD_CHECKSUM, changed(V4, 42, b"b")),
    ("IPv6 payload changed", Reason.BAD_CHECKSUM, changed(V6, 62, b"b")),
    ("IPv6 address changed", Reason.BAD_CHECKSUM, changed(V6, 30, b"\xff")),
    ("IPv6 without checksum", Reason.BAD_CHECKSUM, changed(V6, 60, b"\0\0")),
    ("IPv6 fragment", Reason.FRAGMENT, packet(V6, 44, bytes.fromhex("1100000100000000") + bytes(8))),
    ("IPv4 TCP", Reason.UNSUPPORTED, packet(V4, 6, bytes(20))),
    ("IPv6 TCP", Reason.UNSUPPORTED, packet(V6, 6, bytes(20))),
    ("IPv4 other port", Reason.UNSUPPORTED, packet(V4, 17, OTHER_PORT[V4])),
    ("IPv6 other port", Reason.UNSUPPORTED, packet(V6, 17, OTHER_PORT[V6])),
    ("IPv4 UDP header cut", Reason.TRUNCATED, packet(V4, 17, bytes(7))),
    ("IPv6 UDP length too long", Reason.TRUNCATED, packet(V6, 17, bytes.fromhex("1478 1478 000c 1234 616263"))),
    ("IPv4 UDP length too short", Reason.MALFORMED, packet(V4, 17, bytes.fromhex("1478 1478 0007 1234 616263"))),
]


@pytest.mark.parametrize(("reason", "data"), [pytest.param(*row[1:], id=row[0]) for row in REFUSALS])
def test_refusals(reason, data):
    with refuses(reason):
        open_beacon_frame(data)


def test_ipv4_fragments():
    whole = ip.build(V4, frame.GROUP4, 1, 17, udp.build(V4, frame.GROUP4, udp.Segment(5240, 5240, b"abc")))
    # "Don't fragment" (0x40) becomes "more fragments" (0x20); the header checksum grows by the difference.
    check = int.from_bytes(whole[10:12], "big") + 0x2000
    data = whole[:6] + b"\x20\x00" + whole[8:10] + check.to_bytes(2, "big") + whole[12:]
    with refuses(Reason.FRAGMENT):
        open_beacon_frame(ethernet.build(EthernetFrame(MAC, MAC, (), 0x0800, data)))


def test_ipv4_without_checksum():
    assert open_beacon_frame(changed(V4, 40, b"\0\0")) == MULTICAST4


@pytest.mark.parametrize(("address", "at", "heard"), [(V4, 40, MULTICAST4), (V6, 60, MULTICAST6)])
@pytest.mark.parametrize("checksum", [b"\0\0", b"\x12\x34"])
def test_a_checksum_that_is_not_filled_in_yet(address, at, heard, checksum):
    assert open_beacon_frame(changed(address, at, checksum), checksum_ready=False) == heard


@pytest.mark.parametrize(
    ("source", "unicast", "match"),
    [
        ("10.20.30", None, "10.20.30"),
        (V4, PEER6, "not of one family"),
        (V4, ("52:54", "10.0.0.9", 5240), "not a MAC"),
        (V4, ("52:54:00:00:00:09", "10.0.0.9", 65536), "not in 0–65535"),
    ],
)
def test_what_cannot_be_written(source, unicast, match):
    with pytest.raises(ValueError, match=match):
        build_beacon_frame(b"abc", MAC, source, (), unicast)


def composed(data, tags, checksum_ready) -> HeardDatagram:
    """What `open_beacon_frame` says, said by the parsers of the layers one after the other."""
    outer = ethernet.parse(data, tags)
    vid = ethernet.only_vid(outer.tags)
    parse = {0x0800: ip.parse4, 0x86DD: ip.parse6}.get(outer.ethertype)
    if parse is None:
        raise WireError(Reason.UNSUPPORTED, "not IP")
    datagram = parse(outer.payload)
    segment = udp.parse(datagram, checksum_ready)
    if segment.destination_port != BEACON_PORT:
        raise WireError(Reason.UNSUPPORTED, "port")
    return HeardDatagram(
        outer.source, outer.destination, vid, datagram.source, datagram.destination, datagram.hop_limit,
        datagram.multicast, segment.source_port, bytes(segment.payload),
    )  # fmt: skip


def outcome(read, *arguments):
    try:
        return read(*arguments)
    except WireError as error:
        return error.reason


MACS = st.binary(min_size=6, max_size=6).map(ethernet.mac_text)
TAGS = st.lists(
    st.builds(Tag, st.sampled_from((0x8100, 0x88A8, 0x9100)), st.sampled_from((0, 0, 1, 10, 4095))), max_size=3
).map(tuple)
EXTENSIONS = st.lists(
    st.tuples(st.sampled_from((0, 43, 60, 44, 59)), st.integers(0, 2), st.sampled_from((0, 0, 0, 1))), max_size=10
)


@st.composite
def packets(draw) -> tuple[int, bytes]:
    """EtherType and octets of an IP packet: mostly right, with options or extension headers, then perhaps damaged."""
    version = draw(st.sampled_from((4, 6)))
    addresses = [str(draw(st.ip_addresses(v=version))) for _ in "ab"]
    port = draw(st.sampled_from((5240, 5240, 5240, 53)))
    segment = udp.build(*addresses, udp.Segment(draw(st.integers(0, 65535)), port, draw(st.binary(max_size=40))))
    segment += draw(st.sampled_from((b"", b"", b"trailer")))
    if version == 4:
        return 0x0800, with_options(
            ip.build(*addresses, draw(st.integers(0, 255)), 17, segment), draw(st.integers(0, 3))
        )
    protocol = 17
    for kind, units, left in reversed(draw(EXTENSIONS)):
        segment = bytes((protocol, units, 0, left)) + bytes(4 + 8 * units) + segment
        protocol = kind
    return 0x86DD, ip.build(*addresses, draw(st.integers(0, 255)), protocol, segment)


def with_options(packet: bytes, words: int) -> bytes:
    """The same packet with so many words of IPv4 options, its header checksum made right."""
    header = bytearray(packet[:20] + b"\x01" * 4 * words)
    header[0] += words
    header[2:4] = (len(packet) + 4 * words).to_bytes(2, "big")
    header[10:12] = b"\0\0"
    header[10:12] = (-int.from_bytes(header, "big") % 0xFFFF).to_bytes(2, "big")
    return bytes(header) + packet[20:]


@st.composite
def frames(draw) -> tuple[bytes, tuple[Tag, ...], bool]:
    ethertype, payload = draw(packets())
    if draw(st.integers(0, 9)) == 0:
        ethertype = draw(st.sampled_from((0x0800, 0x86DD, 0x0806, 30, 0x05DD)))
    data = bytearray(ethernet.build(EthernetFrame(draw(MACS), draw(MACS), draw(TAGS), ethertype, payload)))
    data += draw(st.sampled_from((b"", b"", bytes(20))))
    for at, value in draw(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255)), max_size=2)):
        data[at % len(data)] = value
    return bytes(data[: draw(st.sampled_from((len(data),) * 3 + (len(data) // 2,)))]), draw(TAGS), draw(st.booleans())


@settings(max_examples=400)
@given(frames())
def test_it_says_what_the_layers_say_one_after_the_other(arguments):
    assert outcome(open_beacon_frame, *arguments) == outcome(composed, *arguments)


@given(MACS, st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)), TAGS, st.binary(max_size=300))
def test_what_is_built_is_opened(mac, address, tags, payload):
    data = build_beacon_frame(payload, mac, str(address), tags)
    if len([tag for tag in tags if tag.vid]) > 1:
        assert outcome(open_beacon_frame, data) is Reason.STACKED_TAGS
        return
    heard = open_beacon_frame(data)
    assert (heard.source_mac, heard.source_ip, heard.payload) == (mac, str(address), payload)
    assert (heard.hop_limit, heard.multicast, heard.source_port) == (1, True, 5240)


STACKED = (Tag(0x88A8, 100), Tag(0x8100, 10))


@pytest.mark.parametrize("stripped", [0, 1, 2], ids=["both tags in the data", "one stripped", "both stripped"])
def test_two_tags_are_taken_only_where_asked_for(stripped):
    data = build_beacon_frame(b"abc", MAC, V6, STACKED[stripped:])
    with refuses(Reason.STACKED_TAGS):
        open_beacon_frame(data, STACKED[:stripped])
    heard = open_beacon_frame(data, STACKED[:stripped], stacked=True)
    assert (heard.outer, heard.vid, heard.payload) == (Tag(0x88A8, 100), 10, b"abc")


def test_three_tags_are_never_taken():
    data = build_beacon_frame(b"abc", MAC, V6, (*STACKED, Tag(0x8100, 7)))
    with refuses(Reason.STACKED_TAGS):
        open_beacon_frame(data, stacked=True)


@pytest.mark.parametrize("tags", [(), (Tag(0x8100, 0),), (Tag(0x8100, 10),), (Tag(0x88A8, 0), Tag(0x8100, 10))])
def test_where_one_tag_or_none_names_a_vlan_stacking_makes_no_difference(tags):
    data = build_beacon_frame(b"abc", MAC, V6, tags)
    assert open_beacon_frame(data, stacked=True) == open_beacon_frame(data)
