"""A region and two agents with a router between, and twelve kinds of fault that may stand in a flow's way, in either direction.

    near 10.1.0.2, fd01::2 -- 10.1.0.1 router 10.2.0.1 -- 10.2.0.2, fd02::2 far
    near 10.3.0.2, fd03::2 -- 10.3.0.1 router 10.4.0.1 -- 10.4.0.2, fd04::2 far     (second interfaces)

The region is reached over a Unix socket, which no fault of the network touches.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bellrock.lab.agents import make_secret
from tests.cli.programs import BELLROCK, wait_until
from tests.lab.services.world import World, cable

NEAR, NEAR6, FAR, FAR6 = "10.1.0.2", "fd01::2", "10.2.0.2", "fd02::2"


class Scene:
    """The network with its agents. `near` and `far` are namespaces; agents have the same names."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.near, self.router, self.far = world.client, world.router, world.server
        # Routers limit how often they complain, by default to once a second after six: the tests would run into that.
        self.router.run("sysctl", "-qw", "net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0")
        cable(self.router, "north", self.near, "eth1", ("10.3.0.1/24", "fd03::1/64"), ("10.3.0.2/24", "fd03::2/64"))
        cable(self.router, "south", self.far, "eth1", ("10.4.0.1/24", "fd04::1/64"), ("10.4.0.2/24", "fd04::2/64"))
        self.socket = world.directory / "region.sock"
        self.secret = make_secret(world.directory)
        self.state = world.directory / "region"
        self._start("region", None, "--listen", f"unix:{self.socket}", "--no-beacons")
        wait_until(self.socket.exists, "the region listens")
        for name in ("near", "far"):
            self.agent(name)
        wait_until(self._complete, "both agents have told their addresses")

    def agent(self, name: str) -> None:
        """Start an agent."""
        self._start("rack", name, "--role", "rack", "--region", f"unix:{self.socket}", "--name", name)

    def _start(self, role: str, name: str | None, *words: object) -> None:
        where = ("--state-dir", self.world.directory / (name or role), "--secret-file", self.secret)
        inside = getattr(self, name) if name else self.router
        self.world.start(BELLROCK, role, *words, *where, inside=inside)

    def _complete(self) -> bool:
        found = self.get("interfaces")
        told = {address for one in found for address in one["addresses"]}
        return {f"{FAR}/24", f"{NEAR}/24", f"{FAR6}/64", f"{NEAR6}/64", "10.3.0.2/24", "fd04::2/64"} <= told

    def get(self, path: str) -> list:
        """What the region's API says."""
        command = ["curl", "-sS", "--max-time", "10", "--unix-socket", self.socket, f"http://r/api/v1/{path}"]
        token = self.state / "region" / "api-token"
        if not token.exists():
            return []
        command += ["-H", f"Authorization: Bearer {token.read_text().strip()}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.startswith("[") else []

    def path(self, a: str, b: str, flow: str, *words: str) -> subprocess.CompletedProcess:
        """`bellrock path A B FLOW`."""
        where = ("--region", f"unix:{self.socket}", "--state-dir", str(self.state))
        return subprocess.run(
            [BELLROCK, "path", a, b, flow, *words, *where], capture_output=True, text=True, timeout=120, check=False
        )

    def walk(self, a: str, b: str, flow: str, *words: str) -> dict:
        """Its JSON, with its exit code under `exit`."""
        done = self.path(a, b, flow, "--json", *words)
        assert done.stdout, done.stderr
        return json.loads(done.stdout) | {"exit": done.returncode}

    def rules(self, where: str, text: str) -> None:
        """Load rules at near, router or far: chains by hook name, `input: udp dport 53 drop; output: …`."""
        chains = []
        for part in text.split(";"):
            hook, _, rule = part.strip().partition(": ")
            chains.append(f"chain {hook} {{ type filter hook {hook} priority 0; {rule}; }};")
        getattr(self, where).run("nft", f"table inet fault {{ {' '.join(chains)} }}")


@contextmanager
def scene() -> Iterator[Scene]:
    """One, for a module of tests."""
    with World() as world:
        yield Scene(world)


@dataclass(frozen=True)
class Way:
    """From which agent to which."""

    a: str
    b: str

    def words(self, version: int = 4) -> dict[str, str]:
        """What a fault's text may name: addresses, gateways, subnets and the router's interfaces of both ends."""
        number = {"near": 1, "far": 2}
        side = {"near": ("east", "north"), "far": ("west", "south")}
        found: dict[str, str] = {}
        for end, name in (("a", self.a), ("b", self.b)):
            first, second = number[name], number[name] + 2
            four, six = f"10.{first}.0.", f"fd0{first}::"
            found |= {
                f"gate_{end}": (four if version == 4 else six) + "1",
                f"address_{end}": (four if version == 4 else six) + "2",
                f"silent_{end}": (four if version == 4 else six) + "77",
                f"net_{end}": f"10.{first}.0.0/24" if version == 4 else f"{six}/64",
                f"other_{end}": f"10.{second}.0.1" if version == 4 else f"fd0{second}::1",
                f"dev_{end}": side[name][0],
                f"second_{end}": side[name][1],
            }
        return found


Act = Callable[["Scene", Way], None]


@dataclass(frozen=True)
class Fault:
    """What is broken between two agents, and what must be said of it, over TCP and UDP, in IPv4 and IPv6."""

    name: str
    begin: Act
    end: Act
    died_at: str
    verdict: str
    says: str
    """Part of the sentence, with the words of `Way.words`."""
    rule: str = ""
    """Part of the rule that is named."""
    options: tuple[str, ...] = ()
    """Of `bellrock path`."""


def _rules(end: str, hook: str, what: str) -> Act:
    """Rules at `a`, `b` or the router."""

    def begin(scene: "Scene", way: Way) -> None:
        scene.rules({"a": way.a, "b": way.b}.get(end, end), f"{hook}: {what.format(**way.words())}")

    return begin


def _clear(scene: "Scene", _: Way) -> None:
    scene.world.unblock()


def _ip(end: str, *commands: str) -> Act:
    """`ip` commands at `a`, `b` or the router, for both families."""

    def run(scene: "Scene", way: Way) -> None:
        where = getattr(scene, {"a": way.a, "b": way.b}.get(end, end))
        for version in (4, 6):
            for command in commands:
                where.run("ip", f"-{version}", *command.format(**way.words(version)).split())

    return run


def _both(*acts: Act) -> Act:
    def run(scene: "Scene", way: Way) -> None:
        for act in acts:
            act(scene, way)

    return run


THERE, BACK = "meta l4proto { tcp, udp } th dport 53".replace("{", "{{").replace("}", "}}"), "th sport 53"
FAULTS = (
    Fault("no-route", _ip("a", "route del default"), _ip("a", "route add default via {gate_a}"), "not-sent", "unreachable", "no route"),
    Fault("no-neighbour", _ip("a", "route replace default via {silent_a}"), _ip("a", "route replace default via {gate_a}"),
          "not-sent", "unreachable", "its gateway {silent_a} does not answer"),
    Fault("output-drop", _rules("a", "output", f"{THERE} counter drop"), _clear, "not-sent", "filtered", "own firewall", "fault output"),
    Fault("router-drop", _rules("router", "forward", f"{THERE} counter drop"), _clear,
          "lost-on-the-way", "filtered", "as far as the router {gate_a}"),
    Fault("router-reject", _rules("router", "forward", f"{THERE} counter reject with icmpx admin-prohibited"), _clear,
          "lost-on-the-way", "filtered", "{gate_a} says: administratively prohibited"),
    Fault("router-no-way-back", _ip("router", "route del {net_a} dev {dev_a}"), _ip("router", "route add {net_a} dev {dev_a}"),
          "reply-lost", "unreachable", "{gate_b} says: destination unreachable"),
    Fault("input-drop", _rules("b", "input", f"{THERE} counter drop"), _clear, "dropped-by-target", "filtered", "own firewall", "fault input"),
    Fault("no-listener", lambda *_: None, lambda *_: None, "no-listener", "refused", "nobody listens", options=("--as-is",)),
    Fault("reply-output-drop", _rules("b", "output", f"{BACK} counter drop"), _clear,
          "reply-not-sent", "filtered", "own firewall", "fault output"),
    Fault("reply-router-drop", _rules("router", "forward", f"{BACK} counter drop"), _clear, "reply-lost", "filtered", "never came in at"),
    Fault("reply-input-drop", _rules("a", "input", f"{BACK} counter drop"), _clear, "reply-dropped", "filtered", "own firewall", "fault input"),
    Fault("reply-elsewhere",
          _both(_ip("b", "route add default via {other_b} table 7", "rule add from {address_b} table 7"),
                _rules("router", "forward", "iifname {second_b} counter drop")),
          _both(_ip("b", "rule del from {address_b} table 7", "route del default table 7"), _clear),
          "answered-elsewhere", "filtered", "came in at eth0 and is answered out of eth1"),
)  # fmt: skip
"""The twelve kinds."""
WAYS = (Way("near", "far"), Way("far", "near"))
VARIANTS = ("udp/53 IPv4", "udp/53 IPv6", "tcp/53 IPv4", "tcp/53 IPv6")


def tried(scene: Scene, fault: Fault, way: Way) -> dict:
    """What `bellrock path` says of a fault."""
    fault.begin(scene, way)
    try:
        return scene.walk(way.a, way.b, "dns", "--within", "0.4", *fault.options)
    finally:
        fault.end(scene, way)


def wrong(fault: Fault, way: Way, walk: dict) -> str:
    """What is wrong with what was said of one exchange; nothing where all is right."""
    if (walk["died_at"], walk["verdict"]) != (fault.died_at, fault.verdict):
        return f"{walk['variant']}: {walk['died_at'] or 'nowhere'}, {walk['verdict']}: {walk['detail']}"
    wanted = fault.says.format(**way.words(4 if walk["variant"].endswith("4") else 6))
    return (
        ""
        if wanted in walk["detail"] and fault.rule in walk.get("rule", "")
        else f"{walk['variant']}: {walk['detail']}"
    )
