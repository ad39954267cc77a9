"""tftp-block-too-large: TFTP's small packets pass, and its data packets are too big for the way."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.tftp_story import (
    Fetch,
    block,
    complaints,
    evidence,
    failed,
    proof,
    recheck,
    safe_block,
)
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire.tftp import Agreed

ID = "tftp-block-too-large"
TITLE = "TFTP's blocks are too large for the way"
EXPLAINS = frozenset(("tftp-stalled", "tftp-unanswered"))


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server, with the largest block that is known to pass."""
    if case.wire is None:
        return
    for fetch in failed(case, "too-large"):
        yield _finding(case.wire, fetch)


def _finding(wire: Wire, fetch: Fetch) -> Finding:
    safe, why = safe_block(fetch, wire)
    blksize, size = block(fetch), fetch.last.largest
    icmp = [f"Packet {packet.number}: {packet.source} says {said.kind}{f', MTU {said.mtu}' if said.mtu else ''}."
            for packet, said in complaints(fetch, wire)[:2]]  # fmt: skip
    packets = f"data packets of {size} octets" if size else f"data in blocks of {blksize} octets"
    return Finding(
        id=ID, severity=Severity.ERROR, client=fetch.client, vid=fetch.vid, flow="tftp", address=fetch.server,
        what=f"{fetch.client} and {fetch.server} agree on blocks of {blksize} octets, and no {packets} arrive; the largest safe blksize is {safe}",
        cause="Something on the way takes no packets of this size (a tunnel, a smaller MTU, a firewall that drops fragments) and does not say so.",
        proof=(*proof(fetch), *_agreed(wire, fetch), *icmp, f"A blksize of {safe} is safe: {why}."), evidence=evidence(fetch),
        confidence=Confidence.CERTAIN if icmp else Confidence.LIKELY,
        fix=(
            f"Keep the block small: on the server `in.tftpd --blocksize {safe}`, dnsmasq `--tftp-mtu={safe + 32}` (or `--tftp-no-blocksize`).",
            "Or mend the MTU on the way: `bellrock path` shows where large packets end.",
        ),
        recheck=f"{recheck(fetch)} -o blksize={blksize}",
    )  # fmt: skip


def _agreed(wire: Wire, fetch: Fetch) -> tuple[str, ...]:
    ends = {fetch.server, fetch.address}
    return tuple(
        f"Packet {packet.number}: the server agrees on {', '.join(f'{name} {value}' for name, value in packet.said.options.items())}."
        for packet in wire.packets if isinstance(packet.said, Agreed) and {packet.source, packet.destination} == ends
    )[:1]  # fmt: skip
