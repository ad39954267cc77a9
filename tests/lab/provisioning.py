"""A node that boots from a rack on another subnet: real DHCP through a real relay, real TFTP, real HTTP, real DNS.

    node 10.0.1.0/24 -- eth0 router (dhcrelay) eth1 -- 10.0.9.0/24 rack (kea-dhcp4, in.tftpd, nginx, dnsmasq)

Each is a network namespace; nobody but the router forwards. Rules are loaded into any of them, and each step says whether it
went through, or, when it did not, that rules dropped its packets: their counters are read, nobody waits for silence.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import dns.message

from bench._namespaces import Namespace, family
from tests.cli.programs import Program, wait_until

NODE_GATEWAY, RACK_GATEWAY, RACK = "10.0.1.1", "10.0.9.1", "10.0.9.2"
BOOT_FILE = bytes(range(256)) * 40
"""Twenty packets of TFTP and a short one."""
NAME, NAMED = "images.example", "10.0.9.77"

_KEA = {
    "Dhcp4": {
        # As a server behind relays runs: it hears only what the rules of its host let through to a socket.
        "interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": False},
        "renew-timer": 1,
        "rebind-timer": 1000,
        "valid-lifetime": 2000,
        "subnet4": [
            {
                "id": 1,
                "subnet": "10.0.1.0/24",
                "pools": [{"pool": "10.0.1.100 - 10.0.1.199"}],
                "option-data": [
                    {"name": "routers", "data": NODE_GATEWAY},
                    {"name": "domain-name-servers", "data": RACK},
                ],
                "next-server": RACK,
                "boot-file-name": "boot.bin",
            }
        ],
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
    }
}

_NGINX = """daemon off; master_process off; worker_processes 1; pid {at}/nginx.pid; error_log {at}/nginx.err;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3; uwsgi_temp_path {at}/t4;
 scgi_temp_path {at}/t5; server {{ listen 80; root {at}/served; }} }}
"""

_SCRIPT = """#!/bin/sh
case "$reason" in
BOUND) ip addr add "$new_ip_address/$new_subnet_mask" dev "$interface" && ip route add default via "$new_routers" ;;
esac
echo "$reason $new_ip_address" >> {at}/events
"""


class Provisioning:
    """The three machines and the rack's servers. Use as a context manager; `directory` has a short path."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        with ExitStack() as undo:
            self.node, self.router, self.rack = (_namespace(undo) for _ in range(3))
            self._cable()
            self._write()
            self._programs = {name: self._start(undo, self.rack, command) for name, command in self._servers().items()}
            self._await()
            self._undo = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def reset(self) -> None:
        """A node without an address, and machines without rules or connections."""
        for machine in (self.node, self.router, self.rack):
            load(machine, "")
        self.node.run("ip", "addr", "flush", "dev", "eth0")
        for name in ("events", "leases"):
            (self.directory / name).unlink(missing_ok=True)

    def boot(self, *, renewing: bool = True) -> dict[str, bool]:
        """What of a boot went through: dhcp, renewal (by unicast, a second later, if `renewing`), dns, tftp, http-boot.

        Where the node got no address it is given one, so that each step is judged by itself.
        """
        results = {}
        with ExitStack() as undo:
            # dhcrelay takes unicast requests off the link, too: a renewal is only direct once it is gone.
            with ExitStack() as relaying:
                relay = self._relay(relaying)
                client = self._dhclient(undo)
                leased = results["dhcp"] = self._event("BOUND", client, relay)
            if renewing:
                results["renewal"] = leased and self._event("RENEW", client)
        if not leased:
            self.node.run("ip", "addr", "add", "10.0.1.100/24", "dev", "eth0")
            self.node.run("ip", "route", "add", "default", "via", NODE_GATEWAY)
        return results | {"dns": self._resolves(), "http-boot": self._http(), "tftp": self._tftp()}

    def dropped(self) -> int:
        """Packets that the rules of all machines have dropped: of their rules that count and drop, one after the other."""
        return sum(drops(machine) for machine in (self.node, self.router, self.rack))

    def _event(self, reason: str, *programs: Program) -> bool:
        """Whether dhclient came to this; False once rules have dropped what it or the others sent."""
        before = self.dropped()
        events = self.directory / "events"

        def happened() -> bool:
            return events.exists() and reason in events.read_text()

        wait_until(
            lambda: happened() or self.dropped() > before,
            lambda: f"dhclient: {reason}; it was said: {[program.err for program in programs]}",
        )
        return happened()

    def _resolves(self) -> bool:
        query = dns.message.make_query(NAME, "A")
        before = self.dropped()
        with self.node.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
            try:
                client.sendto(query.to_wire(), (RACK, 53))
            except PermissionError:  # what the kernel says to a sender whose packet its own output rules drop
                return False
            wait_until(
                lambda: select.select([client], [], [], 0)[0] or self.dropped() > before, "an answer of the name server"
            )
            if not select.select([client], [], [], 0)[0]:
                return False
            answer = dns.message.from_wire(client.recv(4096))
        return query.is_response(answer) and [str(item) for item in answer.answer[0]] == [NAMED]

    def _tftp(self) -> bool:
        target = self.directory / "fetched"
        target.unlink(missing_ok=True)
        command = ["tftp", "-m", "binary", RACK, "-c", "get", "boot.bin", str(target)]
        with ExitStack() as undo:
            server = self._start(
                undo,
                self.rack,
                [
                    "in.tftpd",
                    "--foreground",
                    "--address",
                    "0.0.0.0:69",
                    "--secure",
                    "--user",
                    "root",
                    self.directory / "served",
                ],
            )
            wait_until(lambda: _listens(self.rack, 69), lambda: f"in.tftpd: {server.err}")
            try:
                return self._fetch(command, lambda _: target.exists() and target.read_bytes() == BOOT_FILE)
            finally:
                # A transfer that nobody answers would be sent again and again, and counted as a later step's.
                for pid in family(server.process.pid)[1:]:
                    os.kill(pid, signal.SIGKILL)

    def _http(self) -> bool:
        target = self.directory / "image"
        target.unlink(missing_ok=True)
        command = ["curl", "-sS", "--max-time", "20", "-o", str(target), f"http://{RACK}/boot.bin"]
        return self._fetch(command, lambda _: target.exists() and target.read_bytes() == BOOT_FILE)

    def _fetch(self, command, right) -> bool:
        """Whether a client on the node got what it asked for; it is ended once rules have dropped what it or the server sent."""
        before = self.dropped()
        with ExitStack() as undo:
            client = self._start(undo, self.node, command)
            wait_until(
                lambda: client.process.poll() is not None or self.dropped() > before, lambda: f"{command}: {client.err}"
            )
            if client.process.poll() is None:
                return False
            return right(client.out)

    def _dhclient(self, undo: ExitStack) -> Program:
        d = self.directory
        return self._start(
            undo,
            self.node,
            [
                "dhclient",
                "-4",
                "-d",
                "-sf",
                d / "script",
                "-lf",
                d / "leases",
                "-pf",
                d / "pid",
                "-cf",
                d / "dhclient.conf",
                "eth0",
            ],
        )

    def _servers(self) -> dict[str, list[object]]:
        d = self.directory
        return {
            "kea": ["env", f"KEA_PIDFILE_DIR={d}", f"KEA_LOCKFILE_DIR={d}", "kea-dhcp4", "-c", d / "kea.json"],
            "nginx": ["nginx", "-p", d, "-c", d / "nginx.conf"],
            "dnsmasq": [
                "dnsmasq", "-k", "-C", "/dev/null", "--no-hosts", "--no-resolv", "--user=root", "--pid-file=",
                f"--address=/{NAME}/{NAMED}",
            ],
        }  # fmt: skip

    def _relay(self, undo: ExitStack) -> Program:
        command = ["dhcrelay", "-4", "-d", "--no-pid", "-id", "eth0", "-iu", "eth1", RACK]
        relay = self._start(undo, self.router, command)
        wait_until(lambda: _listens(self.router, 67), lambda: f"dhcrelay: {relay.err}")
        return relay

    def _await(self) -> None:
        wait_until(
            lambda: _listens(self.rack, 67, 80, 53),
            lambda: f"servers: {[(name, one.err) for name, one in self._programs.items()]}",
        )

    def _start(self, undo: ExitStack, where: Namespace, command: list[object]) -> Program:
        program = Program(where.command(*map(str, command)), self.directory, {})
        undo.callback(program.close)
        return program

    def _cable(self) -> None:
        self.node.batch([f"link add eth0 type veth peer name eth0 netns {self.router.holder.pid}", "link set eth0 up"])
        self.rack.batch([f"link add eth0 type veth peer name eth1 netns {self.router.holder.pid}", "link set eth0 up"])
        self.router.batch(
            [
                "link set eth0 up", "link set eth1 up",
                f"addr add {NODE_GATEWAY}/24 dev eth0", f"addr add {RACK_GATEWAY}/24 dev eth1",
            ]
        )  # fmt: skip
        self.rack.batch([f"addr add {RACK}/24 dev eth0", f"route add default via {RACK_GATEWAY}"])
        self.router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for machine, interface in (
            (self.node, "eth0"),
            (self.rack, "eth0"),
            (self.router, "eth0"),
            (self.router, "eth1"),
        ):
            machine.run("ethtool", "-K", interface, "tx", "off")

    def _write(self) -> None:
        d = self.directory
        (d / "served").mkdir()
        (d / "served" / "boot.bin").write_bytes(BOOT_FILE)
        (d / "kea.json").write_text(json.dumps(_KEA))
        (d / "nginx.conf").write_text(_NGINX.format(at=d))
        (d / "dhclient.conf").write_text("initial-interval 1;\n")
        (d / "script").write_text(_SCRIPT.format(at=d))
        (d / "script").chmod(0o755)


def load(machine: Namespace, ruleset: str) -> None:
    """Replace all rules of a machine, and forget its connections."""
    text = "flush ruleset\n" + ruleset
    done = subprocess.run(machine.command("nft", "-f", "-"), input=text, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    for table in ("conntrack", "expect"):
        subprocess.run(machine.command("conntrack", "-F", table), check=True, capture_output=True)


def drops(machine: Namespace) -> int:
    """Packets counted by the rules that drop and by what counts right before a chain's policy does."""
    rules = json.loads(machine.run("nft", "-j", "list", "ruleset"))["nftables"]
    total = 0
    for rule in (item["rule"] for item in rules if "rule" in item):
        words = [next(iter(step)) for step in rule["expr"]]
        if "drop" in words:
            total += sum(step["counter"]["packets"] for step in rule["expr"] if isinstance(step.get("counter"), dict))
    return total


def _listens(machine: Namespace, *ports: int) -> bool:
    text = machine.run("ss", "-Hlntu")
    return all(re.search(rf":{port}\s", text) for port in ports)


def _namespace(undo: ExitStack) -> Namespace:
    space = Namespace()
    undo.callback(space.close)
    space.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    return space
