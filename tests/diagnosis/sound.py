"""What holds of every finding of a rule that reads captures."""

import re

from bellrock.model import Finding


def found(rule, given) -> list[Finding]:
    """What a rule finds; each finding names its rule and its place, has proof that points to packets of the wire, a fix and a recheck."""
    findings = list(rule.find(given))
    numbers = {packet.number for packet in given.wire.packets} if given.wire else set()
    numbers |= {
        n for one in (given.wire.conversations if given.wire else ()) for n in (one.first_packet, one.last_packet)
    }
    for one in findings:
        assert one.id == rule.ID
        assert one.host or one.interface or one.client or one.address
        assert one.proof
        assert one.evidence
        assert all(text.endswith((".", ")")) and "{" not in text for text in (one.cause, *one.proof))
        assert {int(re.fullmatch(r"packet (\d+)", text)[1]) for text in one.evidence} <= numbers
        assert one.fix
        assert one.recheck.startswith("bellrock ")
    places = [(one.host, one.interface, one.vid, one.flow, one.client, one.address) for one in findings]
    assert len(set(places)) == len(places), "one finding for each place"
    return findings


def whats(rule, given) -> list[tuple[str, str, str]]:
    """(severity, confidence, what) of each."""
    return [(one.severity.value, one.confidence.value, one.what) for one in found(rule, given)]
