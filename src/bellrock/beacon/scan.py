"""How a scan of VIDs says which of its calls arrived, and as what.

A *reception* is the tags that a call arrived with, as one number: service VID × 4096 + VID, each 0 where there was no such
tag. The text of an answer is `[=BITMAP;]ITEM,…`, where an item is `SENT[-SENT][>[OUTER.]VID]`: `1-20` arrived as they were sent,
`30>40` was sent as 30 and arrived as 40, `5>0` arrived untagged, `7-9>100.7` three that arrived with VIDs 7 to 9 behind service VID
100. The bitmap is base64 of one bit for each VID, the lowest first, of those that arrived as they were sent; it is used where
they are too scattered for items.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Final

from bellrock.wire.document import MAX_LETTER

MAX_VID: Final = 4095
LAST_VID: Final = 4094
"""IEEE 802.1Q §9.6: 0 and 4095 name no VLAN."""
OUTER: Final = 4096
"""Weight of the service VID in a reception."""

_ITEM: Final = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?(?:>(?:(\d{1,4})\.)?(\d{1,4}))?", re.ASCII)

Pair = tuple[int, int]
"""A VID as sent, and one reception of it."""


def reception(outer: int, vid: int) -> int:
    """Tags as one number; 0 for a tag that is not there."""
    return outer * OUTER + vid


def write_heard(heard: Mapping[int, Iterable[int]], outer: int = 0) -> tuple[str, ...]:
    """The texts, each of at most MAX_LETTER characters, that together say what arrived.

    Args:
        heard: VID as sent → its receptions.
        outer: the service VID with which all were sent, 0 for none.
    """
    pairs = sorted((sent, got) for sent, many in heard.items() for got in many)
    same = [pair for pair in pairs if pair[1] == reception(outer, pair[0])]
    other = [pair for pair in pairs if pair[1] != reception(outer, pair[0])]
    plain = [_item(run, outer) for run in _runs(same)]
    items = [_item(run, outer) for run in _runs(other)]
    bitmap = _write_bitmap(sent for sent, _ in same)
    if len(",".join(plain)) > len(bitmap):
        return _packed(items, bitmap)
    return _packed(plain + items, "")


def read_heard(text: str, outer: int = 0) -> set[Pair]:
    """What one text says arrived. `outer` as in `write_heard`.

    Raises:
        ValueError: it is not such a text: what is wrong with it.
    """
    if len(text) > MAX_LETTER:
        raise ValueError(f"{len(text)} characters; at most {MAX_LETTER} are taken")
    bitmap, semicolon, items = text.rpartition(";")
    if semicolon and not bitmap.startswith("="):
        raise ValueError("no bitmap stands before the semicolon")
    pairs = {(sent, reception(outer, sent)) for sent in _read_bitmap(bitmap[1:])}
    for item in items.split(",") if items else ():
        pairs |= _read_item(item, outer)
    return pairs


def _runs(pairs: list[Pair]) -> list[list[Pair]]:
    """Pairs, in order, whose VIDs go up together by one."""
    runs: list[list[Pair]] = []
    for sent, got in pairs:
        # A run may not cross from one service VID into the next.
        if runs and runs[-1][-1] == (sent - 1, got - 1) and got % OUTER:
            runs[-1].append((sent, got))
        else:
            runs.append([(sent, got)])
    return runs


def _item(run: list[Pair], outer: int) -> str:
    (first, got), last = run[0], run[-1][0]
    text = str(first) if first == last else f"{first}-{last}"
    if got == reception(outer, first):
        return text
    service, vid = divmod(got, OUTER)
    return f"{text}>{f'{service}.' if service else ''}{vid}"


def _packed(items: list[str], bitmap: str) -> tuple[str, ...]:
    """As few texts as hold them; the bitmap stands in the first."""
    texts: list[str] = []
    text, separator = bitmap, ""
    for item in items:
        if len(text) + len(separator) + len(item) > MAX_LETTER:
            texts.append(text)
            text, separator = "", ""
        text, separator = text + separator + item, ","
    return (*texts, text) if text else tuple(texts)


def _write_bitmap(vids: Iterable[int]) -> str:
    bits = 0
    for vid in vids:
        bits |= 1 << vid
    octets = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    return f"={base64.b64encode(octets).decode()};"


def _read_bitmap(text: str) -> list[int]:
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("its bitmap is not base64") from None
    if len(octets) * 8 > OUTER:
        raise ValueError(f"its bitmap has {len(octets) * 8} bits; there are {OUTER} VIDs")
    bits = int.from_bytes(octets, "little")
    return [vid for vid in range(bits.bit_length()) if bits >> vid & 1]


def _read_item(item: str, outer: int) -> set[Pair]:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ValueError(f"{item[:20]!r} is no VID and no run of them")
    first, last, service, vid = (None if part is None else int(part) for part in found.groups())
    assert first is not None  # noqa: S101 -- the pattern has it always
    length = 0 if last is None else last - first
    got = reception(outer, first) if vid is None else reception(service or 0, vid)
    if length < 0 or first + length > MAX_VID or got % OUTER + length > MAX_VID or (service or 0) > MAX_VID:
        raise ValueError(f"{item!r} goes backwards or beyond VID {MAX_VID}")
    return {(first + step, got + step) for step in range(length + 1)}
