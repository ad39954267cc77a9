"""What is gathered before any rule is read."""

from bellrock.firewall.verify.read.gather import gather
from tests.firewall.verify.read.documents import ct, meta, named_set, payload, rule


def mangle(key, value):
    return {"mangle": {"key": key, "value": value}}


def test_sets_helpers_and_chains():
    objects = [
        named_set("s", "ipv4_addr", ["0.0.0.1"]),
        {"element": {"family": "inet", "table": "t", "name": "s", "elem": ["0.0.0.2"]}},
        {"element": {"family": "inet", "table": "t", "name": "other", "elem": ["0.0.0.2"]}},
        {
            "ct helper": {
                "family": "inet",
                "table": "t",
                "name": "h",
                "type": "tftp",
                "protocol": "udp",
                "l3proto": "ip",
            }
        },
        {"chain": {"family": "inet", "table": "t", "name": "f"}},
        {"counter": {"family": "inet", "table": "t", "name": "c"}},
    ]
    known, notes = gather(objects)
    assert known.sets["inet", "t", "s"]["elem"] == ["0.0.0.1", "0.0.0.2"]
    assert known.helpers == {("inet", "t", "h"): ("tftp", "udp", "ip")}
    assert known.chains == {"inet t f"}
    assert notes == ()


def test_marks_are_followed():
    changes = (
        mangle(meta("mark"), 0x100),
        mangle(meta("mark"), {"|": [meta("mark"), 5]}),
        mangle(ct("mark"), {"&": [ct("mark"), 0xFF]}),
        mangle(meta("mark"), {"|": [{"&": [meta("mark"), 0xF0]}, 1]}),
        mangle(meta("mark"), ct("mark")),
    )
    known, _ = gather([rule(*changes)])
    assert {0, 1, 5, 0x100, 0x105} <= known.marks
    assert len(known.marks) < 20


def test_marks_have_a_bound():
    many = [rule(*(mangle(meta("mark"), {"|": [meta("mark"), 1 << bit]}) for bit in range(32)))]
    assert len(gather(many)[0].marks) <= 1024 + 32


def test_who_fills_a_set_and_who_asks_for_fragments():
    fills = {"set": {"op": "add", "elem": payload("ip", "saddr"), "set": "@s"}}
    known, notes = gather([rule(fills, {"match": {"left": payload("ip", "frag-off"), "right": 0}})])
    assert known.filled == {("inet", "t", "s")}
    assert known.fragments
    assert notes == ("set inet t s: rules change it while packets pass, so its members are not known",)


def test_what_leaves_the_chains_is_noted():
    _, notes = gather([rule({"flow": {"op": "add", "flowtable": "@f"}}), rule({"dup": {"addr": "1.2.3.4"}})])
    assert notes == (
        "chain inet t f, rule 7: packets of connections that the flowtable takes over skip all chains from then on",
        "chain inet t f, rule 7: copies of packets go elsewhere; what becomes of these is not judged",
    )


def test_what_expires_is_noted():
    _, notes = gather([named_set("s", "ipv4_addr", ["0.0.0.1"], flags=["timeout"])])
    assert notes == ("set inet t s: its elements expire; they count as members, as they are now",)
