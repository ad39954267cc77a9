import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ethernet
from bellrock.wire.errors import Reason, WireError
from bellrock.wire.ethernet import EthernetFrame, Tag
from tests.wire.vectors import refuses

HEAD = "01005e000076 525400123456"
GROUP, SOURCE = "01:00:5e:00:00:76", "52:54:00:12:34:56"

TABLE = [
    ("untagged", HEAD + "0800 4500", EthernetFrame(GROUP, SOURCE, (), 0x0800, b"\x45\x00")),
    ("one customer tag", HEAD + "8100 000a 86dd 60", EthernetFrame(GROUP, SOURCE, (Tag(0x8100, 10),), 0x86DD, b"\x60")),
    ("priority and drop eligible", HEAD + "8100 f000 0800", EthernetFrame(GROUP, SOURCE, (Tag(0x8100, 0, 7, True),), 0x0800, b"")),
    (
        "service tag, old service tag, customer tag",
        HEAD + "88a8 0064 9100 2065 8100 1066 88cc 00",
        EthernetFrame(GROUP, SOURCE, (Tag(0x88A8, 100), Tag(0x9100, 101, 1), Tag(0x8100, 102, 0, True)), 0x88CC, b"\0"),
    ),
    ("IEEE 802.3 with a length", HEAD + "0003 aaaa03", EthernetFrame(GROUP, SOURCE, (), 3, b"\xaa\xaa\x03")),
]  # fmt: skip
TABLE = [pytest.param(bytes.fromhex(text), frame, id=name) for name, text, frame in TABLE]


@pytest.mark.parametrize(("data", "frame"), TABLE)
def test_parse(data, frame):
    assert ethernet.parse(data) == frame


@pytest.mark.parametrize(("data", "frame"), TABLE)
def test_build(data, frame):
    assert ethernet.build(frame) == data


@pytest.mark.parametrize(("data", "frame"), TABLE)
def test_every_prefix_is_a_frame_or_a_refusal(data, frame):
    header = len(data) - len(frame.payload)
    for size in range(len(data)):
        if size >= header and frame.ethertype >= ethernet.FIRST_ETHERTYPE:
            assert ethernet.parse(data[:size]).tags == frame.tags
        else:
            with refuses(Reason.TRUNCATED):
                ethernet.parse(data[:size])


def test_tags_that_the_kernel_stripped_come_first():
    stripped = Tag(0x88A8, 5)
    frame = ethernet.parse(bytes.fromhex(HEAD + "8100 000a 0800"), (stripped,))
    assert frame.tags == (stripped, Tag(0x8100, 10))


def test_padding_after_an_802_3_length_is_dropped():
    assert ethernet.parse(bytes.fromhex(HEAD + "0002 aabb 000000")).payload == b"\xaa\xbb"


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason.TRUNCATED, HEAD + "08"),
        (Reason.TRUNCATED, HEAD + "8100 000a 08"),
        (Reason.TRUNCATED, HEAD + "0004 aabbcc"),
        (Reason.MALFORMED, HEAD + "05dd aabbcc"),
        (Reason.STACKED_TAGS, HEAD + "8100 0000" * 9 + "0800"),
    ],
)
def test_refusals(reason, text):
    with refuses(reason):
        ethernet.parse(bytes.fromhex(text))


def test_stripped_tags_count_too():
    data = bytes.fromhex(HEAD + "8100 0000" * 8 + "0800")
    assert len(ethernet.parse(data).tags) == ethernet.MAX_TAGS
    with refuses(Reason.STACKED_TAGS):
        ethernet.parse(data, (Tag(0x8100, 0),))


@pytest.mark.parametrize(
    ("tags", "vid"),
    [
        ((), None),
        ((Tag(0x8100, 0, 5),), None),
        ((Tag(0x8100, 10),), 10),
        ((Tag(0x8100, 0), Tag(0x8100, 10)), 10),
        ((Tag(0x88A8, 4094), Tag(0x8100, 0)), 4094),
    ],
)
def test_the_vlan_of_a_frame(tags, vid):
    assert ethernet.only_vid(tags) == vid


def test_two_vlans_are_none():
    with refuses(Reason.STACKED_TAGS) as refusal:
        ethernet.only_vid((Tag(0x88A8, 100), Tag(0x8100, 10)))
    assert "100, 10" in refusal.error.detail


@pytest.mark.parametrize(
    "frame",
    [
        EthernetFrame("01:00:5e:00:00", SOURCE, (), 0x0800, b""),
        EthernetFrame(GROUP, "52-54-00-12-34-56", (), 0x0800, b""),
        EthernetFrame(GROUP, SOURCE, (Tag(0x8100, 4096),), 0x0800, b""),
        EthernetFrame(GROUP, SOURCE, (Tag(0x8100, 1, 8),), 0x0800, b""),
        EthernetFrame(GROUP, SOURCE, (), 0x8100, b""),
        EthernetFrame(GROUP, SOURCE, (), 0x10000, b""),
        EthernetFrame(GROUP, SOURCE, (Tag(0x8100, 1),) * 9, 0x0800, b""),
    ],
)
def test_what_cannot_be_written(frame):
    with pytest.raises(ValueError, match=r"not|at most|no EtherType"):
        ethernet.build(frame)


def test_mac_helpers():
    assert ethernet.mac_text(memoryview(b"RT\x00\x124V")) == SOURCE
    assert ethernet.mac_bytes(SOURCE.upper()) == b"RT\x00\x124V"


MACS = st.binary(min_size=6, max_size=6).map(ethernet.mac_text)
TAGS = st.lists(
    st.builds(Tag, st.sampled_from(sorted(ethernet.TPIDS)), st.integers(0, 4095), st.integers(0, 7), st.booleans()),
    max_size=ethernet.MAX_TAGS,
).map(tuple)
TYPES = st.integers(ethernet.FIRST_ETHERTYPE, 0xFFFF).filter(lambda number: number not in ethernet.TPIDS)


@given(st.builds(EthernetFrame, MACS, MACS, TAGS, TYPES, st.binary(max_size=60)))
def test_what_is_built_is_parsed(frame):
    assert ethernet.parse(ethernet.build(frame)) == frame


@given(st.binary(max_size=80))
def test_what_is_parsed_is_built(data):
    try:
        frame = ethernet.parse(data)
    except WireError:
        return
    assert data.startswith(ethernet.build(frame))


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ((), (None, None)),
        ((Tag(0x8100, 0, 5),), (None, None)),
        ((Tag(0x8100, 10),), (None, 10)),
        ((Tag(0x88A8, 100), Tag(0x8100, 10)), (Tag(0x88A8, 100), 10)),
        ((Tag(0x88A8, 100), Tag(0x8100, 0)), (None, 100)),
        ((Tag(0x88A8, 100), Tag(0x8100, 0), Tag(0x8100, 10)), (Tag(0x88A8, 100), 10)),
    ],
)
def test_two_tags(tags, expected):
    assert ethernet.two_tags(tags) == expected


def test_a_third_tag_that_names_a_vlan_is_one_too_many():
    with refuses(Reason.STACKED_TAGS):
        ethernet.two_tags((Tag(0x88A8, 100), Tag(0x8100, 10), Tag(0x8100, 11)))
