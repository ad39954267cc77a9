"""The table of what two ends saw and what follows: every row, and every sentence in it."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bellrock.contract.walk import Sent, Served, Sighting
from bellrock.diagnosis.walked import _TABLE, judge, question
from bellrock.diagnosis.walktrace import MAX_EVIDENCE
from bellrock.model import DiedAt, Verdict, Walked
from tests.diagnosis import test_walkback, test_walksent, test_walktaken, test_walkthere
from tests.diagnosis.walkcases import (
    ACCEPT,
    ANSWERED,
    ARRIVED,
    DROP,
    EXCEEDED,
    GATE,
    HELD,
    LEFT,
    NONE,
    OWN,
    PERHAPS,
    REPLIED,
    RETURNED,
    SENT_ON,
    TCP,
    TOOK,
    UDP,
    UNKNOWN,
    A,
    B,
    back,
    case,
    there,
    unlooked,
)

ROWS = [row for module in (test_walksent, test_walkthere, test_walktaken, test_walkback) for row in module.ROWS]


def test_every_row_of_the_table_is_met():
    met = {next(at for at, row in enumerate(_TABLE) if row.holds(one[1])) for one in ROWS}
    assert met == set(range(len(_TABLE)))


@pytest.mark.parametrize(
    ("seen", "end", "asked"),
    [
        (case(), "source", (A, 50000, B, 53, "output", "eth0", False)),
        (case([LEFT], [ARRIVED]), "target", (A, 50000, B, 53, "input", "eth0", False)),
        (case([LEFT], [ARRIVED, back(out=True, what="refusal")]), "target", (A, 50000, B, 53, "input", "eth0", False)),
        (case([LEFT], [ARRIVED], served=TOOK), "target", (B, 53, A, 50000, "output", "eth0", True)),
        (case([LEFT, RETURNED], [ARRIVED, REPLIED]), "source", (B, 53, A, 50000, "input", "eth0", True)),
    ],
    ids=["not-sent", "dropped", "refused", "reply-not-sent", "reply-dropped"],
)
def test_whose_rules_are_asked_for(seen, end, asked):
    found = question(seen)
    assert found is not None
    ask = found.ask
    said = (ask.source, ask.source_port, ask.destination, ask.destination_port, ask.hook, ask.interface, ask.reply)
    assert (found.end, said) == (end, asked)


@pytest.mark.parametrize(
    "seen", [case(sent=Sent(obstacle="no route")), case(sent=Sent(source=A, obstacle="refusing route")), case([LEFT]), case([LEFT, RETURNED], [ARRIVED, REPLIED], sent=ANSWERED)],
    ids=["no-route", "refusing-route", "lost", "works"],
)  # fmt: skip
def test_where_no_rule_of_theirs_has_to_do_with_it(seen):
    assert question(seen) is None


@pytest.mark.parametrize(
    "seen", [case([LEFT, there(out=False, what="error", by=GATE, kind=3, code=13)], served=TOOK), case([LEFT], sent=ANSWERED)], ids=["taken", "answered"],
)  # fmt: skip
def test_of_a_packet_that_was_not_seen_no_rule_is_asked(seen):
    """That it came is known by the target's word alone: with which addresses, is not."""
    assert seen.reached
    assert question(seen) is None


def test_a_bridge_is_no_second_way():
    """Each packet is seen at the card and at the bridge above it: coming in from below, leaving from above. Rules see the bridge."""
    far = [ARRIVED, there(out=False, interface="br0"), back(out=True, interface="br0"), back(out=True)]
    near = [LEFT, RETURNED, back(out=False, interface="br0")]
    assert "leaves by" not in judge(case(near, far, sent=ANSWERED)).detail
    assert judge(case([LEFT], far, served=TOOK)).died_at is DiedAt.REPLY_LOST
    for seen in (case([LEFT], far[:2]), case(near, far)):
        asked = question(seen)
        assert asked is not None
        assert asked.ask.interface == "br0"


def test_the_way_and_the_evidence():
    found = judge(case([LEFT, EXCEEDED, RETURNED], [ARRIVED, REPLIED], served=TOOK), DROP)
    assert [(hop.name, hop.address, hop.request, hop.reply) for hop in found.hops] == [
        ("near", A, True, True), ("", GATE, True, None), ("far", B, True, True),
    ]  # fmt: skip
    assert found.rule == DROP.rule
    said = [step.what for step in found.evidence]
    assert said[0] == "near/eth0: request 10.1.0.2:50000 to 10.2.0.2:53"
    assert "near/eth0: ICMP 11/0 from 10.1.0.1 about 10.1.0.2:50000 to 10.2.0.2:53, hop limit 1" in said
    assert said[-1] == f"the firewall's rules: drop, {DROP.rule}"


def test_the_evidence_is_bounded():
    found = judge(case([LEFT] * 200, [ARRIVED] * 50), DROP)
    assert len(found.evidence) == MAX_EVIDENCE


def test_packets_that_were_not_looked_at_are_told():
    seen = case([LEFT])
    found = judge(structs.replace(seen, near=structs.replace(seen.near, lost=3)))
    assert "3 packets came too fast to be looked at" in found.detail


def test_ipv6_ends_are_written_in_brackets():
    six = case([there(out=True, source="fd01::2", destination="fd02::2")])
    assert "[fd01::2]:50000 to [fd02::2]:53" in judge(six).evidence[0].what


_SIGHTINGS = st.lists(
    st.builds(
        Sighting, at=st.sampled_from([1.0, 3.0, 9000.0]), card=st.sampled_from(["", "", "02:00:00:00:00:99"]), what=st.sampled_from(["request", "probe", "reply", "refusal", "error"]), out=st.booleans(),
        interface=st.sampled_from(["eth0", "eth1"]), source=st.sampled_from([A, B, GATE]), source_port=st.just(1), destination=st.sampled_from([A, B]),
        destination_port=st.just(2), hop_limit=st.just(60), number=st.integers(0, 5), by=st.sampled_from(["", GATE, "fd01::1"]), kind=st.integers(0, 12),
        code=st.integers(0, 15),
    ),
    max_size=6,
)  # fmt: skip


@given(
    _SIGHTINGS, _SIGHTINGS, st.sampled_from([UDP, TCP]), st.sampled_from([OWN, HELD, NONE]), st.booleans(), st.sampled_from([None, DROP, ACCEPT, UNKNOWN, PERHAPS, SENT_ON]),
    st.builds(Sent, source=st.sampled_from(["", A]), answered=st.booleans(), obstacle=st.sampled_from(["", "no route", "refusing route", "local", "own firewall"]),
              neighbour=st.sampled_from(["", "known", "silent"]), answered_by=st.sampled_from(["", B, GATE])),
    st.builds(Served, accepted=st.integers(0, 1), half_open=st.integers(0, 1), obstacle=st.sampled_from(["", "no route"]), neighbour=st.sampled_from(["", "silent"])),
    st.sampled_from([0, 7]),
)  # fmt: skip
def test_whatever_was_seen_there_is_one_verdict_and_it_claims_no_more(
    near, far, path, watching, answered, ruled, sent, served, lost
):
    seen = unlooked(case(near, far, path, watching, sent, served, answered=answered), far=lost)
    asked = question(seen)
    assert asked is None or asked.ask.destination
    found = judge(seen, ruled)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Walked) == found
    assert bool(found.detail)
    if found.verdict is Verdict.WORKS:
        assert seen.arrived is not None or served.accepted or served.half_open
    if found.died_at is DiedAt.NOT_SENT:
        assert seen.left is None
        assert seen.arrived is None
    if found.died_at in (DiedAt.DROPPED_BY_TARGET, DiedAt.NO_LISTENER):
        assert seen.arrived is not None


def test_verdicts_are_unlike_each_other():
    """No two rows of the playbook say the same: each sentence tells its own case."""
    said = [judge(one[1], one[2]).detail for one in ROWS]
    twice = {a for a, b in itertools.pairwise(sorted(said)) if a == b}
    assert len(twice) <= 2, twice


@pytest.mark.parametrize("rest", [[], [ARRIVED]], ids=["lost", "dropped"])
def test_that_the_source_has_several_ways_is_told(rest):
    probe = structs.replace(LEFT, what="probe", number=1)
    assert "more than one way" not in judge(case([LEFT, probe], rest)).detail
    told = judge(case([LEFT, structs.replace(probe, interface="eth7")], rest)).detail
    assert f"near has more than one way there: the request left by {LEFT.interface}, other source ports by eth7" in told
