"""All rules together: which there are, and which findings only follow from others."""

from collections.abc import Callable, Iterable
from typing import Final

from bellrock.diagnosis import (
    half_duplex,
    lacp_expected,
    mtu_too_small,
    no_carrier,
    no_region_heard,
    stp_not_forwarding,
    two_on_one_segment,
    vlan_not_checked,
    wrong_vlan,
)
from bellrock.diagnosis.facts import Look
from bellrock.model import Finding, Severity

RULES: Final[dict[str, Callable[[Look], Iterable[Finding]]]] = {
    rule.ID: rule.find
    for rule in (
        no_carrier, lacp_expected, stp_not_forwarding, wrong_vlan, vlan_not_checked, no_region_heard, mtu_too_small, half_duplex,
        two_on_one_segment,
    )
}  # fmt: skip
"""Every rule by the id of its findings, which is also its heading in docs/reference/findings.md."""
_ORDER: Final = tuple(Severity)
_EXPLAINS: Final = {no_region_heard.ID: frozenset((stp_not_forwarding.ID, lacp_expected.ID))}
"""A finding that is a mere consequence, of the machine or the same cable, of one of these."""


def diagnose(look: Look) -> tuple[Finding, ...]:
    """All findings, the gravest first; those that follow from a graver one of the same cable are left out."""
    found = [finding for rule in RULES.values() for finding in rule(look)]
    kept = [one for one in found if not _follows(one, found)]
    return tuple(sorted(kept, key=lambda one: _ORDER.index(one.severity)))


def _follows(one: Finding, found: list[Finding]) -> bool:
    causes = _EXPLAINS.get(one.id, frozenset())
    return bool(one.interface) and any(
        other.id in causes and other.interface == one.interface and other.severity is Severity.ERROR for other in found
    )
