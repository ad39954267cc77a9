import pytest

from bellrock.diagnosis.across import bmc_silent_on_623 as rule
from tests.diagnosis.sites import case, found, probe, whats

BMC = "10.0.9.7"


def ipmi(verdict="filtered", target=BMC, **more):
    return probe("ipmi", verdict, target, port=623, detail="UDP 623 is silent", **more)


def web(verdict="works", flow="redfish", target=BMC, **more):
    return probe(flow, verdict, target, port=443, protocol="tcp", **more)


@pytest.mark.parametrize(
    "probes",
    [
        (ipmi(), web()),
        (web("tls-fault", "bmc-web"), ipmi()),
        (ipmi(facts={"web": True}),),
        (ipmi("refused"), web("authentication-needed")),
    ],
)
def test_silent_on_one_port_and_alive_on_another(probes):
    assert whats(rule, case(probes=probes)) == [("warning", f"udp/623 of {BMC} is silent, and its web server is alive")]
    assert found(rule, case(probes=probes))[0].recheck == f"bellrock probe ipmi --to {BMC}"


@pytest.mark.parametrize(
    "probes",
    [
        (), (ipmi(),), (web(),), (ipmi("works"), web()), (ipmi("degraded"), web()), (ipmi(), web("filtered")), (ipmi(), web("unreachable")),
        (ipmi(), web("not-checked")), (ipmi(), web(target="10.0.9.8")), (ipmi(expectation="blocked"), web()),
        (ipmi(), web(expectation="blocked")), (ipmi("unreachable"), web()), (ipmi(facts={"web": False}),), (ipmi(), probe("ssh", "works", BMC, port=22)),
        (ipmi(target="bmc.example"), web(target="bmc.example")),
    ],
)  # fmt: skip
def test_off_altogether_or_well_or_of_others(probes):
    assert found(rule, case(probes=probes)) == []
