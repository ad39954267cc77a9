"""Elements of sets and maps."""

import pytest

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.read import sets
from bellrock.firewall.verify.read.context import Context, Known
from bellrock.firewall.verify.read.values import UndecidedError
from tests.firewall.verify.read.documents import meta, named_set, of, payload

S = ("inet", "t", "s")


def at(body=None, *, filled: bool = False) -> Context:
    known = Known(sets={S: body["set"]} if body else {}, filled={S} if filled else set())
    return Context("inet", "t", known, link_layer=False)


def test_a_named_set_is_remembered_by_its_key():
    context = at(named_set("s", "inet_service", [80]))
    tcp, udp = (sets.key(payload(protocol, "dport"), context) for protocol in ("tcp", "udp"))
    first = sets.members(tcp, "@s", context)
    assert sets.members(tcp, "@s", context) is first
    assert first == of(dport=80)
    assert sets.members(udp, "@s", context) == first


def test_one_element_comes_without_a_list():
    context = at()
    assert sets.members(sets.key(payload("tcp", "dport"), context), {"set": 80}, context) == of(dport=80)
    assert sets.entries({"set": 80}, context) == [80]


def test_rows_of_what_is_no_field_are_products():
    context = at()
    looked_up = sets.key({"concat": [meta("protocol"), payload("tcp", "dport")]}, context)
    rows = {"set": [{"concat": ["ip", 80]}, {"concat": ["ip6", 81]}]}
    assert sets.members(looked_up, rows, context) == of(nfproto=2, dport=80) | of(nfproto=10, dport=81)
    assert looked_up.needs == of(l4proto=6)
    assert looked_up.unsure(Boxes.everything()) == Boxes.nothing()


@pytest.mark.parametrize("right", ["@other", 5, {"set": [{"concat": [1, 2]}]}])
def test_what_is_no_set(right):
    context = at()
    with pytest.raises(UndecidedError):
        sets.members(sets.key(payload("tcp", "dport"), context), right, context)


def test_a_row_of_another_length():
    context = at()
    looked_up = sets.key({"concat": [payload("ip", "saddr"), payload("tcp", "dport")]}, context)
    with pytest.raises(UndecidedError):
        sets.members(looked_up, {"set": [{"concat": ["0.0.0.1"]}]}, context)


def test_a_set_that_rules_fill():
    context = at(named_set("s", "inet_service", [80]), filled=True)
    with pytest.raises(UndecidedError, match="rules change"):
        sets.entries("@s", context)
    with pytest.raises(UndecidedError):
        sets.entries(5, context)
