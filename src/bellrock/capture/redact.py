"""What is left out of a capture on request: payloads, or the secrets in them."""

from typing import Final

from bellrock.capture.layers import TCP, UDP, Layers, layers
from bellrock.capture.secrets import Span, Streams, community, ipmi_secrets, users
from bellrock.wire.checksum import MODULUS, remainder

BLANK: Final = 0x78
"""`x`, as long as what it stands for."""
_IPMI_PORT: Final = 623
_SNMP_PORTS: Final = frozenset((161, 162))
_VXLAN_PORTS: Final = frozenset((4789, 8472))
"""RFC 7348 §5, and what Linux took before it."""
_VXLAN_HEADER: Final = 8
_GRE: Final = 47
_BRIDGED: Final = 0x6558
"""Ethernet inside GRE (RFC 1701)."""
_NO_MACS: Final = bytes(12)
MAX_TUNNELS: Final = 4
"""Within each other; what is deeper is blanked whole."""
_CHECKSUM_AT: Final = {TCP: 16, UDP: 6}


def headers_only(data: bytes) -> bytes:
    """The frame up to the end of its headers: Ethernet, tags, IP with options and extension headers, TCP with options, UDP, 8 octets of
    ICMP or IGMP, the whole of ARP. Of anything else the Ethernet header; of a later fragment the IP header.
    """
    return data[: layers(data).payload]


class Blanker:
    """Blanks the secrets that are known to be in payloads, and mends the checksum, so that it does not tell what was there.

    In TCP, on any port: HTTP's Authorization, Proxy-Authorization, Cookie, Set-Cookie, X-Auth-Token and X-API-Key, and `user:password@` in an
    address; on the directory's port: what LDAP's bind proves itself with. In UDP: authentication codes of IPMI, communities of SNMP, and
    `user:password@`. What GRE and VXLAN carry is blanked as what is outside.
    Lines that go on in the next segment are followed. Later TCP fragments are blanked whole.

    Args:
        directory_ports: TCP ports of LDAP.
    """

    def __init__(self, directory_ports: frozenset[int] = frozenset((389,))) -> None:
        self._streams = Streams(directory_ports)
        self.blanked = 0
        """Frames in which something was."""

    def __call__(self, data: bytes) -> bytes:
        """The frame without its secrets; as long as it was."""
        out = self._without(data, MAX_TUNNELS)
        self.blanked += out != data
        return out

    def _without(self, data: bytes, deeper: int) -> bytes:
        found = layers(data)
        if (inner := _inner(data, found)) is not None:
            return self._carrying(data, found, *inner, deeper)
        if found.fragment and found.protocol == TCP:
            spans = [(found.payload, found.end)]
        elif found.transport is None or found.payload >= found.end:
            return data
        elif found.protocol == TCP:
            spans = self._streams.secrets(data, found)
        elif found.protocol == UDP and _IPMI_PORT in _ports(data, found.transport):
            spans = ipmi_secrets(data, found.payload, found.end)
        elif found.protocol == UDP:
            spans = _in_datagram(data, found, found.transport)
        else:
            return data
        if not spans:
            return data
        return _blanked(data, spans, found.transport, found.protocol)

    def _carrying(self, data: bytes, found: Layers, at: int, head: bytes, deeper: int) -> bytes:
        """A tunnel's packet, with what it carries from `at` on, before which `head` makes a frame of it."""
        if not deeper:
            return _blanked(data, [(at, found.end)], found.transport, found.protocol)
        inner = self._without(head + data[at : found.end], deeper - 1)[len(head) :]
        out = bytearray(data[:at] + inner + data[found.end :])
        if found.transport is not None:
            _mend(out, data, found.transport, found.protocol)
        return bytes(out)


def _inner(data: bytes, found: Layers) -> tuple[int, bytes] | None:
    """Where what a tunnel carries begins, and what lacks before it to be a frame; None: it is no tunnel."""
    if found.protocol == UDP and found.transport is not None:
        at = found.payload + _VXLAN_HEADER
        return (at, b"") if _ports(data, found.transport)[1] in _VXLAN_PORTS and at < found.end else None
    if found.protocol != _GRE or found.fragment or found.payload + 4 > found.end:
        return None
    flags, kind = _ports(data, found.payload)
    # Checksum, key and sequence number have 4 octets each (RFC 2784 §2.1, RFC 2890 §2).
    at = found.payload + 4 + 4 * (flags & 0xB000).bit_count()
    head = b"" if kind == _BRIDGED else _NO_MACS + kind.to_bytes(2, "big")
    return (at, head) if at < found.end else None


def _in_datagram(data: bytes, found: Layers, transport: int) -> list[Span]:
    payload = data[found.payload : found.end]
    if _SNMP_PORTS & {*_ports(data, transport)}:
        return community(payload, found.payload)
    return users(payload, found.payload)


def _ports(data: bytes, at: int) -> tuple[int, int]:
    return int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")


def _blanked(data: bytes, spans: list[tuple[int, int]], transport: int | None, protocol: int) -> bytes:
    out = bytearray(data)
    for start, end in spans:
        out[start:end] = bytes((BLANK,)) * (end - start)
    if transport is not None:
        _mend(out, data, transport, protocol)
    return bytes(out)


def _mend(out: bytearray, data: bytes, transport: int, protocol: int) -> None:
    """RFC 1624: the checksum after a change, from the one before it and the difference; it need not have been right, nor complete."""
    at = transport + _CHECKSUM_AT[protocol]
    before = int.from_bytes(data[at : at + 2], "big")
    if protocol == UDP and before == 0:
        return
    difference = remainder(bytes(out[transport:])) - remainder(data[transport:])
    out[at : at + 2] = ((before - difference) % MODULUS).to_bytes(2, "big")
