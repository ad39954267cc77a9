"""What a scan found against what is meant, from tables of trunks: a switch is imitated that passes what each port really passes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bellrock.beacon.scanner import Reached
from bellrock.beacon.trunks import EXTRA, MISSING, NATIVE, TRANSLATED, Meant, validate
from bellrock.model import Severity

HERE = ("here", "eth0")
POOL = (10, 20, 30, 40, 50)


def port(*tagged, untagged=None, exact=True):
    return Meant(tagged=frozenset(tagged), untagged=untagged, exact=exact)


def row(real, vids=POOL, translate=None):
    """What a scan from HERE finds on a switch whose ports really are so; a tagged frame of the native VLAN passes, too."""
    own = real[HERE]
    found = {}
    for sent in (0, *vids):
        vlan = own.untagged if sent == 0 else sent if sent in own.tagged or sent == own.untagged else None
        vlan = (translate or {}).get(vlan, vlan)
        found[sent] = tuple(
            Reached(*end, form) for end, passed in real.items() if end != HERE and vlan for form in passed.forms(vlan)
        )
    return found


def said(meant, real, **more):
    judged = validate(HERE, row(real, **more), meant)
    return [(one.id, f"{one.host}/{one.interface}", one.vid) for one in judged.findings], list(judged.unknown)


FULL = {
    HERE: port(*POOL),
    ("a", "eth0"): port(10, 20, untagged=30),
    ("b", "eth0"): port(10, 20, 30),
    ("c", "eth0"): port(untagged=10),
}
A, B, C = (("a", "eth0"), ("b", "eth0"), ("c", "eth0"))
TABLE = [
    ("as it is meant", {}, [], []),
    ("missing at one", {B: port(10, 30)}, [(MISSING, "b/eth0", 20)], []),
    ("the native one is missing", {A: port(10, 20)}, [(MISSING, "a/eth0", 30)], []),
    ("missing here", {HERE: port(10, 30, 40, 50)}, [(MISSING, "here/eth0", 20)], []),
    ("a leak", {B: port(10, 20, 30, 40)}, [(EXTRA, "b/eth0", 40)], []),
    ("another native VLAN, tagged before", {A: port(10, untagged=20)}, [(NATIVE, "a/eth0", 20)], []),
    ("another native VLAN, foreign", {A: port(10, 20, untagged=50)}, [(NATIVE, "a/eth0", 50)], []),
    ("a native VLAN where none is meant", {B: port(10, 20, 30, untagged=40)}, [(NATIVE, "b/eth0", 40)], []),
    ("an access port in another VLAN", {C: port(untagged=20)}, [(NATIVE, "c/eth0", 20)], []),
    ("the native VLAN is tagged", {A: port(10, 20, 30)}, [(NATIVE, "a/eth0", 30)], []),
    ("silent on all", {C: port(untagged=4000)}, [], ["c/eth0 answered on no VID: nothing is known of its VLANs"]),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "findings", "unknown"), [pytest.param(*line[1:], id=line[0]) for line in TABLE])
def test_one_fault_is_one_finding(changed, findings, unknown):
    told, silent = said(FULL, FULL | changed)
    assert told == findings
    quiet = [one for one in silent if "nobody who answered is meant to be in" in one]
    assert len(quiet) == 1
    assert [one for one in silent if one not in quiet] == unknown


@pytest.mark.parametrize(
    ("vids", "sentence"),
    [
        ((10, 40), "VLAN 40 is silent, and nobody who answered is meant to be in it"),
        ((10, 40, 41, 42, 50), "VLANs 40-42, 50 are silent, and nobody who answered is meant to be in them"),
    ],
)
def test_silent_vlans_are_one_sentence(vids, sentence):
    meant = {HERE: port(10, 40, 41, 42, 50), A: port(10)}
    assert list(validate(HERE, row(meant, vids), meant).unknown) == [sentence]


@pytest.mark.parametrize(
    ("meant", "ports"),
    [
        ({HERE: port(10), A: port(20)}, (HERE, A)),
        ({HERE: port(10, exact=False), A: port(10, exact=False)}, (A,)),
        ({HERE: port(10), B: port(10)}, (HERE,)),
        ({HERE: port(10, exact=False)}, ()),
        ({A: port(4000, exact=False)}, ()),
        ({}, ()),
    ],
    ids=["a site", "what is wanted", "here alone", "here, of which only wishes are known", "no VID of it called", "nothing"],
)  # fmt: skip
def test_who_was_judged_is_told(meant, ports):
    assert validate(HERE, row({HERE: port(*POOL), A: port(*POOL)}), meant).ports == ports
    silent = dict.fromkeys((0, *POOL), ())
    assert validate(HERE, silent, meant).ports == ()


def test_a_vlan_that_passes_here_and_is_not_meant_to():
    meant = FULL | {HERE: port(10, 20)}
    told, _ = said(meant, FULL)
    assert told == [(EXTRA, "here/eth0", 30)]


def test_a_vlan_that_is_meant_at_neither_end_leaks_at_both():
    meant = {HERE: port(10), A: port(10)}
    told, _ = said(meant, {HERE: port(10, 40), A: port(10, 40)})
    assert told == [(EXTRA, "here/eth0", 40), (EXTRA, "a/eth0", 40)]


@pytest.mark.parametrize(
    ("real", "findings"),
    [
        (port(20, untagged=10), []),
        (port(10, 20, untagged=30), [(NATIVE, "here/eth0", 30)]),
        (port(20), [(MISSING, "here/eth0", 10)]),
    ],
    ids=["as meant", "another", "none"],
)
def test_the_native_vlan_here(real, findings):
    meant = {HERE: port(20, untagged=10), A: port(10, 20, 30), B: port(20, untagged=10), C: port(20, untagged=30)}
    told, _ = said(meant, meant | {HERE: real})
    assert [one for one in told if one[1] == "here/eth0" and one[0] != EXTRA] == findings


def test_the_native_vlan_here_is_known_from_access_ports_alone():
    meant = {HERE: port(untagged=10), C: port(untagged=10)}
    assert said(meant, meant) == ([], [])
    told, _ = said(meant, {HERE: port(untagged=10), C: port(untagged=10), A: port(untagged=10)})
    assert told == []


@pytest.mark.parametrize("at_fault", [HERE, A], ids=["here", "there"])
def test_with_one_other_end_either_may_be_at_fault_and_neither_is_accused(at_fault):
    meant = {HERE: port(10, 20), A: port(10, 20), B: port(10)}
    judged = validate(HERE, row(meant | {at_fault: port(10)}), meant)
    (one,) = judged.findings
    assert (one.id, one.host, one.vid, one.severity) == (MISSING, "here", 20, Severity.ERROR)
    assert one.what == "VLAN 20 does not pass between here/eth0 and a/eth0"
    assert one.cause == "missing at a/eth0 or at here/eth0: nobody else who answered is meant to have it"
    assert one.proof == ("no call in VLAN 20 came out at a/eth0, which answers on others",)
    assert one.fix == (
        "add VLAN 20 to the switch port of here/eth0 or of a/eth0, whichever lacks it, or to a trunk between them",
    )


def test_a_vlan_that_comes_out_as_another():
    meant = {HERE: port(10, 20), A: port(10, 20)}
    told, _ = said(meant, meant, translate={10: 20})
    assert told == [(TRANSLATED, "a/eth0", 10)]


def test_who_is_not_in_the_intent_is_not_judged_but_shows_what_leaks_here():
    meant = {HERE: port(10)}
    told, unknown = said(meant, {HERE: port(10, 40), A: port(10, 40)})
    assert told == [(EXTRA, "here/eth0", 40)]
    assert unknown == ["a/eth0 answered, and nothing says which VLANs it is meant to have"]


def test_without_intent_for_here_others_are_judged_by_each_other():
    meant = {A: port(10, 20), B: port(10, 20)}
    told, unknown = said(meant, {HERE: port(*POOL), A: port(10), B: port(10, 20)})
    assert told == [(MISSING, "a/eth0", 20)]
    assert unknown == ["nothing says which VLANs here/eth0 is meant to have"]
    assert said(meant, {HERE: port(*POOL), A: port(10), B: port(10)})[0] == []


def test_where_only_what_is_wanted_is_known_more_is_no_leak():
    meant = {HERE: port(10, exact=False), A: port(10, exact=False), B: port(20, exact=False)}
    real = {HERE: port(*POOL), A: port(20, 30, untagged=10), B: port(20, 30, untagged=40)}
    assert said(meant, real)[0] == [(NATIVE, "a/eth0", 10)]


def test_proof_of_a_native_vlan_tells_what_is_untagged_and_what_is_gone():
    judged = validate(HERE, row(FULL | {A: port(10, 20, untagged=50)}), FULL)
    (one,) = judged.findings
    assert one.proof == ("VLAN 50 comes out at a/eth0 untagged", "VLAN 30 does not come out there at all")
    judged = validate(HERE, row(FULL | {B: port(10, 20, 30, untagged=50)}), FULL)
    assert judged.findings[0].what == "VLAN 50 is untagged at b/eth0, where none is meant to"


trunks = st.builds(
    lambda tagged, untagged: port(*(set(tagged) - {untagged}), untagged=untagged),
    st.sets(st.sampled_from(POOL), min_size=1),
    st.sampled_from((None, *POOL)),
)


@settings(deadline=None)
@given(st.lists(trunks, min_size=1, max_size=6))
def test_what_is_as_it_is_meant_has_no_findings(others):
    meant = {HERE: port(*POOL)} | {(f"h{number}", "eth0"): trunk for number, trunk in enumerate(others)}
    assert said(meant, meant)[0] == []


@settings(deadline=None)
@given(st.lists(trunks, min_size=3, max_size=6), trunks, trunks)
def test_findings_name_only_ports_that_differ(others, own, changed):
    meant = {HERE: port(*POOL)} | {(f"h{number}", "eth0"): trunk for number, trunk in enumerate(others)}
    meant[A] = own
    judged = validate(HERE, row(meant | {A: changed}), meant)
    told = [(one.id, one.host, one.vid) for one in judged.findings]
    assert {one.host for one in judged.findings if not one.cause} <= {"a"}
    differs = {vid for vid in POOL if own.forms(vid) != changed.forms(vid)}
    assert {vid for _, _, vid in told} <= differs
    heard = any(changed.forms(vid) for vid in POOL)
    assert bool(told) == (bool(differs) and heard)


def test_a_vlan_that_comes_out_as_another_is_no_leak_of_its_own():
    meant = {HERE: port(10, 20), A: port(20)}
    assert said(meant, meant, translate={10: 20})[0] == [(TRANSLATED, "a/eth0", 10)]


def test_which_vlan_is_native_here_is_seen_where_it_comes_out_untagged_either_way():
    meant = {HERE: port(20, untagged=30), A: port(20, untagged=10), C: port(untagged=20)}
    assert said(meant, meant | {A: port(20, untagged=30)})[0] == [(NATIVE, "a/eth0", 30)]


def test_a_switch_that_drops_tagged_frames_of_the_native_vlan_is_no_fault():
    meant = {HERE: port(20, untagged=10), C: port(untagged=10)}
    found = {0: (Reached("c", "eth0", None),), 10: (), 20: ()}
    assert validate(HERE, found, meant).findings == ()
    assert validate(HERE, {**found, 0: (Reached("d", "eth0", None),)}, meant).findings == ()


@settings(deadline=None)
@given(st.lists(trunks, max_size=5), trunks, trunks, trunks)
def test_wherever_it_is_scanned_from_only_ports_that_differ_are_named(others, here, own, changed):
    meant = {HERE: here, A: own} | {(f"h{number}", "eth0"): trunk for number, trunk in enumerate(others)}
    judged = validate(HERE, row(meant | {A: changed}), meant)
    told = [one for one in judged.findings if not one.cause]
    assert {one.host for one in told} <= {"a"}
    assert all("a/eth0" in one.cause for one in judged.findings if one.cause)
    if own.forms == changed.forms:
        assert told == []


@settings(deadline=None)
@given(st.lists(trunks, min_size=2, max_size=5), trunks, trunks)
def test_a_fault_here_is_told_as_one_here(others, own, changed):
    meant = {HERE: own} | {(f"h{number}", "eth0"): trunk for number, trunk in enumerate(others)}
    judged = validate(HERE, row(meant | {HERE: changed}), meant)
    assert {(one.host, one.interface) for one in judged.findings if not one.cause} <= {HERE}
