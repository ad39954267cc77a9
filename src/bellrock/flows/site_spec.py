"""What a site file may hold, key by key; the JSON Schema and the reference are made of it."""

from typing import Annotated, Any

from msgspec import Meta, Struct

Vid = Annotated[int, Meta(ge=1, le=4094, description="802.1Q VID")]
VlanName = Annotated[str, Meta(min_length=1, max_length=256, description="the VLAN's name")]
PortNumber = Annotated[int, Meta(ge=1, le=65535, description="port number")]
PortSpan = Annotated[str, Meta(pattern=r"^[0-9]{1,5}-[0-9]{1,5}$", description="first and last port: `5250-5270`")]
InterfaceName = Annotated[str, Meta(pattern=r"^[^/\s]{1,15}$", description="name of a network interface")]
Name = Annotated[str, Meta(min_length=1, max_length=256)]


class SubnetSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`[[subnet]]`: a subnet of the site."""

    name: Annotated[str, Meta(min_length=1, max_length=256, description="what roles call it; each subnet has its own")]
    cidr: Annotated[str, Meta(max_length=64, description="network and prefix length, `10.1.0.0/24` or `fd00:1::/64`")]
    vlan: Annotated[Vid | VlanName | None, Meta(description="the VLAN that it is on: its VID, or its name")] = None
    fabric: Annotated[Name | None, Meta(description="the fabric of that VLAN")] = None
    interface: Annotated[
        InterfaceName | None, Meta(description="the router's interface behind which it is; rules then name it")
    ] = None
    gateway: Annotated[Annotated[str, Meta(max_length=64)] | None, Meta(description="the router's address in it")] = (
        None
    )


class RoleSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`[role.NAME]`: who plays a role. At least one of addresses, subnets and vlans."""

    addresses: Annotated[
        tuple[Annotated[str, Meta(max_length=100)], ...],
        Meta(description="addresses, prefixes, ranges `10.0.0.10-10.0.0.20`, or `any` for everybody"),
    ] = ()
    subnets: Annotated[tuple[Name, ...], Meta(description="names of subnets; `pxe-*` for all that begin so")] = ()
    vlans: Annotated[
        tuple[Vid | VlanName, ...], Meta(description="VLANs whose subnets are meant: VID, name, or `fabric/VID`")
    ] = ()
    interfaces: Annotated[
        tuple[InterfaceName, ...],
        Meta(description="of a machine with this role: where it meets the others; its own rules name them"),
    ] = ()


class FlowsSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`[flows]`: which flows the site has."""

    disable: Annotated[tuple[str, ...], Meta(description="ids of flows that this site does not have")] = ()


PortList = Annotated[tuple[PortNumber | PortSpan, ...], Meta(min_length=1, max_length=1000)]


class SiteHead(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands at the top of a site file."""

    title: Annotated[str, Meta(max_length=256, description="a line for people")] = ""
    profile: Annotated[str, Meta(description="whose ports: `standard` or `maas-3`")] = "standard"
    flows: FlowsSpec = FlowsSpec()


class SiteFile(SiteHead, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A site file: who plays which role at which addresses, and where ports differ from the profile."""

    subnet: Annotated[tuple[SubnetSpec, ...], Meta(description="the subnets")] = ()
    role: Annotated[dict[str, RoleSpec], Meta(description="the roles by name")] = {}
    ports: Annotated[
        dict[str, PortList | dict[str, PortList]],
        Meta(description="by flow id, ports in place of the profile's: a list, or a list for each protocol"),
    ] = {}


Document = dict[str, Any]
"""A site file as tomllib gives it."""
