"""The values that go into the store and come out of it."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from bellrock.contract import Report
from bellrock.model import Host, Interface, RefusalCount, Wall
from bellrock.region.store.enrolments import EnrolmentRow
from bellrock.region.store.findings import LoadedFindings
from bellrock.region.store.nodes import NodeRow
from bellrock.region.store.packed import Packed
from bellrock.region.store.probes import LoadedProbes


class CredentialKind(StrEnum):
    """What a hashed credential is good for."""

    LOGIN = "login"
    """A one-time token that buys a session."""
    SESSION = "session"
    """A browser's cookie."""
    API = "api"
    """The token of the state directory's `api-token`."""
    REVOKED = "revoked"
    """Was one, and is never to be again."""


class AgentRow(Struct, frozen=True, kw_only=True):
    """An agent, and how far its account has been taken in."""

    host: Host
    boot: str = ""
    account: int = 0
    """Number of the report that began the agent's latest full account; what older accounts said alone is withdrawn when it ends."""
    last: int = 0
    """The last report committed; 0 for none."""
    seen: Wall = Wall(0.0)
    """When all that it reported was last known to hold, on the region's clock."""
    offset: float = 0.0
    """Seconds that turn the agent's clock into the region's, as last measured."""
    software: str = ""


class Accepted(Struct, frozen=True, kw_only=True):
    """A report to commit. Its times are already on the region's clock."""

    agent: Host
    report: Report
    received: Wall
    offset: float = 0.0
    software: str = ""

    @property
    def at(self) -> Wall:
        """When what it tells of its agent's own interfaces held."""
        return min(self.report.sent, self.received)


class InterfaceRow(Struct, frozen=True):
    """An interface as last reported, and by which account."""

    host: str
    interface: Interface
    account: int


class Registration(Struct, frozen=True, kw_only=True):
    """An interface that was given its place, once beaconing had had its say. `id` is kept for good."""

    id: str
    host: str
    mac: str
    """The permanent MAC where there is one."""
    name: str
    vlans: tuple[tuple[str, str, int | None], ...] = ()
    """(fabric id, VLAN id, VID) of each of its ports that has evidence, the untagged one first."""
    since: Wall = Wall(0.0)
    """When it was registered first."""


class Loaded(Struct, frozen=True, kw_only=True):
    """All current state, as of the last commit."""

    agents: tuple[AgentRow, ...] = ()
    peers: tuple[Host, ...] = ()
    """Hosts that agents told of and that are no agents themselves."""
    interfaces: tuple[InterfaceRow, ...] = ()
    told: Mapping[str, Packed] = {}
    """By agent: evidence and measured directions."""
    refusals: tuple[tuple[RefusalCount, int], ...] = ()
    """With the account that told of them."""
    registrations: tuple[Registration, ...] = ()
    enrolments: tuple[EnrolmentRow, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    probes: LoadedProbes = LoadedProbes()
    findings: LoadedFindings = LoadedFindings()
    registry: bytes | None = None
    """The registry of fabric and VLAN names, as topology's JSON."""
    feed: int = 0
    """The number of the last batch of the feed that is in it; 0 on SQLite."""
