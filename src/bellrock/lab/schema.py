"""The words of a lab file, as frozen values. `parse.load` is the way from a file to these.

A lab is hosts and switches; an interface of a host says itself where its cable goes (`to`) and how the switch treats the
port at the other end (`access`, `trunk`, `native`), because that is how a person reads a rack at night.
"""

from typing import Literal

from msgspec import Struct

from bellrock.model import Role

DEFAULT_VID = 1
"""IEEE 802.1Q §9.6, table 9-2: the default PVID. A port that says neither `access` nor `trunk` is access in it."""


FaultKind = Literal["port-down", "mute", "deaf", "mtu", "missing-vid", "extra-vid", "native"]
FaultWay = Literal["both", "from-host", "to-host"]
JoinPolicy = Literal["auto", "approve", "closed"]


class LabError(Exception):
    """What went wrong in a lab, where, and what to do, in one line (diagnostics may follow it on further lines)."""


class PortSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a switch treats one of its ports."""

    access: int | None = None
    """Untagged frames are in this VLAN, and tagged frames are refused."""
    trunk: tuple[int, ...] | None = None
    """VIDs that pass tagged."""
    native: int | None = None
    """The VLAN of untagged frames on a trunk; without it they are dropped."""
    mtu: int | None = None
    """Octets of the switch's end; the switch's own `mtu` where it is not given."""
    up: bool = True
    """False: the port is shut, and the host at the other end sees no carrier."""

    @property
    def tagged(self) -> tuple[int, ...]:
        """VIDs that leave and enter this port with a tag."""
        return tuple(vid for vid in self.trunk or () if vid != self.untagged)

    @property
    def untagged(self) -> int | None:
        """The VLAN of untagged frames; None where they are dropped."""
        if self.access is not None:
            return self.access
        if self.trunk is not None or self.native is not None:
            return self.native
        return DEFAULT_VID


class SwitchSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A VLAN switch."""

    mtu: int = 1500
    port: dict[str, PortSpec] = {}
    """Ports declared at the switch; an interface plugs into one with `to = "SWITCH/PORT"`."""


class InterfaceSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An interface of a host, and the switch port that it plugs into."""

    to: str | None = None
    """`SWITCH` or `SWITCH/PORT`; None: no cable (or one that a `[[cable]]` names)."""
    access: int | None = None
    trunk: tuple[int, ...] | None = None
    native: int | None = None
    mac: str | None = None
    mtu: int = 1500
    addresses: tuple[str, ...] = ()
    """With prefix length, `10.0.0.1/24`."""
    vlans: tuple[int, ...] = ()
    """VIDs that the host is configured to use here, standing in for VLAN interfaces."""
    up: bool = True


class BridgeSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Linux bridge of a host."""

    members: tuple[str, ...]
    mtu: int | None = None
    """That of the smallest member where it is not given."""
    addresses: tuple[str, ...] = ()
    vlans: tuple[int, ...] = ()
    up: bool = True


class HostSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine."""

    role: Role | None = None
    agent: bool | None = None
    """Whether Bellrock runs on it; by default where it has a role."""
    join: bool | None = None
    """Whether its agent finds the region by beacon and joins; as the lab's `join` where it is not given."""
    secret: str = ""
    """The name of another secret than the lab's: hosts with the same name share it."""
    interface: dict[str, InterfaceSpec] = {}
    bridge: dict[str, BridgeSpec] = {}

    @property
    def runs_agent(self) -> bool:
        """Whether an agent is started on this host."""
        return self.role is not None if self.agent is None else self.agent


class LinkSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cable between two switches. `native` and `access` may differ at its ends: `{ sw0 = 10, sw1 = 20 }`."""

    between: tuple[str, str]
    access: int | dict[str, int] | None = None
    trunk: tuple[int, ...] | None = None
    native: int | dict[str, int] | None = None
    mtu: int | None = None
    up: bool = True

    def end(self, switch: str) -> PortSpec:
        """How `switch` treats its end."""
        return PortSpec(
            access=_at(self.access, switch),
            trunk=self.trunk,
            native=_at(self.native, switch),
            mtu=self.mtu,
            up=self.up,
        )


class CableSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cable between two interfaces (`HOST/INTERFACE`) without a switch; both may be of one host."""

    between: tuple[str, str]


class FaultSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something broken at the switch port that `at` (`HOST/INTERFACE`) plugs into."""

    kind: FaultKind
    """`port-down`: no carrier; `mute`: nothing that the host sends arrives; `deaf`: nothing arrives at the host;
    `mtu`: larger IP packets than `mtu` vanish without a word, in the direction that `way` says;
    `missing-vid`, `extra-vid`: the trunk does not pass `vid`, or passes it beside those that it should;
    `native`: untagged frames are in VLAN `vid` instead of the one that is written."""
    at: str
    mtu: int | None = None
    """Octets of the largest IP packet that still passes."""
    way: FaultWay = "both"
    vid: int | None = None


class LabFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole lab."""

    title: str = ""
    join: bool = False
    """Agents are told no region: they find it by beacon and join it over TLS."""
    policy: JoinPolicy = "auto"
    """What the region does with agents that prove the secret."""
    switch: dict[str, SwitchSpec] = {}
    host: dict[str, HostSpec] = {}
    link: tuple[LinkSpec, ...] = ()
    cable: tuple[CableSpec, ...] = ()
    fault: tuple[FaultSpec, ...] = ()


def _at(value: int | dict[str, int] | None, switch: str) -> int | None:
    return value.get(switch) if isinstance(value, dict) else value
