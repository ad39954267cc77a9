"""Matches: nft's text → its JSON → the packets that go on. The JSON is what nft 1.0.6 prints."""

import pytest

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.read.values import interface
from bellrock.firewall.verify.ruleset import Match, May
from tests.firewall.verify.read.documents import ct, match, matched, meta, named_set, of, payload, steps

LAN = interface("lan*")
TRACKED = {"ct_state": (1, 3)}


@pytest.mark.parametrize(
    ("left", "op", "right", "expected"),
    [
        # ip saddr 10.0.0.0/8
        (payload("ip", "saddr"), "==", {"prefix": {"addr": "10.0.0.0", "len": 8}}, of(nfproto=2, saddr=(0x0A000000, 0x0AFFFFFF))),
        # ip saddr != 0.0.0.1
        (payload("ip", "saddr"), "!=", "0.0.0.1", of(nfproto=2, saddr=[0, (2, 2**32 - 1)])),
        # ip saddr { 0.0.0.1, 0.0.0.3-0.0.0.4 }
        (payload("ip", "saddr"), "==", {"set": ["0.0.0.1", {"range": ["0.0.0.3", "0.0.0.4"]}]}, of(nfproto=2, saddr=[1, (3, 4)])),
        # ip saddr & 255.0.0.0 == 10.0.0.0
        ({"&": [payload("ip", "saddr"), "255.0.0.0"]}, "==", "10.0.0.0", of(nfproto=2, saddr=(0x0A000000, 0x0AFFFFFF))),
        # tcp dport != { 80, 443 }: still only TCP
        (payload("tcp", "dport"), "!=", {"set": [80, 443]}, of(l4proto=6, dport=[(0, 79), (81, 442), (444, 65535)])),
        # tcp dport >= 1024
        (payload("tcp", "dport"), ">=", 1024, of(l4proto=6, dport=(1024, 65535))),
        # tcp flags syn / syn,ack
        ({"&": [payload("tcp", "flags"), ["syn", "ack"]]}, "==", "syn", of(l4proto=6, tcp_flags=[x for x in range(256) if x & 0x12 == 2])),
        # tcp flags syn,ack: one of them
        (payload("tcp", "flags"), "in", ["syn", "ack"], of(l4proto=6, tcp_flags=[x for x in range(256) if x & 0x12])),
        # tcp flags ! syn
        (payload("tcp", "flags"), "!", "syn", of(l4proto=6, tcp_flags=[x for x in range(256) if not x & 2])),
        # tcp flags & (syn|ack) == { syn, ack }
        ({"&": [payload("tcp", "flags"), ["syn", "ack"]]}, "==", {"set": ["syn", "ack"]}, of(l4proto=6, tcp_flags=[x for x in range(256) if x & 0x12 in {2, 16}])),
        # icmp type echo-request
        (payload("icmp", "type"), "==", "echo-request", of(nfproto=2, l4proto=1, icmp_type=8)),
        (payload("icmpv6", "code"), "==", "no-route", of(nfproto=10, l4proto=58, icmpv6_code=0)),
        # ip6 nexthdr ipv6-icmp: MLD has an extension header in front
        (payload("ip6", "nexthdr"), "==", "ipv6-icmp", of(nfproto=10, l4proto=58, icmpv6_type=[(0, 129), (133, 142), (144, 255)])),
        (payload("ip6", "nexthdr"), "==", 0, of(nfproto=10, l4proto=58, icmpv6_type=[(130, 132), 143])),
        (payload("ip", "version"), "==", 4, of(nfproto=2)),
        (payload("ip", "version"), "!=", 4, Boxes.nothing()),
        (payload("ip6", "dscp"), "==", "cs1", of(nfproto=10, dscp=8)),
        (meta("nfproto"), "==", "ipv6", of(nfproto=10)),
        (meta("protocol"), "==", {"set": ["ip", "arp"]}, of(nfproto=[2, 3])),
        (meta("protocol"), "==", 0x88CC, of(nfproto=7, ether_type=0x88CC)),
        (meta("l4proto"), "==", {"set": ["tcp", "udp"]}, of(l4proto=[6, 17])),
        (meta("iifname"), "==", "lan*", Boxes.of(iifname=LAN)),
        (meta("iifname"), "!=", "lan*", Boxes.of(iifname=LAN.complement(128))),
        (meta("oif"), "==", "lan0", Boxes.of(oifname=interface("lan0"))),
        (meta("mark"), "==", 5, of(mark=5)),
        (meta("pkttype"), "==", "broadcast", of(pkttype=1)),
        (meta("length"), "==", {"range": [100, 200]}, of(length=(100, 200))),
        (ct("state"), "in", ["established", "related"], of(ct_state=(1, 2))),
        (ct("state"), "==", {"set": ["new"]}, of(ct_state=3)),
        (ct("state"), "!=", "new", of(ct_state=[(0, 2), 4])),
        (ct("state"), "!", "established", of(ct_state=[0, (2, 4)])),
        (ct("direction"), "==", "reply", of(ct_direction=1, **TRACKED)),
        (ct("mark"), "!=", 0, of(ct_mark=(1, 2**32 - 1), **TRACKED)),
        (ct("status"), "in", "dnat", of(ct_status_dnat=1, **TRACKED)),
        (ct("status"), "!", "dnat", of(ct_status_dnat=0, **TRACKED)),
        # marks that the ruleset cannot set are known where the ranges of a mask are few
        ({"&": [meta("mark"), 0xFFFFFF00]}, "==", 0x100, of(mark=(0x100, 0x1FF))),
    ],
)  # fmt: skip
def test_what_is_decided(left, op, right, expected):
    assert matched(left, right, op) == expected


def test_side_by_side():
    # ip saddr . tcp dport { 0.0.0.1 . 80, 10.0.0.0/8 . 7-9 }
    left = {"concat": [payload("ip", "saddr"), payload("tcp", "dport")]}
    wide = {"concat": [{"prefix": {"addr": "10.0.0.0", "len": 8}}, {"range": [7, 9]}]}
    found = matched(left, {"set": [{"concat": ["0.0.0.1", 80]}, wide]})
    low, high = (
        of(nfproto=2, l4proto=6, saddr=1, dport=80),
        of(nfproto=2, l4proto=6, saddr=(0x0A000000, 0x0AFFFFFF), dport=(7, 9)),
    )
    assert found == low | high
    assert matched(left, {"set": [{"concat": ["0.0.0.1", 80]}, wide]}, "!=") == of(nfproto=2, l4proto=6) - found


def test_side_by_side_with_what_is_no_field():
    # ct state . iifname . oifname { new . lan0 . lan1 }
    left = {"concat": [ct("state"), meta("iifname"), meta("oifname")]}
    found = matched(left, {"set": [{"concat": ["new", "lan0", "lan1"]}]})
    assert found == Boxes.of(ct_state=Intervals.of(3), iifname=interface("lan0"), oifname=interface("lan1"))
    # the same interface twice cannot be two
    twice = {"concat": [meta("iifname"), meta("iif")]}
    assert matched(twice, {"set": [{"concat": ["lan0", "lan1"]}]}) == Boxes.nothing()


def unsure(left, right, op="==", family="inet", objects=()):
    """What may go on, and the packets that this is about (None: all)."""
    found = steps(match(left, right, op), family=family, objects=objects)
    assert [type(step) for step in found] == [Match, May]
    return found[0].boxes, found[1].boxes


@pytest.mark.parametrize(
    ("left", "op", "right", "needs"),
    [
        ({"fib": {"result": "oif", "flags": ["saddr"]}}, "==", False, {}),
        (meta("skuid"), "==", 0, {}),
        (meta("iif"), "==", "5", {}),
        (meta("iif"), ">", "lan0", {}),
        (ct("helper"), "==", "tftp", TRACKED),
        (ct("status"), "in", "assured", TRACKED),
        ({"&": [ct("status"), "assured"]}, "==", "assured", TRACKED),
        (payload("tcp", "window"), "==", 10, {"l4proto": 6}),
        (payload("igmp", "type"), "==", "membership-query", {"l4proto": 2}),
        (payload("icmp", "id"), "==", 5, {"nfproto": 2, "l4proto": 1}),
        ({"tcp option": {"name": "maxseg", "field": "size"}}, "==", 10, {"l4proto": 6}),
        ({"exthdr": {"name": "frag"}}, "==", True, {"nfproto": 10}),
        ({"ip option": {"name": "ssrr"}}, "==", True, {"nfproto": 2}),
        ({"payload": {"base": "nh", "offset": 0, "len": 8}}, "==", 64, {}),
        ({"&": [payload("ip", "saddr"), "255.0.0.255"]}, "==", "10.0.0.1", {"nfproto": 2}),
        (payload("ip", "saddr"), "==", "@nowhere", {"nfproto": 2}),
        (payload("ip", "saddr"), "~", "1.2.3.4", {"nfproto": 2}),
        (payload("ip", "saddr"), "<", {"set": ["1.2.3.4"]}, {"nfproto": 2}),
        (payload("tcp", "dport"), "==", {"set": [{"concat": [1, 2]}]}, {"l4proto": 6}),
        (payload("tcp", "dport"), "==", {"set": [{"elem": {"val": 1, "limit": {}}}]}, {"l4proto": 6}),
        ({"surprise": 1}, "==", 2, {}),
        (None, "==", None, {}),
        (payload("tcp", "dport"), {"a": 1}, {"set": [80]}, {"l4proto": 6}),
    ],
)  # fmt: skip
def test_what_is_not_decided_may_match_within_what_nft_asks_first(left, op, right, needs):
    boxes, about = unsure(left, right, op)
    assert boxes == of(**needs)
    assert (about is None) == (not needs)
    assert about is None or about == of(**needs)


def test_ports_of_a_protocol_without_ports_are_some_octets():
    boxes, about = unsure(payload("th", "dport"), 53)
    ported = [6, 17, 33, 132, 136]
    assert about == Boxes.of(l4proto=Intervals.of(*ported).complement(8))
    assert boxes - about == of(l4proto=ported, dport=53)
    # meta l4proto . th dport { tcp . 80 }: nothing is left open
    left = {"concat": [meta("l4proto"), payload("th", "dport")]}
    assert matched(left, {"set": [{"concat": ["tcp", 80]}]}) == of(l4proto=6, dport=80)


def test_a_mark_of_many_ranges_is_told_for_the_marks_that_rules_set():
    sets_five = {"mangle": {"key": meta("mark"), "value": 0x105}}
    found = steps(sets_five, match({"&": [meta("mark"), 0xFF]}, 5))
    assert found[1].boxes - found[2].boxes == of(mark=0x105)
    assert found[2].boxes == Boxes.of(mark=Intervals.of(0, 0x105).complement(32))


@pytest.mark.parametrize(
    ("left", "right", "op", "expected"),
    [
        # ether type 8021q; ether type ip; ether type != ip; vlan id 5; vlan type ip6
        (payload("ether", "type"), "8021q", "==", of(vlan_type=0x8100)),
        (payload("ether", "type"), "ip", "==", of(vlan_type=0, nfproto=2)),
        (payload("vlan", "id"), 5, "==", of(vlan_type=0x8100, vlan_id=5)),
        (payload("vlan", "type"), "ip6", "==", of(vlan_type=0x8100, nfproto=10)),
        (meta("l4proto"), "udp", "!=", of(nfproto=[2, 10], l4proto=[(0, 16), (18, 255)])),
        (payload("ether", "saddr"), "02:00:00:00:00:01", "==", of(ether_saddr=0x020000000001)),
    ],
)
def test_frames(left, right, op, expected):
    assert matched(left, right, op, family="bridge") == expected


def test_a_tagged_frame_is_told_only_inside_its_tag():
    inside = steps(match(payload("vlan", "id"), 5), match(payload("ip", "saddr"), "0.0.0.1"), family="bridge")
    assert inside == (Match(of(vlan_type=0x8100, vlan_id=5, nfproto=2, saddr=1)),)
    named = steps(match(payload("ether", "type"), "8021ad"), match(payload("vlan", "id"), 5), family="bridge")
    assert named == (Match(of(vlan_type=0x88A8, vlan_id=5)),)
    boxes, about = unsure(payload("ip", "saddr"), "0.0.0.1", family="bridge")
    assert about == of(nfproto=2, vlan_type=[0x8100, 0x88A8])
    assert boxes - about == of(nfproto=2, saddr=1) - of(vlan_type=[0x8100, 0x88A8])


def test_the_ip_families_see_no_tags_and_no_ethernet_of_their_own_packets():
    assert matched(payload("vlan", "id"), 5) == Boxes.nothing()
    outside = Boxes.of(iifname=Intervals.of(0) | interface("lo"))
    assert matched(payload("ether", "type"), "ip") == of(nfproto=2) - outside
    assert unsure(meta("nfproto"), "ipv4", family="bridge") == (Boxes.everything(), None)


def test_fragments_have_no_ports_once_a_rule_asks_for_them():
    asks = match({"&": [payload("ip", "frag-off"), 0x1FFF]}, 0, "!=")
    found = steps(asks, {"counter": None}, match(payload("tcp", "dport"), 80))
    assert found == (Match(Boxes.nothing()),)


def test_a_named_set_is_made_once():
    both = named_set(
        "s", "ipv4_addr", ["0.0.0.1", {"elem": {"val": "0.0.0.2", "timeout": 5, "expires": 4}}], flags=["interval"]
    )
    assert matched(payload("ip", "saddr"), "@s", objects=(both,)) == of(nfproto=2, saddr=(1, 2))
    every = named_set("s", "ipv4_addr", ["*"])
    assert matched(payload("ip", "saddr"), "@s", objects=(every,)) == of(nfproto=2)
    limited = named_set("s", "ipv4_addr", ["0.0.0.1"], stmt=[{"limit": {}}])
    assert unsure(payload("ip", "saddr"), "@s", objects=(limited,))[1] == of(nfproto=2)
