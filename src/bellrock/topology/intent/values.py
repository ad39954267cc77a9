"""Ports and VLANs as they are meant, as they were seen, and how the two differ."""

from enum import StrEnum

from msgspec import Struct


class IntentError(ValueError):
    """What should say how a network is meant does not: one line for each mistake."""


class MeantVlan(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A broadcast domain as it is meant."""

    vid: int | None = None
    """None: not told (MAAS calls the VLAN of untagged frames 0, whatever the switch calls it)."""
    fabric: str = ""
    subnets: tuple[str, ...] = ()


class MeantPort(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A network interface as it is meant."""

    mac: str = ""
    """Lower case, with colons: by it an interface is found whatever it is called. Empty: by its name alone."""
    untagged: str = ""
    """Name of the VLAN of its untagged frames; empty: nothing is said of them."""
    tagged: tuple[str, ...] = ()
    """Names of VLANs."""
    cable: str = ""
    """`SWITCH/PORT` at the other end."""
    mtu: int | None = None
    connected: bool | None = None
    """False: nothing is meant to be plugged in. None: not told."""


class Intent(Struct, frozen=True, kw_only=True):
    """How a network is meant."""

    title: str = ""
    vlans: dict[str, MeantVlan] = {}
    """By name."""
    ports: dict[str, MeantPort] = {}
    """By `HOST/INTERFACE`."""
    notes: tuple[str, ...] = ()
    """What an import left out, and why."""


class Seen(Struct, frozen=True, kw_only=True):
    """An interface as it was observed."""

    host: str
    interface: str
    mac: str = ""
    carrier: bool | None = None
    mtu: int | None = None
    physical: bool = True
    """Not a bridge, a bond or a VLAN interface, which are made of others."""
    master: str = ""
    """The bridge or bond that it belongs to, in whose place it is."""
    untagged: str = ""
    """Id of the observed VLAN of its untagged frames; empty: not known."""
    tagged: dict[int, str] = {}
    """VID → id of the observed VLAN."""
    switch: tuple[str, ...] = ()
    """What the neighbour calls itself by LLDP or CDP: system name, chassis; empty: nobody told."""
    switch_port: tuple[str, ...] = ()
    """What it calls its port: identifier, description."""
    unknown: str = ""
    """Why nothing is known of where it is."""


class DeviationKind(StrEnum):
    """How a port differs from what is meant, worst first."""

    WRONG_CABLE = "wrong-cable"
    WRONG_VLAN = "wrong-vlan"
    MISSING = "missing"
    """Meant, and not there: an interface of a host that was seen, a VLAN on it, or a cable."""
    EXTRA = "extra"
    """There, and not meant."""
    WRONG_MTU = "wrong-mtu"
    UNKNOWN = "unknown"
    """There is no evidence: neither as it is meant, nor otherwise."""
    AS_MEANT = "as-meant"


class Deviation(Struct, frozen=True, kw_only=True):
    """One port, or one VLAN on it, meant and seen."""

    kind: DeviationKind
    port: str
    """`HOST/INTERFACE`."""
    meant: str = ""
    observed: str = ""
    why: str = ""
    """One sentence."""
