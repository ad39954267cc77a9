"""Results against what was wanted: judgements, findings, and what a silent host is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.probes import HOST_ID, ID, MAX_PROOF, RANK, findings, judge, no_default_route, worst
from bellrock.flows import Protocol, Role, Wanted
from bellrock.model import Probed, Severity, Traced, Verdict

ANSWERED = (
    Verdict.WORKS,
    Verdict.DEGRADED,
    Verdict.AUTHENTICATION_NEEDED,
    Verdict.TLS_FAULT,
    Verdict.WRONG_SERVICE,
    Verdict.EXPOSED,
)


def want(flow: str = "ntp", **more) -> Wanted:
    plain = {
        "exchange": "poll",
        "source": Role.NODE,
        "target": Role.NTP,
        "address": "10.0.0.5",
        "port": 123,
        "protocol": Protocol.UDP,
        "why": "it does",
    }
    return Wanted(flow=flow, **(plain | more))


def got(verdict: Verdict, **more) -> Probed:
    return Probed(**({"flow": "ntp", "target": "10.0.0.5:123", "verdict": verdict, "detail": "as it was seen"} | more))


def test_the_worst_is_told():
    assert worst([Verdict.WORKS, Verdict.DEGRADED, Verdict.FILTERED, Verdict.NOT_CHECKED]) is Verdict.FILTERED
    assert worst([Verdict.WORKS, Verdict.NOT_CHECKED]) is Verdict.NOT_CHECKED
    assert worst([]) is Verdict.NOT_CHECKED
    assert set(RANK) == set(Verdict)
    assert len(RANK) == len(Verdict)


@pytest.mark.parametrize("verdict", Verdict)
def test_what_must_pass_is_as_it_was_seen(verdict: Verdict):
    assert judge([(want(), got(verdict))]) == (got(verdict),)


@pytest.mark.parametrize("verdict", Verdict)
def test_what_must_be_blocked_is_exposed_where_anything_answers(verdict: Verdict):
    (found,) = judge([(want(expectation="blocked"), got(verdict))])
    if verdict is Verdict.NOT_CHECKED:
        assert found == got(verdict)
    elif verdict in ANSWERED:
        assert (found.verdict, found.detail) == (Verdict.EXPOSED, "it answers here, and must not: as it was seen")
    else:
        assert (found.verdict, found.detail) == (Verdict.WORKS, "nothing answers, as it should be: as it was seen")
        assert found.facts == {"seen": verdict.value}


def test_on_a_link_others_may_answer_than_the_one_that_must_not():
    on_link = want("libvirt-dnsmasq", address="", interface="eth0", expectation="blocked")
    (other,) = judge([(on_link, got(Verdict.WRONG_SERVICE))])
    (itself,) = judge([(on_link, got(Verdict.WORKS))])
    assert (other.verdict, itself.verdict) == (Verdict.WORKS, Verdict.EXPOSED)


def test_of_alternatives_one_is_enough():
    http, https = (want("apt", exchange="fetch", port=port, alternative=True) for port in (80, 443))
    other = want("apt", exchange="fetch", address="10.0.0.6", port=443, alternative=True)
    found = judge([(http, got(Verdict.WORKS)), (https, got(Verdict.REFUSED)), (other, got(Verdict.REFUSED))])
    assert [one.verdict for one in found] == [Verdict.WORKS, Verdict.WORKS, Verdict.REFUSED]
    assert found[1].detail == "another port of it works, which is enough; here: as it was seen"
    (alone,) = judge([(https, got(Verdict.FILTERED))])
    assert alone.verdict is Verdict.FILTERED


def test_an_alternative_that_answers_wrongly_is_a_fault_all_the_same():
    http, https = (want("apt", exchange="fetch", port=port, alternative=True) for port in (80, 443))
    assert judge([(http, got(Verdict.WORKS)), (https, got(Verdict.TLS_FAULT))])[1].verdict is Verdict.TLS_FAULT


def test_what_works_is_no_finding():
    assert findings([(want(), got(Verdict.WORKS))]) == ()


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.WORKS])
def test_a_finding_says_what_where_why_and_what_to_do(verdict: Verdict):
    steps = (
        Traced(at=1.0, direction="sent", what="NTP request"),
        Traced(at=2.0, direction="received", what="something"),
    )
    (found,) = findings([(want(), got(verdict, evidence=steps, source="eth0", variant="v4"))], host="node-7")
    assert found.id == f"{ID}{verdict}"
    assert found.what == "NTP / Time Sync (v4) at 10.0.0.5:123 from eth0: as it was seen"
    assert found.host == "node-7"
    assert found.cause.endswith(".")
    assert found.proof == ("sent: NTP request", "received: something", "wanted: it does")
    assert all("{" not in line for line in found.fix)


def test_optional_flows_warn_unless_they_are_exposed():
    def severity(flow, verdict):
        return findings([(want(flow), got(verdict))])[0].severity

    assert severity("ntp", Verdict.REFUSED) is Severity.ERROR
    assert severity("ldap", Verdict.REFUSED) is Severity.WARNING
    assert severity("libvirt", Verdict.EXPOSED) is Severity.ERROR
    assert severity("ldap", Verdict.NOT_CHECKED) is Severity.NOTICE


def test_a_flow_that_the_catalogue_has_not_is_called_as_it_is():
    assert findings([(want("gopher"), got(Verdict.REFUSED))])[0].what.startswith("gopher at 10.0.0.5:123")


def test_a_host_that_is_silent_altogether_is_one_finding():
    silent = [(want(flow), got(Verdict.FILTERED, flow=flow)) for flow in ("tftp", "http-boot", "dns")]
    other = (want("ntp", address="10.0.0.6"), got(Verdict.REFUSED, target="10.0.0.6:123"))
    found = findings([*silent, other])
    assert [one.id for one in found] == [HOST_ID, "flow-refused"]
    assert found[0].what == "10.0.0.5 does not answer at all: tftp, http-boot, dns were tried"
    assert len(found[0].proof) == 3


def test_variants_that_came_to_the_same_are_one_finding():
    dhcp = want("dhcp", address="", interface="eth0")
    found = findings([(dhcp, got(verdict, flow="dhcp", target="eth0", source="eth0", variant=variant)) for variant, verdict in (
        ("bios", Verdict.FILTERED), ("uefi-x64", Verdict.FILTERED), ("uefi-arm64", Verdict.DEGRADED), ("other", Verdict.WORKS))])  # fmt: skip
    assert [one.what for one in found] == [
        "DHCP Discover/Offer (bios, uefi-x64) at eth0: as it was seen",
        "DHCP Discover/Offer (uefi-arm64) at eth0: as it was seen",
    ]


@pytest.mark.parametrize(
    "pairs",
    [
        [(want("tftp"), got(Verdict.FILTERED)), (want("dns"), got(Verdict.REFUSED))],
        [(want("dns"), got(Verdict.FILTERED)), (want("dns", protocol=Protocol.TCP), got(Verdict.FILTERED))],
        [(want("tftp"), got(Verdict.FILTERED)), (want("ssh", expectation="blocked"), got(Verdict.EXPOSED))],
    ],
    ids=["one answers", "one service", "one must be blocked"],
)
def test_a_host_of_which_something_is_known_is_not_silent(pairs):
    assert HOST_ID not in {one.id for one in findings(pairs)}


def test_the_gravest_come_first_and_proof_is_bounded():
    many = tuple(Traced(at=float(number), direction="sent", what=str(number)) for number in range(100))
    found = findings(
        [
            (want(), got(Verdict.NOT_CHECKED)),
            (want(address="10.0.0.6"), got(Verdict.REFUSED, evidence=many)),
            (want(address="10.0.0.7"), got(Verdict.DEGRADED)),
        ]
    )
    assert [one.severity for one in found] == [Severity.ERROR, Severity.WARNING, Severity.NOTICE]
    assert len(found[0].proof) <= MAX_PROOF
    assert found[0].proof[0] == "sent: 0"
    assert found[0].proof[-2] == "sent: 99"


def test_no_default_route_is_a_notice_with_its_proof():
    found = no_default_route()
    assert (found.id, found.severity) == ("no-default-route", Severity.NOTICE)
    assert found.proof


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ntp", "dns", "tftp"]),
            st.sampled_from(["10.0.0.1", "10.0.0.2"]),
            st.sampled_from(Verdict),
            st.booleans(),
            st.booleans(),
        )
    )
)
def test_no_fault_is_lost_and_nothing_good_is_blamed(rows):
    pairs = [
        (
            want(flow, address=address, expectation="blocked" if blocked else "pass", alternative=alternative),
            got(verdict, flow=flow),
        )
        for flow, address, verdict, blocked, alternative in rows
    ]
    judged = judge(pairs)
    assert len(judged) == len(pairs)
    seen = [(wanted, found) for (wanted, _), found in zip(pairs, judged, strict=True)]
    told = findings(seen)
    bad = [pair for pair in seen if pair[1].verdict is not Verdict.WORKS]
    assert bool(told) == bool(bad)
    assert len(told) <= len(bad)
    assert all(one.proof for one in told)
