"""The words of scenarios and worlds, as frozen values. `scenario.parse` is the way from a file to these."""

from typing import Any, Literal

from msgspec import Struct

from bellrock.lab.client.settings import Settings
from bellrock.lab.schema import InterfaceSpec, LabFile, PortSpec
from bellrock.lab.servers.values import FileSpec

Looking = Literal["diagnose", "check", "node", "findings", "run"]
BootStep = Literal[
    "", "link", "spanning-tree", "lacp", "dhcp", "proxydhcp", "arp", "tftp", "http-boot", "dns", "ntp", "metadata", "proxy", "mirror",
    "syslog", "reboot",
]  # fmt: skip

ACTIONS = ("configure", "client", "service", "start", "stop", "run", "retag", "carrier", "plug", "play", "files")
"""Keys of a fault, of which each has one."""


class PlaySpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Raw frames that a host sends, because what would send them is not in the lab."""

    maker: str = ""
    """A named maker of frames (`bpdu`, `lacpdu`, `arp`, `router-advertisement`, `udp`, `dhcp`); `with` is what it is given."""
    arguments: dict[str, Any] = {}
    frames: tuple[str, ...] = ()
    """Frames as hex digits (blanks do not count), instead of a maker."""
    interface: str = "eth0"
    every: float = 0.2
    """Seconds between two rounds of all frames."""
    times: int = 0
    """Rounds; 0: until the end of the scenario."""


class FaultSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is broken, or made to happen. One action each; in the order of the file."""

    at: str = ""
    """The host of the world where it happens; `HOST/INTERFACE` for retag, carrier and plug. Not for configure and stop of a service."""
    before: BootStep = ""
    """The step of the client's boot that waits until this has happened; empty: it happens before the boot begins."""
    of: str = ""
    """Which client's boot `before` means; empty: the first that looks boot."""
    configure: dict[str, dict[str, Any]] = {}
    """Settings of services that differ from the world's, `{dhcp = {lease = 30}}`; tables are merged, everything else is replaced."""
    client: dict[str, Any] = {}
    """Settings of the client `at` that differ from the world's."""
    service: dict[str, Any] = {}
    """A further service: the keys of `[service.NAME]`, and `name`."""
    start: tuple[str, ...] = ()
    """A program that runs until the end. `{python}`, `{directory}` (of the services' files), and `{HOST}` (its first address),
    `{HOST/INTERFACE}` (its MAC address) stand in its words."""
    stop: str = ""
    """The service (or started program) that is ended."""
    name: str = ""
    """Of a started program, for `stop` and its log."""
    run: tuple[str, ...] = ()
    """A command that runs to its end and must succeed; words as in `start`. A shell: ["sh", "-c", "…"]."""
    retag: PortSpec | None = None
    """The switch treats the port of `at` like this from now on."""
    carrier: bool | None = None
    """False: the link of `at` goes down; true: it comes up."""
    plug: InterfaceSpec | None = None
    """A further interface for the host."""
    play: PlaySpec | None = None
    files: dict[str, dict[str, FileSpec]] = {}
    """Files of services that differ from the world's: `{tftp = {"bootx64.efi" = {absent = true}}}`."""


class LookSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to look at it. All findings of all looks count, and the first look's come first."""

    kind: Looking = "diagnose"
    """`diagnose`: boots of `clients` are captured at the world's points, and `bellrock diagnose` reads the files; `check`: `bellrock check`
    at host `at`; `node`: `bellrock node` at `at`; `findings`: the region is asked until all that is expected is told (worlds with Bellrock);
    `run`: `command` at `at`, a program that prints JSON with `findings`."""
    at: str = ""
    clients: tuple[str, ...] = ()
    """Which clients boot, one after the other; empty: the world's first."""
    points: tuple[str, ...] = ()
    """Hosts where it is captured; empty: those of the world."""
    command: tuple[str, ...] = ()
    """Of `run`, or further words of the others; `{bellrock}` is the tool."""
    together: bool = False
    """The clients boot at the same time."""
    repeat: int = 1
    """So many boots of each, one after the other."""
    seconds: float = 0.0
    """How long it is looked on at least after the boots (`findings`: after its beginning), for what is told by the lack of something."""
    tries: bool = False
    """Of `findings`: the region's agents try all that the site wants first, and only what is judged after that counts."""
    site: bool = True
    """The site file is given to diagnose and check."""


class ExpectSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that must be there. What is not given does not matter. Names of hosts stand for their addresses and MAC addresses."""

    id: str
    host: str = ""
    interface: str = ""
    vid: int | None = None
    flow: str = ""
    client: str = ""
    address: str = ""
    says: str = ""
    """Part of what, cause, proof or fix; words as in `start`."""


class ScenarioFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario, as its file has it."""

    title: str
    story: str = ""
    """The symptom, as a person meets it."""
    cases: tuple[int, ...] = ()
    """Numbers of the known cases from the field that it reproduces."""
    played: str = ""
    """What is not real here, and why."""
    world: str = "boot"
    step: BootStep = ""
    """The step of a boot at which the fault is met; empty: it is not combined with other faults."""
    stops: bool = True
    """The boot does not get beyond `step`."""
    alone: bool = False
    """Nobody but the clients of the look feels it."""
    disturbs: bool = False
    """As far as a capture tells, packets of whoever boots may be lost or come again because of it."""
    faint: bool = False
    """Nothing but packets that lack, or come again, tells of it: what disturbs explains that as well, and no capture tells both apart."""
    fault: tuple[FaultSpec, ...] = ()
    look: tuple[LookSpec, ...] = (LookSpec(),)
    expect: tuple[ExpectSpec, ...] = ()
    """The first one must be the first of the findings. None: a healthy network, in which nothing may be found."""
    also: tuple[ExpectSpec, ...] = ()
    """What may be found beside it, because it is true as well."""


class Scenario(Struct, frozen=True, kw_only=True):
    """A scenario and what it is called."""

    name: str
    file: ScenarioFile


class ServiceSpec(Struct, frozen=True, kw_only=True):
    """A server that runs in a world. Its other keys are its settings, and those depend on its kind (`scenario.services`)."""

    at: str
    kind: str
    wanted: bool = True
    """False: it is started only where a scenario configures `wanted = true`."""
    settings: dict[str, Any] = {}


class ClientSpec(Struct, frozen=True, kw_only=True):
    """A machine that boots."""

    at: str
    settings: Settings = Settings()


class World(Struct, frozen=True, kw_only=True):
    """A network with all that runs in it, healthy by itself."""

    name: str
    title: str = ""
    lab: LabFile
    service: dict[str, ServiceSpec] = {}
    """In the order in which they are started."""
    client: dict[str, ClientSpec] = {}
    route: dict[str, tuple[str, ...]] = {}
    """By host, lines of `ip route add`."""
    forward: tuple[str, ...] = ()
    """Hosts that forward packets."""
    capture: tuple[str, ...] = ()
    """Hosts at which boots are captured."""
    site: str = ""
    """The site file's text."""
    bellrock: bool = False
    """Region and agents run, on hosts with a role."""
