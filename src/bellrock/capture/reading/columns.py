"""From a chunk of packets to the columns of their fields."""

from typing import Any

import numpy as np

from bellrock.capture.reading.fragments import Pieces
from bellrock.capture.reading.gather import put
from bellrock.capture.reading.linked import linked
from bellrock.capture.reading.networked import Networked, networked
from bellrock.capture.reading.transported import Transported, transported
from bellrock.capture.reading.tunnels import inside
from bellrock.capture.reading.values import NO_TUNNEL, Chunk, Columns, Interface, Numbers, Octets, Small


def columns(chunk: Chunk, interfaces: list[Interface], pieces: Pieces) -> Columns:
    """The fields of a chunk's packets.

    Args:
        chunk: of a capture.
        interfaces: of it.
        pieces: of fragmented datagrams, kept from one chunk of a capture to the next.
    """
    octets, ends, count = chunk.octets, chunk.offsets + chunk.kept, len(chunk)
    link = linked(chunk, interfaces)
    network, transport = _headers(octets, link.ethertype, link.network, ends, chunk.offsets + chunk.lengths)
    tunnel, tunnel_id = np.full(count, NO_TUNNEL, np.int32), np.full(count, -1, np.int32)
    inner = inside(octets, network, transport, ends)
    if inner is not None:
        places = inner.places
        # The innermost end counts: what follows the outer packet (padding) is not the inner one's.
        ends[places] = np.minimum(ends[places], network.wire_end[places])
        deep = _headers(octets, inner.link.ethertype, inner.link.network, ends[places], network.wire_end[places])
        put(network, places, deep[0])
        put(transport, places, deep[1])
        framed = inner.link.source_mac >= 0
        link.source_mac[places[framed]] = inner.link.source_mac[framed]
        link.destination_mac[places[framed]] = inner.link.destination_mac[framed]
        link.ethertype[places], link.network[places] = inner.link.ethertype, inner.link.network
        tunnel[places], tunnel_id[places] = inner.kind, inner.id
    assembled = pieces.put_together(chunk, network, transport, ends)
    return Columns(
        chunk=chunk, **link._asdict(), **_told(network), **transport._asdict(), assembled=assembled,
        end=np.where(network.version > 0, np.minimum(ends, network.wire_end), ends), tunnel=tunnel, tunnel_id=tunnel_id,
    )  # fmt: skip


def _headers(
    octets: Octets, ethertype: Small, network: Numbers, ends: Numbers, wire_ends: Numbers
) -> tuple[Networked, Transported]:
    found = networked(octets, ethertype, network, ends, wire_ends)
    return found, transported(octets, found, ends)


_INNER = frozenset(("piece_id", "piece_offset", "more", "header_end", "wire_end"))


def _told(network: Networked) -> dict[str, Any]:
    """What the columns have of IP's fields."""
    return {name: value for name, value in network._asdict().items() if name not in _INNER}
