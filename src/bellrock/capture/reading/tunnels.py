"""Packets inside of packets: GRE (RFC 2784, RFC 2890) and VXLAN (RFC 7348 §5), one tunnel deep."""

from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.gather import fetch, joined, layout
from bellrock.capture.reading.linked import IPV4, IPV6, Linked, ethernet
from bellrock.capture.reading.networked import Networked
from bellrock.capture.reading.transported import UDP, Transported
from bellrock.capture.reading.values import GRE, VXLAN, WHOLE, Numbers, Octets, Small

GRE_PROTOCOL: Final = 47
VXLAN_PORTS: Final = (4789, 8472)
"""RFC 7348 §5, and what Linux took before there was that."""
_BRIDGED: Final = 0x6558
"""Transparent Ethernet bridging (RFC 1701): a frame is inside."""
_GRE: Final = layout(16, {"flags": (">u2", 0), "type": (">u2", 2), "second": (">u4", 4), "third": (">u4", 8)})
_CHECKSUM, _ROUTING, _KEY, _SEQUENCE, _VERSION = 0x8000, 0x4000, 0x2000, 0x1000, 7
_VXLAN: Final = layout(8, {"flags": ("u1", 0), "id": (">u4", 4)})
_VALID: Final = 0x08


class Inside(NamedTuple):
    """What begins inside tunnels."""

    places: Numbers
    """Indices of the packets that are tunnels."""
    kind: Small
    """GRE or VXLAN."""
    id: Small
    link: Linked
    """Of the inner packets; of those without Ethernet header no addresses."""


def inside(octets: Octets, network: Networked, transport: Transported, ends: Numbers) -> Inside | None:
    """The beginnings of inner packets; None where no packet is a tunnel."""
    gre = (network.protocol == GRE_PROTOCOL) & (network.piece == WHOLE) & (transport.transport >= 0)
    port = transport.destination_port
    one, other = VXLAN_PORTS
    vxlan = (network.protocol == UDP) & (network.piece == WHOLE) & ((port == one) | (port == other))
    if not gre.any() and not vxlan.any():
        return None
    found = [
        part for part in (
            _gre(octets, np.flatnonzero(gre), transport.transport, ends),
            _vxlan(octets, np.flatnonzero(vxlan), transport.payload, ends),
        ) if len(part.places)
    ]  # fmt: skip
    if len(found) < 2:
        return found[0] if found else None
    by_gre, by_vxlan = found
    places, kind, number = joined(
        (by_gre.places, by_gre.kind, by_gre.id), (by_vxlan.places, by_vxlan.kind, by_vxlan.id)
    )
    return Inside(places, kind, number, Linked(*joined(by_gre.link, by_vxlan.link)))


def _gre(octets: Octets, places: Numbers, transport: Numbers, ends: Numbers) -> Inside:
    at = transport[places]
    table = fetch(octets, at, _GRE)
    flags, kind = table["flags"], table["type"].astype(np.int32)
    keyed = (flags & _KEY) != 0
    summed = (flags & _CHECKSUM) != 0
    size = 4 + 4 * (summed.astype(np.int64) + keyed + ((flags & _SEQUENCE) != 0))
    known = (kind == IPV4) | (kind == IPV6) | (kind == _BRIDGED)
    sound = known & ((flags & (_ROUTING | _VERSION)) == 0) & (at + size <= ends[places])
    key = np.where(summed, table["third"], table["second"]).astype(np.int64)
    places, at, kind = places[sound], (at + size)[sound], kind[sound]
    number = np.where(keyed & (key < 1 << 31), key, -1)[sound].astype(np.int32)
    link = ethernet(octets, at, ends[places])
    bare = kind != _BRIDGED
    link.source_mac[bare] = link.destination_mac[bare] = -1
    link.vid[bare] = link.inner_vid[bare] = -1
    link.ethertype[bare], link.network[bare] = kind[bare], at[bare]
    return Inside(places, np.full(len(places), GRE, np.int32), number, link)


def _vxlan(octets: Octets, places: Numbers, payload: Numbers, ends: Numbers) -> Inside:
    at = payload[places]
    table = fetch(octets, at, _VXLAN)
    sound = ((table["flags"] & _VALID) != 0) & (at >= 0) & (at + _VXLAN.itemsize <= ends[places])
    number = (table["id"] >> 8).astype(np.int32)[sound]
    places, at = places[sound], at[sound] + _VXLAN.itemsize
    return Inside(places, np.full(len(places), VXLAN, np.int32), number, ethernet(octets, at, ends[places]))
