"""All rules together: which there are, and which findings only follow from others."""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

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
from bellrock.diagnosis.absorption import place, rank
from bellrock.diagnosis.facts import Look
from bellrock.model import Finding, Severity

RULES: Final[dict[str, Callable[[Look], Iterable[Finding]]]] = {
    rule.ID: rule.find
    for rule in (
        no_carrier, lacp_expected, stp_not_forwarding, wrong_vlan, vlan_not_checked, no_region_heard, mtu_too_small, half_duplex,
        two_on_one_segment,
    )
}  # fmt: skip
"""Every rule by the id of its findings, which is also the name of its page in `explained/`."""
_EXPLAINS: Final = {no_region_heard.ID: frozenset((stp_not_forwarding.ID, lacp_expected.ID))}
"""A finding that is a mere consequence, of the machine or the same cable, of one of these."""


def diagnose(look: Look) -> tuple[Finding, ...]:
    """All findings, the gravest first; those that follow from a graver one of the same cable are its symptoms."""
    found = [finding for rule in RULES.values() for finding in rule(look)]
    causes = {place(one): cause for one in found if (cause := _cause(one, found)) is not None}
    kept = [
        _with(one, [other.what for other in found if causes.get(place(other)) is one])
        for one in found
        if place(one) not in causes
    ]
    return tuple(sorted(kept, key=rank))


def _cause(one: Finding, found: list[Finding]) -> Finding | None:
    # A port that works alone for now, or began late, passes frames: that nobody is heard on it has another cause.
    causes = [
        other for other in found
        if other.id in _EXPLAINS.get(one.id, ()) and one.interface == other.interface != "" and other.severity is Severity.ERROR
    ]  # fmt: skip
    return min(causes, key=rank, default=None)


def _with(cause: Finding, symptoms: list[str]) -> Finding:
    return replace(cause, symptoms=(*cause.symptoms, *symptoms)) if symptoms else cause
