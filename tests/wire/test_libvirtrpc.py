import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import libvirtrpc as rpc
from bellrock.wire.errors import Reason
from bellrock.wire.libvirtrpc import Refusal, Reply
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

HEAD = "20008086 00000001"


def test_calls():
    assert rpc.build_call(rpc.AUTH_LIST, 1) == bytes.fromhex(f"0000001c {HEAD} 00000042 00000000 00000001 00000000")
    octets = rpc.build_call(rpc.OPEN, 2, rpc.open_body("qemu:///system"))
    text = b"qemu:///system".hex() + "0000"
    assert octets == bytes.fromhex(
        f"00000038 {HEAD} 00000001 00000000 00000002 00000000 00000001 0000000e {text} 00000001"
    )


@pytest.mark.parametrize(("length", "size"), [("0000001c", 24), ("00010000", 65532)])
def test_lengths(length, size):
    assert rpc.body_length(bytes.fromhex(length)) == size


@pytest.mark.parametrize(
    ("length", "reason"),
    [("0000001b", Reason.MALFORMED), ("48545450", Reason.TOO_BIG), ("000000", Reason.TRUNCATED)],
    ids=["shorter than its header", "HTTP", "three octets"],
)
def test_lengths_of_no_message(length, reason):
    with refuses(reason):
        rpc.body_length(bytes.fromhex(length))


REPLIES = [
    ("a reply", f"{HEAD} 00000042 00000001 00000001 00000000 00000001 00000000", Reply(66, 1, True, bytes.fromhex("0000000100000000"))),
    ("an error", f"{HEAD} 00000001 00000001 00000002 00000001", Reply(1, 2, False, b"")),
    ("a keep-alive", "6b656570 00000001 00000001 00000002 00000000 00000000", None),
    ("an event", f"{HEAD} 00000069 00000002 00000000 00000000", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), [row[1:] for row in REPLIES], ids=[row[0] for row in REPLIES])
def test_replies(text, value):
    assert rpc.parse_reply(bytes.fromhex(text)) == value


@pytest.mark.parametrize("text", [f"{HEAD[:8]} 00000002 00000042 00000001 00000001 00000000", f"{HEAD} 00000042 00000001 00000001 00000002"],
                         ids=["version 2", "status 2"])  # fmt: skip
def test_what_is_no_reply(text):
    with refuses(Reason.MALFORMED):
        rpc.parse_reply(bytes.fromhex(text))


def test_every_prefix_of_a_header_is_refused():
    octets = bytes.fromhex(REPLIES[0][1])
    for size in range(24):
        with refuses(Reason.TRUNCATED):
            rpc.parse_reply(octets[:size])


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("00000000", ()),
        ("00000001 00000000", ("none",)),
        ("00000003 00000001 00000002 00000007", ("sasl", "polkit", "7")),
    ],
)
def test_ways_to_log_in(text, ways):
    assert rpc.parse_mechanisms(bytes.fromhex(text)) == ways


@pytest.mark.parametrize(("text", "reason"), [("00000015", Reason.TOO_BIG), ("00000002 00000000", Reason.TRUNCATED)])
def test_what_is_no_list_of_ways(text, reason):
    with refuses(reason):
        rpc.parse_mechanisms(bytes.fromhex(text))


def test_what_is_told():
    assert rpc.parse_text(bytes.fromhex("00000004 51454d55")) == "QEMU"
    assert rpc.parse_text(bytes.fromhex("00000003 611b62 00")) == "a\ufffdb"
    assert rpc.parse_version((9_000_000).to_bytes(8, "big")) == "9.0.0"
    assert rpc.parse_version((10_011_012).to_bytes(8, "big")) == "10.11.12"
    assert rpc.parse_refusal(bytes.fromhex("00000026 00000007 00000001 00000002 6e6f 0000 00000002")) == Refusal(
        38, 7, "no"
    )
    assert rpc.parse_refusal(bytes.fromhex("00000026 00000007 00000000")) == Refusal(38, 7, "")


@given(st.binary(max_size=80), st.sampled_from([b"", bytes.fromhex(HEAD), bytes.fromhex("00000001")]))
def test_a_value_or_the_one_error(data, begun):
    for parse in (
        rpc.parse_reply,
        rpc.parse_mechanisms,
        rpc.parse_text,
        rpc.parse_version,
        rpc.parse_refusal,
        rpc.body_length,
    ):
        value_or_refusal(lambda parse=parse: parse(begun + data))
