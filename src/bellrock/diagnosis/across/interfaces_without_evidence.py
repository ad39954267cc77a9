"""interfaces-without-evidence: nothing is known of some interfaces. They are not fabrics of their own."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.readings_site import host, several
from bellrock.model import Confidence, Finding, Severity

ID = "interfaces-without-evidence"
TITLE = "Nothing is known of where some interfaces lead"
EXPLAINS: frozenset[str] = frozenset()
MAX_REASONS: Final = 8
NAMED: Final = 4


def find(case: Case) -> Iterator[Finding]:
    """One for all of them together, however many and wherever: a notice. Those that the site means to be somewhere are told one by one."""
    meant = {(one.host, one.interface) for one in case.site.switchports} if case.site is not None else set()
    unknown = [
        one
        for one in (case.topology.unknown if case.topology is not None else ())
        if (host(case, one.host), one.interface) not in meant
    ]
    if unknown:
        reasons = Counter(one.why for one in unknown)
        many = len(unknown) > 1
        names = sorted(f"{host(case, one.host)}/{one.interface}" for one in unknown)
        yield Finding(
            id=ID, severity=Severity.NOTICE,
            what=f"{len(unknown)} interface{'s' if many else ''} without beacon evidence: {'they are' if many else 'it is'} in no fabric and make{'' if many else 's'} none",
            cause="No beacon and no switch has told where they lead. Virtual interfaces of containers and machines within are of this kind, and need none.",
            proof=(f"Nothing is known of {several(names, NAMED)}.", *(f"{number} of them: {why}." for why, number in reasons.most_common(MAX_REASONS))),
            evidence=("topology unknown",), confidence=Confidence.POSSIBLE,
            fix=("What would settle each is said above; for most nothing must be done.",), recheck="bellrock topology show",
        )  # fmt: skip
