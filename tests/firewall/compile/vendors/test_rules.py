"""The common tongue of what is meant and what is said."""

import pytest

from bellrock.firewall.compile.vendors.rules import (
    EVERY_PORT,
    WHOLE,
    ReadbackError,
    Rule,
    everything,
    joined,
    protocol_of,
    with_comment,
)
from bellrock.flows.values import Protocol


def test_the_last_line_takes_all_and_nothing_less_does():
    last = everything(6, direction="in")
    assert last.takes_all
    assert (last.accept, last.direction) == (False, "in")
    some = Rule(name="", accept=False, family=6, protocol=Protocol.TCP, sources=WHOLE[6], destinations=WHOLE[6])
    assert not some.takes_all
    assert some.destination_ports == EVERY_PORT


def test_protocols_have_numbers():
    assert protocol_of(58) is Protocol.ICMPV6
    with pytest.raises(ReadbackError, match="protocol 132 is none"):
        protocol_of(132)


def test_ranges_are_joined_where_they_touch():
    assert joined([(5, 9), (0, 3), (4, 4), (20, 30), (22, 25)]) == ((0, 9), (20, 30))


def test_remarks_add_up():
    assert with_comment(with_comment(everything(4), "one"), "two").comment == "one; two"
