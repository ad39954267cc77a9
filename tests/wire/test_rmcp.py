import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import rmcp
from bellrock.wire.errors import Reason
from bellrock.wire.rmcp import ASF, IPMI, Pong
from fuzz.contract import value_or_refusal
from tests.wire.vectors import refuses

# ASF 2.0 §3.2.4.3, and what OpenIPMI's simulator answers.
PONGS = [
    ("06 00 ff 06 000011be 40 05 00 10 000011be 00000000 81 00 000000000000", Pong(5, 4542, True, False)),
    ("06 00 ff 06 000011be 40 00 00 10 000002a2 00000001 01 80 000000000000", Pong(0, 674, False, True)),
]


@pytest.mark.parametrize(("text", "pong"), PONGS, ids=["IPMI", "ASF with security extensions"])
def test_pongs(text, pong):
    kind, payload = rmcp.unwrap(bytes.fromhex(text))
    assert kind == ASF
    assert rmcp.parse_pong(payload) == pong
    for size in range(18):
        with refuses(Reason.TRUNCATED):
            rmcp.parse_pong(payload[:size])


def test_pings():
    assert rmcp.build_ping(7) == bytes.fromhex("06 00 ff 06 000011be 80 07 00 00")


@given(st.binary(max_size=60), st.integers(0, 31))
def test_a_payload_comes_back(payload, kind):
    assert rmcp.unwrap(rmcp.wrap(payload, kind)) == (kind, payload)
    assert rmcp.wrap(payload)[3] == IPMI


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.TRUNCATED),
        ("06 00 ff", Reason.TRUNCATED),
        ("00 05 00 04", Reason.UNKNOWN_VERSION),
        ("06 00 01 86", Reason.UNSUPPORTED),
    ],
    ids=["nothing", "three octets", "TFTP", "an acknowledgement"],
)
def test_what_is_no_message(text, reason):
    with refuses(reason):
        rmcp.unwrap(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("000011be 80 00 00 00", Reason.UNSUPPORTED),
        ("00000000 40 00 00 10", Reason.UNSUPPORTED),
        ("000011be 40 00 00 09" + "00" * 16, Reason.MALFORMED),
    ],
    ids=["a ping", "another enterprise", "too short by its own word"],
)
def test_what_is_no_pong(text, reason):
    with refuses(reason):
        rmcp.parse_pong(bytes.fromhex(text))


@given(st.binary(max_size=60), st.sampled_from([b"", bytes.fromhex("0600ff06"), bytes.fromhex("0600ff06000011be40")]))
def test_a_value_or_the_one_error(data, begun):
    found = value_or_refusal(lambda: rmcp.unwrap(begun + data))
    if found is not None:
        value_or_refusal(lambda: rmcp.parse_pong(found[1]))
