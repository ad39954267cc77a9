import pytest

from bellrock.firewall.verify.box import Box
from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.describe import describe, interface_name, interface_number, sentence, table, texts
from bellrock.firewall.verify.fields import FIELDS
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
    (box,) = boxes(dport=[1, 3, 5, 7, 9, 11])
    assert sentence(box) == "port 1,3,5,7,…"
    assert len(table(box)["port"]) == 6
    (rest,) = boxes(dport=Intervals.full(16) - Intervals.of(53))
    assert sentence(rest) == "port not 53"
    many = Boxes(Box({"sport": Intervals.of(at), "dport": Intervals.of(at)}) for at in range(6))
    assert describe(many).endswith("; and 2 more")
    assert describe(Boxes.nothing()) == "no packet"


def test_names_of_interfaces_are_their_octets():
    assert interface_name(interface_number("eth1.10")) == "eth1.10"
    with pytest.raises(ValueError, match="longer than 15 octets"):
        interface_number("an-interface-name")


def test_every_field_can_be_described():
    for name, width in FIELDS.items():
        assert "".join(texts(name, Intervals.of((1 << width) - 1)))
