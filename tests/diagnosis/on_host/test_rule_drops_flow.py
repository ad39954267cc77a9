from bellrock.diagnosis.case import Blocked
from bellrock.diagnosis.findings import absorbed
from bellrock.diagnosis.on_host import rule_drops_flow, tftp_needs_helper
from bellrock.model import Finding, Severity
from tests.diagnosis.sites import case, found, here, whats

DHCP = Blocked(
    "dhcp",
    "in",
    "udp node:68 > 255.255.255.255:67",
    "inet filter input handle 7: udp dport 67 drop",
    fix=("nft 'insert …'",),
)


def test_the_rule_is_named_with_its_place_and_the_command_that_lets_it_pass():
    [one] = found(rule_drops_flow, case(here(blocked=(DHCP,))))
    assert one.severity is Severity.ERROR
    assert one.what == (
        "rack-1's own firewall drops DHCP Discover/Offer coming in: inet filter input handle 7: udp dport 67 drop"
    )
    assert (one.host, one.flow) == ("rack-1", "dhcp")
    assert one.fix[0] == "nft 'insert …'"
    assert one.evidence == ("rule inet filter input handle 7: udp dport 67 drop",)


def test_what_is_rejected_and_what_is_dropped_on_its_way_out():
    reject = Blocked("http-boot", "in", "tcp node > 10.0.0.2:80", "inet f i handle 3: reject", rejects=True)
    out = Blocked("no-such-flow", "out", "tcp 10.0.0.2:80 > node", "policy drop of inet f o")
    assert whats(rule_drops_flow, case(here(blocked=(reject, out)))) == [
        ("error", "rack-1's own firewall rejects HTTP boot / images coming in: inet f i handle 3: reject"),
        ("error", "rack-1's own firewall drops no-such-flow going out: policy drop of inet f o"),
    ]


def test_a_host_that_drops_nothing_or_told_nothing_of_its_rules_is_healthy():
    helped = Blocked("tftp", "through", "udp a > b", "policy drop of inet f forward", helper=True)
    for blocked in (None, (), (helped,)):
        assert found(rule_drops_flow, case(here(blocked=blocked))) == []
    assert len(found(tftp_needs_helper, case(here(blocked=(helped,))))) == 1


def test_silence_of_that_flow_is_its_symptom_and_that_of_others_is_not():
    def symptom(flow, host=""):
        return Finding(
            id="flow-filtered", severity=Severity.ERROR, what=f"{flow} is silent", flow=flow, host=host, proof=("p",)
        )

    [cause] = found(rule_drops_flow, case(here(blocked=(DHCP,))))
    told = list(absorbed([cause, symptom("dhcp"), symptom("ntp")]))
    assert {(one.id, one.symptoms) for one in told} == {("rule-drops-flow", ("dhcp is silent",)), ("flow-filtered", ())}
