"""What a site file may hold, key by key; the JSON Schema and the reference are made of it."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

END: Final = r"(?![\s\S])"
"""The end of the text in both dialects, Python's and ECMAScript's: `$` lets a newline through."""
NAME: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,256}" + END
"""Names end up in rules and on terminals: no control characters, no line breaks, nothing that turns the writing around."""
INTERFACE: Final = r"^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,14}" + END
"""Linux takes no colon (dev_valid_name): `eth0:1` is a label of an address."""
HOST: Final = r"^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})?" + END
"""RFC 1123 §2.1, and the underscore that people do use."""
OPTION: Final = r"^[a-z][a-z0-9-]{0,63}" + END
MAX_OPTION: Final = 8192
"""Characters of an option's value."""
SPAN: Final = r"^[0-9]{1,5}-[0-9]{1,5}" + END
VID_SPAN: Final = r"^[0-9]{1,4}-[0-9]{1,4}" + END
MAX_VID: Final = 4094
MAX_PORT: Final = 65535
WORDS: Final = {
    f"matching regex {NAME!r}": "a name of 1-256 characters on one line",
    f"matching regex {INTERFACE!r}": "the name of a network interface: 1-15 letters, digits and any of _ . @ + -",
    "`int` >= 1280": "an MTU of 1280-65535",  # before the one that it begins with
    "`int` <= 65535": "an MTU of 1280-65535",
    "`int` >= 1": f"a VID of 1-{MAX_VID}",
    f"`int` <= {MAX_VID}": f"a VID of 1-{MAX_VID}",
    f"matching regex {HOST!r}": "a host name",
    f"matching regex {VID_SPAN!r}": "a VID, or a run of them like `100-199`",
}
"""What was expected, by msgspec's way of saying it."""
PORT_WORDS: Final = {
    f"matching regex {SPAN!r}": "a port number, or a span like `5250-5270`",
    "`int` >= 1": f"a port number of 1-{MAX_PORT}",
    f"`int` <= {MAX_PORT}": f"a port number of 1-{MAX_PORT}",
}
"""The same for lists of ports."""

Vid = Annotated[int, Meta(ge=1, le=MAX_VID, description="802.1Q VID")]
Name = Annotated[str, Meta(pattern=NAME)]
VidSpan = Annotated[str, Meta(pattern=VID_SPAN, description="first and last VID: `100-199`")]
PortNumber = Annotated[int, Meta(ge=1, le=MAX_PORT, description="port number")]
PortSpan = Annotated[str, Meta(pattern=SPAN, description="first and last port: `5250-5270`")]
InterfaceName = Annotated[str, Meta(pattern=INTERFACE, description="name of a network interface")]


class SubnetSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`[[subnet]]`: a subnet of the site."""

    name: Annotated[str, Meta(pattern=NAME, description="what roles call it; each subnet has its own")]
    cidr: Annotated[str, Meta(max_length=64, description="network and prefix length, `10.1.0.0/24` or `fd00:1::/64`")]
    vlan: Annotated[Vid | Name | None, Meta(description="the VLAN that it is on: its VID, or its name")] = None
    fabric: Annotated[Name | None, Meta(description="the fabric of that VLAN")] = None
    interface: Annotated[
        InterfaceName | None, Meta(description="the router's interface behind which it is; rules then name it")
    ] = None
    gateway: Annotated[Annotated[str, Meta(max_length=64)] | None, Meta(description="the router's address in it")] = (
        None
    )
    mtu: Annotated[
        Annotated[int, Meta(ge=1280, le=65535)] | None,
        Meta(description="the MTU that its interfaces are meant to have, in octets"),
    ] = None


class RoleSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`[role.NAME]`: who plays a role. At least one of addresses, subnets and vlans."""

    addresses: Annotated[
        tuple[Annotated[str, Meta(max_length=100)], ...],
        Meta(
            description="addresses, prefixes, ranges `10.0.0.10-10.0.0.20`, `any` for everybody, `internet` for all outside"
        ),
    ] = ()
    subnets: Annotated[tuple[Name, ...], Meta(description="names of subnets; `pxe-*` for all that begin so")] = ()
    vlans: Annotated[
        tuple[Vid | Name, ...], Meta(description="VLANs whose subnets are meant: VID, name, or `fabric/VID`")
    ] = ()
    interfaces: Annotated[
        tuple[InterfaceName, ...],
        Meta(description="of a machine with this role: where it meets the others; its own rules name them"),
    ] = ()


class SwitchportSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`[[switchport]]`: which VLANs a switch passes to an interface of a machine. At least one of tagged and untagged."""

    host: Annotated[str, Meta(pattern=NAME, description="the machine, by its host name")]
    interface: Annotated[InterfaceName, Meta(description="its interface, which the port leads to")]
    tagged: Annotated[
        tuple[Vid | VidSpan, ...], Meta(max_length=4094, description="VIDs that pass with a tag, and runs of them")
    ] = ()
    untagged: Annotated[
        Vid | None,
        Meta(description="the VLAN of frames without tag: of an access port its VLAN, of a trunk the native one"),
    ] = None


class TargetSpec(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`[[probe.FLOW.target]]`: something that answers for a flow. At least one of address and name."""

    address: Annotated[
        Annotated[str, Meta(max_length=64)] | None, Meta(description="its IP address; without one the name is resolved")
    ] = None
    name: Annotated[
        Annotated[str, Meta(pattern=HOST)] | None,
        Meta(description="the name by which clients know it: TLS server name, HTTP host"),
    ] = None
    port: Annotated[PortNumber | None, Meta(description="its port, in place of the flow's")] = None


class FlowsSpec(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`[flows]`: which flows the site has."""

    disable: Annotated[tuple[str, ...], Meta(description="ids of flows that this site does not have")] = ()


OptionText = Annotated[str, Meta(max_length=MAX_OPTION)]
OptionWord = OptionText | bool | int | float
ProbeTable = Annotated[
    dict[Annotated[str, Meta(pattern=OPTION)], OptionWord | tuple[OptionText | int | float | TargetSpec, ...]],
    Meta(description="options of the flow's probe, and its targets"),
]
PortList = Annotated[tuple[PortNumber | PortSpan, ...], Meta(min_length=1, max_length=1000)]


class SiteHead(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stands at the top of a site file."""

    title: Annotated[Annotated[str, Meta(pattern=NAME)] | None, Meta(description="a line for people")] = None
    profile: Annotated[str, Meta(description="whose ports: `standard` or `maas-3`")] = "standard"
    flows: FlowsSpec = FlowsSpec()


class SiteFile(SiteHead, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A site file: who plays which role at which addresses, and where ports differ from the profile."""

    subnet: Annotated[tuple[SubnetSpec, ...], Meta(description="the subnets")] = ()
    switchport: Annotated[tuple[SwitchportSpec, ...], Meta(description="what switches pass to interfaces")] = ()
    role: Annotated[dict[str, RoleSpec], Meta(description="the roles by name")] = {}
    ports: Annotated[
        dict[str, PortList | dict[str, PortList]],
        Meta(description="by flow id, ports in place of the profile's: a list, or a list for each protocol"),
    ] = {}
    probe: Annotated[
        dict[str, ProbeTable], Meta(description="by flow id, how it is tried: options of its probe, and targets")
    ] = {}


Document = dict[str, Any]
"""A site file as tomllib gives it."""
