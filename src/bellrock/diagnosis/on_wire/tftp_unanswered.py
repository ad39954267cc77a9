"""tftp-unanswered: a machine asks for its boot file, and the TFTP server says nothing."""

from collections.abc import Iterator

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.tftp_story import Fetch, complaints, evidence, failed, proof, recheck
from bellrock.model import Confidence, Finding, Severity

ID = "tftp-unanswered"
TITLE = "The TFTP server does not answer"
EXPLAINS = frozenset(("dhcp-unanswered", "service-refused"))


def find(case: Case) -> Iterator[Finding]:
    """One for each client and server; files that are asked for in vain as well are of the same cause."""
    if case.wire is None:
        return
    for fetch in failed(case, "unanswered"):
        yield _finding(case.wire, fetch)


def _finding(wire: Wire, fetch: Fetch) -> Finding:
    icmp = [
        f"Packet {packet.number}: {packet.source} says {said.kind}." for packet, said in complaints(fetch, wire)[:2]
    ]
    cause, fix = _why(fetch)
    times = "once" if fetch.asked == 1 else f"{fetch.asked} times"
    return Finding(
        id=ID, severity=Severity.ERROR, client=fetch.client, vid=fetch.vid, flow="tftp", address=fetch.server,
        what=f"{fetch.client} asks {fetch.server} for {fetch.path!r} {times}, and nobody answers", cause=cause,
        proof=(*proof(fetch), *icmp), evidence=evidence(fetch),
        confidence=Confidence.CERTAIN if fetch.complained else Confidence.POSSIBLE, fix=fix, recheck=recheck(fetch),
    )  # fmt: skip


def _why(fetch: Fetch) -> tuple[str, tuple[str, ...]]:
    if fetch.complained == "port unreachable":
        return (
            f"Nobody listens on udp/69 of {fetch.server}: it says so itself.",
            (
                f"Start the TFTP server on {fetch.server} (`ss -lunp 'sport = 69'`), or name another next-server in DHCP.",
            ),
        )
    if fetch.complained == "administratively prohibited":
        return (
            f"A firewall on the way to {fetch.server}, or its own, rejects udp/69.",
            ("Let udp/69 pass, and follow it to its data ports: `bellrock firewall build` has the lines.",),
        )
    if fetch.complained:
        return (
            f"There is no way to {fetch.server}: {fetch.complained}.",
            (f"Name a next-server that is reachable from this VLAN, or give the router a way to {fetch.server}.",),
        )
    return (
        "No TFTP server runs there, a firewall drops udp/69, or what it answers from another port is dropped before this point.",
        (
            f"On {fetch.server}: `ss -lunp 'sport = 69'` shows whether it listens; `bellrock check` whether its own firewall drops it.",
            f"Capture on {fetch.server} as well: where its answer is seen there and not here, a firewall lacks the TFTP helper.",
        ),
    )
