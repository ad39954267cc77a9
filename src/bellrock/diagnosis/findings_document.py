"""Findings as they are told: one shape for every command, the API, the page and webhooks."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import Struct

from bellrock.diagnosis.absorption import Place, place
from bellrock.model import Confidence, Finding, Severity

DIGEST: Final = 12
"""Hexadecimal digits of a key that tell findings of one rule apart: 48 bits, for some thousands of findings."""


class Where(Struct, frozen=True, kw_only=True):
    """Where a finding is, as far as that is known: empty, and null for the VLAN, where it is not."""

    host: str = ""
    interface: str = ""
    vlan: int | None = None
    """VID."""
    flow: str = ""
    """Id in the catalogue."""
    client: str = ""
    """MAC address or name of the machine that suffers."""
    address: str = ""
    """Who does it, or whom it is about."""


class FindingDocument(Struct, frozen=True, kw_only=True):
    """What is wrong, as JSON: every key is always there. `what` names the place, `cause` says why, `proof` what was observed, `evidence` where to look
    that up, `fix` what to do, `recheck` the command that shows whether it is mended, `symptoms` what merely follows from it."""

    id: str
    """The rule; `bellrock explain ID` shows its page."""
    key: str
    """Of this rule at this place: the same as long as it is the same fault."""
    severity: Severity
    what: str
    where: Where = Where()
    cause: str = ""
    proof: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    confidence: Confidence = Confidence.CERTAIN
    fix: tuple[str, ...] = ()
    recheck: str = ""
    symptoms: tuple[str, ...] = ()


def key(one: Finding) -> str:
    """The identity of a finding as one word, for URLs, databases and scripts: `no-carrier-3f1c09aa12cd`."""
    return key_at(place(one))


@lru_cache(maxsize=1 << 14)
def key_at(where: Place) -> str:
    """The key of whatever finding is in a place."""
    # JSON, so that no two places read the same, whatever is in their names.
    digest = hashlib.sha256(msgspec.json.encode(where)).hexdigest()
    return f"{where[0]}-{digest[:DIGEST]}"


def told(one: Finding) -> FindingDocument:
    """A finding as it is told."""
    where = Where(
        host=one.host, interface=one.interface, vlan=one.vid, flow=one.flow, client=one.client, address=one.address
    )
    return FindingDocument(
        id=one.id, key=key(one), severity=one.severity, what=one.what, where=where, cause=one.cause, proof=one.proof, evidence=one.evidence,
        confidence=one.confidence, fix=one.fix, recheck=one.recheck, symptoms=one.symptoms,
    )  # fmt: skip


def all_told(found: Iterable[Finding]) -> tuple[FindingDocument, ...]:
    """Findings as they are told, in order."""
    return tuple(told(one) for one in found)


def heard(document: FindingDocument) -> Finding:
    """The finding that was told; its key is reckoned anew, for it may have been told by anybody."""
    where = document.where
    return Finding(
        id=document.id, severity=document.severity, what=document.what, host=where.host, interface=where.interface, vid=where.vlan,
        flow=where.flow, client=where.client, address=where.address, cause=document.cause, proof=document.proof, evidence=document.evidence,
        confidence=document.confidence, fix=document.fix, recheck=document.recheck, symptoms=document.symptoms,
    )  # fmt: skip
