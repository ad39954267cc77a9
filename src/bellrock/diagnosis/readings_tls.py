"""Readings of TLS: what a server showed to whom, and what was said of it."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bellrock.diagnosis.packets import Alert, Certificate, ClientHello, Packet, Wire

REFUSALS: Final = (
    "bad_certificate",
    "unsupported_certificate",
    "certificate_revoked",
    "certificate_expired",
    "certificate_unknown",
    "unknown_ca",
)
"""RFC 8446 §6.2: alerts with which a client refuses a certificate."""


class Handshake(Struct, kw_only=True):
    """What was seen of one, at one point."""

    hello: Packet
    name: str
    shown: Packet | None = None
    certificate: Certificate | None = None
    refused: Packet | None = None
    alert: str = ""
    """With which the client refused the certificate."""

    @property
    def server(self) -> str:
        """IP address."""
        return self.hello.destination


def handshakes(wire: Wire) -> Iterator[Handshake]:
    """By time of the client's hello. Certificates are seen up to TLS 1.2; later ones encrypt them (RFC 8446 §2)."""
    open_ones: dict[tuple[object, ...], Handshake] = {}
    found: list[Handshake] = []
    for packet in wire.packets:
        said = packet.said
        if isinstance(said, ClientHello):
            one = Handshake(hello=packet, name=said.name)
            open_ones[_ends(packet)] = one
            found.append(one)
        elif isinstance(said, Certificate) and (of_it := open_ones.get(_back(packet))) is not None:
            if of_it.certificate is None:
                of_it.shown, of_it.certificate = packet, said
        elif (
            isinstance(said, Alert)
            and (of_it := open_ones.get(_ends(packet))) is not None
            and said.description in REFUSALS
        ):
            of_it.refused, of_it.alert = packet, said.description
    yield from found


def flow_of(one: Handshake) -> str:
    """The catalogue's flow that it belongs to; empty: its port does not tell."""
    return "https-boot" if one.hello.destination_port == 443 else ""


def refusal(one: Handshake) -> tuple[str, ...]:
    """The sentence that the client refused the certificate, where it did."""
    return (f"The client refused it: alert {one.alert} (packet {one.refused.number}).",) if one.refused else ()


def _ends(packet: Packet) -> tuple[object, ...]:
    return packet.point, packet.source, packet.source_port, packet.destination, packet.destination_port


def _back(packet: Packet) -> tuple[object, ...]:
    return packet.point, packet.destination, packet.destination_port, packet.source, packet.source_port
