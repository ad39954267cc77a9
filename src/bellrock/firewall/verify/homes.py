"""Where a packet comes in at a router and where it leaves: behind which interfaces its ends live, as far as the site tells.

A crossing names the interfaces of all its sources together, and those of its destinations. A spoof guard tells them apart,
and rightly so: what comes in where its source does not live, or leaves where its destination does not, is asked for by nobody.
"""

from typing import Final

from msgspec import structs

from bellrock.firewall.verify.boxes import Box, Boxes, Intervals
from bellrock.firewall.verify.court import Case, Hearing
from bellrock.firewall.verify.describe import interface_number
from bellrock.flows.addresses import range_of
from bellrock.flows.passages import AddressRange, Place
from bellrock.flows.site import Site
from bellrock.flows.values import Family
from bellrock.flows.written import family_of

_FAMILIES: Final[tuple[tuple[Family, int, str, int], ...]] = ((4, 2, "", 32), (6, 10, "6", 128))
"""Version, NFPROTO number, how names of its fields end, and their width."""

Homes = tuple[Boxes, Boxes]
"""The packets that come in where their source lives, and those that leave where their destination does."""


def at_home(site: Site) -> Homes:
    """For a router of this site; addresses of which it does not tell an interface live behind any."""
    return _living(site, "saddr", "iifname"), _living(site, "daddr", "oifname")


def _living(site: Site, address: str, interface: str) -> Boxes:
    boxes: list[Box] = []
    for version, nfproto, ending, width in _FAMILIES:
        family = {"nfproto": Intervals.of(nfproto)}
        homes: dict[str, list[AddressRange]] = {}
        for subnet in site.subnets:
            if subnet.interface is not None and family_of(subnet.network) == version:
                homes.setdefault(subnet.interface, []).append(range_of(subnet.network))
        for name, ranges in homes.items():
            here = {interface: Intervals.of(interface_number(name)), address + ending: Intervals(ranges)}
            boxes.append(Box(family | here))
        told = Intervals(span for ranges in homes.values() for span in ranges)
        if untold := told.complement(width):
            boxes.append(Box({**family, address + ending: untold}))
    return Boxes.put(boxes)


def strangers(site: Site, place: Place) -> Boxes | None:
    """At a gateway, the packets that neither go to its role nor come from it: whether those pass is not its business."""
    if place.gateway_of is None:
        return None
    members = site.roles.get(place.gateway_of)
    boxes: list[Box] = []
    for version, nfproto, ending, width in _FAMILIES:
        others = Intervals(members.addresses.of(version) if members else ()).complement(width)
        if others:
            ends = {"saddr" + ending: others, "daddr" + ending: others}
            boxes.append(Box({"nfproto": Intervals.of(nfproto), **ends}))
    return Boxes.put(boxes)


def sparing(case: Case, home: Homes) -> Case:
    """The case without what was stopped of packets that come or go where their ends do not live."""
    return structs.replace(
        case,
        request=tuple(_sparing(one, home) for one in case.request),
        reply=tuple(_sparing(one, home) for one in case.reply),
    )


def _sparing(heard: Hearing, home: Homes) -> Hearing:
    outcomes = []
    for one in heard.outcomes:
        asked = one.packets if one.verdict == "accept" else one.packets & home[0] & home[1]
        if asked:
            outcomes.append(one if asked is one.packets else structs.replace(one, packets=asked))
    return structs.replace(heard, outcomes=tuple(outcomes))
