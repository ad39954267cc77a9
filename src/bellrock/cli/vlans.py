"""`--vlan IF:VID[,VID]` → values."""

from bellrock.cli.output import Failure


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
            found.setdefault(interface, {})[_vid(vid, text)] = None
    return tuple((interface, tuple(vids)) for interface, vids in found.items())


def _vid(text: str, option: str) -> int:
    digits = text.strip()
    vid = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0
    if not 1 <= vid <= 4094:
        raise Failure(f"--vlan {option}: '{text}' is not a VID; expected 1 to 4094")
    return vid
