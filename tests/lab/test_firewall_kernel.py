"""The verifier against the kernel: random rulesets and packets, and the cases that chance seldom makes."""

import pytest

from bellrock.firewall.verify.read import read_listing, read_nft
from bellrock.firewall.verify.route import BRIDGED, FORWARDED
from bellrock.firewall.verify.unroll import unroll
from bellrock.firewall.verify.walk import judge_by
from tests.lab.differential import CODES, differential, exit_of, probe_of
from tests.lab.kernel_judge import kernel
from tests.lab.mutants import MUTANTS, RARE, mutant
from tests.lab.random_packets import Words, interface_number, packet

pytestmark = pytest.mark.lab
PAIRS = 500
SEED = 20_002


@pytest.fixture(scope="module")
def router():
    with kernel() as made:
        yield made


def test_the_kernel_agrees(router):
    score = differential(router, PAIRS, SEED)
    assert score.disagreements == [], "\n\n".join(map(str, score.disagreements))
    assert score.pairs >= PAIRS
    assert score.unknown < score.pairs / 10
    assert min(score.fates[f"{route} accept"] for route in ("forward", "bridge")) > 0
    assert score.fates["forward drop"] > 0


@pytest.mark.parametrize("name", [name for name in MUTANTS if name not in RARE])
def test_a_mistake_would_be_noticed(router, name):
    with mutant(name):
        assert differential(router, 4000, SEED, most=1).disagreements


def judged(router, text: str, packets: list[tuple[Words, str]]) -> list[tuple[str, str, str]]:
    """Of packets in a row: the kernel's state and fate, and the verifier's."""
    assert router.load(text) == ""
    program = unroll(read_nft(router.listing(), read_listing(router.text())), FORWARDED)
    router.forget()
    probes = [probe_of(words, at + 1, into, "forward", router) for at, (words, into) in enumerate(packets)]
    fate = router.run([(probe.into, probe.frame) for probe in probes])
    found = []
    for probe in probes:
        state = fate.state.get(probe.number, "new")
        told = {**probe.fields, "ct_state": CODES[state], "ct_mark": fate.marks.get(probe.number, 0)}
        told["ct_direction"] = int(probe.number in fate.reply)
        found.append((state, "accept" if probe.number in fate.passed else "drop", judge_by(program, told).verdict))
    return found


MARKS = """
table inet t { chain f { type filter hook forward priority 0; policy drop;
  meta mark set 0x30
  meta mark set meta mark or 0x5
  meta mark set meta mark and 0xffffffef
  meta mark 0x25 accept
  }
}"""


def test_the_other_bits_of_a_mark_stay(router):
    packets = [(both_ways(4)[0], "lan0")]
    assert judged(router, MARKS, packets) == [("new", "accept", "accept")]
    with mutant("the mask of a mark is forgotten"):
        assert judged(router, MARKS, packets) == [("new", "accept", "drop")]


LOWERED = """
table inet t { chain f { type filter hook forward priority 0; policy drop;
  ip ttl 63 accept
  ip6 hoplimit 63 accept
  }
}"""


@pytest.mark.parametrize("version", [4, 6])
def test_the_ttl_is_lowered_before_the_hook_forward(router, version):
    packets = [(both_ways(version)[0], "lan0")]
    assert judged(router, LOWERED, packets) == [("new", "accept", "accept")]
    with mutant("the kernel leaves the TTL as it is"):
        assert judged(router, LOWERED, packets) == [("new", "accept", "drop")]


ENDS = [
    ('counter name ip daddr map { 10.9.9.9 : "c" } accept', "drop"),
    ('counter name ip daddr map { 10.3.0.1 : "c" } accept', "accept"),
    ("meta priority set ip daddr map { 10.9.9.9 : 1:1 } accept", "drop"),
    ("meta mark set udp dport map { 54 : 0x1 } accept", "drop"),
    ("meta mark set udp dport map { 53 : 0x1 } accept", "accept"),
    ("tcp option maxseg size set 1400 accept", "drop"),
    ("udp dport vmap { 1 : drop } accept", "drop"),
    ("udp dport vmap { 53 : continue } accept", "accept"),
    ("meta mark set tcp option maxseg size accept", "drop"),
    ("meta mark set numgen inc mod 3 map { 5 : 0x1 } accept", "unknown"),
    ('ct expectation set "e" accept', "unknown"),
    ("ct zone set 1 accept", "unknown"),
    ("@th,16,8 set 0x12 accept", "unknown"),
    ("ip daddr set 10.3.0.2 accept", "unknown"),
    ("add @full { ip saddr } accept", "unknown"),
    ("delete @full { ip saddr } accept", "accept"),
    ("ct event set new accept", "accept"),
    ("log group 3 accept", "accept"),
    ("tcp window set 1000 accept", "drop"),
]


@pytest.mark.parametrize(("rule", "said"), ENDS)
def test_where_a_rule_ends(router, rule, said):
    text = f"""
    table inet t {{
      counter c {{ }}
      ct expectation e {{ protocol udp; dport 99; timeout 1m; size 3; l3proto ip; }}
      set full {{ type ipv4_addr; flags dynamic; size 1; elements = {{ 192.0.2.1 }}; }}
      chain f {{ type filter hook forward priority 0; policy drop;
        {rule}
      }}
    }}"""
    ((_, kernel_said, found),) = judged(router, text, [(both_ways(4)[0], "lan0")])
    assert found == said
    assert found in {kernel_said, "unknown"}


@pytest.mark.parametrize("flags", ["", "flags dormant;"])
def test_a_dormant_table_lets_everything_through(router, flags):
    text = f"""
    table inet t {{
      {flags}
      chain f {{ type filter hook forward priority 0; policy drop; }}
    }}"""
    fate = "accept" if flags else "drop"
    assert judged(router, text, [(both_ways(4)[0], "lan0")]) == [("new", fate, fate)]


BEHIND = """
table inet t { chain f { type filter hook forward priority 0; policy drop;
  udp dport vmap { 1 : drop } accept
  }
}"""


def test_what_stands_behind_a_verdict_map_is_for_its_keys_alone(router):
    packets = [(both_ways(4)[0], "lan0")]
    assert judged(router, BEHIND, packets) == [("new", "drop", "drop")]
    with mutant("behind a verdict map all go on"):
        assert judged(router, BEHIND, packets) == [("new", "drop", "accept")]


FRAMES = """
table bridge t { chain f { type filter hook forward priority 0;
  meta l4proto != udp drop
  }
}"""


def test_a_frame_that_is_not_ip_has_no_protocol(router):
    arp = bytes.fromhex("020000000099 02aa00000001 0806") + bytes(46)
    assert router.load(FRAMES) == ""
    told = {"nfproto": 3, "iifname": interface_number("port0"), "oifname": interface_number("port1")}

    def verdict() -> str:
        return judge_by(unroll(read_nft(router.listing()), BRIDGED), told).verdict

    passes, breaks = verdict(), ""
    with mutant("frames that are not IP have a protocol"):
        breaks = verdict()
    assert (passes, breaks) == ("accept", "drop")
    assert router.run([("port0", arp)]).passed == {1}


def both_ways(version: int) -> tuple[Words, Words]:
    node, rack = ("10.1.0.1", "10.3.0.1") if version == 4 else ("2001:db8:1::1", "2001:db8:3::1")
    return Words(version, node, rack, 17, 4000, 53), Words(version, rack, node, 17, 53, 4000)


STATEFUL = """
table inet t { chain f { type filter hook forward priority 0; policy drop;
  ct state established,related accept
  udp dport 53 ct mark set 7 accept
  }
}"""


@pytest.mark.parametrize("version", [4, 6])
def test_an_answer_passes_after_its_request_only(router, version):
    request, answer = both_ways(version)
    found = judged(router, STATEFUL, [(answer, "lan1"), (request, "lan0"), (answer, "lan1")])
    # The first answer was dropped, so its connection was forgotten, and the request began one.
    assert found == [("new", "drop", "drop"), ("new", "accept", "accept"), ("established", "accept", "accept")]


@pytest.mark.parametrize("version", [4, 6])
def test_an_error_about_a_connection_is_related(router, version):
    request, answer = both_ways(version)
    error = Words(version, answer.source, answer.destination, 1 if version == 4 else 58, type=3 if version == 4 else 1)
    error.code, error.quoted = (3, packet(request, 1)) if version == 4 else (4, packet(request, 1))
    found = judged(router, STATEFUL, [(request, "lan0"), (error, "lan1")])
    assert found == [("new", "accept", "accept"), ("related", "accept", "accept")]


def test_a_packet_without_connection_is_invalid(router):
    words = Words(4, "10.1.0.1", "10.3.0.1", 6, 4000, 80, flags=0x03)
    assert judged(router, STATEFUL, [(words, "lan0")]) == [("invalid", "drop", "drop")]


def test_what_is_not_tracked_is_never_established(router):
    text = (
        STATEFUL + "\ntable inet r { chain p { type filter hook prerouting priority -300; udp sport 53 notrack\n }\n}"
    )
    request, answer = both_ways(4)
    found = judged(router, text, [(request, "lan0"), (answer, "lan1")])
    assert found == [("new", "accept", "accept"), ("untracked", "drop", "drop")]


def test_a_mark_of_a_connection_comes_back_with_the_answer(router):
    text = """
    table inet t { chain f { type filter hook forward priority 0; policy drop;
      ct direction original udp dport 53 ct mark set 7 accept
      ct direction reply ct mark 7 accept
      }
    }"""
    request, answer = both_ways(4)
    found = judged(router, text, [(request, "lan0"), (answer, "lan1")])
    assert found == [("new", "accept", "accept"), ("established", "accept", "accept")]


def test_where_the_router_sends_a_packet():
    assert [exit_of(to) for to in ("10.1.0.1", "2001:db8:3::1", "8.8.8.8")] == ["lan0", "lan1", "wan0"]
