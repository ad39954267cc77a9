"""The one judge: every rule and every other kind of evidence, absorbed and in order; and that rules hold to what they promise."""

from importlib.resources import files
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis import findings as module
from bellrock.diagnosis.absorption import place
from bellrock.diagnosis.case import Case
from bellrock.diagnosis.findings import EXPLAINS, IDS, MAX_OF_RULE, MODULES, absorbed, judge, judge_all
from bellrock.flows import Protocol, Wanted
from bellrock.flows.values import Role
from bellrock.model import Confidence, Finding, Probed, Severity, Topology, Verdict, Wall
from bellrock.model.here import Here
from tests.diagnosis.looks import cable, look

NOW = Wall(1000.0)


def case(**facts):
    return Case(now=NOW, **facts)


def pair(flow="ntp", verdict=Verdict.REFUSED, address="10.0.0.5", source=""):
    want = Wanted(
        flow=flow,
        exchange="",
        source=Role.NODE,
        target=Role.NTP,
        address=address,
        port=123,
        protocol=Protocol.UDP,
        why="wanted",
    )
    return want, Probed(flow=flow, target=f"{address}:123", verdict=verdict, detail="as it was seen", source=source)


def finding(rule, **facts):
    return Finding(**({"id": rule, "severity": Severity.ERROR, "what": rule, "proof": ("seen",)} | facts))


def rule(identity, *found):
    return SimpleNamespace(ID=identity, find=lambda case: iter(found))


def test_nothing_known_is_nothing_wrong():
    assert judge(case()) == ()
    assert judge(case(topology=Topology(), looks=(look(cable()),), here=(Here(host="a"),))) == ()


def test_looks_and_probes_and_what_others_found_are_judged_together():
    found = judge(
        case(looks=(look(cable("eth0"), cable("eth1", carrier=False)),), probes=(pair(),)), [finding("handed-in")]
    )
    assert [one.id for one in found] == ["handed-in", "flow-refused", "no-carrier"], (
        "the gravest first, then the surest"
    )


@pytest.mark.parametrize(
    ("source", "host"), [("rack-1", "rack-1"), ("rack-2", "rack-2"), ("eth0", ""), ("10.0.0.9", ""), ("", "")], ids=str
)
def test_a_probe_is_of_a_host_where_its_source_is_one(source, host):
    known = {"here": (Here(host="rack-1"),), "topology": Topology(names={"id-2": "rack-2"})}
    (one,) = judge(case(probes=(pair(source=source),), **known))
    assert (one.host, one.flow, one.address) == (host, "ntp", "10.0.0.5:123")


def test_what_one_host_sees_does_not_speak_for_another():
    """A host of which nothing answers is silent; two hosts that each miss one service are two findings."""
    known = (Here(host="a"), Here(host="b"))
    probes = (pair("ntp", Verdict.FILTERED, source="a"), pair("dns", Verdict.FILTERED, source="b"))
    assert [one.id for one in judge(case(probes=probes, here=known))] == ["flow-filtered", "flow-filtered"]
    probes = tuple(pair(flow, Verdict.FILTERED, source="a") for flow in ("ntp", "dns"))
    assert [one.id for one in judge(case(probes=probes, here=known))] == ["host-silent"]


def test_what_a_host_does_explains_what_others_see_of_an_address_that_it_alone_has(monkeypatch):
    monkeypatch.setattr(
        module, "MODULES", (rule("rule-drops-flow", finding("rule-drops-flow", host="far", flow="ntp")),)
    )
    near = Here(host="near", addresses=(("eth0", "10.0.0.9/24"), ("eth1", "192.168.122.1/24")))
    far = Here(host="far", addresses=(("eth0", "10.0.0.5/24"), ("virbr0", "192.168.122.1/24")))
    seen = case(probes=(pair(verdict=Verdict.FILTERED, source="near"),), here=(near, far))
    (one,) = judge(seen)
    assert (one.id, len(one.symptoms)) == ("rule-drops-flow", 1)
    shared = case(probes=(pair(verdict=Verdict.FILTERED, address="192.168.122.1", source="near"),), here=(near, far))
    assert len(judge(shared)) == 2, "both have it, so that nobody knows whose it is"


def test_what_became_of_symptoms_is_known(monkeypatch):
    monkeypatch.setattr(module, "EXPLAINS", {"a": frozenset({"b"})})
    a, b = finding("a", host="h"), finding("b", host="h")
    judged = judge_all(case(), [b, a])
    assert [one.id for one in judged.findings] == ["a"]
    assert judged.into == {place(b): place(a)}
    assert [one.id for one in absorbed([b, a])] == ["a"]


def test_of_a_fault_that_is_everywhere_a_thousand_places_are_told(monkeypatch):
    many = [finding("a", host=f"h{number}") for number in range(MAX_OF_RULE + 10)]
    monkeypatch.setattr(module, "MODULES", (rule("a", *many),))
    assert len(judge(case())) == MAX_OF_RULE


def test_a_rule_that_fails_is_told_and_silences_no_other(monkeypatch):
    def broken(case):
        yield finding("broken")
        raise LookupError("a defect")

    monkeypatch.setattr(module, "MODULES", (SimpleNamespace(ID="broken", find=broken), rule("a", finding("a"))))
    faults = []
    judged = judge_all(case(), fault=lambda identity, error: faults.append((identity, str(error))))
    assert [one.id for one in judged.findings] == ["a"]
    assert faults == [("broken", "a defect")]
    with pytest.raises(LookupError):
        judge(case())


@pytest.mark.parametrize("one", MODULES, ids=lambda one: one.ID)
def test_every_rule_has_what_it_is_known_by(one):
    assert EXPLAINS[one.ID] == frozenset(one.EXPLAINS)
    assert one.ID not in one.EXPLAINS
    assert one.TITLE.strip() == one.TITLE != ""
    assert list(one.find(case())) == [], "where nothing is known nothing is wrong"


def test_every_id_has_a_page():
    pages = files("bellrock.diagnosis") / "explained"
    assert sorted(IDS) == sorted(one.name.removesuffix(".md") for one in pages.iterdir())


addresses = st.sampled_from(["10.0.0.2", "10.0.0.3", "fd00::2"])
probed = st.builds(
    pair,
    st.sampled_from(["ntp", "dns", "tftp", "api", "ssh", "dhcp"]),
    st.sampled_from(Verdict),
    addresses,
    st.sampled_from(["", "rack-1", "eth0"]),
)
hosts = st.builds(
    Here,
    host=st.sampled_from(["rack-1", "rack-2"]),
    addresses=st.lists(st.tuples(st.just("eth0"), addresses.map(lambda one: f"{one}/24")), max_size=2).map(tuple),
    clock_offset=st.sampled_from([None, 0.0, 400.0]),
    resolvers=st.sampled_from([None, (), ("10.0.0.2",)]),
    refused=st.sampled_from([(), (("x", "wrong secret", 3),), (("x", "version 1", 3),)]),
)


@given(st.lists(probed, max_size=8), st.lists(hosts, max_size=2, unique_by=lambda one: one.host))
def test_whatever_is_known_no_rule_fails_and_every_finding_is_whole(probes, here):
    for one in judge(case(probes=tuple(probes), here=tuple(here))):
        assert one.proof
        assert one.what
        assert one.confidence in Confidence
        assert "{" not in one.what
