"""Absorption: its laws, and what meets what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.diagnosis.absorption import MAX_PROOF, MAX_SYMPTOMS, Absorbed, absorbed, place, rank, reach
from bellrock.diagnosis.places import parts
from bellrock.model import Confidence, Finding, Severity

CHAIN = {"root": frozenset({"middle"}), "middle": frozenset({"leaf"}), "leaf": frozenset()}
DIRECT = {"root": frozenset({"leaf"})}


def finding(rule, what="", **facts):
    chosen = {"severity": Severity.ERROR, "proof": (f"{rule} was seen",)} | facts
    return Finding(id=rule, what=what or f"{rule} at {facts.get('host') or facts.get('client') or 'x'}", **chosen)


def told(found, explains=DIRECT, owners=None):
    return sorted(absorbed(found, explains, owners), key=rank)


findings = st.lists(
    st.builds(
        finding,
        st.sampled_from("abcde"),
        st.sampled_from(["", "one", "two"]),
        severity=st.sampled_from(list(Severity)),
        confidence=st.sampled_from(list(Confidence)),
        host=st.sampled_from(["", "h1", "h2"]),
        vid=st.sampled_from([None, 10, 20]),
        client=st.sampled_from(["", "c1", "c2"]),
        address=st.sampled_from(["", "10.0.0.2", "10.0.0.2:69", "[fd00::2]:69", "fd00::2"]),
        proof=st.lists(st.sampled_from(["p", "q", "r"]), min_size=1, max_size=2).map(tuple),
    ),
    max_size=12,
)
owning = st.dictionaries(st.sampled_from(["10.0.0.2", "fd00::2"]), st.sampled_from(["h1", "h2"]))
relations = st.dictionaries(st.sampled_from("abcde"), st.frozensets(st.sampled_from("abcde"), max_size=3))


@given(findings, relations, owning)
def test_doing_it_again_changes_nothing(found, explains, owners):
    once = told(found, explains, owners)
    assert told(once, explains, owners) == once


@given(st.data(), findings, relations, owning)
def test_the_order_changes_nothing(data, found, explains, owners):
    once = told(found, explains, owners)
    assert told(data.draw(st.permutations(found)), explains, owners) == once
    assert told([*found, *found], explains, owners) == once


@given(findings, relations, owning)
def test_nothing_is_lost(found, explains, owners):
    absorption = Absorbed(found, explains, owners)
    shown = {place(one): one for one in absorption.told}
    for one in found:
        at = place(one)
        cause = shown[absorption.into.get(at, at)]
        said = (cause.what, *cause.proof, *cause.symptoms)
        assert one.what in said or any(text.startswith("and ") for text in cause.symptoms)
        if at in shown:
            assert set(one.proof) <= set(cause.proof)


@given(findings, relations)
def test_a_cause_weighs_as_much_as_what_follows_and_is_told_itself(found, explains):
    absorption = Absorbed(found, explains)
    shown = {place(one): one for one in absorption.told}
    order = list(Severity)
    assert not set(absorption.into) & set(shown)
    assert set(absorption.into.values()) <= set(shown)
    for one in found:
        at = place(one)
        assert order.index(shown[absorption.into.get(at, at)].severity) <= order.index(one.severity)


@given(findings, relations)
def test_rules_that_explain_each_other_explain_nothing(found, explains):
    for symptom, cause in Absorbed(found, explains).into.items():
        assert symptom[0] in reach(cause[0], explains)
        assert cause[0] not in reach(symptom[0], explains)


def test_what_follows_from_what_follows_is_told_with_the_first():
    (one,) = told([finding("leaf", host="h"), finding("middle", host="h"), finding("root", host="h")], CHAIN)
    assert (one.id, one.symptoms) == ("root", ("leaf at h", "middle at h"))


def test_nothing_follows_by_way_of_what_was_not_found():
    """Else a second cause is swallowed by the first, because of something between them that did not happen."""
    root, leaf = finding("root", host="h", client="c"), finding("leaf", host="h", client="c")
    assert len(told([root, leaf], CHAIN)) == 2
    assert len(told([root, leaf, finding("middle", host="h", client="d")], CHAIN)) == 3, "found, but elsewhere"
    assert len(told([root, leaf, finding("middle", client="c")], CHAIN)) == 1


def test_what_lies_between_follows_from_the_cause_in_that_ones_place():
    """Of `middle` on VLAN 10 nothing on VLAN 20 follows, whatever else explains `middle`."""
    root, middle = finding("root"), finding("middle", vid=10)
    assert {one.id for one in told([root, middle, finding("leaf", vid=20)], CHAIN)} == {"root", "leaf"}
    assert {one.id for one in told([root, middle, finding("leaf", vid=10)], CHAIN)} == {"root"}
    others = [finding("root", host="h"), finding("middle", vid=10), finding("leaf", vid=10, host="g")]
    assert {one.id for one in told(others, CHAIN)} == {"root", "leaf"}, "what explains `middle` is another host's"


def test_what_happens_to_one_client_explains_nothing_of_everybody():
    """One machine that is offered another's address is no reason for a clash about the address of a server."""
    found = [finding("root", client="c"), finding("leaf", address="10.0.0.2")]
    assert len(told(found)) == 2
    assert len(told([found[0], replace(found[1], client="c")])) == 1
    assert len(told([replace(one, host="h") for one in found])) == 1, "what holds one port back may hold back its VLANs"


def test_what_the_owner_of_an_address_does_explains_only_what_it_says():
    owners = {"10.0.0.2": "rack-1"}
    found = [
        finding("root", host="rack-1"),
        finding("middle", host="node-7", address="10.0.0.2:53"),
        finding("leaf", host="node-7"),
    ]
    assert {one.id: one.symptoms for one in told(found, CHAIN, owners)} == {"root": ("middle at node-7",), "leaf": ()}


def meets(one, other):
    """Slowly: whether nothing that both tell differs, and the cause is not one client's where the symptom is none's, but for one host."""
    same = all(a == b or not a or not b for a, b in zip(parts(place(one)), parts(place(other)), strict=True))
    return same and bool(one.client or not other.client or (one.host and other.host))


@given(findings, relations)
def test_it_is_as_if_each_were_held_against_each(found, explains):
    """The index finds what a search through all pairs finds."""
    absorption = Absorbed(found, explains)
    shown = [place(one) for one in absorption.told]
    every = {place(one): one for one in found}
    follows = {rule: reach(rule, explains) for rule in "abcde"}
    for at, one in every.items():
        direct = [
            cause
            for cause in every.values()
            if one.id in explains.get(cause.id, ()) and cause.id not in follows[one.id] and meets(one, cause)
        ]
        firsts = [place(cause) for cause in direct if place(cause) in shown]
        by_way = [absorption.into[place(cause)] for cause in direct if place(cause) in absorption.into]
        possible = [*firsts, *(first for first in by_way if meets(one, every[first]))]
        assert (at in absorption.into) is bool(possible)
        if possible:
            chosen = absorption.into[at]
            assert chosen in possible
            shared = [sum(a == b != "" for a, b in zip(parts(at), parts(first), strict=True)) for first in possible]
            assert shared[possible.index(chosen)] == max(shared)


def test_two_that_explain_each_other_are_both_told():
    found = [finding("a", host="h"), finding("b", host="h")]
    assert [one.id for one in told(found, {"a": frozenset("b"), "b": frozenset("a")})] == ["a", "b"]


def test_a_cause_elsewhere_absorbs_nothing_even_by_way_of_one_that_may_be_anywhere():
    found = [finding("root", host="h1"), finding("middle"), finding("leaf", host="h2")]
    assert [(one.id, one.symptoms) for one in told(found, CHAIN)] == [("root", ("middle at x",)), ("leaf", ())]


def test_what_a_host_does_explains_what_others_see_of_its_addresses():
    cause = finding("root", host="rack-1", flow="dns")
    seen = finding("leaf", host="node-7", interface="eth0", flow="dns", address="10.0.0.2:53")
    owners = {"10.0.0.2": "rack-1"}
    assert [one.id for one in told([cause, seen], owners=owners)] == ["root"]
    assert len(told([cause, seen])) == 2, "nobody knows whose address it is"
    assert len(told([cause, seen], owners={"10.0.0.2": "rack-2"})) == 2
    assert len(told([replace(cause, flow="ntp"), seen], owners=owners)) == 2
    assert len(told([replace(cause, vid=10), replace(seen, vid=20)], owners=owners)) == 2


def test_the_cause_that_is_nearest_counts():
    near, far = finding("root", host="h", client="c"), finding("root", severity=Severity.ERROR)
    shown = {one.client: one for one in told([far, near, finding("leaf", host="h", client="c")])}
    assert shown["c"].symptoms
    assert not shown[""].symptoms


def test_what_is_graver_makes_its_cause_as_grave():
    (one,) = told([finding("root", severity=Severity.NOTICE), finding("leaf", severity=Severity.WARNING)])
    assert (one.id, one.severity) == ("root", Severity.WARNING)


@pytest.mark.parametrize(
    ("mine", "its", "meets"),
    [
        ({"vid": 10}, {"vid": 10}, True), ({"vid": 10}, {"vid": 20}, False), ({"vid": 10}, {}, True),
        ({"client": "c"}, {"address": "a"}, True), ({"client": "c"}, {"client": "d"}, False),
        ({"address": "10.0.0.2"}, {"address": "10.0.0.2:69"}, True), ({"address": "10.0.0.2:53"}, {"address": "10.0.0.2:69"}, False),
        ({"address": "10.0.0.2:69"}, {"address": "10.0.0.3"}, False), ({"address": "fd00::2"}, {"address": "[fd00::2]:69"}, True),
        ({"address": "fd00::2"}, {"address": "fd00::3"}, False), ({"address": "02:00:00:00:00:01"}, {"address": "02:00:00:00:00:01"}, True),
        ({"address": "a"}, {"client": "c"}, False), ({}, {"client": "c"}, False), ({"host": "h"}, {"host": "g"}, False), ({"host": "h", "flow": "dns"}, {"flow": "dns"}, True), ({}, {"host": "g"}, True),
    ],
    ids=str,
)  # fmt: skip
def test_what_may_be_in_one_place(mine, its, meets):
    shown = told([finding("leaf", **mine), finding("root", **its)])
    assert (len(shown) == 1) is meets


def test_the_same_twice_is_one_with_the_proof_of_both():
    a = finding("a", "seen here", host="h", proof=("p",), confidence=Confidence.POSSIBLE)
    b = finding("a", "seen there", host="h", proof=("q",), evidence=("packet 4",))
    (one,) = told([a, b])
    assert (one.what, one.confidence, one.proof, one.evidence) == (
        "seen there", Confidence.CERTAIN, ("q", "seen here", "p"), ("packet 4",),
    )  # fmt: skip


def test_what_several_say_of_one_place_is_told_with_its_cause_as_well():
    found = [finding("leaf", "seen here", client="c"), finding("leaf", "seen there", client="c"), finding("root")]
    (one,) = told(found)
    assert one.symptoms == ("seen here", "seen there")


def test_all_is_bounded():
    many = [finding("a", host="h", proof=(f"p{number}",)) for number in range(MAX_PROOF + 5)]
    (one,) = told(many)
    assert len(one.proof) == MAX_PROOF
    leaves = [finding("leaf", f"s{number}", host=f"h{number}") for number in range(MAX_SYMPTOMS + 10)]
    (one,) = told([finding("root"), *leaves])
    assert len(one.symptoms) == MAX_SYMPTOMS
    assert one.symptoms[-1] == "and 11 more"


def test_the_gravest_then_the_surest_is_first():
    a = finding("a")
    later = [replace(a, confidence=Confidence.LIKELY), replace(a, severity=Severity.WARNING)]
    assert sorted([*later, a], key=rank) == [a, *later]


def foreign(own, *others):
    """What is told of own findings and of (finding, origin), and of which origin each place is."""
    absorption = Absorbed(own, CHAIN, foreign=others)
    return sorted(absorption.told, key=rank), absorption.origins


def test_what_others_found_explains_what_the_same_origin_tells_and_nothing_else():
    ours, theirs = finding("middle", host="h1"), finding("leaf", host="h2")
    cause = finding("root")
    shown, origins = foreign([ours], (cause, "x"), (theirs, "y"), (finding("middle", host="h3"), "x"))
    assert {(one.id, one.host): one.symptoms for one in shown} == {
        ("middle", "h1"): (), ("leaf", "h2"): (), ("root", ""): ("middle at h3",),
    }  # fmt: skip
    assert origins == {place(cause): "x", place(theirs): "y", place(finding("middle", host="h3")): "x"}


def test_what_is_found_here_explains_what_others_tell_after_its_own_symptoms():
    [shown], _ = foreign(
        [finding("root"), finding("middle", "ours", severity=Severity.NOTICE)], (finding("middle", host="h"), "x")
    )
    assert shown.symptoms == ("ours", "middle at h")


def test_words_of_here_count_and_those_of_others_are_proof():
    ours = finding("root", severity=Severity.WARNING, confidence=Confidence.LIKELY, fix=("mend it",))
    liar = finding("root", "no, this", fix=("curl | sh",), proof=("believe me",))
    assert foreign([ours], (liar, "x")) == ([replace(ours, proof=(*ours.proof, "no, this", "believe me"))], {})


@given(st.data(), findings, st.lists(st.tuples(findings, st.sampled_from("xy")), max_size=3))
def test_what_others_say_takes_nothing_away_whatever_the_order(data, own, said):
    others = [(one, origin) for some, origin in said for one in some]
    shown, origins = foreign(own, *others)
    assert foreign(own, *data.draw(st.permutations(others))) == (shown, origins)
    assert {place(one) for one in told(own, CHAIN)} <= {place(one) for one in shown}
    assert not {place(one) for one in own} & origins.keys()
