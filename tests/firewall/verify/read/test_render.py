"""The text of a rule, as nft 1.0.6 prints it for the same JSON."""

import pytest

from bellrock.firewall.verify.read.render import expression, rule, statement
from tests.firewall.verify.read.documents import ct, match, meta, payload


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (match(payload("tcp", "dport"), {"set": [80, {"range": [1, 9]}]}), "tcp dport { 80, 1-9 }"),
        (match(payload("ip", "saddr"), {"prefix": {"addr": "10.0.0.0", "len": 8}}, "!="), "ip saddr != 10.0.0.0/8"),
        (match(meta("iifname"), "lan*"), 'iifname "lan*"'),
        (match(meta("iifname"), "@names"), "iifname @names"),
        (match(ct("state"), ["established", "related"], "in"), "ct state established,related"),
        (match({"ct": {"key": "ip saddr", "dir": "original"}}, "1.2.3.4"), "ct original ip saddr 1.2.3.4"),
        (match({"&": [meta("mark"), 255]}, 5), "meta mark & 255 == 5"),
        (match({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False), "fib saddr . iif oif missing"),
        (match({"payload": {"base": "nh", "offset": 0, "len": 8}}, 64), "@nh,0,8 64"),
        (match({"concat": [payload("ip", "saddr"), payload("tcp", "dport")]}, {"set": [{"concat": ["1.1.1.1", 5]}]}), "ip saddr . tcp dport { 1.1.1.1 . 5 }"),
        (match(payload("ip", "saddr"), {"set": [{"elem": {"val": "1.1.1.1", "comment": "x"}}]}), "ip saddr { 1.1.1.1 }"),
        (match(payload("tcp", "dport"), {"set": list(range(20))}), "tcp dport { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … 8 more }"),
        ({"vmap": {"key": payload("tcp", "dport"), "data": {"set": [[22, {"jump": {"target": "r"}}]]}}}, "tcp dport vmap { 22 : jump r }"),
        ({"vmap": {"key": payload("tcp", "dport"), "data": "@m"}}, "tcp dport vmap @m"),
        ({"accept": None}, "accept"),
        ({"goto": {"target": "r"}}, "goto r"),
        ({"counter": {"packets": 1, "bytes": 2}}, "counter packets 1 bytes 2"),
        ({"counter": "c"}, 'counter name "c"'),
        ({"counter": None}, "counter"),
        ({"limit": {"rate": 5, "per": "second", "inv": True, "rate_unit": "kbytes"}}, "limit rate over 5 kbytes/second"),
        ({"limit": "l"}, 'limit name "l"'),
        ({"quota": {"val": 10, "val_unit": "mbytes"}}, "quota 10 mbytes"),
        ({"log": None}, "log"),
        ({"log": {"prefix": "x: ", "level": "info"}}, 'log prefix "x: " level info'),
        ({"reject": None}, "reject"),
        ({"reject": {"type": "icmp", "expr": "host-unreachable"}}, "reject with icmp host-unreachable"),
        ({"mangle": {"key": meta("mark"), "value": 5}}, "meta mark set 5"),
        ({"dnat": {"family": "ip6", "addr": "fe80::2", "port": 80}}, "dnat ip6 to [fe80::2]:80"),
        ({"snat": {"family": "ip", "addr": {"range": ["1.1.1.1", "1.1.1.2"]}}}, "snat ip to 1.1.1.1-1.1.1.2"),
        ({"masquerade": None}, "masquerade"),
        ({"redirect": {"port": 80}}, "redirect to :80"),
        ({"masquerade": {"flags": "random"}}, "masquerade"),
        ({"set": {"op": "add", "elem": payload("ip", "saddr"), "set": "@s"}}, "add @s { ip saddr }"),
        ({"ct helper": "h"}, 'ct helper set "h"'),
        ({"xt": {"type": "match", "name": "recent"}}, "iptables recent"),
        ({"queue": {"num": 3}}, "queue num 3"),
        ({"novel": [1, None]}, "novel 1,"),
        *(({name: 5}, text) for name, text in (("vmap", "vmap 5"), ("mangle", "5"), ("set", "5"), ("jump", "jump"), ("xt", "iptables"))),
        *((match({name: 5}, 1), f"{text} 1") for name, text in (("payload", "payload 5"), ("meta", "meta 5"), ("fib", "fib 5"), ("elem", "5"), ("prefix", "5"), ("concat", "5"))),
    ],
)  # fmt: skip
def test_statements(one, text):
    assert statement(one) == text


def test_a_rule_with_its_comment():
    assert rule([match(payload("tcp", "dport"), 80), {"accept": None}], "why") == 'tcp dport 80 accept comment "why"'


def test_expressions_of_no_kind():
    assert [expression(one) for one in (None, True, False, 5, "x", {})] == ["", "exists", "missing", "5", "x", "{}"]
