"""What the kernel asks of a packet before a statement does anything."""

import pytest

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.ruleset import Assign, Decide, Match, May, Verdict, VerdictKind
from tests.firewall.verify.read.documents import ct, meta, named_map, named_set, of, payload, steps

TRACKED = of(ct_state=(1, 3))


def marked(value):
    return {"mangle": {"key": meta("mark"), "value": value}}


def lookup(key, *pairs):
    return {"map": {"key": key, "data": {"set": [list(pair) for pair in pairs]}}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (meta("priority"), []),
        ({"meta": "cpu"}, []),
        ({"numgen": {"mode": "inc", "mod": 3, "offset": 0}}, []),
        ({"jhash": {"mod": 3, "expr": {"concat": [payload("ip", "saddr"), payload("tcp", "dport")]}}}, [Match(of(nfproto=2, l4proto=6))]),
        ({"&": [payload("ip", "ttl"), 3]}, [Match(of(nfproto=2))]),
        (ct("status"), [Match(TRACKED)]),
        (ct("helper"), [Match(TRACKED), May("ct helper", TRACKED)]),
        ({"ct": {"key": "mark", "dir": "original"}}, [Match(TRACKED), May("ct original mark", TRACKED)]),
        ({"socket": {"key": "mark"}}, [May("socket mark")]),
        ({"fib": {"result": "oif", "flags": ["saddr"]}}, [May("fib saddr oif")]),
        (meta("skuid"), [May("skuid")]),
        ({"rt": {"key": "classid"}}, [May("rt classid")]),
        ({"tcp option": {"name": "maxseg", "field": "size"}}, [Match(of(l4proto=6)), May("tcp option name maxseg field size", of(l4proto=6))]),
        ({"exthdr": {"name": "frag", "field": "id"}}, [Match(of(nfproto=10)), May("exthdr name frag field id", of(nfproto=10))]),
        ({"jhash": {"mod": 3, "expr": {"socket": {"key": "mark"}}}}, [May("socket mark")]),
        (lookup(payload("tcp", "dport"), (80, 1), (81, 2)), [Match(of(l4proto=6, dport=(80, 81)))]),
        (lookup(payload("tcp", "dport"), (80, 1), ("*", 2)), [Match(of(l4proto=6))]),
        (lookup({"concat": [payload("ip", "saddr"), payload("tcp", "dport")]}, ({"concat": ["0.0.0.1", 80]}, 1)), [Match(of(nfproto=2, saddr=1, l4proto=6, dport=80))]),
        (lookup({"numgen": {"mod": 2}}, (0, 1)), [May("numgen mod 2 map { 0 : 1 }")]),
        (lookup(payload("tcp", "dport"), ("ssh", 1)), [Match(of(l4proto=6)), May("tcp dport map { ssh : 1 }")]),
        ({"map": {"key": payload("tcp", "dport"), "data": {"set": [80]}}}, [Match(of(l4proto=6)), May("tcp dport map { 80 }")]),
        ({"map": {"key": payload("tcp", "dport"), "data": "@m"}}, [Match(of(l4proto=6, dport=7))]),
        ({"map": {"key": payload("tcp", "dport"), "data": "@nowhere"}}, [Match(of(l4proto=6)), May("tcp dport map @nowhere")]),
    ],
)  # fmt: skip
def test_what_a_value_asks(value, expected):
    known = named_map("m", "inet_service", [[7, 1]], to="mark")
    assert list(steps(marked(value), objects=(known,))) == [*expected, Assign("mark", None)]


def test_the_header_that_is_not_told_in_full_leaves_it_open():
    found = steps(marked(payload("ip", "ttl")), family="bridge")
    assert found[1] == May("ip ttl", of(vlan_type=[0x8100, 0x88A8]))
    ported = steps(marked(lookup(payload("th", "dport"), (80, 1))))
    assert any(isinstance(step, May) for step in ported)


def test_an_element_that_a_rule_adds():
    element = {"elem": {"val": {"concat": [payload("ip", "saddr"), {"socket": {"key": "mark"}}]}, "timeout": 5}}
    found = steps({"set": {"op": "delete", "elem": element, "set": "@s"}}, objects=(named_set("s", "ipv4_addr", []),))
    assert found == (Match(of(nfproto=2)), May("socket mark"))


def test_constants_ask_nothing():
    accept = {"accept": None}
    found = steps({"dup": {"addr": "1.2.3.4", "dev": "lan0"}}, {"log": {"prefix": "map", "level": "audit"}}, accept)
    assert found == (Decide(Verdict(VerdictKind.ACCEPT)),)


def test_keys_without_a_port_are_left_open():
    left = {"concat": [meta("l4proto"), payload("th", "dport")]}
    found = steps(marked(lookup(left, ({"concat": ["tcp", 80]}, 1))))
    assert Match(of(l4proto=6, dport=80)) in found or isinstance(found[0], Match)
    assert Boxes.everything() not in [step.boxes for step in found if isinstance(step, Match)]
