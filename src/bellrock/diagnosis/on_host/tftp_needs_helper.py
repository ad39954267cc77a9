"""tftp-needs-helper: a request for a file passes a firewall, and the file does not, because its ports are announced in the request."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Blocked, Case, Here
from bellrock.model import Finding, Severity

ID = "tftp-needs-helper"
TITLE = "A firewall lets TFTP requests pass and drops the data"
EXPLAINS = frozenset(("tftp-data-blocked", "tftp-stalled", "tftp-unanswered", "flow-filtered"))


def find(case: Case) -> Iterator[Finding]:
    """One for each place where data is dropped that a helper would let pass."""
    for one in case.here:
        for what in one.blocked or ():
            if what.helper:
                yield _finding(one, what)


def _finding(one: Here, what: Blocked) -> Finding:
    where = "that passes through it" if what.direction == "through" else "that it sends"
    return Finding(
        id=ID, severity=Severity.ERROR, host=one.host, flow=what.flow,
        what=f"{one.host}'s firewall lets {what.flow.upper()} requests pass and drops the data {where}: {what.rule}",
        cause="Data and acknowledgements run between ports that both ends choose for each file (RFC 1350 §4). Connection tracking knows them only "
        "by its helper, which no rule here sets.",
        proof=(f"Requests to port 69 pass; of {what.packet} every packet is dropped, by {what.rule}.",),
        evidence=(f"rule {what.rule}",),
        fix=(*what.fix, "Then write it where the rules are kept: bellrock firewall build prints them with the helper."),
        recheck="bellrock check",
    )  # fmt: skip
