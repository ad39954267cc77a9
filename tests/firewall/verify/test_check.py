import ipaddress

import msgspec
import pytest

from bellrock.firewall.verify.check import _word, check
from bellrock.firewall.verify.ruleset import Assign, Copy, Helper, May, NoTrack, RulesetError, Translate, Unsupported
from bellrock.flows.passages import Place
from bellrock.flows.values import Role
from tests.firewall.verify.rules import ACCEPT, DROP, REJECT, chain, do, of, ruleset
from tests.flows.sites import site

ESTABLISHED = (of(ct_state=[1, 2]), ACCEPT)
NODES = ((10 << 24) + (1 << 16), (10 << 24) + (1 << 16) + 255)
RACK = int(ipaddress.IPv4Address("10.0.0.2"))
TFTP = {"l4proto": 17, "dport": 69, "nfproto": 2}
HTTP = {"l4proto": 6, "dport": 80, "nfproto": 2}
ROUTER = Place()


def forward(*rules, policy="drop", **more):
    return chain("forward", *rules, hook="forward", policy=policy, **more)


def report(*chains, place=ROUTER, more=()):
    return check(ruleset(*chains), site(*more), place)


def verdict(found, flow, direction="request", exchange=None, family=4):
    one = [
        row
        for row in found.flows
        if (row.flow, row.direction, row.family) == (flow, direction, family) and exchange in {None, row.exchange}
    ]
    assert one
    return one[0]


def words(found, flow, **more):
    return verdict(found, flow, **more).verdict, verdict(found, flow, direction="reply", **more).verdict


def test_without_a_base_chain_everything_passes_and_the_report_says_why():
    found = report()
    assert {row.verdict for row in found.flows} == {"passes"}
    assert "no rule filters the hook forward: everything passes there" in found.notes
    assert verdict(found, "api").why == "no rule filters the hook forward: everything passes there"
    assert found.exit_code == 0


def test_a_policy_that_drops_is_named():
    found = report(forward())
    api = verdict(found, "api")
    assert (api.verdict, str(api.rules[0])) == ("blocked", "policy drop of inet t forward")
    assert api.missing[0].text == "all of it"
    assert found.exit_code == 1


def test_established_accepted_lets_answers_through_and_not_requests():
    assert words(report(forward(ESTABLISHED)), "http-boot") == ("blocked", "passes")


def test_an_accept_without_established_loses_the_answers():
    found = report(forward((of(**HTTP, ct_state=3), ACCEPT)))
    assert words(found, "http-boot") == ("partly", "blocked")
    later = [gap for gap in verdict(found, "http-boot").missing if gap.of == "later packets"]
    assert [str(rule) for rule in later[0].rules] == ["policy drop of inet t forward"]


def test_a_rule_that_stops_half_of_the_nodes_leaves_the_flow_partly():
    half = (of(saddr=(NODES[0], NODES[0] + 127), **HTTP), DROP)
    found = report(forward(ESTABLISHED, half, (of(l4proto=6), ACCEPT)))
    row = verdict(found, "http-boot")
    assert row.verdict == "partly"
    (gap,) = row.missing
    assert gap.packets == ({"from": ["10.1.0.0/25"]},)
    assert gap.text == "from 10.1.0.0/25"
    assert [(rule.chain, rule.handle) for rule in gap.rules] == [("inet t forward", 2)]


def test_a_reject_blocks_as_a_drop_does_and_keeps_its_name():
    row = verdict(report(forward((of(l4proto=6), REJECT), policy="accept")), "http-boot")
    assert (row.verdict, row.missing[0].verdict) == ("blocked", "reject")


def test_what_cannot_be_decided_is_unknown_and_named():
    found = report(forward((of(**HTTP), Unsupported("queue num 1")), policy="accept"))
    row = verdict(found, "http-boot")
    assert (row.verdict, row.why) == ("unknown", "queue num 1")
    assert found.exit_code == 3
    assert verdict(found, "api").verdict == "passes"


def test_a_limit_makes_an_accept_a_perhaps_unless_the_policy_says_the_same():
    limited = (of(**HTTP), May("limit rate 5/second"), ACCEPT)
    assert verdict(report(forward(limited)), "http-boot").why == "limit rate 5/second"
    assert verdict(report(forward(limited)), "http-boot").verdict == "unknown"
    assert verdict(report(forward(limited, policy="accept")), "http-boot").verdict == "passes"
    perhaps = (of(**HTTP), May("limit rate over 5/second"), DROP)
    assert verdict(report(forward(perhaps)), "http-boot").verdict == "blocked"


def test_tftp_data_pass_as_related_only_where_its_helper_is_assigned():
    rules = (ESTABLISHED, (of(**TFTP), ACCEPT))
    assert verdict(report(forward(*rules)), "tftp", exchange="data").verdict == "blocked"
    with_helper = forward(ESTABLISHED, (of(**TFTP), Helper("tftp", 17), ACCEPT))
    assert verdict(report(with_helper), "tftp", exchange="data").verdict == "passes"
    other = forward(ESTABLISHED, (of(**TFTP), Helper("ftp", 17), ACCEPT))
    assert verdict(report(other), "tftp", exchange="data").verdict == "blocked"


def test_a_helper_for_some_nodes_expects_their_data_alone():
    some = of(saddr=(NODES[0], NODES[0] + 127), **TFTP)
    row = verdict(
        report(forward(ESTABLISHED, (some, Helper("tftp", 17), ACCEPT), (of(**TFTP), ACCEPT))), "tftp", exchange="data"
    )
    assert row.verdict == "partly"
    assert [box["to"] for box in row.missing[0].packets] == [["10.1.0.128/25"]]


def test_an_untracked_request_has_no_helper_and_its_answers_are_new():
    raw = chain("raw", (of(l4proto=17), NoTrack()), hook="prerouting", priority=-300)
    tracked = forward(ESTABLISHED, (of(**TFTP), Helper("tftp", 17), ACCEPT))
    assert verdict(report(raw, tracked), "tftp", exchange="data").verdict == "blocked"
    only_http = chain("raw", (of(**HTTP), NoTrack()), hook="prerouting", priority=-300)
    found = report(only_http, forward(ESTABLISHED, (of(saddr=NODES, **HTTP), ACCEPT)))
    assert words(found, "http-boot") == ("passes", "blocked")
    stateless = forward((of(saddr=NODES, **HTTP), ACCEPT), (of(daddr=NODES, l4proto=6, sport=80), ACCEPT))
    assert words(report(only_http, stateless), "http-boot") == ("passes", "passes")


def test_answers_of_translated_packets_come_from_where_they_were_sent_to():
    to = Translate(kind="dnat", family=2, address=RACK + 1)
    nat = chain("nat", (of(**HTTP), to), hook="prerouting", priority=-100, kind="nat")
    there = (of(daddr=RACK + 1, ct_state=[1, 3]), ACCEPT)
    answers = (of(saddr=RACK + 1, ct_state=1), ACCEPT)
    assert words(report(nat, forward(there, answers)), "http-boot") == ("passes", "passes")
    wrong = (of(saddr=RACK, ct_state=1), ACCEPT)
    assert words(report(nat, forward(there, wrong)), "http-boot") == ("passes", "blocked")


def test_answers_to_a_hidden_source_find_it_again_before_they_are_forwarded():
    hide = chain(
        "nat",
        (of(**HTTP), Translate(kind="masquerade", family=2, certain=False)),
        hook="postrouting",
        priority=100,
        kind="nat",
    )
    rules = forward((of(**HTTP), ACCEPT), (of(daddr=NODES, ct_state=1), ACCEPT))
    assert words(report(hide, rules), "http-boot") == ("passes", "passes")
    early = chain("raw", (of(daddr=NODES, ct_direction=1), DROP), hook="prerouting", priority=-150)
    assert words(report(hide, rules, early), "http-boot") == ("passes", "unknown")


def test_a_connection_mark_comes_back_with_the_answer():
    marked = forward((of(**HTTP, ct_state=3), Assign("ct_mark", 7), ACCEPT), (of(ct_mark=7), ACCEPT))
    assert words(report(marked), "http-boot")[1] == "passes"


def test_a_host_meets_requests_at_input_and_answers_at_output():
    rack = Place(roles=(Role.RACK,))
    into = chain("in", ESTABLISHED, (of(**HTTP), ACCEPT), hook="input", policy="drop")
    found = report(into, chain("out", hook="output", policy="drop"), place=rack)
    assert words(found, "http-boot") == ("passes", "blocked")
    assert verdict(found, "http-boot", direction="reply").hook == "output"
    assert words(report(into, chain("out", ESTABLISHED, hook="output", policy="drop"), place=rack), "http-boot") == (
        "passes",
        "passes",
    )


def test_a_jump_that_finds_no_chain_and_a_loop_are_refused():
    with pytest.raises(RulesetError, match="not in table t"):
        report(forward((do("jump", "nowhere"),)))
    with pytest.raises(RulesetError, match="a loop"):
        report(forward((do("jump", "a"),)), chain("a", (do("jump", "b"),)), chain("b", (do("goto", "a"),)))


def test_the_report_has_the_published_shape():
    found = msgspec.json.decode(
        msgspec.json.encode(report(forward(ESTABLISHED, (of(**HTTP), ACCEPT), (of(l4proto=6), ACCEPT))))
    )
    assert {"flows", "wider", "dead", "shadowed"} <= set(found)
    assert {"flow", "source", "destination", "direction", "verdict", "rules", "missing"} <= set(found["flows"][0])
    assert {row["verdict"] for row in found["flows"]} <= {"passes", "blocked", "partly", "unknown"}


def test_a_flow_is_summed_up_from_all_its_directions():
    found = report(forward(ESTABLISHED, (of(**HTTP), ACCEPT)))
    summed = {one.flow: one.verdict for one in found.summary}
    assert summed["api"] == "blocked"  # that an answer would pass says nothing
    assert summed["tftp"] in {"blocked", "partly"}


def test_a_forbidden_flow_should_be_blocked():
    host = Place(roles=(Role.LIBVIRT_HOST,))
    more = ("[role.libvirt-host]\naddresses = ['10.0.0.9']",)

    def forbidden(policy):
        found = report(
            chain("in", hook="input", policy=policy), chain("out", hook="output", policy=policy), place=host, more=more
        )
        return [row for row in found.flows if row.wanted == "block"]

    assert {(row.flow, row.verdict, row.holds) for row in forbidden("accept")} == {("libvirt-dnsmasq", "passes", False)}
    assert {(row.flow, row.verdict, row.holds) for row in forbidden("drop")} == {("libvirt-dnsmasq", "blocked", True)}


def test_later_packets_of_a_translated_connection_go_where_the_first_went():
    to = Translate(kind="dnat", family=2, address=RACK + 1)
    nat = chain("nat", (of(**HTTP), to), hook="prerouting", priority=-100, kind="nat")
    first, answers = (of(ct_state=3), ACCEPT), (of(saddr=RACK + 1, ct_state=1), ACCEPT)
    translated = (of(daddr=RACK + 1, ct_state=1, ct_status_dnat=1), ACCEPT)
    assert words(report(nat, forward(first, answers, translated)), "http-boot") == ("passes", "passes")
    as_sent = (of(daddr=RACK, ct_state=1), ACCEPT)
    found = report(nat, forward(first, answers, as_sent))
    assert words(found, "http-boot") == ("partly", "passes")
    assert [gap.of for gap in verdict(found, "http-boot").missing] == ["later packets"]


def test_no_first_packet_and_no_untranslated_connection_has_the_status_dnat():
    dnat = (of(ct_state=(1, 3), ct_status_dnat=1), ACCEPT)
    assert words(report(forward(dnat)), "http-boot") == ("blocked", "blocked")


def test_a_connections_mark_comes_back_with_all_its_packets():
    marking = (of(ct_state=3), Assign("ct_mark", 7), ACCEPT)
    assert words(report(forward(marking, (of(ct_mark=7, ct_state=1), ACCEPT))), "http-boot") == ("passes", "passes")
    assert words(report(forward(marking, (of(ct_mark=8, ct_state=1), ACCEPT))), "http-boot") == ("partly", "blocked")
    copied = (of(ct_state=3), Copy("ct_mark", "mark", 0xFF, 4), ACCEPT)
    assert words(report(forward(copied, (of(ct_mark=4, ct_state=1), ACCEPT))), "http-boot") == ("passes", "passes")
    unknown = (of(ct_state=3), Assign("ct_mark", None), ACCEPT)
    assert words(report(forward(unknown, (of(ct_mark=4, ct_state=1), ACCEPT))), "http-boot") == ("unknown", "unknown")


def test_who_answers_where_addresses_are_rewritten_without_tracking_is_not_told():
    found = report(forward((of(ct_state=3), Assign("daddr", RACK + 1), ACCEPT), ESTABLISHED))
    assert words(found, "http-boot") == ("passes", "unknown")
    assert "without connection tracking" in verdict(found, "http-boot", direction="reply").why


def test_at_a_gateway_other_traffic_is_not_wider():
    bmc = '[role.bmc]\naddresses = ["10.9.0.0/24"]'
    others, to_bmc = (
        of(saddr=NODES, daddr=RACK, nfproto=2),
        of(saddr=NODES, daddr=(10 << 24) + (9 << 16) + 1, nfproto=2),
    )
    chains = [forward(ESTABLISHED, (one, ACCEPT)) for one in (others, to_bmc)]
    gateway = Place(gateway_of=Role.BMC)
    assert [bool(report(one, more=(bmc,)).wider) for one in chains] == [True, True]
    assert [bool(report(one, place=gateway, more=(bmc,)).wider) for one in chains] == [False, True]


def test_where_nothing_was_heard_nothing_is_known():
    assert _word(set()) == "unknown"
    assert [_word({one}) for one in ("accept", "drop", "unknown")] == ["passes", "blocked", "unknown"]
