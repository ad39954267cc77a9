from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.firewall.verify.box import Box
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.describe import (
    describe,
    interface_name,
    interface_number,
    outline,
    sentence,
    table,
    texts,
)
from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.headers import PORTED
from tests.firewall.verify.rules import boxes

ETH0 = interface_number("eth0")
ETH_ANY = Intervals.prefix(interface_number("eth"), 24, 128)


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("saddr", Intervals.span(0x0A000000, 0x0A0000FF), ["10.0.0.0/24"]),
        ("saddr", Intervals.span(0x0A000001, 0x0A000005), ["10.0.0.1-10.0.0.5"]),
        ("daddr", Intervals.of(0x0A000001), ["10.0.0.1"]),
        ("daddr6", Intervals.prefix(0xFE80 << 112, 10, 128), ["fe80::/10"]),
        ("dport", Intervals([(69, 69), (1024, 65535)]), ["69", "1024-65535"]),
        ("l4proto", Intervals.of(6, 17, 253), ["tcp", "udp", "253"]),
        ("l4proto", Intervals.span(0, 200), ["0-200"]),
        ("ct_state", Intervals.of(3, 4), ["new", "untracked"]),
        ("mark", Intervals([(1, 1), (16, 31)]), ["0x1", "0x10-0x1f"]),
        ("iifname", Intervals.of(ETH0), ["eth0"]),
        ("iifname", Intervals.of(0), ["none"]),
        ("oifname", ETH_ANY, ["eth*"]),
        ("oifname", Intervals.full(128) - Intervals.of(ETH0), ["not eth0"]),
        ("iifname", Intervals.span(ETH0, ETH0 + 5), ["eth0…eth0" + "\\x00" * 11 + "\\x05"]),
        ("ether_saddr", Intervals.of(0x020000000001), ["02:00:00:00:00:01"]),
        ("ether_daddr", Intervals.span(1, 2), ["00:00:00:00:00:01-00:00:00:00:00:02"]),
    ],
)
def test_values_are_written_as_people_write_them(field, values, said):
    assert list(texts(field, values)) == said


def test_a_box_reads_as_a_sentence_and_as_a_table():
    (box,) = boxes(nfproto=2, l4proto=17, saddr=(0x0A000000, 0x0A0000FF), dport=69)
    assert sentence(box) == "IPv4 udp from 10.0.0.0/24 port 69"
    assert table(box) == {"family": ["IPv4"], "protocol": ["udp"], "from": ["10.0.0.0/24"], "port": ["69"]}
    assert sentence(Box({})) == "everything"


def test_long_sets_are_shortened_in_words_and_whole_in_tables():
    (box,) = boxes(dport=list(range(1, 24, 2)))
    assert sentence(box) == "port 1,3,5,7,9,11,13,15,…"
    assert len(table(box)["port"]) == 12
    (rest,) = boxes(dport=Intervals.full(16) - Intervals.of(53))
    assert sentence(rest) == "port not 53"
    many = Boxes(Box({"sport": Intervals.of(at), "dport": Intervals.of(at)}) for at in range(6))
    assert describe(many).endswith("; and 2 more")
    assert describe(Boxes.nothing()) == "no packet"


V4, V6 = Intervals.full(32), Intervals.full(128)
DOC = Intervals.prefix(0x20010DB8 << 96, 32, 128)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"saddr6": V6 - DOC}, "from all but 2001:db8::/32"),
        ({"saddr": V4 - Intervals.span(0x0A000001, 0x0A000002)}, "from all but 10.0.0.1-10.0.0.2"),
        ({"daddr": (0x0A000000, 0x0A0002FF)}, "to 10.0.0.0-10.0.2.255"),
        ({"daddr6": (0x20010DB8 << 96, (0x20010DBB << 96) - 1)}, "to 2001:db8::/31,2001:dba::/32"),
        ({"saddr": [(0x0A000000, 0x0A0000FF), 0x0A000200]}, "from 10.0.0.0/24,10.0.2.0"),
        ({"l4proto": Intervals.full(8) - Intervals.of(6, 17, 58)}, "not tcp,udp,icmpv6"),
        ({"nfproto": [2, 10], "l4proto": 6}, "tcp"),
        ({"nfproto": [2, 10]}, "everything"),
        ({"l4proto": PORTED, "dport": 22}, "port 22"),
        ({"l4proto": PORTED}, "tcp,udp,dccp,sctp,udplite"),
        ({"iifname": Intervals.full(128) - Intervals.of(ETH0)}, "in not eth0"),
        ({"ct_state": [1, 2]}, "state established,related"),
    ],
)
def test_the_shorter_wording_is_taken(fields, said):
    (box,) = boxes(**fields)
    assert sentence(box) == said


def test_of_a_very_long_set_the_beginning_is_said():
    (box,) = boxes(saddr=[at * 4 for at in range(100)])
    assert sentence(box) == "from 0.0.0.0,0.0.0.4,0.0.0.8,0.0.0.12,0.0.0.16,0.0.0.20,0.0.0.24,0.0.0.28,…"


def test_an_outline_is_exact_where_that_is_short():
    one = boxes(l4proto=6, dport=22)
    assert outline(one) == "tcp port 22"
    assert outline(one | boxes(l4proto=17, dport=53)) == "tcp port 22; udp port 53"
    assert outline(one, exact=False) == "tcp port 22 beyond what flows need"
    many = Boxes(
        Box({"l4proto": Intervals.of(6), "sport": Intervals.of(at), "dport": Intervals.of(at)}) for at in range(6)
    )
    assert outline(many) == "tcp source port 0-5 port 0-5 beyond what flows need"
    apart = boxes(dport=[10000 + at * 9 for at in range(1, 20)], sport=1) | boxes(
        dport=[10000 + at * 7 for at in range(1, 20)], sport=3
    )
    assert (
        outline(apart)
        == "source port 1,3 port 10007,10009,10014,10018,10021,10027-10028,10035-10036,10042,… beyond what flows need"
    )
    assert outline(many | boxes(l4proto=17)) == "tcp,udp beyond what flows need"
    assert outline(Boxes.nothing()) == "no packet"


def test_names_of_interfaces_are_their_octets():
    assert interface_name(interface_number("eth1.10")) == "eth1.10"
    with pytest.raises(ValueError, match="longer than 15 octets"):
        interface_number("an-interface-name")


def test_every_field_can_be_described():
    for name, width in FIELDS.items():
        assert "".join(texts(name, Intervals.of((1 << width) - 1)))


def read(text, field):
    """A wording of addresses, as a person reads it."""
    found = Intervals()
    for word in text.removeprefix("all but ").split(","):
        low, _, high = word.partition("-")
        net = ip_network(low)
        last = ip_address(high) if high else net[-1]
        found |= Intervals.span(int(net[0]), int(last))
    return found.complement(FIELDS[field]) if text.startswith("all but ") else found


@given(
    st.sampled_from(["saddr", "daddr6"]),
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**31), st.integers(0, 96)), min_size=1, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_wording_it_says_the_set(field, spans):
    width = FIELDS[field]
    whole = Intervals.full(width)
    values = whole & Intervals((first << up, (first << up) + (more << up)) for first, more, up in spans)
    if not values or values == whole:
        return
    (_, _, text) = sentence(Box({field: values})).partition(" ")
    assert read(text, field) == values
