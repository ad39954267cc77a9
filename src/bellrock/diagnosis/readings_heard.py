"""Whether a capture shows what is sent to a machine: where it does not, that nothing came back is no news.

A mirror of one direction, one fibre of a tap, and any other port of the VLAN show what a machine sends (or sends to everybody) and
nothing of the answers. "Not seen" is then not "did not happen".
"""

from collections import defaultdict

from bellrock.diagnosis.packets import Wire
from bellrock.diagnosis.per_wire import per_wire
from bellrock.diagnosis.readings import group, unicast


@per_wire
def _reached(wire: Wire) -> frozenset[str]:
    """IP and MAC addresses to which something was sent alone."""
    found = {one.destination for one in wire.packets if unicast(one.destination)}
    found |= {one.destination_mac for one in wire.packets if one.destination_mac and not group(one.destination_mac)}
    found |= {one.source for one in wire.conversations if one.replies}
    found |= {one.client for one in wire.transfers if one.blksize is not None or one.answered_from}
    return frozenset(found | {one.destination for one in wire.conversations if one.packets})


@per_wire
def sources(wire: Wire) -> frozenset[str]:
    """Addresses from which a packet was seen that says something."""
    return frozenset(one.source for one in wire.packets)


@per_wire
def _cards(wire: Wire) -> dict[str, frozenset[str]]:
    """IP address → MAC addresses that it was sent from."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in wire.packets:
        if one.source and one.source_mac:
            found[one.source].add(one.source_mac)
    return {address: frozenset(macs) for address, macs in found.items()}


def heard(wire: Wire, address: str) -> bool:
    """Whether anything that was sent to this IP address alone, or to a card of it, is in the capture."""
    reached = _reached(wire)
    return address in reached or not reached.isdisjoint(_cards(wire).get(address, ()))
