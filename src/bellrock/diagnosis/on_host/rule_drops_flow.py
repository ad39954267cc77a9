"""rule-drops-flow: a rule of a host's own firewall drops what a program of that host serves."""

from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Blocked, Case, Here
from bellrock.flows import UnknownFlowError, flow
from bellrock.model import Finding, Severity

ID = "rule-drops-flow"
TITLE = "A host's own firewall drops what the host serves"
EXPLAINS = frozenset((
    "dhcp-unanswered", "tftp-unanswered", "tftp-data-blocked", "tftp-stalled", "http-boot-failed", "service-refused", "ntp-unanswered",
    "metadata-unanswered", "proxydhcp-unanswered", "never-arrived", "flow-filtered", "flow-refused", "host-silent",
    "advertised-url-not-routable",
))  # fmt: skip
_WAYS: Final = {"in": "coming in", "out": "going out", "through": "passing through"}


def find(case: Case) -> Iterator[Finding]:
    """One for each flow and rule; what only a helper would let pass is told by tftp-needs-helper."""
    for one in case.here:
        for what in one.blocked or ():
            if not what.helper:
                yield _finding(one, what)


def _finding(one: Here, what: Blocked) -> Finding:
    does = "rejects" if what.rejects else "drops"
    return Finding(
        id=ID, severity=Severity.ERROR, host=one.host, flow=what.flow,
        what=f"{one.host}'s own firewall {does} {_title(what.flow)} {_WAYS.get(what.direction, what.direction)}: {what.rule}",
        cause=f"A program of {one.host} serves it, and the kernel {does} it before the program sees it"
        f"{'' if what.direction == 'in' else ', or before it leaves'}.",
        proof=(
            f"Of {what.packet} every packet is {'rejected' if what.rejects else 'dropped'}, wherever it comes from: decided from the whole ruleset.",
            f"It is decided by {what.rule}.",
        ),
        evidence=(f"rule {what.rule}",),
        fix=(*what.fix, "Then write it where the rules are kept, so that it lasts: bellrock firewall build --for ROLE prints all of them."),
        recheck="bellrock check",
    )  # fmt: skip


def _title(id: str) -> str:
    try:
        return flow(id).title
    except UnknownFlowError:
        return id
