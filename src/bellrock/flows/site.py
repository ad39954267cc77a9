"""A site: who plays which role at which addresses, and where the catalogue's ports differ."""

from collections.abc import Iterable

from msgspec import Struct

from bellrock.flows.addresses import Addresses, Network
from bellrock.flows.values import PortsOf, Role
from bellrock.wire.toml.text import Problem


class SiteError(Exception):
    """A site, or a question about one, that cannot be used: one line for each mistake.

    Attributes:
        problems: where the mistakes are and what they are, where it is the text of a file that is wrong.
    """

    def __init__(self, told: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(told)
        self.problems = tuple(problems)


class Subnet(Struct, frozen=True, kw_only=True):
    """A subnet of the site."""

    name: str
    network: Network
    vlan: int | str | None = None
    """VID, or the VLAN's name; None where the site does not tell."""
    fabric: str | None = None
    interface: str | None = None
    """The router's interface behind which the subnet is."""
    gateway: str | None = None
    mtu: int | None = None
    """What its interfaces are meant to have, in octets of IP packets; None where the site does not tell."""


class Switchport(Struct, frozen=True, kw_only=True):
    """What a switch is meant to pass to an interface."""

    host: str
    interface: str
    tagged: frozenset[int] = frozenset()
    """VIDs that pass with a tag; no others do."""
    untagged: int | None = None
    """The VLAN of frames without tag; None: they do not pass."""


class Members(Struct, frozen=True, kw_only=True):
    """Who plays a role."""

    addresses: Addresses
    """All of them, those of its subnets included."""
    subnets: tuple[str, ...] = ()
    """Names of the subnets that the role fills."""
    hosts: tuple[str, ...] = ()
    """Addresses and prefixes beyond these subnets, as written; `any` for everybody."""
    interfaces: tuple[str, ...] = ()
    """Of a machine with this role: where it meets the others; () for any."""


class Target(Struct, frozen=True, kw_only=True):
    """Something that answers for a flow, told one by one: an address, a name, or both."""

    address: str = ""
    """As the kernel writes it; empty: what the name resolves to."""
    name: str = ""
    """By which clients know it: TLS server name, HTTP host."""
    port: int = 0
    """0: the flow's own."""


class Trial(Struct, frozen=True, kw_only=True):
    """How a flow is to be tried at this site."""

    options: dict[str, str] = {}
    """Of the flow's probe, for all of its targets."""
    targets: tuple[Target, ...] = ()
    """Beside the addresses that its roles have one by one."""


class Site(Struct, frozen=True, kw_only=True):
    """What a site file says, checked."""

    name: str = ""
    profile: str = "standard"
    subnets: tuple[Subnet, ...] = ()
    switchports: tuple[Switchport, ...] = ()
    roles: dict[Role, Members] = {}
    ports: dict[str, tuple[PortsOf, ...]] = {}
    """By flow id: what takes the place of the profile's ports."""
    disabled: frozenset[str] = frozenset()
    """Ids of flows that the site does not have."""
    trials: dict[str, Trial] = {}
    """By flow id: how it is tried."""
    notices: tuple[str, ...] = ()
    """What is no mistake but worth a look, one line each."""
