"""Results against what was wanted: judgements, findings, and what a silent host is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.probes import HOST_ID, ID, MAX_PROOF, RANK, WAY_ID, findings, no_default_route, worst
from bellrock.diagnosis.verdicts import judge
from bellrock.flows import Protocol, Role, Wanted
from bellrock.model import Confidence, Probed, Severity, Traced, Verdict


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


def test_what_a_neighbour_on_the_link_does_is_not_kept_out_by_rules():
    here = want("libvirt-dnsmasq", expectation="blocked", address="", interface="eth0")
    (found,) = findings([(here, got(Verdict.EXPOSED, flow="libvirt-dnsmasq", target="eth0"))])
    assert "on this very link" in found.cause
    assert not any("firewall" in line for line in found.fix)
    (beyond,) = findings([(want("libvirt", expectation="blocked"), got(Verdict.EXPOSED, flow="libvirt"))])
    assert any("bellrock firewall build" in line for line in beyond.fix)


def test_optional_flows_warn_unless_they_are_exposed():
    def severity(flow, verdict):
        return findings([(want(flow), got(verdict))])[0].severity

    assert severity("ntp", Verdict.REFUSED) is Severity.ERROR
    assert severity("ldap", Verdict.REFUSED) is Severity.WARNING
    assert severity("libvirt", Verdict.EXPOSED) is Severity.ERROR
    assert severity("ldap", Verdict.NOT_CHECKED) is Severity.NOTICE


def test_who_serves_nobody_does_not_do_its_work():
    (ill,) = findings([(want(), got(Verdict.DEGRADED))])
    (found,) = findings([(want(), got(Verdict.DEGRADED, facts={"serves": False}))])
    assert (ill.severity, found.severity) == (Severity.WARNING, Severity.ERROR)
    assert found.cause == "It is there and speaks its protocol, but this host gets nothing from it that it could use."


def test_a_flow_that_the_catalogue_has_not_is_called_as_it_is():
    assert findings([(want("gopher"), got(Verdict.REFUSED))])[0].what.startswith("gopher at 10.0.0.5:123")


def test_a_host_that_is_silent_altogether_is_one_finding():
    silent = [(want(flow), got(Verdict.FILTERED, flow=flow)) for flow in ("tftp", "http-boot", "dns")]
    other = (want("ntp", address="10.0.0.6"), got(Verdict.REFUSED, target="10.0.0.6:123"))
    found = findings([*silent, other])
    assert [one.id for one in found] == [HOST_ID, "flow-refused"]
    assert found[0].what == "10.0.0.5 does not answer at all: tftp, http-boot, dns were tried"
    assert len(found[0].proof) == 3


def away(address, flow="ntp", obstacle="unreachable", by="10.1.0.1"):
    more = {"obstacle": obstacle, "by": by, "flow": flow, "target": f"{address}:123"}
    return want(flow, address=address), got(Verdict.UNREACHABLE, **more)


def test_all_hosts_to_which_a_router_knows_no_way_are_one_finding():
    found = findings(
        [
            away("10.0.0.2"),
            away("10.0.0.2", "dns"),
            away("10.0.0.3"),
            away("10.0.0.9", by="10.1.0.2"),
            away("10.0.0.8", obstacle="no host"),
        ]
    )
    assert [one.id for one in found] == [WAY_ID, "flow-unreachable", "flow-unreachable"]
    assert found[0].what == "10.1.0.1 knows no way to 10.0.0.2, 10.0.0.3: ntp, dns were tried"
    assert found[0].cause.startswith("A router on the way has no route to it")
    assert len(found[0].proof) == 3
    assert found[0].fix[-1] == "See the way that this machine takes: ip route get 10.0.0.2."


def test_this_machine_without_a_route_says_so_once():
    (found,) = findings(
        [away("10.0.0.2", obstacle="no route", by=""), away("10.0.0.3", "dns", obstacle="no route", by="")]
    )
    assert found.what == "this machine has no route to 10.0.0.2, 10.0.0.3: ntp, dns were tried"


def test_many_hosts_are_counted():
    (found,) = findings([away(f"10.0.0.{number}") for number in range(1, 101)])
    assert found.what.endswith("10.0.0.24 and 76 more: ntp was tried")
    assert len(found.proof) == MAX_PROOF


@pytest.mark.parametrize(
    ("obstacle", "verdict", "words"),
    [
        ("no route", Verdict.UNREACHABLE, "This machine has no route"),
        ("refusing route", Verdict.UNREACHABLE, "A route or a routing rule of this machine"),
        ("no neighbour", Verdict.UNREACHABLE, "Nobody on the link"),
        ("no host", Verdict.UNREACHABLE, "The last router on the way finds nobody"),
        ("unreachable", Verdict.UNREACHABLE, "A router on the way has no route"),
        ("time exceeded", Verdict.UNREACHABLE, "Packets to it go round in a circle"),
        ("own firewall", Verdict.FILTERED, "Nothing left this machine"),
        ("administratively prohibited", Verdict.FILTERED, "A firewall rejects it"),
        ("silence", Verdict.FILTERED, "A firewall at either end"),
        ("reset", Verdict.REFUSED, "The service is stopped"),
    ],
)
def test_the_cause_is_by_what_was_met(obstacle, verdict, words):
    (found,) = findings([(want(), got(verdict, obstacle=obstacle))])
    assert found.cause.startswith(words)
    assert found.id == f"{ID}{verdict}"


def test_of_a_link_nobody_is_sent_to_look_for_a_path():
    dhcp = want("dhcp", address="", interface="eth0")
    (found,) = findings([(dhcp, got(Verdict.FILTERED, flow="dhcp", target="eth0"))])
    assert found.fix
    assert not any("bellrock path" in line for line in found.fix)


@pytest.mark.parametrize(
    ("dns", "follows"), [(Verdict.FILTERED, True), (Verdict.REFUSED, True), (Verdict.WORKS, False), (Verdict.DEGRADED, False), (None, False)], ids=str
)  # fmt: skip
def test_a_name_that_leads_nowhere_because_of_dns_says_so(dns, follows):
    named = (want(address="", name="ntp.example"), got(Verdict.NOT_CHECKED, target="ntp.example:123"))
    servers = [(want("dns", address="10.0.0.1"), got(dns, flow="dns", target="10.0.0.1:53"))] if dns else []
    (found,) = [one for one in findings([*servers, named]) if one.id == "flow-not-checked"]
    assert found.cause.startswith("No name server answers") is follows


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


def test_where_it_is_how_sure_and_how_to_look_again():
    (here,) = findings([(want(), got(Verdict.FILTERED))])
    assert (here.flow, here.address, here.confidence) == ("ntp", "10.0.0.5:123", Confidence.POSSIBLE)
    assert (here.evidence, here.recheck) == (("verdict ntp 10.0.0.5:123",), "bellrock check --only ntp")
    (there,) = findings([(want(), got(Verdict.FILTERED))], "rack-1")
    assert there.evidence == ("verdict rack-1 ntp 10.0.0.5:123",)
    assert there.recheck == "bellrock matrix --now --agent rack-1 --flow ntp"


def test_of_a_link_there_is_no_address():
    (one,) = findings([(want("dhcp", address="", interface="eth0"), got(Verdict.FILTERED, flow="dhcp", target="eth0"))])
    assert (one.interface, one.address) == ("eth0", "")


def test_the_kernels_own_word_leaves_no_doubt():
    (one,) = findings([(want(), got(Verdict.UNREACHABLE, obstacle="no route"))])
    assert one.confidence is Confidence.CERTAIN
    (one,) = findings([(want(), got(Verdict.UNREACHABLE, obstacle="no neighbour"))])
    assert one.confidence is Confidence.LIKELY


def test_a_silent_host_is_checked_again_by_what_was_tried():
    pairs = [(want(flow), got(Verdict.FILTERED, flow=flow)) for flow in ("ntp", "dns")]
    (one,) = findings(pairs)
    assert (one.id, one.address, one.recheck) == (HOST_ID, "10.0.0.5", "bellrock check --only ntp --only dns")
