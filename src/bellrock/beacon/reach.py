"""What a scan of VIDs means: whom a VID reaches, where it comes out as another one, and where it is silent."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from bellrock.beacon.scanner import Reached

Row = Mapping[int, tuple[Reached, ...]]
"""Of one interface: VID as sent (0: untagged) → who got it."""


class How(StrEnum):
    """How a call came out at its end."""

    REACHES = "reaches"
    """With the VID that it was sent with, or sent and received without."""
    UNTAGGED = "untagged"
    """Without tag: there the VLAN is an access or native one."""
    NATIVE = "native"
    """Sent without tag, received with one: that VLAN is native here."""
    TRANSLATED = "translated"
    """With another VID, which no other call came out as."""
    MISMATCH = "native-mismatch"
    """With a VID, or untagged, as another VLAN does: two VLANs run into one, most often by a native VLAN that differs from end to end."""


class Met(Struct, frozen=True):
    """One who got a call, and how."""

    who: Reached
    how: How
    others: tuple[int, ...] = ()
    """VIDs of the other calls that came out there as the same, where VLANs run into one."""


def judge(row: Row, outer: int = 0) -> dict[int, tuple[Met, ...]]:
    """What each VID came out as. `outer`: the service VID with which all were sent, 0 for none."""
    came = _came_out(row)
    return {vid: tuple(_met(vid, who, came, outer) for who in found) for vid, found in row.items()}


def runs(vids: list[int]) -> str:
    """`1-9, 11, 20-30` of VIDs in order."""
    parts: list[list[int]] = []
    for vid in vids:
        if parts and parts[-1][-1] == vid - 1:
            parts[-1][1:] = [vid]
        else:
            parts.append([vid])
    return ", ".join("-".join(map(str, part)) for part in parts)


def _came_out(row: Row) -> dict[Reached, list[int]]:
    """By end and tags there: the VIDs that were sent."""
    came: dict[Reached, list[int]] = {}
    for vid, found in row.items():
        for who in found:
            came.setdefault(who, []).append(vid)
    return came


def _met(vid: int, who: Reached, came: dict[Reached, list[int]], outer: int) -> Met:
    # What was sent without tag belongs to the VLAN that is native here, so it comes out where that one does.
    others = tuple(other for other in came[who] if other not in (0, vid))
    same = (who.vid or 0, who.outer or 0) == (vid, outer)
    if vid == 0:
        return Met(who, How.REACHES if who.vid is None else How.NATIVE)
    if others:
        return Met(who, How.MISMATCH, others)
    if same:
        return Met(who, How.REACHES)
    return Met(who, How.UNTAGGED if who.vid is None else How.TRANSLATED)
