"""Packets in words: one line for each, as a proof names them."""

from collections.abc import Callable
from typing import Any, Final

from bellrock.diagnosis import packets as said
from bellrock.diagnosis.dhcp_story import Told as ToldDhcp
from bellrock.diagnosis.dhcp_story import arch, server
from bellrock.diagnosis.packets import NS, Packet
from bellrock.model import Neighbour
from bellrock.wire import dhcp, dhcp6, dhcp_answer, ntp, tftp
from bellrock.wire import dhcp_options as option
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu
from bellrock.wire.text import endpoint

MAX_WORDS: Final = 300
"""Characters of a line; names in packets may be long."""


def words(packet: Packet) -> str:
    """`DHCP OFFER of 10.0.0.57 from 10.0.0.2, boot file bootx64.efi at 10.0.0.2`."""
    for kind, told in _WORDS.items():
        if isinstance(packet.said, kind):
            return told(packet.said, packet)[:MAX_WORDS]
    return type(packet.said).__name__


def ends(packet: Packet) -> str:
    """`10.0.0.57:2070 → 10.0.0.2:69`; below IP the hardware addresses."""
    if not packet.source:
        return f"{packet.source_mac} → {packet.destination_mac}"
    source, destination = packet.source, packet.destination
    if packet.source_port or packet.destination_port:
        source, destination = endpoint(source, packet.source_port), endpoint(destination, packet.destination_port)
    return f"{source} → {destination}"


def when(packet: Packet, begin: int) -> str:
    """`12.345678 s`: from the beginning of the capture."""
    return f"{(packet.at - begin) / NS:.6f} s"


def _dhcp(one: dhcp.Message, packet: Packet) -> str:
    kind = dhcp.Kind(one.kind).name if one.kind in set(dhcp.Kind) else "BOOTP"
    parts = [f"DHCP {kind}"]
    if one.op == 1:
        wanted = option.address(one.options.get(option.REQUESTED_ADDRESS, b""))
        machine = arch(one)
        parts += [f"for {wanted}"] if wanted else []
        parts += [f"arch {machine}"] if machine is not None else []
    else:
        given, file = dhcp_answer.address(one), dhcp_answer.file(one)
        where = dhcp_answer.boot_server(one)
        parts[0] += f"{f' of {given}' if given else ''} from {server(ToldDhcp(packet, one))}"
        parts += [f"boot file {file}{f' at {where}' if where and '://' not in file else ''}"] if file else []
    parts += [f"relay {one.giaddr}"] if one.giaddr != dhcp.NOBODY else []
    return ", ".join(parts)


def _dhcp6(one: dhcp6.Message, _: Packet) -> str:
    kind = dhcp6.Kind(one.kind).name if one.kind in set(dhcp6.Kind) else f"message type {one.kind}"
    return f"DHCPv6 {kind}"


def _arp(one: said.Arp, _: Packet) -> str:
    if one.op == 1:
        return f"ARP: who has {one.target}? tell {one.sender}"
    return f"ARP: {one.sender} is at {one.sender_mac}"


def _router(one: said.RouterAdvertisement, packet: Packet) -> str:
    return f"router advertisement of {packet.source}: default router for {one.lifetime} s, prefixes {', '.join(one.prefixes) or 'none'}"


def _read(one: tftp.Read, _: Packet) -> str:
    options = "".join(f", {name} {value}" for name, value in one.options.items())
    return f"TFTP read request for {one.path}{options}"


def _dns(one: said.Answered, _: Packet) -> str:
    return f"DNS answer: {one.name} {one.type} {one.rcode}{' ' if one.addresses else ''}{', '.join(one.addresses)}"


def _segment(one: said.Segment, _: Packet) -> str:
    names = {"S": "SYN", "A": "ACK", "F": "FIN", "R": "RST", "P": "PSH", "U": "URG"}
    flags = "/".join(names.get(flag, flag) for flag in one.flags)
    return f"TCP {flags}{f', MSS {one.mss}' if one.mss is not None else ''}"


def _response(one: said.Response, _: Packet) -> str:
    return f"HTTP {one.status} {one.reason}".strip() + (f", {one.length} octets" if one.length is not None else "")


def _certificate(one: said.Certificate, _: Packet) -> str:
    return f"TLS certificate of {one.subject}, issued by {one.issuer}"


def _complaint(one: said.Complaint, packet: Packet) -> str:
    about = f"{endpoint(one.source, one.source_port)} → {endpoint(one.destination, one.destination_port)}"
    return f"ICMP {one.kind} from {packet.source}, about {about}" + (f", MTU {one.mtu}" if one.mtu is not None else "")


def _bpdu(one: Bpdu, _: Packet) -> str:
    state = {True: ", forwards", False: ", does not forward", None: ""}[one.forwarding]
    return f"BPDU of bridge {one.bridge}, port {one.port}{state}"


def _lacp(one: Lacpdu, _: Packet) -> str:
    return f"LACPDU of {one.actor.system}, port {one.actor.port}, {'passes' if one.actor.passes else 'does not pass'} frames"


_WORDS: Final[dict[type, Callable[[Any, Packet], str]]] = {
    dhcp.Message: _dhcp,
    dhcp6.Message: _dhcp6,
    dhcp6.Relayed: lambda one, _: f"DHCPv6 relayed message, link {one.link}, peer {one.peer}",
    said.Arp: _arp,
    said.Solicitation: lambda one, _: f"neighbour solicitation for {one.target}",
    said.Advertisement: lambda one, _: f"neighbour advertisement: {one.target} is at {one.mac or 'its sender'}",
    said.RouterAdvertisement: _router,
    tftp.Read: _read,
    tftp.Refusal: lambda one, _: f"TFTP error {one.code}: {one.text}",
    tftp.Agreed: lambda one, _: f"TFTP agrees to {', '.join(f'{name} {value}' for name, value in one.options.items()) or 'no option'}",
    said.Asked: lambda one, _: f"DNS question: {one.name} {one.type}",
    said.Answered: _dns,
    ntp.Packet: lambda one, _: f"NTP {'request' if one.mode == ntp.CLIENT else 'answer'}, stratum {one.stratum}",
    said.Segment: _segment,
    said.Request: lambda one, _: f"HTTP {one.method} {one.target}{f' of {one.host}' if one.host else ''}",
    said.Response: _response,
    said.ClientHello: lambda one, _: f"TLS client hello{f' for {one.name}' if one.name else ''}",
    said.Certificate: _certificate,
    said.Alert: lambda one, _: f"TLS alert {one.description}",
    said.Complaint: _complaint,
    said.Echo: lambda one, _: f"ping {'answer' if one.reply else 'request'} {one.sequence}",
    said.Log: lambda _, __: "syslog message",
    Lacpdu: _lacp,
    Bpdu: _bpdu,
    Neighbour: lambda one, _: f"{one.protocol.upper()} of {one.system_name or one.chassis_id}, port {one.port_id}",
    said.Beacon: lambda one, _: f"beacon, version {one.version}",
}  # fmt: skip
