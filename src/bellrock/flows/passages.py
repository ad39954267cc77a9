"""From a flow and a site to passages: concrete packets between concrete addresses, and where they meet a firewall.

This is the last thing that what writes rules and what judges them share: the definition of what is wanted.
"""

from enum import StrEnum

from msgspec import Struct

from bellrock.flows.values import Exchange, Family, Flow, Role

AddressRange = tuple[int, int]
"""First and last address as integers, both included."""


class Party(Struct, frozen=True, cache_hash=True):
    """One end of a passage: a role's addresses of one family. Equal names mean equal ranges within a site, and the same object."""

    name: str
    """For sets and tables: `node`, `rack`, `node-v6`, or the addresses themselves where no role has them (`ff02::1:2`)."""
    family: Family
    ranges: tuple[AddressRange, ...]
    """Sorted, disjoint, not adjacent."""


class Passage(Struct, frozen=True, kw_only=True):
    """One exchange of one flow in one address family, between the addresses that a site gives its roles."""

    flow: Flow
    exchange: Exchange
    """With the ports of the site's profile and overrides."""
    family: Family
    source: Party
    destination: Party
    source_role: Role = Role.ANYONE
    """Of the exchange's roles the one that these sources play."""
    destination_role: Role = Role.ANYONE


class Hook(StrEnum):
    """Where a packet meets a firewall (netfilter's names)."""

    INPUT = "input"
    OUTPUT = "output"
    FORWARD = "forward"


class Place(Struct, frozen=True, kw_only=True):
    """Where rules live."""

    roles: tuple[Role, ...] = ()
    """The host firewall of machines that play all of these; () for a router between subnets."""
    gateway_of: Role | None = None
    """For a router: only what goes to or comes from this role's subnets (a BMC gateway)."""

    @property
    def is_router(self) -> bool:
        """Whether the rules stand in a forward chain."""
        return not self.roles


class Crossing(Struct, frozen=True, kw_only=True):
    """A passage at a place: the hook that its first packet meets there (answers meet the opposite one)."""

    passage: Passage
    hook: Hook
    in_interfaces: tuple[str, ...] = ()
    """Names of the place's interfaces behind which the source is, where the site tells; () for any."""
    out_interfaces: tuple[str, ...] = ()
