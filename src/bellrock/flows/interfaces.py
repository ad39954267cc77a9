"""Behind which of a router's interfaces a party is."""

from bisect import bisect_right

from bellrock.flows.addresses import range_of
from bellrock.flows.passages import AddressRange, Party
from bellrock.flows.site import Site
from bellrock.flows.values import Family
from bellrock.flows.written import family_of


class Behind:
    """A site's subnets by address, for one question: `of`."""

    def __init__(self, site: Site) -> None:
        self._subnets: dict[Family, list[tuple[AddressRange, str]]] = {4: [], 6: []}
        for subnet in site.subnets:
            if subnet.interface is not None:
                self._subnets[family_of(subnet.network)].append((range_of(subnet.network), subnet.interface))
        for held in self._subnets.values():
            held.sort()
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, party: Party) -> tuple[str, ...]:
        """The interfaces, in the order of addresses; () where the site does not tell for all of the party's addresses."""
        if party.name not in self._known:
            self._known[party.name] = self._found(party)
        return self._known[party.name]

    def _found(self, party: Party) -> tuple[str, ...]:
        subnets = self._subnets[party.family]
        names: dict[str, None] = {}
        for first, last in party.ranges:
            at = bisect_right(subnets, first, key=lambda item: item[0][0]) - 1
            reached = first
            while reached <= last:
                if not 0 <= at < len(subnets) or not subnets[at][0][0] <= reached <= subnets[at][0][1]:
                    return ()
                names[subnets[at][1]] = None
                reached, at = subnets[at][0][1] + 1, at + 1
        return tuple(names)
