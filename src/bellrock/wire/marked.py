"""First packets of protocols over UDP that carry a mark where their protocol has room for it.

A middle box that looks into packets takes them for what they seem, and a server that gets one by chance answers as it answers
everybody: none changes anything there, takes a lease or opens a session.
"""

import struct
from collections.abc import Callable
from typing import Final

from bellrock.wire import dhcp, dhcp6, ntp

_DNS: Final = struct.Struct("!6H")
_TXT, _INTERNET = 16, 1
_TFTP_READ: Final = 1
_NTP_EXPERIMENTAL: Final = 0xF323
"""RFC 9748 §4.1: extension field types 0xF000–0xFFFF are for experiments."""
_DHCP_PRIVATE: Final = 224
"""RFC 3942 §2: the first option code that is for a site's own use."""
_DHCP6_INFORMATION_REQUEST: Final = 11
_FACILITY_SEVERITY: Final = 23 * 8 + 7
"""local7.debug (RFC 5424 §6.2.1)."""
_ASF_PING: Final = bytes.fromhex("0600ff06 000011be 80000000")
"""DMTF DSP0136 §3.2.2.4, table 7: RMCP version 1, no acknowledgement wanted, class ASF, IANA 4542, presence ping, tag 0, no data."""


def payload(port: int, mark: bytes, source: str) -> bytes:
    """The payload of a first packet to a UDP port, with the mark's 44 octets in it.

    Args:
        port: whose protocol is spoken; the mark alone goes to a port of no protocol that is known here.
        mark: as `mark.encode` makes it.
        source: the sender's IP address.
    """
    make = _PROTOCOLS.get(port)
    return mark if make is None else make(mark, source)


def answer(port: int, mark: bytes) -> bytes:
    """What the listener that stands in for a service answers. It is never larger than the question."""
    if port == 69:
        # RFC 1350 §5: an ERROR packet, code 0, so that no client waits for more.
        return b"\0\5\0\0" + mark + b"\0"
    return mark


def _dns(mark: bytes, _source: str) -> bytes:
    # RFC 6761 §6.4: `invalid` does not exist, and no resolver needs to ask anybody about it.
    labels = bytes((len(mark),)) + mark + b"\7invalid\0"
    return _DNS.pack(_id(mark), 0, 1, 0, 0, 0) + labels + struct.pack("!HH", _TXT, _INTERNET)


def _tftp(mark: bytes, _source: str) -> bytes:
    return struct.pack("!H", _TFTP_READ) + mark + b"\0octet\0"


def _ntp(mark: bytes, _source: str) -> bytes:
    # RFC 7822 §7.5.1.4: the last extension field has at least 28 octets where no MAC follows.
    packet = ntp.Packet(transmit=int.from_bytes(mark[4:12], "big"))
    return ntp.build(packet) + struct.pack("!HH", _NTP_EXPERIMENTAL, 4 + len(mark)) + mark


def _dhcp(mark: bytes, source: str) -> bytes:
    # RFC 2131 §4.4.3: who has an address asks for parameters alone; nothing is leased.
    return dhcp.encode(
        dhcp.Message(
            op=1, xid=_id(mark), kind=dhcp.Kind.INFORM, chaddr=b"\2" + mark[4:9], ciaddr=source, options={_DHCP_PRIVATE: mark}
        )
    )  # fmt: skip


def _dhcp6(mark: bytes, _source: str) -> bytes:
    # RFC 8415 §18.2.6: stateless; nothing is leased.
    user_class = len(mark).to_bytes(2, "big") + mark
    return dhcp6.encode(
        dhcp6.Message(kind=_DHCP6_INFORMATION_REQUEST, transaction=_id(mark), options=((dhcp6.USER_CLASS, user_class),))
    )


def _syslog(mark: bytes, _source: str) -> bytes:
    return b"<%d>1 - - bellrock - - - %b" % (_FACILITY_SEVERITY, mark)


def _rmcp(mark: bytes, _source: str) -> bytes:
    return _ASF_PING + mark


def _id(mark: bytes) -> int:
    """16 bits that differ from packet to packet: of the signature."""
    return int.from_bytes(mark[-3:], "big") & 0xFFFF


_PROTOCOLS: Final[dict[int, Callable[[bytes, str], bytes]]] = {
    53: _dns, 67: _dhcp, 69: _tftp, 123: _ntp, 514: _syslog, 547: _dhcp6, 623: _rmcp, 5247: _syslog,
}  # fmt: skip
