"""`--vlan IF:VID[,VID]` and `--vids 1-100,200` → values."""

from typing import Final

from bellrock.cli.output import Failure

MAX_TEXT: Final = 20_000
"""Characters of a list of VIDs: room for every other one."""
LAST: Final = 4094


def parse_vlans(texts: tuple[str, ...]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """(interface, VIDs) of each option; the same interface given twice adds up.

    Raises:
        Failure: not IF:VID[,VID…], or a VID that is not 1 to 4094 (IEEE 802.1Q §9.6).
    """
    found: dict[str, dict[int, None]] = {}
    for text in texts:
        interface, colon, vids = text.rpartition(":")
        if not colon or not interface:
            raise Failure(f"--vlan {text}: expected IF:VID[,VID], such as eth1:10,20")
        for vid in vids.split(","):
            found.setdefault(interface, {})[_vid(vid, f"--vlan {text}")] = None
    return tuple((interface, tuple(vids)) for interface, vids in found.items())


def parse_vids(text: str, option: str = "--vids") -> tuple[int, ...]:
    """VIDs and runs of them, each VID once, in order.

    Raises:
        Failure: something else, a VID that is not 1 to 4094 (IEEE 802.1Q §9.6), or a run that goes backwards.
    """
    if len(text) > MAX_TEXT:
        raise Failure(f"{option}: {len(text)} characters; expected VIDs such as 1-100,200")
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low = _vid(first, option)
        high = _vid(last, option) if dash else low
        if high < low:
            raise Failure(f"{option}: {low}-{high} goes backwards; expected {high}-{low}")
        found.update(range(low, high + 1))
    return tuple(sorted(found))


def _vid(text: str, option: str) -> int:
    digits = text.strip()
    vid = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0
    if not 1 <= vid <= LAST:
        raise Failure(f"{option}: '{text[:40]}' is not a VID; expected 1 to {LAST}")
    return vid
