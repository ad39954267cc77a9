import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import ipmi
from bellrock.wire.errors import Reason
from bellrock.wire.ipmi import Answer, Capabilities, Opened, Suite
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

# What ipmitool sends and OpenIPMI's simulator answers, behind the RMCP header.
REQUESTS = [
    ("capabilities", ipmi.build_command(0x38, ipmi.capabilities_request(), 1), "00 00000000 00000000 09 20 18 c8 81 04 38 8e 04 b1"),
    ("capabilities of IPMI 1.5", ipmi.build_command(0x38, ipmi.capabilities_request(extended=False), 0), "00 00000000 00000000 09 20 18 c8 81 00 38 0e 04 35"),
    ("cipher suites, part 2", ipmi.build_command(0x54, ipmi.suites_request(2), 63), "00 00000000 00000000 0a 20 18 c8 81 fc 54 0e 00 82 9f"),
    ("open", ipmi.build_open(7, 0xA0A1A2A3, Suite(17, 3, 4, 1)),
     "06 10 00000000 00000000 2000 07 00 0000 a3a2a1a0 00 0000 08 03 000000 01 0000 08 04 000000 02 0000 08 01 000000"),
    ("abandon", ipmi.build_abandon(8, 0x0102), "06 14 00000000 00000000 0800 08 09 0000 02010000"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "text"), [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS])
def test_requests(octets, text):
    assert octets == bytes.fromhex(text)


ANSWER = bytes.fromhex("00 00000000 00000000 10 81 1c 63 20 04 38 00 01 97 04 03 00 00 00 00 05".replace(" ", ""))


def test_an_answer():
    assert ipmi.parse_answer(ANSWER) == Answer(0x38, 1, 0, bytes.fromhex("0197040300000000"))
    for size in range(len(ANSWER)):
        with refuses(Reason.TRUNCATED):
            ipmi.parse_answer(ANSWER[:size])


def test_an_answer_that_says_no():
    octets = bytes.fromhex("00 00000000 00000000 08 81 1c 63 20 08 54 c1 c3")
    assert ipmi.parse_answer(octets) == Answer(0x54, 2, 0xC1, b"")


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"\x06" + ANSWER[1:], Reason.UNSUPPORTED),
        (ANSWER[:12] + b"\x64" + ANSWER[13:], Reason.BAD_CHECKSUM),
        (ANSWER[:-1] + b"\x00", Reason.BAD_CHECKSUM),
        (bytes.fromhex("00 00000000 00000000 07 81 1c 63 20 04 38 00"), Reason.TRUNCATED),
        (bytes.fromhex("00 00000000 00000000 08 20 18 c8 81 04 38 8e b5"), Reason.UNSUPPORTED),
        (bytes.fromhex("00 00000000 00000000 00"), Reason.TRUNCATED),
    ],
    ids=["of a session", "first checksum", "second checksum", "no completion code", "a request", "an empty message"],
)
def test_what_is_no_answer(octets, reason):
    with refuses(reason):
        ipmi.parse_answer(octets)


CAPABILITIES = [
    ("both versions", "01 97 04 03 00 00 00 00",
     Capabilities(channel=1, ipmi15=True, ipmi20=True, types=("none", "md2", "md5", "password"), anonymous=False, null_names=False,
                  per_message=True, two_keys=False, oem=0)),
    ("two keys, null names, anonymous, OEM", "0e a0 33 02 a2 02 00 00",
     Capabilities(channel=14, ipmi15=False, ipmi20=True, types=("oem",), anonymous=True, null_names=True, per_message=False,
                  two_keys=True, oem=674)),
    ("IPMI 1.5", "01 04 20 ff 00 00 00 00",
     Capabilities(channel=1, ipmi15=True, ipmi20=False, types=("md5",), anonymous=False, null_names=False, per_message=True,
                  two_keys=False, oem=0)),
    ("extended, and 1.5 all the same", "01 84 00 01 00 00 00 00",
     Capabilities(channel=1, ipmi15=True, ipmi20=False, types=("md5",), anonymous=False, null_names=False, per_message=True,
                  two_keys=False, oem=0)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in CAPABILITIES], ids=[row[0] for row in CAPABILITIES])
def test_capabilities(text, value):
    data = bytes.fromhex(text)
    assert ipmi.parse_capabilities(data) == value
    for size in range(7):
        with refuses(Reason.TRUNCATED):
            ipmi.parse_capabilities(data[:size])


SUITES = [
    ("none", "", ()),
    ("0 to 3", "c0 00 00 40 80 c0 01 01 40 80 c0 02 01 41 80 c0 03 01 41 81",
     (Suite(0, 0, 0, 0), Suite(1, 1, 0, 0), Suite(2, 1, 1, 0), Suite(3, 1, 1, 1))),
    ("17, and one of an enterprise", "c0 11 03 44 81 c1 80 a20200 01 41 81", (Suite(17, 3, 4, 1), Suite(0x80, 1, 1, 1, 674))),
    ("several algorithms of a kind: the first", "c0 09 02 42 41 83", (Suite(9, 2, 2, 3),)),
    ("ids and numbers like the beginning of a record", "c0 c0 01 c1 c1 c0c1c0 02", (Suite(0xC0, 1, 0, 0), Suite(0xC1, 2, 0, 0, 0xC0C1C0))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in SUITES], ids=[row[0] for row in SUITES])
def test_suites(text, value):
    assert ipmi.parse_suites(bytes.fromhex(text)) == value


@pytest.mark.parametrize(
    ("text", "reason"), [("00", Reason.MALFORMED), ("c0", Reason.TRUNCATED), ("c1 80 a202", Reason.TRUNCATED)]
)
def test_what_is_no_list_of_suites(text, reason):
    with refuses(reason):
        ipmi.parse_suites(bytes.fromhex(text))


OPENED = [
    ("accepted", "06 11 00000000 00000000 2400 07 00 04 00 a3a2a1a0 02000000 00000008 01000000 01000008 01000000 02000008 01000000",
     Opened(7, 0, 0xA0A1A2A3, 2)),
    ("refused", "06 11 00000000 00000000 0800 07 11 00 00 a3a2a1a0", Opened(7, 0x11)),
    ("refused, and nothing more", "06 11 00000000 00000000 0200 07 01", Opened(7, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in OPENED], ids=[row[0] for row in OPENED])
def test_opened(text, value):
    octets = bytes.fromhex(text)
    assert ipmi.parse_opened(octets) == value
    for size in range(len(octets)):
        with refuses(Reason.TRUNCATED):
            ipmi.parse_opened(octets[:size])


@pytest.mark.parametrize("text", ["06 15 00000000", "00 11 00000000"], ids=["RAKP 4", "IPMI 1.5"])
def test_what_opens_nothing(text):
    with refuses(Reason.UNSUPPORTED):
        ipmi.parse_opened(bytes.fromhex(text))


@given(st.binary(max_size=80), st.sampled_from([b"", bytes(9), bytes.fromhex("0611") + bytes(8), b"\xc0", b"\xc1"]))
def test_a_value_or_the_one_error(data, begun):
    for parse in (ipmi.parse_answer, ipmi.parse_capabilities, ipmi.parse_opened, ipmi.parse_suites):
        value_or_refusal(lambda parse=parse: parse(begun + data))


@given(st.integers(0, 255), st.binary(max_size=40), st.integers(0, 63))
def test_checksums_are_right(command, data, sequence):
    message = ipmi.build_command(command, data, sequence)[10:]
    assert sum(message[:3]) % 256 == sum(message[3:]) % 256 == 0
