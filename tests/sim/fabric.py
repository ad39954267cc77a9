"""Layer 2 as frames see it: switches and bridges that forward, hop by hop, by tag.

A device port maps the tag on the wire (None: untagged) to the device's own VLAN and back: an access port is
{None: vid}, a trunk {vid: vid, ...} with {None: native}; a host's bridge, which knows no VLANs, maps every tag to itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

Tag = int | None


@dataclass(eq=False)
class Device:
    """A switch, or a bridge in a host (`transparent`)."""

    name: str
    transparent: bool = False
    ports: list["Socket"] = field(default_factory=list)

    def socket(self, tags: dict[Tag, int] | None = None, hairpin: bool = False) -> "Socket":
        """A new port. `hairpin`: frames come back out of it."""
        made = Socket(self, {} if tags is None else tags, hairpin)
        self.ports.append(made)
        return made


@dataclass(eq=False)
class Socket:
    """A port of a device; `far` is what its cable leads to."""

    device: Device
    tags: dict[Tag, int]
    hairpin: bool = False
    far: "Socket | Plug | None" = None

    def inside(self, tag: Tag) -> int | None:
        """The device's VLAN for a frame that comes in with `tag`; None: dropped."""
        if self.device.transparent:
            return 0 if tag is None else tag
        return self.tags.get(tag)

    def outside(self, vlan: int) -> tuple[Tag, ...]:
        """How a frame of the device's VLAN leaves: no element if it does not."""
        if self.device.transparent:
            return (None if vlan == 0 else vlan,)
        return tuple(tag for tag, inner in self.tags.items() if inner == vlan)[:1]


@dataclass(eq=False)
class Plug:
    """A host's interface: where frames begin and end."""

    host: str
    interface: str
    far: Socket | None = None


def connect(a: "Socket | Plug", b: "Socket | Plug") -> None:
    """Lay a cable."""
    a.far, b.far = b, a


def disconnect(a: "Socket | Plug") -> None:
    """Pull it."""
    if a.far is not None:
        a.far.far = None
        a.far = None


def flood(origin: Plug, tag: Tag) -> Iterator[tuple[Plug, Tag]]:
    """Where copies of a multicast frame arrive, and with which tags; each device port is passed once per VLAN."""
    wire: list[tuple[Socket | Plug | None, Tag]] = [(origin.far, tag)]
    passed: set[tuple[int, int]] = set()
    while wire:
        end, seen_tag = wire.pop()
        if isinstance(end, Plug):
            yield end, seen_tag
        elif end is not None and (vlan := end.inside(seen_tag)) is not None and (id(end), vlan) not in passed:
            passed.add((id(end), vlan))
            for other in end.device.ports:
                if other is not end or other.hairpin:
                    wire.extend((other.far, out) for out in other.outside(vlan))
