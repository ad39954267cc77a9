"""stale-arp: a neighbour, mostly the router, sends to the MAC address that an address had before."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from bellrock.diagnosis.case import Case
from bellrock.diagnosis.packets import NS, Arp, Packet, Wire
from bellrock.diagnosis.readings import (
    EVERYBODY,
    NOBODY,
    UNREACHED,
    again,
    clock,
    group,
    links,
    segment_of,
    unicast,
    vid_of,
    virtual,
)
from bellrock.model import Confidence, Finding, Severity
from bellrock.wire import dhcp
from bellrock.wire.dhcp import Kind

ID = "stale-arp"
TITLE = "A neighbour holds the old MAC address of a machine"
EXPLAINS = UNREACHED
GRACE: Final = 1 * NS
"""Packets that were on their way when the address moved."""
_LEAST: Final = 3
"""Packets sent astray, after which it is no accident."""


class _Owner(NamedTuple):
    mac: str
    since: Packet
    leased: bool


class _Astray(NamedTuple):
    neighbour: str
    old: str
    owner: _Owner
    packets: list[Packet]


def find(case: Case) -> Iterator[Finding]:
    """One for each address that somebody sends to another MAC address than its owner's, which is silent, and never to its owner's."""
    wire = case.wire
    if wire is None:
        return
    heard = _last_heard(wire)
    right = _sent_right(wire)
    for (address, neighbour), astray in _sent_astray(wire).items():
        first = astray.packets[0]
        dead = heard.get((segment_of(first), astray.old), -1) < astray.owner.since.at
        mended = right.get((segment_of(first), address, neighbour), -1) >= first.at
        if len(astray.packets) >= _LEAST and dead and not mended and not _arrives(wire, address, astray):
            yield _finding(wire, address, astray)


def _sent_astray(wire: Wire) -> dict[tuple[str, str], _Astray]:
    owners: dict[tuple[object, str], _Owner] = {}
    found: dict[tuple[str, str], _Astray] = {}
    for packet in wire.packets:
        if (owned := _owned(packet)) is not None:
            address, mac, leased = owned
            key = (segment_of(packet), address)
            if key not in owners or owners[key].mac != mac:
                owners[key] = _Owner(mac, packet, leased)
        elif (astray := _astray(packet, owners)) is not None:
            held = found.setdefault((packet.destination, packet.source_mac), astray)
            if held.old == astray.old and held.owner == astray.owner:
                held.packets.append(packet)
    return found


def _astray(packet: Packet, owners: dict[tuple[object, str], _Owner]) -> _Astray | None:
    owner = owners.get((segment_of(packet), packet.destination))
    to = packet.destination_mac
    if owner is None or not to or to == owner.mac or group(to) or virtual(to) or packet.at - owner.since.at <= GRACE:
        return None
    return _Astray(packet.source_mac, to, owner, []) if packet.source_mac != owner.mac else None


def _arrives(wire: Wire, address: str, astray: _Astray) -> bool:
    """Whether one that it comes from has an answer to it: bulk and acknowledgements are told by conversations only."""
    first, senders = astray.packets[0], {packet.source for packet in astray.packets}
    return any(
        one.destination == address and one.source in senders and (one.last_reply or 0) >= first.at
        for one in wire.conversations
        if one.point == first.point
    )


def _owned(packet: Packet) -> tuple[str, str, bool] | None:
    """Whose an address is from this packet on: its own word to everybody by ARP, or DHCP's.

    Answers to one machine are left out: a bond that balances by ARP gives each asker another of its MAC addresses.
    """
    said = packet.said
    if isinstance(said, Arp) and said.sender not in NOBODY and not virtual(said.sender_mac):
        return (said.sender, said.sender_mac, False) if group(packet.destination_mac) else None
    if isinstance(said, dhcp.Message) and said.kind == Kind.ACK and unicast(said.yiaddr) and len(said.chaddr) == 6:
        mac = said.chaddr.hex(":")
        # Between relay and server the frame goes to a router: there the client's MAC address is not to be expected.
        return (said.yiaddr, mac, True) if packet.destination_mac in (mac, EVERYBODY) else None
    return None


def _last_heard(wire: Wire) -> dict[tuple[object, str], int]:
    return {(segment_of(packet), packet.source_mac): packet.at for packet in wire.packets}


def _sent_right(wire: Wire) -> dict[tuple[object, str, str], int]:
    """When a neighbour last sent to the address at the MAC address that says to have it; DHCP does not ask ARP where to send."""
    owners = {
        (segment_of(packet), owned[0]): owned[1] for packet in wire.packets if (owned := _owned(packet)) is not None
    }
    return {
        (segment_of(packet), packet.destination, packet.source_mac): packet.at
        for packet in wire.packets
        if packet.destination_mac == owners.get((segment_of(packet), packet.destination), "")
        and not isinstance(packet.said, Arp | dhcp.Message)
    }


def _finding(wire: Wire, address: str, astray: _Astray) -> Finding:
    owner, first = astray.owner, astray.packets[0]
    how = "DHCP gave it to" if owner.leased else "it was announced by"
    return Finding(
        id=ID, severity=Severity.ERROR, vid=vid_of(first), client=owner.mac,
        what=f"{astray.neighbour} sends what is meant for {address} to {astray.old}, and the address belongs to {owner.mac}",
        cause="It holds the MAC address that this address had before: nothing arrives until its ARP entry has aged, which takes minutes to hours.",
        proof=(
            f"At {clock(wire, owner.since.at)} {how} {owner.mac} (packet {owner.since.number}).",
            f"From {clock(wire, first.at)} on, {len(astray.packets)} packets for {address} went to {astray.old}; the first is packet "
            f"{first.number}.",
            f"{astray.old} sent nothing since, and nothing for {address} went to {owner.mac}.",
        ),
        evidence=links((owner.since, *astray.packets)), confidence=Confidence.CERTAIN if owner.leased else Confidence.LIKELY,
        fix=(
            f"On the router {astray.neighbour}: clear the entry (`ip neigh del {address} dev IF`, `clear ip arp {address}`).",
            f"Or have the machine announce itself after it has got the address (`arping -A -c 3 -I IF {address}`).",
            "Shorten the router's ARP timeout where machines are imaged often.",
        ),
        recheck=again(first.point),
    )  # fmt: skip
