"""Which finding says why a boot stopped."""

import pytest

from bellrock.diagnosis.boot import STEPS, Boot, Step
from bellrock.diagnosis.boot_causes import FLOWS, cause, judged
from bellrock.flows import CATALOGUE
from bellrock.model import Finding, Severity
from tests.diagnosis.wires import discover, wire

MAC, ADDRESS = "00:16:3e:00:00:57", "10.0.0.57"


def finding(id="x", *, severity=Severity.ERROR, **where):
    return Finding(id=id, severity=severity, what=id, proof=("seen",), **where)


def boot(stopped_at="tftp"):
    return Boot(mac=MAC, address=ADDRESS, stopped_at=stopped_at)


@pytest.mark.parametrize(
    ("findings", "chosen"),
    [
        ((), None), ((finding("of another", client="00:16:3e:00:00:99", flow="tftp"),), None),
        ((finding("mine", client=MAC), finding("mine and of the step", client=MAC, flow="tftp")), "mine and of the step"),
        ((finding("all's", flow="tftp"), finding("mine", client=ADDRESS)), "mine"), ((finding("dns", flow="dns"), finding("all's", flow="tftp")), "all's"),
        ((finding("all's", flow="tftp", severity=Severity.WARNING),), None), ((finding("note", client=MAC, severity=Severity.NOTICE),), None),
        ((finding("first", client=MAC), finding("second", client=MAC)), "first"),
    ],
    ids=["none", "of another", "step first", "client before flow", "flow", "warning of all", "notice", "order"],
)  # fmt: skip
def test_the_finding_that_explains_best(findings, chosen):
    found = cause(boot(), findings)
    assert (found.id if found else None) == chosen


def test_what_did_not_stop_has_no_cause():
    assert cause(boot(""), (finding(client=MAC, flow="tftp"),)) is None


def test_a_boot_without_a_mac_is_not_everybodys():
    assert cause(Boot(mac="", address="", stopped_at="arp"), (finding(client=""),)) is None


def test_steps_and_flows_are_known():
    assert set(FLOWS) <= set(STEPS)
    assert {flow for flows in FLOWS.values() for flow in flows} <= {flow.id for flow in CATALOGUE}


def went(*steps):
    """A boot with steps that worked at so many seconds."""
    return Boot(
        mac=MAC,
        steps=tuple(Step(step=name, stage="firmware", outcome="worked", time=at, packets=(1,)) for name, at in steps),
    )


STALLED = {"client": MAC, "flow": "tftp", "evidence": ("packet 2", "verdict x")}
"""Packet 2 is at 5 s, packet 3 at 30 s."""
WIRE = wire(discover(0), discover(5), discover(30))


@pytest.mark.parametrize(
    ("boot", "found", "stopped"),
    [
        (went(("dhcp", 1.0), ("tftp", 2.0)), STALLED, "tftp"), (went(("dhcp", 1.0), ("tftp", 2.0), ("tftp", 9.0), ("arp", 9.5)), STALLED, "tftp"),
        (went(("dhcp", 1.0), ("tftp", 2.0), ("dns", 9.0)), STALLED, ""), (went(("dhcp", 8.0)), STALLED, ""),
        (went(("dhcp", 1.0), ("dns", 9.0)), STALLED | {"evidence": ("packet 2", "packet 3")}, ""),
        (went(("tftp", 2.0)), STALLED | {"client": "another"}, ""), (went(("tftp", 2.0)), STALLED | {"client": ""}, ""),
        (went(("tftp", 2.0)), STALLED | {"severity": Severity.WARNING}, ""), (went(("tftp", 2.0)), STALLED | {"flow": "beacon"}, ""),
        (went(("tftp", 2.0)), STALLED | {"evidence": ("packet 77",)}, ""), (Boot(mac=MAC, stopped_at="dhcp"), STALLED, "dhcp"),
        (went(("tftp", 2.0)), STALLED | {"flow": ""}, "tftp"), (went(("dhcp", 2.0)), STALLED | {"flow": ""}, ""), (Boot(mac=MAC), STALLED | {"flow": ""}, ""),
    ],
    ids=[
        "last", "same step later", "went on", "an earlier boot's", "went on before its end", "another's", "nobody's", "no error", "no step", "no packet",
        "stopped already", "file of no use", "no file", "nothing seen",
    ],
)  # fmt: skip
def test_a_finding_stops_a_boot_that_came_no_further(boot, found, stopped):
    assert [one.stopped_at for one in judged(WIRE, [boot], [finding(**found)])] == [stopped]


def test_of_two_boots_that_one_is_stopped_in_which_it_was():
    both = [went(("dhcp", 1.0)), went(("dhcp", 29.0))]
    late = finding(**STALLED | {"flow": "dhcp", "evidence": ("packet 3",)})
    assert [one.stopped_at for one in judged(WIRE, both, [late])] == ["", "dhcp"]
    older = finding(**STALLED | {"flow": "dhcp", "evidence": ("packet 3", "packet 2")})
    assert [one.stopped_at for one in judged(WIRE, both, [older])] == ["", "dhcp"]
    other = Boot(mac="00:16:3e:00:00:99", steps=both[1].steps)
    assert [one.stopped_at for one in judged(WIRE, [both[0], other], [late])] == ["dhcp", ""]
