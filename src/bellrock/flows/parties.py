"""The ends of passages: each role's addresses of a family as one shared object, however many passages meet there."""

from bellrock.flows.addresses import ALL, ranges_of, without
from bellrock.flows.passages import Party
from bellrock.flows.site import Site
from bellrock.flows.values import Exchange, Family, Reach, Role, Stance

ANSWERING = (Role.RACK, Role.RELAY)
"""Who is meant to answer DHCP: a machine with such a role beside a forbidden one is not forbidden to."""

LINK_LOCAL = "fe80::/10"


class Parties:
    """Makes each party of a site once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._made: dict[str, Party | None] = {}

    def plays(self, role: Role) -> bool:
        """Whether anybody has the role."""
        return role is Role.ANYONE or role in self._site.roles

    def own(self, role: Role, family: Family) -> Party | None:
        """The role's own addresses; None where it has none in the family."""
        name = _named(role.value, family)
        if name not in self._made:
            members = self._site.roles.get(role)
            addresses = ALL if role is Role.ANYONE else members.addresses if members else None
            ranges = addresses.of(family) if addresses else ()
            self._made[name] = Party(name, family, ranges) if ranges else None
        return self._made[name]

    def listed(self, texts: tuple[str, ...], family: Family) -> Party | None:
        """Addresses that no role has: broadcast, groups, link-local; those of the other family left out."""
        mine = tuple(text for text in texts if (":" in text) == (family == 6))
        name = ",".join(mine)
        if name not in self._made:
            self._made[name] = Party(name, family, ranges_of(mine, family)) if mine else None
        return self._made[name]

    def not_answering(self, role: Role, family: Family) -> Party | None:
        """The role's own addresses without those that are meant to answer DHCP."""
        own = self.own(role, family)
        if own is None:
            return None
        ranges = own.ranges
        for other in ANSWERING:
            meant = self.own(other, family)
            ranges = without(ranges, meant.ranges) if meant else ranges
        if ranges == own.ranges:
            return own
        name = _named(f"{role.value}-only", family)
        if name not in self._made:
            self._made[name] = Party(name, family, ranges) if ranges else None
        return self._made[name]

    def sources(self, exchange: Exchange, role: Role, family: Family, stance: Stance) -> list[Party]:
        """What packets of the exchange come from, where `role` sends them."""
        extra = self.listed(exchange.source_addresses, family)
        own = self._mine(role, family, stance)
        if extra and (role is Role.ANYONE or _link_local(exchange.source_addresses, family)):
            return [extra]
        return [one for one in (own, extra) if one is not None]

    def destinations(self, exchange: Exchange, role: Role, family: Family, stance: Stance) -> list[Party]:
        """What packets of the exchange go to, where `role` is to have them."""
        own = self._mine(role, family, stance)
        extra = self.listed(exchange.destination_addresses, family)
        if not exchange.destination_addresses:
            return [own] if own else []
        if not exchange.or_own or _link_local(exchange.destination_addresses, family):
            return [extra] if extra else []
        return [one for one in (own, extra) if one is not None]

    def applies(self, exchange: Exchange, role: Role, family: Family) -> bool:
        """Whether a role takes part in the exchange in a family.

        What stays on a link and exists in both families (beacons) needs no address of the family: each port has a
        link-local one, or sends from none.
        """
        if exchange.reach is Reach.LINK and len(exchange.families) > 1:
            return self.plays(role)
        return self.own(role, family) is not None

    def _mine(self, role: Role, family: Family, stance: Stance) -> Party | None:
        forbidden = stance is Stance.FORBIDDEN and role is Role.LIBVIRT_HOST
        return self.not_answering(role, family) if forbidden else self.own(role, family)


def _link_local(texts: tuple[str, ...], family: Family) -> bool:
    """RFC 6724 §5 rule 2: on a link, IPv6 machines use their link-local addresses; the role's others do not count there."""
    return family == 6 and LINK_LOCAL in texts


def _named(name: str, family: Family) -> str:
    return name if family == 4 else f"{name}-v6"
