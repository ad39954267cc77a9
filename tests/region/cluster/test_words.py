"""What members write to each other."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.model import Host, Wall
from bellrock.region.cluster.words import (
    Alive,
    Arrived,
    Event,
    Fresh,
    Left,
    Nth,
    Open,
    Over,
    Refuse,
    Said,
    Say,
    Shut,
    decode,
    encode,
    known,
)
from bellrock.region.tls import Channel

HOST = Host("id-rack1", "rack1", "rack")
WORDS = (
    Nth(7),
    Fresh(),
    Over(((HOST.id, "b"),)),
    Arrived(key=1, host=HOST, boot="b", expires=Wall(5.0), carries_out=("capture",), offset=-0.5),
    Left(1, HOST.id, "gone"),
    Alive(((HOST, Wall(1.5), 0.25),)),
    Said(1, HOST.id, '{"type":"done","order":"1"}'),
    Say(1, HOST.id, "{}"),
    Refuse(1, HOST.id, "revoked"),
    Open(
        stream=3, kind="http", path="/é", raw_path=b"/%C3%A9", query=b"a=b", headers=((b"host", b"x"),), scheme="https",
        http_version="1.1", method="GET", client=("::1", 5), server=("unix", None), channel=Channel(True, b"\x01", "a", "0f"),
    ),
    Event(3, {"type": "http.response.body", "body": b"\x00\xff", "more_body": False}),
    Shut(3),
)  # fmt: skip


def test_all_words_arrive_as_they_were_said():
    assert decode(encode(WORDS)) == WORDS


def test_fields_that_a_newer_version_adds_are_passed_over():
    said = msgspec.to_builtins(Left(1, "a", "w")) | {"since": 7, "more": [1]}
    assert decode(msgspec.msgpack.encode([said])) == (Left(1, "a", "w"),)


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", encode((1,)), msgspec.msgpack.encode([{"type": "unheard-of"}])], ids=range(4)
)
def test_what_is_no_letter_of_this_version_is_an_error_of_one_kind(body):
    with pytest.raises(msgspec.MsgspecError):
        decode(body)


def test_words_that_a_newer_version_adds_are_passed_over_and_the_others_heard():
    said = [msgspec.to_builtins(one) for one in (Left(1, "a", "w"), Shut(3))]
    body = msgspec.msgpack.encode([said[0], {"type": "unheard-of", "more": [1]}, {"type": "shut"}, said[1]])
    words, wrong = known(body)
    assert words == (Left(1, "a", "w"), Shut(3))
    assert "stream" in wrong
    assert known(encode(words)) == (words, "")
    with pytest.raises(msgspec.MsgspecError):
        known(b"\xc1")


@given(st.binary(max_size=60))
def test_any_octets_are_words_or_that_error(body):
    try:
        words = decode(body)
    except msgspec.MsgspecError:
        return
    assert isinstance(words, tuple)
