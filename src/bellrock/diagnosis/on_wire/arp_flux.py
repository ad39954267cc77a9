"""arp-flux: two interfaces of one machine on one segment answer for each other's address."""

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Final

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import Arp, Packet, Wire
from bellrock.diagnosis.readings import SILENCE, again, clock, links, segment_of, unicast, vid_of
from bellrock.diagnosis.readings_arp import Twice, answered_twice, one_machine, shared
from bellrock.model import Confidence, Finding, Severity

ID = "arp-flux"
TITLE = "A machine answers for one address from two interfaces"
EXPLAINS = SILENCE | {
    "address-not-routable",
    "asymmetric-route",
    "duplicate-address",
    "stale-arp",
    "tftp-answered-from-elsewhere",
}
"""It is the right machine that is reached: what it refuses or fails at has another cause."""
_FEW: Final = 4
"""Addresses that a machine has on one segment; who answers for more than that stands in for others (proxy ARP, RFC 1027), as routers do."""
_WIDE: Final = 16
"""Bits of network of the widest subnets in practice: an address outside of that has its place behind a router."""
_Shown = tuple[Twice, str, tuple[Packet, ...]]
_FIX: Final = (
    "sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2",
    "Or put the two interfaces into different VLANs, or make one bond of them.",
)


def find(case: Case) -> Iterator[Finding]:
    """One for each pair of interfaces that answer for the same addresses and are shown to be of one machine."""
    if case.wire is None:
        return
    pairs: dict[tuple[tuple[str, str], int | None], list[_Shown]] = defaultdict(list)
    for twice in answered_twice(case.wire):
        shown = one_machine(case.wire, twice)
        if shown is not None and (shown[1] or not _stand_in(case.wire, twice)):
            pairs[twice.macs, vid_of(twice.first)].append((twice, *shown))
    for (_macs, vid), seen in pairs.items():
        surest = max(seen, key=lambda one: len(one[2]))
        yield _finding(case.wire, surest, vid, list(dict.fromkeys(twice.address for twice, *_ in seen)))


def _stand_in(wire: Wire, twice: Twice) -> bool:
    """Whether both may as well be two routers that answer for others: for many addresses, or for one that is elsewhere."""
    said = twice.question.said
    if len(shared(wire).get((segment_of(twice.first), *twice.macs), ())) > _FEW:
        return True
    if not isinstance(said, Arp) or not unicast(said.sender):
        return False  # who probes for an address (RFC 5227) does not tell its own
    return ip_address(twice.address) not in ip_network(f"{said.sender}/{_WIDE}", strict=False)


def _finding(wire: Wire, surest: _Shown, vid: int | None, addresses: list[str]) -> Finding:
    twice, shown, packets = surest
    one, other = twice.macs
    named = " and ".join(addresses[:_FEW])
    return Finding(
        id=ID, severity=Severity.WARNING, vid=vid, address=twice.address,
        what=f"{named} {'are' if len(addresses) > 1 else 'is'} answered for by two interfaces of one machine, {one} and {other}",
        cause="Both are on one segment, and the kernel answers ARP for any of its addresses on any interface (ARP flux): who asks takes "
        "either, answers leave by the other, and transfers hang.",
        proof=(
            f"The question of packet {twice.question.number}, at {clock(wire, twice.question.at)}, got two answers: packet "
            f"{twice.first.number} and packet {twice.second.number}.",
            shown,
        ),
        evidence=links((twice.question, twice.first, twice.second, *packets)),
        confidence=Confidence.CERTAIN if packets else Confidence.LIKELY,
        fix=_FIX,
        recheck=again(twice.first.point),
    )  # fmt: skip
