"""Random healthy worlds: switches, VLANs, relays, servers of any make, machines of any kind. The same seed gives the same world. Pure."""

import itertools
import random
from typing import Any, Final

from msgspec import Struct

from bellrock.lab.client.settings import Settings
from bellrock.lab.scenario.parse import service
from bellrock.lab.scenario.schema import ClientSpec, LookSpec, Scenario, ScenarioFile, World
from bellrock.lab.schema import HostSpec, InterfaceSpec, LabFile, LinkSpec, SwitchSpec

MAX_SWITCHES: Final = 3
MAX_VLANS: Final = 3
"""In which machines boot; infrastructure has one more."""
ARCHITECTURES: Final = (0, 7, 7, 11, 16)
_DATA: Final = "MAAS/metadata/2012-03-01/"
_SUITE: Final = "ubuntu/dists/noble/"


class Segment(Struct, frozen=True, kw_only=True):
    """A VLAN and its subnet; hosts have `.1` (router), `.2` (rack) and so on in it."""

    vid: int
    net: str
    """`10.4.7`."""
    six: str
    """`fd07`, or empty where it has no IPv6."""
    relayed: bool = False

    def at(self, last: int) -> tuple[str, ...]:
        """The addresses of a host."""
        return (f"{self.net}.{last}/24", *((f"{self.six}::{last:x}/64",) if self.six else ()))

    @property
    def prefix(self) -> str:
        """The IPv4 subnet."""
        return f"{self.net}.0/24"


def healthy(seed: int) -> tuple[Scenario, World]:
    """A world with nothing wrong in it, and how it is looked at: each machine boots once."""
    draw = random.Random(seed)  # noqa: S311 - the same world for the same seed
    segments = _segments(draw)
    infra, boots = segments[0], segments[1:]
    switches = [f"sw{number}" for number in range(draw.randint(1, MAX_SWITCHES))]
    hosts = _hosts(draw, infra, boots, switches)
    clients = {
        f"node-{number}": _client(draw, f"node-{number}", infra, boots[0]) for number in range(1, len(boots) + 1)
    }
    lab = LabFile(
        switch=dict.fromkeys(switches, SwitchSpec()), host=hosts,
        link=tuple(LinkSpec(between=pair, trunk=tuple(one.vid for one in segments)) for pair in itertools.pairwise(switches)),
    )  # fmt: skip
    points = ("rack-1", *(("router-1",) if draw.random() < 0.7 else ()), *(("node-1",) if draw.random() < 0.7 else ()))
    world = World(
        name=f"healthy-{seed}", title=f"A random healthy network (seed {seed})", lab=lab, service=_services(draw, infra, boots),
        client=clients, route=_routes(infra, boots), forward=("router-1",), capture=points, site=_site(infra, boots),
    )  # fmt: skip
    look = LookSpec(clients=tuple(clients), together=draw.random() < 0.5)
    file = ScenarioFile(title=world.title, story="Nothing is wrong.", world=world.name, look=(look,), stops=False)
    return Scenario(name=world.name, file=file), world


def _segments(draw: random.Random) -> list[Segment]:
    count = 1 + draw.randint(1, MAX_VLANS)
    vids = draw.sample(range(2, 4000), count)
    seconds = draw.sample(range(1, 250), count)
    first = draw.randint(1, 250)
    six = [f"fd{number:02x}" if draw.random() < 0.6 else "" for number in seconds]
    return [
        Segment(vid=vid, net=f"10.{first}.{number}", six=one, relayed=place > 1)
        for place, (vid, number, one) in enumerate(zip(vids, seconds, six, strict=True))
    ]


def _hosts(draw: random.Random, infra: Segment, boots: list[Segment], switches: list[str]) -> dict[str, HostSpec]:
    def plugged(segment: Segment, last: int = 0) -> InterfaceSpec:
        return InterfaceSpec(to=draw.choice(switches), access=segment.vid, addresses=segment.at(last) if last else ())

    router = {f"eth{number}": plugged(segment, 1) for number, segment in enumerate((*boots, infra))}
    found = {f"node-{number}": {"eth0": plugged(segment)} for number, segment in enumerate(boots, 1)}
    found |= {"rack-1": {"eth0": plugged(boots[0], 2), "eth1": plugged(infra, 2)}, "router-1": router}
    found |= {"region-1": {"eth0": plugged(infra, 3)}, "mirror-1": {"eth0": plugged(infra, 4)}}
    return {name: HostSpec(interface=interfaces) for name, interfaces in found.items()}


def _services(draw: random.Random, infra: Segment, boots: list[Segment]) -> dict[str, Any]:
    rack = f"{boots[0].net}.2"
    files = {
        "0": "undionly.kpxe",
        "7": "bootx64.efi",
        "11": "bootaa64.efi",
        "16": f"http://{rack}/bootx64.efi",
        "ipxe": f"http://{rack}/boot.ipxe",
    }
    subnets = {
        one.prefix: {"pool": (f"{one.net}.100", f"{one.net}.150"), "router": f"{one.net}.1", "next_server": rack}
        for one in boots
    }
    told: dict[str, dict[str, Any]] = {
        "dhcp": {
            "at": "rack-1", "kind": draw.choice(("dhcpd", "kea", "dnsmasq")), "dns": (rack,), "ntp": (rack,), "files": files,
            "subnet": subnets, "lease": draw.choice((600, 3600, 43_200)),
        },
        "tftp": {"at": "rack-1", "kind": "tftpd", "files": _loaders(draw)},
        "http": {"at": "rack-1", "kind": "web", "files": _loaders(draw) | _kernels(draw)},
        "dns": {"at": "rack-1", "kind": "named", "names": {"region": f"{infra.net}.3", "mirror": f"{infra.net}.4", "proxy": rack}},
        "ntp": {"at": "rack-1", "kind": "chronyd"},
        "proxy": {"at": "rack-1", "kind": "squid", "names": {"mirror.lab.example": f"{infra.net}.4"}},
        "syslog": {"at": "rack-1", "kind": "rsyslogd"},
        "metadata": {"at": "region-1", "kind": "web", "ports": (5240,), "files": _texts(_DATA, "meta-data", "user-data")},
        "mirror": {"at": "mirror-1", "kind": "web", "files": _texts(_SUITE, "Release") | {f"{_SUITE}Packages": {"size": draw.randint(1000, 400_000)}}},
    }  # fmt: skip
    if len(boots) > 1:
        down = tuple(f"eth{number}" for number in range(1, len(boots)))
        told["relay"] = {"at": "router-1", "kind": "relay", "down": down, "up": ("eth0",), "server": (rack,)}
    return {name: service(table) for name, table in told.items()}


def _loaders(draw: random.Random) -> dict[str, Any]:
    size = draw.randint(20_000, 200_000)
    loaders = {"undionly.kpxe": 0, "bootx64.efi": 7, "bootaa64.efi": 11}
    return {name: {"boots": arch, "size": size} for name, arch in loaders.items()}


def _kernels(draw: random.Random) -> dict[str, Any]:
    script = "#!ipxe\nkernel kernel\ninitrd initrd\nboot\n"
    return {
        "boot.ipxe": {"text": script},
        "kernel": {"size": draw.randint(1000, 900_000)},
        "initrd": {"size": draw.randint(1000, 2_000_000)},
    }


def _texts(below: str, *names: str) -> dict[str, Any]:
    return {f"{below}{name}": {"text": f"# {name}\n"} for name in names}


def _client(draw: random.Random, name: str, infra: Segment, rack: Segment) -> ClientSpec:
    by_name = draw.random() < 0.7
    region = "region.lab.example" if by_name else f"{infra.net}.3"
    mirror = "mirror.lab.example" if by_name else f"{infra.net}.4"
    settings = Settings(
        arch=draw.choice(ARCHITECTURES), stages=draw.choice((("firmware", "ipxe", "installer"), ("firmware", "installer"))),
        reboot=draw.random() < 0.4, blksize=draw.choice((0, 512, 1408, 1468)), windowsize=draw.choice((0, 0, 4)), tsize=draw.random() < 0.8,
        names=(region,) if by_name else (), metadata=f"http://{region}:5240/{_DATA}", mirror=f"http://{mirror}/{_SUITE}",
        proxy="http://proxy.lab.example:3128/" if draw.random() < 0.5 else "", syslog=f"{rack.net}.2", probe=draw.random() < 0.3,
        gratuitous=draw.random() < 0.7,
    )  # fmt: skip
    return ClientSpec(at=name, settings=settings)


def _routes(infra: Segment, boots: list[Segment]) -> dict[str, tuple[str, ...]]:
    ways = tuple(f"{one.prefix} via {boots[0].net}.1" for one in boots[1:])
    default = (f"default via {infra.net}.1",)
    return (
        {"rack-1": ways, "region-1": default, "mirror-1": default}
        if ways
        else {"region-1": default, "mirror-1": default}
    )


def _site(infra: Segment, boots: list[Segment]) -> str:
    lines = ['title = "A random healthy network"']
    for name, one in (("infra", infra), *((f"pxe-{number}", one) for number, one in enumerate(boots))):
        lines += [
            "[[subnet]]",
            f'name = "{name}"',
            f'cidr = "{one.prefix}"',
            f"vlan = {one.vid}",
            'fabric = "lab"',
            f'gateway = "{one.net}.1"',
        ]
    rack = f'addresses = ["{boots[0].net}.2", "{infra.net}.2"]'
    routers = ", ".join(f'"{one.net}.1"' for one in (*boots, infra))
    lines += ["[role.node]", 'subnets = ["pxe-*"]', f"[role.relay]\naddresses = [{routers}]"]
    lines += [f"[role.{role}]\n{rack}" for role in ("rack", "ntp", "dns", "log")]
    lines += [f'[role.region]\naddresses = ["{infra.net}.3"]', f'[role.mirror]\naddresses = ["{infra.net}.4"]']
    return "\n".join(lines) + "\n"
