"""IP headers, many packets at once: RFC 791 §3.1, RFC 8200 §3 and §4 (extension headers passed over)."""

from typing import Final, NamedTuple

import numpy as np

from bellrock.capture.reading.gather import fetch, layout, put
from bellrock.capture.reading.linked import IPV4, IPV6
from bellrock.capture.reading.values import FIRST_PIECE, LATER_PIECE, WHOLE, Bits, Numbers, Octets, Small, Words
from bellrock.wire import ip

_FOUR: Final = layout(
    20, {"first": ("u1", 0), "total": (">u2", 2), "id": (">u2", 4), "piece": (">u2", 6), "hops": ("u1", 8), "protocol": ("u1", 9),
         "source": (">u4", 12), "destination": (">u4", 16)},
)  # fmt: skip
_SIX: Final = layout(
    40, {"first": ("u1", 0), "total": (">u2", 4), "protocol": ("u1", 6), "hops": ("u1", 7), "source_high": (">u8", 8),
         "source_low": (">u8", 16), "destination_high": (">u8", 24), "destination_low": (">u8", 32)},
)  # fmt: skip
_EXTENSION: Final = layout(8, {"next": ("u1", 0), "size": ("u1", 1), "piece": (">u2", 2), "id": (">u4", 4)})
_MORE, _OFFSET, _DONT = 0x2000, 0x1FFF, 0x4000
_PASSED: Final = np.isin(np.arange(256), [*ip.PASSED_OVER, ip.FRAGMENT_HEADER])


class Networked(NamedTuple):
    """IP's fields, one element for each packet, as `Columns` has them."""

    version: Small
    source_high: Words
    source_low: Words
    destination_high: Words
    destination_low: Words
    protocol: Small
    hop_limit: Small
    ip_length: Small
    dont_fragment: Bits
    piece: Small
    piece_id: Numbers
    """Identification of a fragmented datagram."""
    piece_offset: Numbers
    """Octets before this fragment's."""
    more: Bits
    """More fragments follow."""
    header_end: Numbers
    """Where IP's headers end."""
    wire_end: Numbers
    """Where the packet would end if all of it were kept."""


def networked(octets: Octets, ethertype: Small, network: Numbers, ends: Numbers, wire_ends: Numbers) -> Networked:
    """IP's fields of packets whose IP header begins at `network`.

    Args:
        octets: of the chunk.
        ethertype: what begins there; of all but IP no field is known.
        network: where.
        ends: where their kept octets end.
        wire_ends: where they would end if all were kept, for those whose header does not tell.
    """
    four, six = ethertype == IPV4, ethertype == IPV6
    if four.all():
        return _four(octets, network, ends, wire_ends)
    made = _nothing(network, wire_ends)
    for mine, read in ((four, _four), (six, _six)):
        places = np.flatnonzero(mine)
        if len(places):
            put(made, places, read(octets, network[places], ends[places], wire_ends[places]))
    return made


def _four(octets: Octets, at: Numbers, ends: Numbers, wire_ends: Numbers) -> Networked:
    table = fetch(octets, at, _FOUR)
    first = table["first"]
    size = (first & 15).astype(np.int64) * 4
    total = table["total"].astype(np.int64)
    # A total of 0: the card cuts it into packets later (TSO).
    length = np.where(total == 0, wire_ends - at, total)
    sound = (first >> 4 == 4) & (size >= 20) & (length >= size) & (at + 20 <= ends)
    count, piece, zeros = len(at), table["piece"], np.zeros(len(at), np.uint64)
    offset, more = (piece & _OFFSET).astype(np.int64) * 8, (piece & _MORE) != 0
    made = Networked(
        np.full(count, 4, np.int32), zeros, table["source"].astype(np.uint64), zeros.copy(), table["destination"].astype(np.uint64),
        table["protocol"].astype(np.int32), table["hops"].astype(np.int32), length.astype(np.int32), (piece & _DONT) != 0,
        _kind(offset, more), table["id"].astype(np.int64), offset, more, at + size, at + length,
    )  # fmt: skip
    return _only(made, sound, at, wire_ends)


def _six(octets: Octets, at: Numbers, ends: Numbers, wire_ends: Numbers) -> Networked:
    table = fetch(octets, at, _SIX)
    total = table["total"].astype(np.int64)
    length = np.where(total == 0, wire_ends - at, total + 40)
    sound = (table["first"] >> 4 == 6) & (length >= 40) & (at + 40 <= ends)
    count, protocol, header_end = len(at), table["protocol"].astype(np.int32), at + 40
    zeros = np.zeros(count, np.int64)
    made = Networked(
        np.full(count, 6, np.int32), table["source_high"].astype(np.uint64), table["source_low"].astype(np.uint64),
        table["destination_high"].astype(np.uint64), table["destination_low"].astype(np.uint64), protocol,
        table["hops"].astype(np.int32), length.astype(np.int32), np.ones(count, np.bool_), np.zeros(count, np.int32), zeros,
        zeros.copy(), np.zeros(count, np.bool_), header_end, at + length,
    )  # fmt: skip
    _pass_extensions(octets, made, np.flatnonzero(sound & _PASSED[protocol]), np.minimum(ends, made.wire_end))
    return _only(made, sound, at, wire_ends)


def _pass_extensions(octets: Octets, made: Networked, here: Numbers, ends: Numbers) -> None:
    """RFC 8200 §4: up to the header that is none of IP's; where they are cut, or too many, the protocol is that of the last one seen."""
    for _ in range(ip.MAX_EXTENSION_HEADERS):
        here = here[made.header_end[here] + 8 <= ends[here]]
        if not len(here):
            return
        table = fetch(octets, made.header_end[here], _EXTENSION)
        is_piece = made.protocol[here] == ip.FRAGMENT_HEADER
        pieces = here[is_piece]
        if len(pieces):
            # §4.5: 13 bits of offset in units of 8, 2 reserved, 1 bit "more fragments".
            offset = (table["piece"][is_piece] & 0xFFF8).astype(np.int64)
            made.more[pieces] = (table["piece"][is_piece] & 1) != 0
            made.piece_offset[pieces], made.piece_id[pieces] = offset, table["id"][is_piece].astype(np.int64)
            made.piece[pieces] = _kind(offset, made.more[pieces])
        made.header_end[here] += np.where(is_piece, 8, 8 + table["size"].astype(np.int64) * 8)
        made.protocol[here] = table["next"]
        here = here[_PASSED[made.protocol[here]] & (made.piece[here] != LATER_PIECE)]


def _kind(offset: Numbers, more: Bits) -> Small:
    return np.where(offset > 0, np.int32(LATER_PIECE), np.where(more, np.int32(FIRST_PIECE), np.int32(WHOLE)))


def _only(made: Networked, sound: Bits, at: Numbers, wire_ends: Numbers) -> Networked:
    """Nothing of those whose header is cut or wrong."""
    if not sound.all():
        wrong = np.flatnonzero(~sound)
        put(made, wrong, _nothing(at[wrong], wire_ends[wrong]))
    return made


def _nothing(at: Numbers, wire_ends: Numbers) -> Networked:
    count = len(at)
    words, small, numbers = np.zeros(count, np.uint64), np.zeros(count, np.int32), np.zeros(count, np.int64)
    none, bits = np.full(count, -1, np.int32), np.zeros(count, np.bool_)
    return Networked(
        small, words, words.copy(), words.copy(), words.copy(), none, none.copy(), small.copy(), bits, small.copy(), numbers,
        numbers.copy(), bits.copy(), at.copy(), wire_ends.copy(),
    )  # fmt: skip
