"""Marked first packets: each is what its protocol takes for one, and holds its mark."""

import struct

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.wire import dhcp, dhcp6, mark, marked, ntp
from bellrock.wire.mark import Kind, Mark

KEY, WALK = bytes(range(32)), bytes(range(8))
TEXT = mark.encode(Mark(WALK, Kind.REQUEST, 2), KEY)
PORTS = (53, 67, 69, 123, 514, 547, 623, 5247, 4011)


@pytest.mark.parametrize("port", PORTS)
def test_the_mark_is_found_in_it_and_it_is_not_large(port):
    said = marked.payload(port, TEXT, "10.0.0.1")
    assert mark.find(said, WALK, KEY) == Mark(WALK, Kind.REQUEST, 2)
    assert len(said) <= 512 - 42


@pytest.mark.parametrize("port", PORTS)
def test_the_answer_is_no_larger_than_the_question_and_holds_its_mark(port):
    reply = mark.encode(Mark(WALK, Kind.REPLY, 2), KEY)
    said = marked.answer(port, reply)
    assert mark.find(said, WALK, KEY).kind is Kind.REPLY
    assert len(said) <= len(marked.payload(port, TEXT, "10.0.0.1"))


def test_dns():
    asked = dns.message.from_wire(marked.payload(53, TEXT, "10.0.0.1"))
    (question,) = asked.question
    assert question.name.to_text() == f"{TEXT.decode()}.invalid."
    assert not asked.flags & dns.flags.RD


def test_tftp():
    said = marked.payload(69, TEXT, "10.0.0.1")
    assert said == b"\0\1" + TEXT + b"\0octet\0"
    assert marked.answer(69, TEXT).startswith(b"\0\5\0\0")


def test_ntp():
    said = marked.payload(123, TEXT, "10.0.0.1")
    assert ntp.parse(said[:48]).mode == 3
    kind, size = struct.unpack_from("!HH", said, 48)
    assert (kind, size, len(said)) == (0xF323, 48, 96)
    assert size % 4 == 0


def test_dhcp_asks_for_parameters_and_no_lease():
    said = dhcp.decode(marked.payload(67, TEXT, "10.0.0.1"))
    assert (said.kind, said.ciaddr, said.options) == (dhcp.Kind.INFORM, "10.0.0.1", {224: TEXT})


def test_dhcpv6_asks_for_parameters_and_no_lease():
    said = dhcp6.decode(marked.payload(547, TEXT, "::"))
    assert said.kind == 11
    assert said.options == ((dhcp6.USER_CLASS, b"\0\x2c" + TEXT),)


def test_syslog():
    assert marked.payload(514, TEXT, "10.0.0.1") == b"<191>1 - - bellrock - - - " + TEXT


def test_rmcp_is_a_presence_ping():
    assert marked.payload(623, TEXT, "10.0.0.1")[:12].hex() == "0600ff06000011be80000000"


@given(st.integers(1, 65535))
def test_any_port(port):
    assert mark.find(marked.payload(port, TEXT, "192.0.2.1"), WALK, KEY).walk == WALK
