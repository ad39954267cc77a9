"""Statements → steps."""

import pytest

from bellrock.firewall.verify.boxes import Boxes
from bellrock.firewall.verify.ruleset import (
    Assign,
    Choose,
    Copy,
    Decide,
    Helper,
    Match,
    May,
    NoTrack,
    Translate,
    Unsupported,
    Verdict,
    VerdictKind,
)
from tests.firewall.verify.read.documents import ct, match, meta, named_map, named_set, of, payload, steps

V4, V6 = of(nfproto=2), of(nfproto=10)
HELPER = {"ct helper": {"family": "inet", "table": "t", "name": "h", "type": "tftp", "protocol": "udp"}}


HELPER_4 = {"ct helper": {**HELPER["ct helper"], "name": "h4", "l3proto": "ip"}}
RAW = {"payload": {"base": "th", "offset": 16, "len": 8}}
OFFLOADED = Choose(((of(ct_state=(1, 2), l4proto=[6, 17, 47]), Verdict(VerdictKind.ACCEPT)),))


def lookup(*pairs):
    return {"map": {"key": payload("tcp", "dport"), "data": {"set": [list(pair) for pair in pairs]}}}


def mangle(key, value):
    return {"mangle": {"key": key, "value": value}}


def nat(kind, family, address=None, port=None, *, certain=True):
    return Translate(kind=kind, family=family, address=address, port=port, certain=certain)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ({"accept": None}, [Decide(Verdict(VerdictKind.ACCEPT))]),
        ({"drop": None}, [Decide(Verdict(VerdictKind.DROP))]),
        ({"return": None}, [Decide(Verdict(VerdictKind.RETURN))]),
        ({"continue": None}, []),
        ({"jump": {"target": "r"}}, [Decide(Verdict(VerdictKind.JUMP, "r"))]),
        ({"goto": {"target": "r"}}, [Decide(Verdict(VerdictKind.GOTO, "r"))]),
        ({"jump": {"target": "nowhere"}}, [Unsupported("jump nowhere")]),
        ({"reject": None}, [Decide(Verdict(VerdictKind.REJECT, how="reject"))]),
        ({"reject": {"type": "icmpx", "expr": "port-unreachable"}}, [Decide(Verdict(VerdictKind.REJECT, how="icmpx port-unreachable"))]),
        ({"reject": {"type": "icmp", "expr": "host-unreachable"}}, [Match(V4), Decide(Verdict(VerdictKind.REJECT, how="icmp host-unreachable"))]),
        ({"reject": {"type": "icmpv6", "expr": "no-route"}}, [Match(V6), Decide(Verdict(VerdictKind.REJECT, how="icmpv6 no-route"))]),
        ({"reject": {"type": "tcp reset"}}, [Match(of(l4proto=6)), Decide(Verdict(VerdictKind.REJECT, how="tcp reset"))]),
        *(({name: body}, []) for name, body in (("counter", {"packets": 1, "bytes": 2}), ("log", None), ("last", None), ("ct timeout", "t"), ("secmark", "s"))),
        ({"dup": {"addr": "1.2.3.4"}}, []),
        ({"limit": {"rate": 5, "per": "second"}}, [May("limit rate 5/second")]),
        ({"quota": "q"}, [May('quota name "q"')]),
        ({"ct count": {"val": 10, "inv": True}}, [May("ct count over 10")]),
        ({"notrack": None}, [NoTrack()]),
        ({"ct helper": "h"}, [Helper("tftp", 17)]),
        ({"ct helper": "other"}, [Unsupported('ct helper set "other"')]),
        ({"queue": {"num": 3}}, [Unsupported("queue num 3")]),
        ({"fwd": {"dev": "lo"}}, [Unsupported("fwd dev lo")]),
        ({"tproxy": {"port": 50}}, [Unsupported("tproxy port 50")]),
        ({"from the future": {"a": 1}}, [Unsupported("from the future a 1")]),
        ({"xt": {"type": "match", "name": "comment"}}, []),
        ({"xt": {"type": "match", "name": "recent"}}, [May("iptables recent")]),
        ({"xt": {"type": "target", "name": "LOG"}}, []),
        ({"xt": {"type": "target", "name": "NFQUEUE"}}, [Unsupported("iptables NFQUEUE")]),
        ({"xt": None}, [Unsupported("iptables")]),
        ({"set": {"op": "add", "elem": payload("ip", "saddr"), "set": "@s"}}, [Match(V4), May("add @s { ip saddr }")]),
        ({"set": {"op": "delete", "elem": payload("ip", "saddr"), "set": "@s"}}, [Match(V4)]),
        (mangle(meta("mark"), 5), [Assign("mark", 5)]),
        (mangle(ct("mark"), 5), [Assign("ct_mark", 5)]),
        (mangle(meta("mark"), {"&": [meta("mark"), 0xFF]}), [Assign("mark", 0, 0xFFFFFF00)]),
        (mangle(meta("mark"), {"|": [meta("mark"), 5]}), [Assign("mark", 5, 5)]),
        (mangle(meta("mark"), {"|": [{"&": [meta("mark"), 0xFFFFFF05]}, 5]}), [Assign("mark", 5, 0xFF)]),
        (mangle(meta("mark"), meta("mark")), []),
        (mangle(ct("mark"), {"|": [ct("mark"), 5]}), [Match(of(ct_state=(1, 3))), Assign("ct_mark", 5, 5)]),
        (mangle(ct("mark"), meta("mark")), [Copy("ct_mark", "mark", 0xFFFFFFFF)]),
        (mangle(meta("mark"), ct("mark")), [Match(of(ct_state=(1, 3))), Copy("mark", "ct_mark", 0xFFFFFFFF)]),
        (mangle(ct("mark"), {"&": [meta("mark"), 0xFF]}), [Copy("ct_mark", "mark", 0xFF)]),
        (mangle(ct("mark"), {"|": [meta("mark"), 5]}), [Copy("ct_mark", "mark", 0xFFFFFFFA, 5)]),
        (mangle(ct("mark"), {"|": [{"&": [meta("mark"), 0xFF]}, 5]}), [Copy("ct_mark", "mark", 0xFA, 5)]),
        (mangle(meta("mark"), {"map": {"key": payload("ip", "saddr"), "data": {"set": [["0.0.0.1", 5]]}}}), [Match(of(nfproto=2, saddr=1)), Assign("mark", None)]),
        (mangle(payload("ip", "dscp"), "cs1"), [Match(V4), Assign("dscp", 8)]),
        (mangle(payload("ip", "dscp"), {"map": {}}), [Match(V4), May("map"), Assign("dscp", None)]),
        (mangle(payload("ip", "dscp"), lookup((1, 2))), [Match(of(nfproto=2, l4proto=6, dport=1)), Assign("dscp", None)]),
        (mangle(payload("ip", "id"), 5), [Match(V4)]),
        (mangle(payload("ip", "ttl"), 5), [Match(V4), Assign("ttl", 5)]),
        (mangle(payload("ip", "daddr"), "0.0.0.1"), [Match(V4), Unsupported("ip daddr set 0.0.0.1")]),
        (mangle(payload("ip", "protocol"), 6), [Match(V4), Unsupported("ip protocol set 6")]),
        (mangle(payload("tcp", "checksum"), 6), [Match(of(l4proto=6)), Unsupported("tcp checksum set 6")]),
        (mangle(RAW, 5), [May("@th,16,8"), Unsupported("@th,16,8 set 5")]),
        (mangle(meta("priority"), lookup((1, "1:1"))), [Match(of(l4proto=6, dport=1))]),
        (mangle(ct("label"), lookup((1, 2))), [Match(of(l4proto=6, dport=1))]),
        (mangle(ct("event"), "new"), []),
        (mangle(ct("secmark"), meta("secmark")), [May("meta secmark")]),
        (mangle(ct("zone"), 1), [Unsupported("ct zone set 1")]),
        ({"ct expectation": "e"}, [Unsupported('ct expectation set "e"')]),
        ({"counter": lookup((1, "c"))}, [Match(of(l4proto=6, dport=1))]),
        ({"quota": lookup((1, "q"))}, [Match(of(l4proto=6, dport=1)), May("quota name tcp dport map { 1 : q }")]),
        ({"dup": {"addr": lookup((1, "1.2.3.4"))}}, [Match(of(l4proto=6, dport=1))]),
        ({"flow": {"op": "add", "flowtable": "@f"}}, [May("flow add @f"), OFFLOADED]),
        ({"flow": None}, [May("flow add "), OFFLOADED]),
        ({"xt": {"type": "match", "name": "hashlimit"}}, [May("iptables hashlimit"), Choose(((Boxes.everything(), Verdict(VerdictKind.DROP)),))]),
        ({"ct helper": "h4"}, [Helper("tftp", 17, nfproto=2)]),
        (mangle(payload("tcp", "window"), 5), [Match(of(l4proto=6))]),
        (mangle(payload("ip6", "nexthdr"), 5), [Match(V6), Unsupported("ip6 nexthdr set 5")]),
        (mangle({"tcp option": {"name": "maxseg"}}, {"rt": {"key": "mtu"}}), [Match(of(l4proto=6))]),
        (mangle({"tcp option": {"name": "maxseg"}}, lookup((1, 1300))), [Match(of(l4proto=6, dport=1))]),
        (mangle(meta("nftrace"), 1), []),
        (mangle(ct("label"), 5), []),
        (mangle(meta("pkttype"), "host"), [Unsupported("meta pkttype set host")]),
        ({"dnat": {"family": "ip", "addr": "0.0.0.9", "port": 80}}, [Match(V4), nat("dnat", 4, 9, 80)]),
        ({"snat": {"family": "ip6", "addr": "::9"}}, [Match(V6), nat("snat", 6, 9)]),
        ({"dnat": {"family": "ip", "addr": {"range": ["0.0.0.1", "0.0.0.9"]}}}, [Match(V4), nat("dnat", 4, certain=False)]),
        ({"masquerade": None}, [nat("masquerade", 4, certain=False), nat("masquerade", 6, certain=False)]),
        ({"redirect": {"port": 8080}}, [nat("redirect", 4, None, 8080, certain=False), nat("redirect", 6, None, 8080, certain=False)]),
        ({"dnat": {"family": "ip", "addr": {"map": {"key": payload("tcp", "dport"), "data": {"set": [[83, "1.2.3.4"]]}}}}},
         [Match(of(l4proto=6, nfproto=2, dport=83)), nat("dnat", 4, certain=False)]),
        ({"dnat": {"family": "ip", "addr": lookup((83, {"concat": ["1.2.3.4", 80]}))}}, [Match(of(l4proto=6, nfproto=2, dport=83)), nat("dnat", 4, None, 0, certain=False)]),
        ({"dnat": {"family": "ip", "addr": "1.2.3.4", "port": {"range": [1, 9]}}}, [Match(V4), nat("dnat", 4, None, 0, certain=False)]),
        ({"dnat": {"family": "ip", "addr": {"numgen": {"mod": 2}}}}, [Match(V4), nat("dnat", 4, None, 0, certain=False)]),
        ({"snat": {"family": "ip", "addr": "0.0.0.9", "flags": "random"}}, [Match(V4), nat("snat", 4, 9, 0, certain=False)]),
        ({"xt": {"type": "target", "name": "CT", "helper": "tftp", "protocol": "udp"}}, [Helper("tftp", 17, early=True)]),
        ("nonsense", [Unsupported("nonsense")]),
        ({"match": None}, [Unsupported("match")]),
        ({"two": 1, "keys": 2}, [Unsupported("{'two': 1, 'keys': 2}")]),
    ],
)  # fmt: skip
def test_statements(statement, expected):
    assert list(steps(statement, objects=(HELPER, HELPER_4))) == expected


def vmap(left, *pairs):
    return {"vmap": {"key": left, "data": {"set": [list(pair) for pair in pairs]}}}


def test_a_verdict_map():
    (needs, choose) = steps(
        vmap(payload("tcp", "dport"), (22, {"accept": None}), (23, {"drop": None}), (24, {"accept": None}))
    )
    assert needs == Match(of(l4proto=6))
    assert choose == Choose(
        ((of(dport=[22, 24]), Verdict(VerdictKind.ACCEPT)), (of(dport=23), Verdict(VerdictKind.DROP)))
    )


def test_what_stands_behind_a_verdict_map_is_for_its_keys_alone():
    choice = vmap(payload("tcp", "dport"), (22, {"drop": None}), (23, {"continue": None}))
    *_, rest, last = steps(choice, {"accept": None})
    assert (rest, last) == (Match(of(dport=(22, 23))), Decide(Verdict(VerdictKind.ACCEPT)))
    every = steps(vmap(payload("tcp", "dport"), ("*", {"continue": None})), {"accept": None})
    assert [type(step) for step in every] == [Match, Choose, Decide]


def test_a_verdict_map_with_all_others():
    choose = steps(vmap(payload("tcp", "dport"), (22, {"accept": None}), ("*", {"jump": {"target": "r"}})))[1]
    assert choose.cases[1] == (Boxes.everything() - of(dport=22), Verdict(VerdictKind.JUMP, "r"))


def test_a_named_verdict_map():
    known = named_map("m", "inet_service", [[{"range": [1, 9]}, {"drop": None}]])
    assert steps({"vmap": {"key": payload("tcp", "dport"), "data": "@m"}}, objects=(known,))[1].cases == (
        (of(dport=(1, 9)), Verdict(VerdictKind.DROP)),
    )


@pytest.mark.parametrize(
    "statement",
    [
        vmap(meta("skuid"), (0, {"accept": None})),
        vmap(payload("tcp", "dport"), (22, {"jump": {"target": "nowhere"}})),
        vmap(payload("tcp", "dport"), ("ssh", {"accept": None})),
        {"vmap": {"key": payload("tcp", "dport"), "data": {"set": [22]}}},
        {"vmap": {"key": payload("tcp", "dport"), "data": "@filled"}},
        {"vmap": {"key": payload("tcp", "dport"), "data": 5}},
        {"vmap": None},
    ],
)
def test_a_verdict_map_that_cannot_be_told(statement):
    fills = {"map": {"op": "update", "elem": payload("tcp", "dport"), "data": 1, "map": "@filled"}}
    found = steps(statement, fills, objects=(named_set("filled", "inet_service", []),))
    assert any(isinstance(step, Unsupported) for step in found)


def test_ports_of_other_protocols_leave_a_verdict_map_open():
    found = steps(vmap(payload("th", "dport"), (22, {"accept": None})))
    assert isinstance(found[1], May)
    assert found[1].boxes is not None


def test_matches_side_by_side_are_one():
    both = steps(match(payload("tcp", "dport"), 80), match(payload("ip", "saddr"), "0.0.0.1"), {"accept": None})
    assert both[0] == Match(of(l4proto=6, dport=80, nfproto=2, saddr=1))
    assert len(both) == 2
