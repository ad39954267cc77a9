"""What the rules read: one machine as a short look at its cables has shown it. Times in seconds."""

from msgspec import Struct

from bellrock.model import Confidence, Evidence, EvidenceKind, Finding, Interface, Neighbour, Severity
from bellrock.wire.lacp import Lacpdu
from bellrock.wire.stp import Bpdu


class Cable(Struct, frozen=True, kw_only=True):
    """One physical interface and what came out of its cable. None where nothing is known."""

    interface: Interface
    looked: float
    """How long the interface was up while somebody looked."""
    carrier_for: float | None = None
    """How long it had carrier at the end; None: it had none."""
    lit_before: bool = False
    """Carrier was there before anybody looked: it has had it for longer than that."""
    heard: tuple[Evidence, ...] = ()
    """Of the beacons: who was heard, confirmed, or was this machine itself."""
    neighbour: Neighbour | None = None
    lacp: Lacpdu | None = None
    bpdu: Bpdu | None = None
    """The last."""
    held_back: bool = False
    """Before anything was passed on, a BPDU said that the port does not forward."""
    first_frame: float | None = None
    """From carrier to the first frame of any kind."""
    first_passed: float | None = None
    """From carrier to the first frame that a switch has passed on: not one that it made itself for this cable."""
    tags: tuple[int, ...] = ()
    """VIDs of tags on any frame."""
    strangers: int = 0
    """Beacons of another secret."""
    heard_above: bool = False
    """The bond or bridge that takes what comes in here has heard other machines."""

    @property
    def peers(self) -> tuple[Evidence, ...]:
        """Beacons of other machines."""
        kinds = (EvidenceKind.HEARD, EvidenceKind.CONFIRMED)
        return tuple(one for one in self.heard if one.kind in kinds)


class Lies(Struct, frozen=True):
    """Where the region places an interface: names of VLANs, and their VIDs in the same order (None: nothing tells it)."""

    interface: str
    fabric: str = ""
    vlans: tuple[str, ...] = ()
    vids: tuple[int | None, ...] = ()


class Look(Struct, frozen=True, kw_only=True):
    """The whole machine."""

    host: str
    cables: tuple[Cable, ...]
    regions: tuple[str, ...] = ()
    """URLs of regions that beacons named."""
    relays: tuple[str, ...] = ()
    """Names of racks and regions that were heard."""
    told: str = ""
    """The region that has taken the report; empty: none."""
    placed: tuple[Lies, ...] = ()
    """For rules: by untagged frames alone, for what is tagged says nothing of where those lead."""
    expected: tuple[tuple[str, str], ...] = ()
    """(interface, VLAN by VID or by name): where its untagged frames should be."""
    mtu: int | None = None
    """Octets of an IP packet that the network is to pass, where somebody said so."""


def finding(
    id: str, severity: Severity, look: Look, cable: Cable | None, what: str, *, cause: str = "", proof: tuple[str, ...],
    fix: tuple[str, ...] = (), vid: int | None = None, confidence: Confidence = Confidence.CERTAIN, address: str = "",
    recheck: str = "bellrock node",
) -> Finding:  # fmt: skip
    """A finding about one cable, or about the machine; `{}` in `what` becomes the place."""
    interface = cable.interface.name if cable else ""
    client = (cable.interface.permanent_mac or cable.interface.mac) if cable else ""
    place = f"{look.host}/{interface}" if interface else look.host
    return Finding(
        id=id, severity=severity, what=what.replace("{}", place), host=look.host, interface=interface, vid=vid, client=client,
        address=address, cause=cause, proof=proof, evidence=(f"look {place}",), confidence=confidence, fix=fix, recheck=recheck,
    )  # fmt: skip


def seconds(time: float) -> str:
    """`4.8 s`."""
    return f"{time:.1f} s"
