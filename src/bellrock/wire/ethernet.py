"""Ethernet II and IEEE 802.3 frames with any stack of VLAN tags (IEEE 802.1Q, 802.1ad)."""

import re
import struct
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bellrock.wire.errors import Reason, WireError

TPID_CUSTOMER: Final = 0x8100
TPID_SERVICE: Final = 0x88A8
TPID_OLD_SERVICE: Final = 0x9100
TPIDS: Final = frozenset((TPID_CUSTOMER, TPID_SERVICE, TPID_OLD_SERVICE))

ETHERTYPE_IPV4: Final = 0x0800
ETHERTYPE_IPV6: Final = 0x86DD
ETHERTYPE_LLDP: Final = 0x88CC
MAX_LENGTH_FIELD: Final = 1500
"""IEEE 802.3 §3.2.6: up to here the field is the length of the payload, from 0x0600 on it is a type."""
FIRST_ETHERTYPE: Final = 0x0600
MAX_TAGS: Final = 8
"""More tags in one frame than this are an attack, not a network."""

HEADER: Final = struct.Struct("!6s6sH")
_TAG: Final = struct.Struct("!HH")
_MAC: Final = re.compile(r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}")


class Tag(Struct, frozen=True):
    """A VLAN tag: protocol, VID 0–4095 (0: priority only), priority 0–7, drop eligible."""

    tpid: int
    vid: int
    pcp: int = 0
    dei: bool = False


class EthernetFrame(Struct, frozen=True):
    """A frame without preamble and frame check sequence.

    `ethertype` is the type, or the length where the frame is an IEEE 802.3 one (at most 1500): then `payload` begins with
    the LLC header and padding after it is gone.
    """

    destination: str
    source: str
    tags: tuple[Tag, ...]
    ethertype: int
    payload: bytes | memoryview


def mac_text(mac: bytes | memoryview) -> str:
    """`b"RT..."` → `52:54:00:12:34:56`."""
    return mac.hex(":")


def mac_bytes(text: str) -> bytes:
    """`52:54:00:12:34:56` → six octets.

    Raises:
        ValueError: not six octets in hex with colons.
    """
    if not _MAC.fullmatch(text):
        raise ValueError(f"{text!r} is not a MAC address; expected six octets such as 52:54:00:12:34:56")
    return bytes.fromhex(text.replace(":", ""))


def tag_from_control(tpid: int, control: int) -> Tag:
    """A tag from its protocol and its 16 bits of control information (IEEE 802.1Q §9.6): PCP 3, DEI 1, VID 12."""
    return Tag(tpid, control & 0xFFF, control >> 13, bool(control & 0x1000))


def tag_control(tag: Tag) -> int:
    """The 16 bits of control information.

    Raises:
        ValueError: VID or priority out of range.
    """
    if not (0 <= tag.vid <= 0xFFF and 0 <= tag.pcp <= 7):
        raise ValueError(f"{tag} does not fit a VLAN tag: VID 0–4095, priority 0–7")
    return tag.pcp << 13 | tag.dei << 12 | tag.vid


def parse(data: bytes | memoryview, tags: Sequence[Tag] = ()) -> EthernetFrame:
    """Take a frame apart. `tags`: those that the kernel stripped (PACKET_AUXDATA), outermost first.

    Raises:
        WireError: TRUNCATED, STACKED_TAGS (more than MAX_TAGS), MALFORMED (neither a length nor a type).
    """
    if len(data) < HEADER.size:
        raise WireError(Reason.TRUNCATED, ("Ethernet: %d octets, a header has 14", len(data)))
    destination, source, ethertype = HEADER.unpack_from(data)
    inner, at, ethertype = _walk_tags(data, ethertype, len(tags))
    payload = data[at:]
    if ethertype < FIRST_ETHERTYPE:
        payload = _trim(payload, ethertype)
    return EthernetFrame(mac_text(destination), mac_text(source), (*tags, *inner), ethertype, payload)


def _walk_tags(data: bytes | memoryview, ethertype: int, outside: int) -> tuple[list[Tag], int, int]:
    """The tags inside the data, where the payload begins, and its type."""
    found: list[Tag] = []
    at = HEADER.size
    while ethertype in TPIDS:
        if len(data) < at + _TAG.size:
            raise WireError(Reason.TRUNCATED, "Ethernet: ends inside a VLAN tag")
        if outside + len(found) >= MAX_TAGS:
            raise WireError(Reason.STACKED_TAGS, ("Ethernet: more than %d VLAN tags", MAX_TAGS))
        control, following = _TAG.unpack_from(data, at)
        found.append(tag_from_control(ethertype, control))
        ethertype = following
        at += _TAG.size
    return found, at, ethertype


def _trim(payload: bytes | memoryview, length: int) -> bytes | memoryview:
    if length > MAX_LENGTH_FIELD:
        raise WireError(Reason.MALFORMED, ("Ethernet: 0x%04x is neither a length nor a type", length))
    if length > len(payload):
        raise WireError(Reason.TRUNCATED, ("Ethernet: length field says %d, %d octets are there", length, len(payload)))
    return payload[:length]


def build(frame: EthernetFrame) -> bytes:
    """The octets of a frame, all tags in the data. Nothing is padded: the sending device does that.

    Raises:
        ValueError: an address, tag or type that cannot be written.
    """
    if len(frame.tags) > MAX_TAGS:
        raise ValueError(f"{len(frame.tags)} VLAN tags; at most {MAX_TAGS} are written")
    if not 0 <= frame.ethertype <= 0xFFFF or frame.ethertype in TPIDS:
        raise ValueError(f"0x{frame.ethertype:x} is no EtherType of a payload")
    tags = b"".join(_TAG.pack(tag.tpid, tag_control(tag)) for tag in frame.tags)
    addresses = mac_bytes(frame.destination) + mac_bytes(frame.source)
    return b"".join((addresses, tags, frame.ethertype.to_bytes(2, "big"), frame.payload))


def only_vid(tags: Sequence[Tag]) -> int | None:
    """The VID that a frame with these tags belongs to; None for untagged and priority-tagged (VID 0) ones.

    Raises:
        WireError: STACKED_TAGS, more than one tag names a VLAN: the frame is of a customer's network inside another.
    """
    vids = [tag.vid for tag in tags if tag.vid]
    if len(vids) > 1:
        raise WireError(Reason.STACKED_TAGS, f"VLAN tags {', '.join(map(str, vids))} on one frame")
    return vids[0] if vids else None


def two_tags(tags: Sequence[Tag]) -> tuple[Tag | None, int | None]:
    """The service tag of a frame, if a second tag follows it, and the VID of the innermost; None for what is not there.

    Raises:
        WireError: STACKED_TAGS, more than two tags name a VLAN.
    """
    named = [tag for tag in tags if tag.vid]
    if len(named) > 2:
        raise WireError(Reason.STACKED_TAGS, f"VLAN tags {', '.join(str(tag.vid) for tag in named)} on one frame")
    return (named[0] if len(named) == 2 else None), (named[-1].vid if named else None)
