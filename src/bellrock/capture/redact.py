"""What is left out of a capture on request: payloads, or the secrets in them."""

from typing import Final

from bellrock.capture.layers import TCP, UDP, layers
from bellrock.capture.secrets import Streams, ipmi_secrets
from bellrock.wire.checksum import MODULUS, remainder

BLANK: Final = 0x78
"""`x`, as long as what it stands for."""
_IPMI_PORT: Final = 623
_CHECKSUM_AT: Final = {TCP: 16, UDP: 6}


def headers_only(data: bytes) -> bytes:
    """The frame up to the end of its headers: Ethernet, tags, IP with options and extension headers, TCP with options, UDP, 8 octets of
    ICMP or IGMP, the whole of ARP. Of anything else the Ethernet header; of a later fragment the IP header.
    """
    return data[: layers(data).payload]


class Blanker:
    """Blanks the secrets that are known to be in payloads, and mends the checksum, so that it does not tell what was there.

    In TCP, on any port: HTTP's Authorization, Proxy-Authorization, Cookie, Set-Cookie, X-Auth-Token and X-API-Key, and `user:password@` in an
    address; on the directory's port: what LDAP's bind proves itself with. In UDP: authentication codes of IPMI.
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
        found = layers(data)
        if found.fragment and found.protocol == TCP:
            spans = [(found.payload, found.end)]
        elif found.transport is None or found.payload >= found.end:
            return data
        elif found.protocol == TCP:
            spans = self._streams.secrets(data, found)
        elif found.protocol == UDP and _IPMI_PORT in _ports(data, found.transport):
            spans = ipmi_secrets(data, found.payload, found.end)
        else:
            return data
        if not spans:
            return data
        self.blanked += 1
        return _blanked(data, spans, found.transport, found.protocol)


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
