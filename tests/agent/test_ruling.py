"""What a host's own rules do with one packet: rules as nft lists them, against packets as walks send them."""

import asyncio
import json

import pytest

from bellrock.agent import ruling
from bellrock.agent.companion import CompanionError
from bellrock.agent.ruling import Ruling, decided, packet_of, parsed
from bellrock.contract import Order
from bellrock.contract.walk import Ruled, WhichRule


@pytest.fixture(autouse=True)
def filtering(monkeypatch):
    """What reverse-path filtering does here: nothing, or the text or error that a test puts in."""
    found = []

    def fault(*_):
        if found and isinstance(found[0], Exception):
            raise found[0]
        return found[0] if found else ""

    monkeypatch.setattr(ruling, "reverse_path_fault", fault)
    return found


TABLE = {"table": {"family": "inet", "name": "filter", "handle": 1}}


def chain(hook, policy="accept"):
    return {
        "chain": {
            "family": "inet",
            "table": "filter",
            "name": hook,
            "handle": 2,
            "type": "filter",
            "hook": hook,
            "prio": 0,
            "policy": policy,
        }
    }


def rule(name, *expressions):
    return {"rule": {"family": "inet", "table": "filter", "chain": name, "handle": 7, "expr": list(expressions)}}


def match(protocol, field, value):
    return {"match": {"op": "==", "left": {"payload": {"protocol": protocol, "field": field}}, "right": value}}


def meta(key, value):
    return {"match": {"op": "==", "left": {"meta": {"key": key}}, "right": value}}


def state(*values):
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": list(values)}}


def document(*objects):
    return json.dumps({"nftables": [{"metainfo": {"json_schema_version": 1}}, TABLE, *objects]}).encode()


DNS = WhichRule("udp", "10.1.0.2", 50000, "10.2.0.2", 53, "input", "eth0")
SIX = WhichRule("tcp", "fd01::2", 50000, "fd02::2", 80, "output", "eth0")
BACK = WhichRule("tcp", "10.2.0.2", 80, "10.1.0.2", 50000, "input", "eth0", True)
DROP = {"drop": None}


@pytest.mark.parametrize(
    ("asked", "ruleset", "verdict", "says"),
    [
        (DNS, document(), "accept", ""),
        (DNS, document(chain("input"), rule("input", match("udp", "dport", 53), DROP)), "drop", "inet filter input handle 7: udp dport 53 drop"),
        (DNS, document(chain("input", "drop")), "drop", "policy drop of inet filter input"),
        (DNS, document(chain("output", "drop")), "accept", ""),
        (DNS, document(chain("input"), rule("input", match("ip", "saddr", "10.1.0.2"), {"reject": {"type": "icmp", "expr": "port-unreachable"}})), "reject", "reject"),
        (DNS, document(chain("input"), rule("input", meta("iifname", "eth1"), DROP)), "accept", ""),
        (DNS, document(chain("input"), rule("input", meta("iifname", "eth0"), DROP)), "drop", 'iifname "eth0"'),
        (SIX, document(chain("output"), rule("output", match("ip6", "daddr", "fd02::2"), DROP)), "drop", "fd02::2"),
        (SIX, document(chain("output", "drop"), rule("output", match("tcp", "dport", 80), {"accept": None})), "accept", ""),
        (BACK, document(chain("input", "drop"), rule("input", state("established", "related"), {"accept": None})), "accept", ""),
        (DNS, document(chain("input", "drop"), rule("input", state("established", "related"), {"accept": None})), "drop", "policy drop"),
        (DNS, document(chain("input"), rule("input", {"xt": {"type": "match", "name": "strange"}}, DROP)), "unknown", ""),
    ],
    ids=["none", "rule", "policy", "other-hook", "reject", "other-interface", "interface", "six", "let-out", "established", "new", "unknown"],
)  # fmt: skip
def test_verdicts(asked, ruleset, verdict, says):
    found = decided("1", asked, packet_of(asked), parsed(ruleset, ""))
    assert (found.order, found.verdict) == ("1", verdict), found
    assert says in found.rule


class Companion:
    def __init__(self, answer):
        self.answer = answer

    async def rules(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer, ""


def rule_on(companion, asked=DNS):
    said = []
    why = asyncio.run(Ruling(companion, said.append).rule(Order("9", asked)))
    return why, said


@pytest.mark.parametrize("ruleset", [b"", b"{}", b"nonsense", b'{"nftables": 7}', b"\xff" * 100])
def test_what_is_no_ruleset_is_unknown(ruleset):
    why, (found,) = rule_on(Companion(ruleset))
    assert (why, found.verdict) == ("", "unknown")
    assert found.why


def test_it_is_told():
    why, said = rule_on(Companion(document(chain("input", "drop"))))
    assert (why, said) == ("", [Ruled(order="9", verdict="drop", rule="policy drop of inet filter input")])


@pytest.mark.parametrize(
    ("companion", "asked", "says"),
    [
        (None, DNS, "may not read its host's firewall rules"),
        (Companion(CompanionError(0, "nft is not installed")), DNS, "nft is not installed"),
        (Companion(b""), WhichRule("udp", "10.0.0.1", 1, "fd00::1", 2, "input"), "not of one family"),
        (Companion(b""), WhichRule("udp", "nonsense", 1, "fd00::1", 2, "input"), "nonsense"),
        (
            Companion(b""),
            WhichRule("udp", "10.0.0.1", 1, "10.0.0.2", 2, "input", "a-name-that-is-too-long"),
            "longer than 15",
        ),
    ],
    ids=["no-companion", "no-nft", "families", "nonsense", "long"],
)
def test_why_it_is_not(companion, asked, says):
    why, said = rule_on(companion, asked)
    assert (says in why, said) == (True, []), why


def test_reverse_path_filtering_is_looked_at_whatever_becomes_of_the_rules(filtering):
    filtering.append("rp_filter is 1")
    why, said = rule_on(Companion(document()))
    assert (why, said) == ("", [Ruled(order="9", verdict="accept", reverse_path="rp_filter is 1")])
    why, said = rule_on(None)
    assert (why, said[0].verdict, said[0].reverse_path) == ("", "unknown", "rp_filter is 1")
    assert "may not read" in said[0].why


@pytest.mark.parametrize("error", [OSError("no such interface"), ValueError("embedded null byte")])
def test_reverse_path_filtering_that_cannot_be_looked_at(filtering, error):
    filtering.append(error)
    assert rule_on(Companion(document()))[1][0].reverse_path == ""


def test_what_leaves_is_not_filtered_by_its_way_back(filtering):
    filtering.append("rp_filter is 1")
    assert rule_on(Companion(document()), SIX)[1][0].reverse_path == ""


def counter(packets):
    return {"counter": {"packets": packets, "bytes": 0}}


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([counter(0), DROP], "unknown"),
        ([counter(0), {"reject": None}], "unknown"),
        ([counter(1), DROP], "drop"),
        ([DROP], "drop"),
        ([{"vmap": {"key": {"meta": {"key": "l4proto"}}, "data": {"set": [["udp", DROP]]}}}, counter(0)], "drop"),
    ],
    ids=["none", "none-rejected", "one", "uncounted", "behind-a-map"],
)
def test_a_rule_that_has_met_no_packet_is_not_blamed(statements, verdict):
    """It is read when the packet has been sent."""
    found = decided("1", DNS, packet_of(DNS), parsed(document(chain("input"), rule("input", *statements)), ""))
    assert found.verdict == verdict, found
    assert (found.why == "no packet was counted") is (verdict == "unknown")
    assert "inet filter input handle 7" in found.rule


def test_nor_is_it_named_beside_accept():
    asked = document(chain("input"), rule("input", state("invalid"), counter(0), DROP))
    assert decided("1", BACK, packet_of(BACK), parsed(asked, "")).unless == ""
    asked = document(chain("input"), rule("input", meta("mark", 7), counter(0), DROP))
    assert decided("1", DNS, packet_of(DNS), parsed(asked, "")).unless == ""


SIX_IN = WhichRule("udp", "fd01::2", 50000, "fd02::2", 53, "input", "eth0")
RTN = WhichRule("udp", "10.2.0.2", 53, "10.1.0.2", 50000, "input", "eth0", True)
NAT = {"chain": {"family": "inet", "table": "filter", "name": "p", "handle": 3, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "ruleset", "when", "unless"),
    [
        (RTN, document(chain("input"), rule("input", state("invalid", "new"), match("udp", "sport", 53), DROP)), "invalid", "udp sport 53 drop"),
        (RTN, document(chain("input"), rule("input", state("new"), DROP)), "takes it for new", "drop"),
        (RTN, document(chain("input"), rule("input", state("untracked"), {"reject": None})), "untracked", "reject"),
        (RTN, document(chain("input", "drop"), rule("input", state("established"), {"accept": None})), "invalid", "policy drop of inet filter input"),
        (DNS, document(chain("input"), rule("input", meta("mark", 7), DROP)), "its mark", "drop"),
        (DNS, document(chain("input"), rule("input", match("udp", "dport", 54), DROP)), "", ""),
        (DNS, document(chain("input", "drop")), "", ""),
    ],
    ids=["invalid-new", "new", "untracked", "policy", "mark", "other-port", "drop"],
)  # fmt: skip
def test_what_the_answer_hangs_on(asked, ruleset, when, unless):
    """The wire does not show what connection tracking takes a packet for: a rule that asks for that is named beside `accept`."""
    found = decided("1", asked, packet_of(asked), parsed(ruleset, ""))
    assert (when in found.when, unless in found.unless) == (True, True), found
    assert bool(found.unless) is bool(unless)


@pytest.mark.parametrize(
    ("asked", "what", "to"),
    [
        (DNS, {"dnat": {"family": "ip", "addr": "172.30.0.2", "port": 5353}}, "172.30.0.2:5353"),
        (DNS, {"dnat": {"family": "ip", "addr": "172.30.0.2"}}, "172.30.0.2"),
        (SIX_IN, {"dnat": {"family": "ip6", "addr": "fd09::2", "port": 53}}, "[fd09::2]:53"),
        (DNS, {"dnat": {"family": "ip", "addr": {"range": ["172.30.0.2", "172.30.0.9"]}}}, "another address"),
        (DNS, {"redirect": {"port": 5353}}, "another port of this host"),
        (DNS, {"accept": None}, ""),
    ],
    ids=["dnat", "address", "six", "range", "redirect", "none"],
)  # fmt: skip
def test_whither_it_is_translated(asked, what, to):
    rules = [rule("p", match("udp", "dport", 53), what)]
    assert decided("1", asked, packet_of(asked), parsed(document(NAT, *rules), "")).sent_on == to


def test_questions_that_come_while_rules_are_read_share_the_next_reading():
    listing = document(chain("input"), rule("input", {"drop": None}))
    said, readings = [], []

    class Slow:
        async def rules(self):
            readings.append(len(readings))
            for _ in range(5):
                await asyncio.sleep(0)
            return listing, ""

    async def scene():
        ruling = Ruling(Slow(), said.append)
        first = asyncio.ensure_future(ruling.rule(Order("0", DNS)))
        while not readings:
            await asyncio.sleep(0)
        assert set(await asyncio.gather(first, *(ruling.rule(Order(str(at), DNS)) for at in range(1, 9)))) == {""}

    asyncio.run(scene())
    assert len(readings) == 2, "what was being read already may show the rules before the packet"
    assert {(one.order, one.verdict) for one in said} == {(str(at), "drop") for at in range(9)}


def test_a_question_that_is_given_up_spoils_no_other():
    listing, said, going = document(chain("input"), rule("input", {"drop": None})), [], asyncio.Event()

    class Slow:
        async def rules(self):
            await going.wait()
            return listing, ""

    async def scene():
        ruling = Ruling(Slow(), said.append)
        one, other = (asyncio.ensure_future(ruling.rule(Order(name, DNS))) for name in "ab")
        await asyncio.sleep(0)
        one.cancel()
        going.set()
        assert await other == ""

    asyncio.run(scene())
    assert [(one.order, one.verdict) for one in said] == [("b", "drop")]
