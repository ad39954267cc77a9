"""tftp-data-blocked: the server answers a TFTP request, and none of its answers arrives."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.tftp_story import Fetch, complaints, evidence, failed, proof, recheck
from bellrock.model import Confidence, Finding, Severity

ID = "tftp-data-blocked"
TITLE = "TFTP's data ports are blocked"
EXPLAINS: frozenset[str] = frozenset()


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server. RFC 1350 §4: the server answers from a port of its own choice, which a firewall must follow."""
    if case.wire is None:
        return
    for fetch in failed(case, "blocked"):
        yield _finding(case.wire, fetch)


def _finding(wire: Wire, fetch: Fetch) -> Finding:
    points = {one.point for one in fetch.views}
    both = len(points) > 1 and any(one.blksize is None for one in fetch.views)
    icmp = [f"Packet {packet.number}: {packet.source} says {said.kind} of {said.source} > {said.destination}:{said.destination_port}."
            for packet, said in complaints(fetch, wire)[:2]]  # fmt: skip
    return Finding(
        id=ID, severity=Severity.ERROR, client=fetch.client, vid=fetch.vid, flow="tftp", address=fetch.server,
        what=f"{fetch.server} answers {fetch.client}'s request for {fetch.path!r} from a data port, and nothing of it arrives",
        cause="A firewall between them lets udp/69 pass and not the data ports: it does not follow TFTP (no connection tracking helper), "
        "or the server's own firewall drops what comes to them.",
        proof=(*proof(fetch), *icmp), evidence=evidence(fetch), confidence=Confidence.CERTAIN if both or icmp else Confidence.LIKELY,
        fix=(
            "nftables: `table inet filter { ct helper tftp { type \"tftp\" protocol udp; }; chain PREROUTING { type filter hook prerouting "
            "priority 0; udp dport 69 ct helper set \"tftp\"; }; }`, and accept `ct state established,related`.",
            "`modprobe nf_conntrack_tftp`; on a router that translates also `nf_nat_tftp`.",
            "Or boot by HTTP, which needs one port.",
        ),
        recheck=recheck(fetch),
    )  # fmt: skip
