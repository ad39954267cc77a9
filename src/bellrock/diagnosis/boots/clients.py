"""Who boots, and which addresses are whose: what of a wire concerns each client."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.packets import (
    NS,
    Arp,
    Complaint,
    Conversation,
    Packet,
    Request,
    Transfer,
    Wire,
)
from bellrock.model import Neighbour
from bellrock.wire import dhcp, dhcp6
from bellrock.wire.errors import WireError
from bellrock.wire.ethernet import mac_text
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu

MAX_CLIENTS: Final = 4096
"""Of whom boots are told, in the order in which they were first seen; a flood of invented addresses has no end."""
MANY: Final = 8
"""Addresses that one machine may have: of leases before and after, and of IPv6."""
BOOT_AGENTS: Final = ("UefiHttpBoot", "iPXE")
"""How what boots calls itself in HTTP: UEFI §24.7 with EDK II, and iPXE."""
_NONE: Final = ("", dhcp.NOBODY, "::")


class Client(Struct, kw_only=True):
    """What concerns one machine, by time."""

    mac: str
    """Empty: only its address is known, for a router is between it and the point."""
    address: str = ""
    packets: list[Packet] = []
    transfers: list[Transfer] = []
    conversations: list[Conversation] = []
    """Those that it began."""


def clients(wire: Wire) -> tuple[Client, ...]:
    """Everybody who asked for an address, or for a boot file, in the order in which they were first seen."""
    owners = _Owners(wire)
    found: dict[str, Client] = {}
    for packet in wire.packets:
        for key in dict.fromkeys(owners.of(packet)):
            _client(found, key).packets.append(packet)
    for transfer in wire.transfers:
        if key := owners.at(transfer.client, transfer.at):
            _client(found, key).transfers.append(transfer)
    for conversation in wire.conversations:
        if key := owners.at(conversation.source, conversation.first):
            _client(found, key).conversations.append(conversation)
    boots = [one for one in found.values() if one.transfers or any(map(asks_to_boot, one.packets))]
    return tuple(sorted(boots, key=_first)[:MAX_CLIENTS])


def asks_to_boot(packet: Packet) -> bool:
    """Whether it is a request that somebody makes who comes up: for an address, or for a file by a program that boots."""
    said = packet.said
    if isinstance(said, Request):
        return said.agent.startswith(BOOT_AGENTS)
    if isinstance(said, dhcp.Message):
        return said.op == 1
    return isinstance(said, dhcp6.Message | dhcp6.Relayed) and inner(said).kind in _OF_CLIENTS


def client6(said: dhcp6.Message | dhcp6.Relayed, source_mac: str) -> str:
    """The MAC of a DHCPv6 client: of its DUID (RFC 8415 §11.2, §11.4), else of the frame where no relay sent it; empty: unknown."""
    duid = dhcp6.first(inner(said).options, dhcp6.CLIENT_ID) or b""
    if duid[:4] == b"\0\1\0\1" and len(duid) == 14:
        return mac_text(duid[8:])
    if duid[:4] == b"\0\3\0\1" and len(duid) == 10:
        return mac_text(duid[4:])
    asks = isinstance(said, dhcp6.Message) and said.kind in _OF_CLIENTS
    return source_mac if asks else ""


def inner(said: dhcp6.Message | dhcp6.Relayed) -> dhcp6.Message:
    """What relays have wrapped up; an empty message where nothing readable is inside."""
    for _ in range(8):
        if isinstance(said, dhcp6.Message):
            return said
        try:
            said = dhcp6.decode(dhcp6.first(said.options, dhcp6.RELAY_MESSAGE) or b"")
        except WireError:
            break
    return dhcp6.Message(kind=0, transaction=0)


_OF_CLIENTS: Final = frozenset((dhcp6.Kind.SOLICIT, dhcp6.Kind.REQUEST, 4, 5, 6, 11))
"""SOLICIT, REQUEST, CONFIRM, RENEW, REBIND, INFORMATION-REQUEST (RFC 8415 §7.3)."""


def _client(found: dict[str, Client], key: str) -> Client:
    if key not in found:
        by_address = "::" in key or key.count(":") != 5  # an IPv6 address with five colons is shortened somewhere
        found[key] = Client(mac="" if by_address else key, address=key if by_address else "")
    return found[key]


def _first(client: Client) -> int:
    times = (one[0] for one in (client.packets, client.transfers) if one)
    return min(one.at for one in times)


class _Owners:
    """Address → who holds it since when."""

    def __init__(self, wire: Wire) -> None:
        self._macs = {mac for packet in wire.packets if (mac := _asking(packet))}
        self._forwarding = _routers(wire, MANY)
        self._held: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        for packet in wire.packets:
            for address, mac in self._given(packet):
                self._hold(address, mac, packet.at)
        self._without_lease(wire)

    def _given(self, packet: Packet) -> Iterator[tuple[str, str]]:
        """Addresses that this packet shows to be somebody's."""
        said = packet.said
        if isinstance(said, dhcp.Message) and said.op == 2 and said.kind == dhcp.Kind.ACK:
            yield said.yiaddr, mac_text(said.chaddr[:6])
        elif isinstance(said, dhcp6.Message | dhcp6.Relayed) and inner(said).kind == dhcp6.Kind.REPLY:
            yield from ((address, client6(said, "")) for address in leased6(inner(said)))
        if isinstance(said, Arp):
            yield said.sender, said.sender_mac
        elif packet.source_mac in self._macs and packet.source_mac not in self._forwarding:
            yield packet.source, packet.source_mac

    def _hold(self, address: str, mac: str, at: int) -> None:
        held = self._held[address]
        if address not in _NONE and mac in self._macs and (not held or held[-1][1] != mac):
            held.append((at, mac))

    def _without_lease(self, wire: Wire) -> None:
        """Those who boot with an address of which the capture does not show how they got it."""
        behind = _routers(wire, 1)
        for transfer in wire.transfers:
            if not self._held.get(transfer.client):
                mac = "" if transfer.client_mac in behind else transfer.client_mac
                self._held[transfer.client].append((0, mac or transfer.client))
        for packet in wire.packets:
            if isinstance(packet.said, Request) and asks_to_boot(packet) and not self._held.get(packet.source):
                mac = "" if packet.source_mac in behind else packet.source_mac
                self._held[packet.source].append((0, mac or packet.source))

    def at(self, address: str, at: int) -> str:
        """Who held it then; empty: nobody that is known. What the clocks of points differ by is allowed for."""
        held = self._held.get(address, ())
        place = bisect_right(held, at + NS, key=lambda one: one[0])
        return held[place - 1][1] if place else ""

    def of(self, packet: Packet) -> Iterator[str]:
        """Whom it concerns."""
        said = packet.said
        if isinstance(said, dhcp.Message):
            mac = mac_text(said.chaddr[:6])
            return iter((mac,) if mac in self._macs else ())
        if isinstance(said, dhcp6.Message | dhcp6.Relayed):
            mac = client6(said, packet.source_mac)
            return iter((mac,) if mac in self._macs else ())
        if isinstance(said, Arp):
            return iter([mac for mac in (said.sender_mac, said.target_mac) if mac in self._macs])
        if isinstance(said, Lacpdu | Bpdu | Neighbour):
            return iter(())
        ends = (said.source, packet.destination) if isinstance(said, Complaint) else (packet.source, packet.destination)
        named = [self.at(address, packet.at) for address in ends if address]
        return iter([key for key in (*named, *self._from_nobody(packet)) if key])

    def _from_nobody(self, packet: Packet) -> tuple[str, ...]:
        """A frame of a client that has no address yet."""
        return (packet.source_mac,) if packet.source_mac in self._macs and packet.source in _NONE else ()


def leased6(message: dhcp6.Message) -> list[str]:
    """Addresses of a reply."""
    found: list[str] = []
    for code, value in message.options:
        if code == dhcp6.IA_NA:
            try:
                found += [address for address, _, _ in dhcp6.leased(value).addresses]
            except WireError:
                continue
    return found


def _asking(packet: Packet) -> str:
    said = packet.said
    if isinstance(said, dhcp.Message):
        return mac_text(said.chaddr[:6]) if said.op == 1 and len(said.chaddr) >= 6 else ""
    if isinstance(said, dhcp6.Message | dhcp6.Relayed) and inner(said).kind in _OF_CLIENTS:
        return client6(said, packet.source_mac)
    return ""


def _routers(wire: Wire, most: int) -> set[str]:
    """Hardware addresses from which more addresses speak than a machine of its own has: what comes from them has been forwarded."""
    senders: defaultdict[str, set[str]] = defaultdict(set)
    for packet in wire.packets:
        if packet.source not in _NONE and not packet.source.startswith("fe80:"):
            senders[packet.source_mac].add(packet.source)
    for transfer in wire.transfers:
        senders[transfer.client_mac].add(transfer.client)
    return {mac for mac, addresses in senders.items() if len(addresses) > most}
