"""All that rules may read, of any kind of evidence; what there is none of is empty."""

from functools import cached_property

from msgspec import Struct

from bellrock.diagnosis.boot import Boot
from bellrock.diagnosis.facts import Look
from bellrock.diagnosis.index import Index
from bellrock.diagnosis.packets import Wire
from bellrock.flows import Wanted
from bellrock.flows.site import Site
from bellrock.model import Port, Probed, Topology, Wall
from bellrock.model.here import Answers, Blocked, Here, Load, Neighbour, Route

__all__ = ["Answers", "Blocked", "Case", "Here", "Load", "Narrow", "Neighbour", "Route"]


class Narrow(Struct, frozen=True, kw_only=True):
    """A place through which smaller packets pass than its interfaces let one expect, as measuring between neighbours has shown."""

    where: tuple[Port, ...]
    """The port that is to blame, or those on one side."""
    towards: tuple[Port, ...] = ()
    """Those on the other side."""
    mtu: int
    """Octets of the largest IP packet that passes; 0: not even 1,280."""
    others: int = 0
    """What passes elsewhere, or would be expected; 0: nothing to compare it with."""
    what: str
    """One sentence that names the ports."""
    proof: tuple[str, ...] = ()


class Case(Struct, frozen=True, kw_only=True, dict=True):
    """What is known now."""

    now: Wall
    wire: Wire | None = None
    """Of a capture, or of several that were merged."""
    boots: tuple[Boot, ...] = ()
    """What the capture shows of each client's boot."""
    here: tuple[Here, ...] = ()
    looks: tuple[Look, ...] = ()
    topology: Topology | None = None
    probes: tuple[tuple[Wanted, Probed], ...] = ()
    """Judged."""
    narrow: tuple[Narrow, ...] = ()
    """What measured MTUs show."""
    site: Site | None = None

    @cached_property
    def index(self) -> Index:
        """What several rules look up, made once."""
        return Index(self.here, self.topology)
