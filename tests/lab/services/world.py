"""A place for real servers: a client, a router between, a host for servers; each a network namespace of its own.

    client 10.1.0.2, fd01::2 -- 10.1.0.1, fd01::1 router 10.2.0.1, fd02::1 -- 10.2.0.2, fd02::2 server

Both ends' interface is `eth0`; the router's are `east` (to the client) and `west` (to the server).
"""

import asyncio
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Self

from bellrock.model import Probed
from bellrock.probe import Ask, check
from bench._namespaces import Namespace
from tests.cli.programs import Program, wait_until
from tests.needs import require

CLIENT, CLIENT6, ROUTER, ROUTER6 = "10.1.0.2", "fd01::2", "10.1.0.1", "fd01::1"
SERVER, SERVER6 = "10.2.0.2", "fd02::2"
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
WRAPPED = frozenset({"libvirtd", "lxd"})
"""Servers that are started by way of another program."""
How = Literal["drop", "reject", "reject with tcp reset", "reject with icmpx admin-prohibited"]


class World:
    """Use as a context manager; one for a module of tests. `directory` has a short path and belongs to this world alone."""

    def __init__(self) -> None:
        with ExitStack() as undo:
            self.directory = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="sv-")))
            self.directory.chmod(0o755)
            self.client, self.router, self.server = (self._namespace(undo) for _ in range(3))
            cable(
                self.router, "east", self.client, "eth0", ("10.1.0.1/24", "fd01::1/64"), ("10.1.0.2/24", "fd01::2/64")
            )
            cable(
                self.router, "west", self.server, "eth0", ("10.2.0.1/24", "fd02::1/64"), ("10.2.0.2/24", "fd02::2/64")
            )
            for space, gateways in ((self.client, (ROUTER, ROUTER6)), (self.server, ("10.2.0.1", "fd02::1"))):
                space.batch([f"route add default via {gateway}" for gateway in gateways])
            self.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
            self._started: list[Program] = []
            undo.callback(self._stop_all)
            self._undo = undo.pop_all()

    @staticmethod
    def _namespace(undo: ExitStack) -> Namespace:
        space = Namespace()
        undo.callback(space.close)
        # Without duplicate address detection, which link-local addresses would wait for as well: the first IPv6 packet need not.
        space.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        return space

    def start(self, *command: object, inside: Namespace | None = None, says: str = "", **environment: str) -> Program:
        """Start a server (on the server host) and, where it `says` something once it serves, wait for that."""
        wanted = [str(word) for at, word in enumerate(command) if at == 0 or str(word) in WRAPPED]
        require([word for word in wanted if not shutil.which(word, path=PATH)])
        space = inside or self.server
        program = Program(space.command(*map(str, command)), self.directory, {"PATH": PATH} | environment)
        self._started.append(program)
        if says:
            program.says(says)
        return program

    def listens(self, port: int, protocol: Literal["tcp", "udp"] = "tcp", inside: Namespace | None = None) -> None:
        """Wait until somebody listens on a port of the server host."""
        flag = "-ltnH" if protocol == "tcp" else "-lunH"
        space = inside or self.server
        wait_until(lambda: space.run("ss", flag, f"sport = :{port}").strip(), f"nobody listens on {protocol}/{port}")

    def stop(self, program: Program) -> None:
        """End a server at once."""
        program.close()
        self._started.remove(program)

    def block(self, how: How, match: str, at: Literal["router", "server", "client"] = "router") -> None:
        """Block packets that match an nft expression (`udp dport 123`): on their way through the router, into the server, out of the client."""
        hook = {"router": "forward", "server": "input", "client": "output"}[at]
        getattr(self, at).run(
            "nft", f"add table inet t; add chain inet t c {{ type filter hook {hook} priority 0; }}; add rule inet t c {match} counter {how}"
        )  # fmt: skip

    def unblock(self) -> None:
        """Nobody has rules any more."""
        for space in (self.client, self.router, self.server):
            space.run("nft", "flush ruleset")

    def probe(self, flow: str, address: str = SERVER, port: int = 0, *, within: float = 5.0, name: str = "", inside: Namespace | None = None,
              **options: str) -> Probed:  # fmt: skip
        """The only result of a probe, made by the client."""
        (only,) = self.probes(flow, address, port, within=within, name=name, inside=inside, **options)
        return only

    def probes(self, flow: str, address: str = SERVER, port: int = 0, *, within: float = 5.0, name: str = "",
               inside: Namespace | None = None, **options: str) -> tuple[Probed, ...]:  # fmt: skip
        """All results of a probe, made by the client."""
        ask = Ask(
            flow=flow, address=address, port=port, within=within, name=name, options=options, nonce=os.urandom(16)
        )
        return (inside or self.client).inside(lambda: asyncio.run(check(ask)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _stop_all(self) -> None:
        for program in self._started:
            program.close()


def cable(
    a: Namespace, a_name: str, b: Namespace, b_name: str, a_addresses: tuple[str, ...], b_addresses: tuple[str, ...]
) -> None:
    """A cable between two namespaces, with addresses that may be used at once (no duplicate address detection)."""
    a.run("ip", "link", "add", a_name, "type", "veth", "peer", "name", b_name, "netns", str(b.holder.pid))
    for space, name, addresses in ((a, a_name, a_addresses), (b, b_name, b_addresses)):
        space.batch([f"addr add {address} dev {name}{' nodad' if ':' in address else ''}" for address in addresses])
        space.run("ip", "link", "set", name, "up")
