"""bmc-silent-on-623: a management controller is alive and does not answer IPMI."""

from collections.abc import Iterator

from bellrock.diagnosis.addresses import address
from bellrock.diagnosis.case import Case
from bellrock.model import Confidence, Finding, Probed, Severity, Verdict

ID = "bmc-silent-on-623"
TITLE = "A management controller is alive and does not answer IPMI"
EXPLAINS = frozenset(("flow-filtered", "flow-refused"))
_WEB = frozenset(("redfish", "bmc-web"))
_SILENT = frozenset((Verdict.FILTERED, Verdict.REFUSED))
_DEAD = frozenset((Verdict.FILTERED, Verdict.UNREACHABLE, Verdict.REFUSED, Verdict.NOT_CHECKED))


def find(case: Case) -> Iterator[Finding]:
    """Silence on UDP 623 where another check of the same address was answered, or the same one found its web server."""
    alive: dict[str, Probed] = {}
    for want, probed in case.probes:
        if probed.flow in _WEB and probed.verdict not in _DEAD and want.expectation == "pass":
            there = address(want.address or probed.target)
            if there is not None:
                alive.setdefault(str(there), probed)
    for want, probed in case.probes:
        if probed.flow != "ipmi" or probed.verdict not in _SILENT or want.expectation != "pass":
            continue
        to = address(want.address or probed.target)
        web = alive.get(str(to))
        if to is not None and (web is not None or probed.facts.get("web") is True):
            yield _finding(str(to), probed, web)


def _finding(to: str, ipmi: Probed, web: Probed | None) -> Finding:
    shown = (
        f"{web.flow} at {web.target}: {web.detail}"
        if web is not None
        else "Its web server (TCP 443) takes connections."
    )
    verdicts = tuple(f"verdict {one.source} {one.flow} {one.target}" for one in (ipmi, web) if one is not None)
    return Finding(
        id=ID, severity=Severity.WARNING, flow="ipmi", address=to, what=f"udp/623 of {to} is silent, and its web server is alive",
        cause="IPMI over LAN is switched off in the controller, its IPMI stack has stopped after too many commands at once, or something on the way "
        "drops UDP 623.",
        proof=(f"ipmi at {ipmi.target}: {ipmi.detail}", shown), evidence=verdicts, confidence=Confidence.LIKELY,
        fix=("See in its web pages whether IPMI over LAN is enabled.",
             "If it is: restart the controller alone (its web pages, or Redfish Manager.Reset), and space the commands that poll it.",
             "With an agent on both sides of a firewall, bellrock path A B ipmi says whether that drops it."),
        recheck=f"bellrock probe ipmi --to {to}",
    )  # fmt: skip
