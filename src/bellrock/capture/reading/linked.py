"""Link layers, many packets at once: addresses, VLAN tags, and where the next layer begins.

Link types by their LINKTYPE_ values (https://www.tcpdump.org/linktypes.html).
"""

from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.gather import Table, fetch, layout, put
from bellrock.capture.reading.values import Bits, Chunk, Interface, Numbers, Octets, Small

NULL, ETHERNET, LOOP, LINUX_SLL, LINUX_SLL2 = 0, 1, 108, 113, 276
RAW: Final = (12, 14, 101, 228, 229)
"""An IP packet and nothing before it; 228 and 229 are of one version alone."""
NAMES: Final = {
    NULL: "null", ETHERNET: "Ethernet", LOOP: "loop", LINUX_SLL: "Linux cooked", LINUX_SLL2: "Linux cooked v2",
    **dict.fromkeys(RAW, "raw IP"),
}  # fmt: skip
IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
TPIDS: Final = (0x8100, 0x88A8, 0x9100)
MAX_TAGS: Final = 8
_ETHERNET: Final = layout(16, {"destination": (">u8", 0), "source": (">u8", 4), "type": (">u2", 12)})
_COOKED: Final = layout(16, {"size": (">u2", 4), "address": (">u8", 6), "type": (">u2", 14)})
_COOKED2: Final = layout(20, {"type": (">u2", 0), "size": ("u1", 11), "address": (">u8", 12)})
_TAG: Final = layout(4, {"control": (">u2", 0), "type": (">u2", 2)})
_NULL: Final = layout(4, {"little": ("<u4", 0), "big": (">u4", 0)})
_FIRST: Final = layout(1, {"version": ("u1", 0)})
# https://www.tcpdump.org/linktypes.html: 2 is IPv4; IPv6 is 24, 28 or 30, as the BSD has it that captured.
_AF: Final = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}


class Linked(NamedTuple):
    """The layers below IP, one element for each packet; as `Columns` has them."""

    source_mac: Numbers
    destination_mac: Numbers
    vid: Small
    inner_vid: Small
    ethertype: Small
    network: Numbers


def linked(chunk: Chunk, interfaces: list[Interface]) -> Linked:
    """The link layers of a chunk's packets, each as its interface's link type has it."""
    types = {interfaces[number].link_type for number in chunk.captured_by}
    ends = chunk.offsets + chunk.kept
    if types == {ETHERNET}:
        return ethernet(chunk.octets, chunk.offsets, ends)
    all_types = np.array([one.link_type for one in interfaces], np.int64)[chunk.interfaces]
    made = _nothing(chunk.offsets)
    for kind in types:
        mine = all_types == kind
        put(made, mine, _of(kind, chunk.octets, chunk.offsets[mine], ends[mine]))
    return made


def ethernet(octets: Octets, at: Numbers, ends: Numbers) -> Linked:
    """Ethernet frames that begin at these places."""
    table = fetch(octets, at, _ETHERNET)
    destination = (table["destination"].astype(np.uint64) >> np.uint64(16)).astype(np.int64)
    source = table["source"].astype(np.int64) & 0xFFFFFFFFFFFF
    return _tagged(octets, ends, source, destination, table["type"].astype(np.int32), at + 14)


def _of(kind: int, octets: Octets, at: Numbers, ends: Numbers) -> Linked:
    if kind == ETHERNET:
        return ethernet(octets, at, ends)
    if kind in (LINUX_SLL, LINUX_SLL2):
        return _cooked(octets, at, ends, kind)
    made = _nothing(at)
    if kind in RAW:
        version = fetch(octets, at, _FIRST)["version"] >> 4
        types = np.where(version == 4, IPV4, np.where(version == 6, IPV6, -1)).astype(np.int32)
        return made._replace(ethertype=np.where(ends > at, types, np.int32(-1)))
    if kind in (NULL, LOOP):
        return made._replace(ethertype=_family(octets, at, ends), network=at + 4)
    return made


def _cooked(octets: Octets, at: Numbers, ends: Numbers, kind: int) -> Linked:
    """What `any` of Linux captures: only the sender's address."""
    table = fetch(octets, at, _COOKED if kind == LINUX_SLL else _COOKED2)
    address = (table["address"].astype(np.uint64) >> np.uint64(16)).astype(np.int64)
    source = np.where(table["size"] == 6, address, -1)
    size = (_COOKED if kind == LINUX_SLL else _COOKED2).itemsize
    return _tagged(octets, ends, source, np.full(len(at), -1), table["type"].astype(np.int32), at + size)


def _tagged(
    octets: Octets, ends: Numbers, source: Numbers, destination: Numbers, ethertype: Small, network: Numbers
) -> Linked:
    """Pass over VLAN tags (IEEE 802.1Q §9.6); headers that are not whole have no type."""
    vid, inner = np.full(len(network), -1, np.int32), np.full(len(network), -1, np.int32)
    whole = network <= ends
    if not whole.all():
        ethertype = np.where(whole, ethertype, np.int32(-1))
        source, destination = np.where(whole, source, -1), np.where(whole, destination, -1)
    here = np.flatnonzero(_is_tag(ethertype))
    for depth in range(MAX_TAGS):
        if not len(here):
            break
        table = fetch(octets, network[here], _TAG)
        number = (table["control"] & 0xFFF).astype(np.int32)
        inside = network[here] + 4 <= ends[here]
        if depth < 2:
            (vid if depth == 0 else inner)[here] = np.where(inside, number, -1)
        network[here] += 4
        ethertype[here] = np.where(inside, table["type"].astype(np.int32), -1)
        here = here[_is_tag(ethertype[here])]
    return Linked(source, destination, vid, inner, ethertype, network)


def _is_tag(ethertype: Small) -> Bits:
    first, second, third = TPIDS
    found: Bits = (ethertype == first) | (ethertype == second) | (ethertype == third)
    return found


def _family(octets: Octets, at: Numbers, ends: Numbers) -> Small:
    """BSD's address family, in the byte order of whoever captured it; OpenBSD's loop has the network's."""
    table: Table = fetch(octets, at, _NULL)
    types = np.full(len(at), -1, np.int32)
    for family, ethertype in _AF.items():
        types[(table["little"] == family) | (table["big"] == family)] = ethertype
    return np.where(at + 4 <= ends, types, np.int32(-1))


def _nothing(at: Numbers) -> Linked:
    """No addresses, no tags, no type: the packet begins with what cannot be told."""
    count = len(at)
    none, small = np.full(count, -1, np.int64), np.full(count, -1, np.int32)
    return Linked(none, none.copy(), small, small.copy(), small.copy(), at.copy())
