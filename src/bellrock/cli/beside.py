"""The topology as found beside the topology as wired, port by port."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from bellrock.cli.render import MARKS, port_text

Document = dict[str, Any]
Place = tuple[str, dict[str, Any], dict[str, Any]]
"""Fabric name, VLAN, member."""

COLUMNS = ("port", "as found", "as wired", "")


def rows(found: Document, wired: Document) -> Iterator[tuple[str, str, str, str]]:
    """A row for each port of either, in the order of the wiring; the last cell says `≠` where they do not agree.

    VLANs are compared as sets of ports: a found one is taken for the wired one with which it shares the most.
    """
    here, there = _places(found), _places(wired)
    meant = _meant(here, there)
    why = {(it["host"], it["interface"]): it["why"] for it in found["unknown"]}
    for port in (*there, *(port for port in here if port not in there)):
        mine, theirs = here.get(port), there.get(port)
        agreed = mine is not None and theirs is not None and meant.get(mine[1]["id"]) == theirs[1]["id"]
        reason = why.get((port[0], port[1]))
        told = _found_text(mine) if mine else f"unknown: {reason}" if reason else "not found"
        yield _text(port), told, _wired_text(theirs), "" if agreed else "≠"
    for it in wired["unknown"]:
        if not any(port[:2] == (it["host"], it["interface"]) for port in here):
            told = why.get((it["host"], it["interface"]), "")
            yield f"{it['host']}/{it['interface']}", f"unknown: {told}" if told else "not found", it["why"], ""


Key = tuple[str, str, int | None]


def _places(document: Document) -> dict[Key, Place]:
    return {
        (member["host"], member["interface"], member["vid"]): (fabric["name"], vlan, member)
        for fabric in document["fabrics"]
        for vlan in fabric["vlans"]
        for member in vlan["members"]
    }


def _meant(here: dict[Key, Place], there: dict[Key, Place]) -> dict[str, str]:
    """Found VLAN → the wired VLAN that it stands for, one for one, the largest overlaps first."""
    shared = Counter((place[1]["id"], there[port][1]["id"]) for port, place in here.items() if port in there)
    meant: dict[str, str] = {}
    for (mine, theirs), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if mine not in meant and theirs not in meant.values():
            meant[mine] = theirs
    return meant


def _found_text(place: Place) -> str:
    fabric, vlan, member = place
    vid = "VLAN ?" if vlan["vid"] is None else f"VLAN {vlan['vid']}"
    return f"{fabric}  {vid}  {MARKS.get(member['strength'], '·')} {member['strength']}"


def _wired_text(place: Place | None) -> str:
    return f"{place[0]}  VLAN {place[1]['vid']}" if place else "nowhere"


def _text(port: Key) -> str:
    return port_text({"host": port[0], "interface": port[1], "vid": port[2]})
