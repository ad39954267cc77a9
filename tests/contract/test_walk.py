"""The words of walks: what is taken, what is not, and that both ends read what the other writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.contract.v1 import ContractError, Done, Order, decode_agent_message, decode_region_message, encode
from bellrock.contract.walk import (
    MAX_SIGHTINGS,
    Path,
    Ruled,
    Seen,
    Sent,
    Served,
    Sighting,
    TellPath,
    WalkPath,
    Watching,
    WatchPath,
    WhichRule,
)

PATH = Path(walk="00112233445566aa", key="ab" * 32, protocol="tcp", target="fd02::2", port=53, source_port=50000)
SIGHTING = Sighting(
    at=1.5, what="error", out=False, interface="eth0", source="10.0.0.1", source_port=0, destination="10.0.0.2", destination_port=65535,
    by="10.0.0.9", kind=11, number=3,
)  # fmt: skip
ORDERS = [WatchPath(PATH), WatchPath(PATH, False), WalkPath(PATH, True, 24), TellPath(PATH.walk, (1, 2**32 - 1)),
          WhichRule("udp", "10.0.0.1", 0, "10.0.0.2", 53, "input", "eth0", True)]  # fmt: skip
ANSWERS = [Watching(order="1", listener="held", why="named"), Seen(order="1", sightings=(SIGHTING,), lost=2, sent=Sent(tries=3)),
           Seen(order="1", served=Served(accepted=1, half_open=1)), Ruled(order="1", verdict="unknown", why="no nft")]  # fmt: skip


@pytest.mark.parametrize("do", ORDERS, ids=lambda do: type(do).__name__)
def test_orders(do):
    assert decode_region_message(encode(Order("1", do))) == Order("1", do)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: type(one).__name__)
def test_answers(answer):
    assert decode_agent_message(encode(answer)) == answer


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("walk", "0"), ("walk", "00112233445566aa\n"), ("walk", "00112233445566AA"), ("key", "ab" * 31), ("protocol", "sctp"),
        ("port", 0), ("port", 65536), ("source_port", 0), ("within", 0.0), ("within", 31.0), ("target", "x" * 300),
    ],
    ids=["short-walk", "newline", "capitals", "short-key", "sctp", "port-0", "port-65536", "source-0", "at-once", "for-ever", "long"],
)  # fmt: skip
def test_a_path_that_is_none_is_refused(field, value):
    text = encode(Order("1", WatchPath(structs.replace(PATH, **{field: value}))))
    with pytest.raises(ContractError, match=rf"\$\.do\.path\.{field}"):
        decode_region_message(text)


def test_bounds():
    with pytest.raises(ContractError):
        decode_agent_message(encode(Seen(order="1", sightings=(SIGHTING,) * (MAX_SIGHTINGS + 1))))
    with pytest.raises(ContractError):
        decode_region_message(encode(Order("1", WalkPath(PATH, hops=25))))
    with pytest.raises(ContractError):
        decode_region_message(encode(Order("1", TellPath(PATH.walk, tuple(range(MAX_SIGHTINGS + 1))))))
    assert len(encode(Seen(order="1", sightings=(SIGHTING,) * MAX_SIGHTINGS))) < 1 << 17


def test_the_key_is_told_in_orders_to_the_two_ends_alone():
    for answer in ANSWERS:
        assert PATH.key not in encode(answer)
    assert decode_agent_message(encode(Done("1"))) == Done("1")


@given(st.binary(max_size=400))
def test_any_octets_are_a_message_or_the_one_error(octets):
    for decode in (decode_agent_message, decode_region_message):
        try:
            decode(octets)
        except ContractError as error:
            said = str(error)
        else:
            said = "a message"
        assert said
