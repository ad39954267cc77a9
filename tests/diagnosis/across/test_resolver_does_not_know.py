import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.across import resolver_does_not_know as rule
from bellrock.model import Confidence
from tests.diagnosis.sites import case, found, here, probe, whats

NAMES = {"options": {"names": "boot.example, Mirror.Example."}}
EXTERNAL, OWN = "192.0.2.53", "10.0.0.2"


def dns(target=EXTERNAL, verdict="degraded", answers=None, **more):
    answers = {"boot.example A": "NXDOMAIN"} if answers is None else answers
    return probe(
        "dns",
        verdict,
        target,
        facts={"answers": answers},
        detail="there is no boot.example (NXDOMAIN)",
        **(NAMES | more),
    )


KNOWS = dns(OWN, "works", {"boot.example A": ["10.0.0.9"], "other.example A": "NXDOMAIN"})


def test_another_resolver_finds_it():
    site = case(here(resolvers=(EXTERNAL,)), probes=(dns(), KNOWS, dns()))
    assert whats(rule, site) == [("error", f"the resolver {EXTERNAL} does not know boot.example, asked from rack-1")]
    [one] = found(rule, site)
    assert one.confidence is Confidence.CERTAIN
    assert one.proof == (
        f"{EXTERNAL} answers NXDOMAIN to boot.example A.", f"{OWN}:53 finds it: there is no boot.example (NXDOMAIN)", "rack-1 asks it.",
    )  # fmt: skip
    assert one.recheck == f"bellrock probe dns --to {EXTERNAL} -o names=boot.example"


def test_where_nobody_finds_it_the_record_may_be_missing():
    [one] = found(rule, case(probes=(dns(answers={"boot.example A": "SERVFAIL", "mirror.example. AAAA": "NXDOMAIN"}),)))
    assert one.confidence is Confidence.LIKELY
    assert "boot.example and mirror.example" in one.what


@pytest.mark.parametrize(
    "given",
    [
        KNOWS, dns(verdict="filtered"), dns(expectation="blocked"), dns(answers={"boot.example A": ["10.0.0.9"]}),
        dns(answers={". SOA": "REFUSED"}), dns(answers={}), dns(options={}), dns(answers=["odd"]), probe("ntp", "degraded"),
    ],
)  # fmt: skip
def test_names_that_are_found_or_not_needed_and_servers_that_are_silent(given):
    assert found(rule, case(probes=(given,))) == []


def test_two_places_that_ask_are_two_findings():
    assert len(found(rule, case(probes=(dns(), dns(source="rack-2"))))) == 2


@given(
    st.lists(st.tuples(st.sampled_from("1234"), st.frozensets(st.sampled_from("abc"))), max_size=12),
    st.frozensets(st.sampled_from("abc"), min_size=1),
)
def test_who_finds_it_elsewhere_is_the_first_two_of_all_checks_of_others(checks, questions):
    pairs = tuple(
        dns(f"10.0.0.{last}", "works", {question: [str(number)] for question in found})
        for number, (last, found) in enumerate(checks)
    )
    knowing = rule._Knowing(case(probes=pairs))
    for last in "12345":
        naive = [
            probed for (to, found), (_, probed) in zip(checks, pairs, strict=True) if to != last and questions <= found
        ]
        assert knowing.of(questions, f"10.0.0.{last}") == naive[:2]
