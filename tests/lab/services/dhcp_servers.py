"""A switch with a machine, two hosts for servers, a host of another VLAN and a relay; and the DHCP servers that run on them.

machine eth0 (untagged 1, tagged 10 and 20) ── switch ── one, two (VLAN 1), tagged (VLAN 10), relay (VLAN 20)
relay 10.30.0.1, fd30::1 ── 10.30.0.2, fd30::2 one
"""

import asyncio
import json
import os
from pathlib import Path

from bellrock.lab.schema import PortSpec
from bellrock.lab.switch import Switches, bridge_command, port_command
from bellrock.probe import Ask, Source, check
from bench._namespaces import _CLONE_NEWNET, _libc
from tests.bootfiles import ARM64, X64, uefi
from tests.cli.programs import wait_until
from tests.lab.services.world import World, cable

ONE, TWO, MACHINE, TAGGED, RELAY = "10.9.0.1", "10.9.0.3", "10.9.0.2", "10.10.0.1", "10.20.0.1"
UPSTREAM = "10.30.0.2"
PORTS = {
    "machine": PortSpec(trunk=(10, 20), native=1),
    "one": PortSpec(access=1),
    "two": PortSpec(access=1),
    "tagged": PortSpec(access=10),
    "relay": PortSpec(access=20),
}
ADDRESSES = {
    "machine": (f"{MACHINE}/24", "fd09::2/64"),
    "one": (f"{ONE}/24", "fd09::1/64"),
    "two": (f"{TWO}/24", "fd09::3/64"),
    "tagged": (f"{TAGGED}/24", "fd10::1/64"),
    "relay": (f"{RELAY}/24", "fd20::1/64"),
}


class Segment(World):
    """Use as a context manager; one for a module of tests."""

    def __init__(self):
        super().__init__()
        space = self._namespace(self._undo)
        enter = os.open(f"/proc/{space.holder.pid}/ns/net", os.O_RDONLY)
        self._undo.callback(os.close, enter)
        self._switches = Switches(Path(self.directory) / "ovs", lambda: _libc.setns(enter, _CLONE_NEWNET))
        self._undo.callback(self._switches.stop)
        self._switches.start()
        self.hosts = {name: self._namespace(self._undo) for name in PORTS}
        for name, host in self.hosts.items():
            cable(space, name, host, "eth0", (), ADDRESSES[name])
            host.run("ethtool", "-K", "eth0", "tx", "off")
        self._switches.configure(
            bridge_command("sw0"), *(port_command("sw0", name, port) for name, port in PORTS.items())
        )
        self.machine, self.one, self.two = (self.hosts[name] for name in ("machine", "one", "two"))
        self.tagged, self.relay = self.hosts["tagged"], self.hosts["relay"]
        cable(self.relay, "eth1", self.one, "eth1", ("10.30.0.1/24", "fd30::1/64"), (f"{UPSTREAM}/24", "fd30::2/64"))
        self.relay.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.one.batch(["route add 10.20.0.0/24 via 10.30.0.1", "route add fd20::/64 via fd30::1"])
        wait_until(self._running, "not every interface is running")

    def _running(self):
        """kea passes over an interface that is not, for good."""
        links = [
            line for host in self.hosts.values() for line in host.run("ip", "-o", "link").splitlines() if "eth" in line
        ]
        return all("state UP" in line for line in links)

    def ask(self, flow="dhcp", *, to="", inside=None, interface="eth0", within=2.5, **options):
        """All results, by variant."""
        asked = Ask(
            flow=flow,
            address=to,
            source=Source("" if to else interface),
            within=within,
            nonce=os.urandom(16),
            options=options,
        )
        return {one.variant: one for one in (inside or self.machine).inside(lambda: asyncio.run(check(asked)))}

    def only(self, *arguments, **options):
        """The only result."""
        (found,) = self.ask(*arguments, **options).values()
        return found

    def dnsmasq(self, *arguments, inside=None, network="10.9.0", name="a", port=67):
        """A dnsmasq that offers .100 to .150 at once, without DNS."""
        host = inside or self.one
        program = self.start(
            "dnsmasq", "-k", "-C", "/dev/null", "--no-ping", "--port=0", "--bind-dynamic", "--interface=eth0", "--user=root", "--pid-file=",
            "--dhcp-authoritative", f"--dhcp-leasefile={self.directory}/{name}.leases", "--log-facility=-",
            *([f"--dhcp-range={network}.100,{network}.150,1h"] if network else []), *arguments, inside=host,
        )  # fmt: skip
        program.says("started")
        self.listens(port, "udp", inside=host)
        return program

    def kea(self, *subnets, inside=None, interfaces=("eth0",), name="kea", **more):
        """A kea with these subnets, memory only."""
        settings = {
            "interfaces-config": {"interfaces": list(interfaces)}, "lease-database": {"type": "memfile", "persist": False},
            "valid-lifetime": 3600, "subnet4": list(subnets), "multi-threading": {"enable-multi-threading": False},
            "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout", "flush": True}]}],
        } | more  # fmt: skip
        path = Path(self.directory) / f"{name}.conf"
        path.write_text(json.dumps({"Dhcp4": settings}))
        where = {"KEA_PIDFILE_DIR": str(self.directory), "KEA_LOCKFILE_DIR": str(self.directory)}
        return self.start("kea-dhcp4", "-c", path, inside=inside or self.one, says="DHCP4_STARTED", **where)

    def dhcpd(self, text, *, inside=None, interface="eth0", name="dhcpd"):
        """An ISC dhcpd."""
        path = Path(self.directory) / f"{name}.conf"
        path.write_text(text)
        (Path(self.directory) / f"{name}.leases").touch()
        return self.start(
            "dhcpd", "-4", "-f", "-cf", path, "-lf", f"{self.directory}/{name}.leases", "-pf", f"{self.directory}/{name}.pid",
            "-user", "root", "-group", "root", interface, inside=inside or self.one, says="Socket/fallback",
        )  # fmt: skip

    def dhcpd6(self, text, *interfaces, name="dhcpd6"):
        """An ISC dhcpd that speaks DHCPv6."""
        path = Path(self.directory) / f"{name}.conf"
        path.write_text(text)
        (Path(self.directory) / f"{name}.leases").touch()
        return self.start(
            "dhcpd", "-6", "-f", "-d", "-cf", path, "-lf", f"{self.directory}/{name}.leases", "-pf", f"{self.directory}/{name}.pid",
            "-user", "root", "-group", "root", *interfaces, inside=self.one, says="Server starting service",
        )  # fmt: skip

    def tftp(self, *files, inside=None):
        """A TFTP server with these files."""
        root = Path(self.directory) / "tftp"
        root.mkdir(exist_ok=True)
        for file in files:
            (root / file).write_bytes(_boots(file))
        program = self.start(
            "in.tftpd",
            "--foreground",
            "--address",
            "0.0.0.0:69",
            "--secure",
            "--user",
            "root",
            root,
            inside=inside or self.one,
        )
        self.listens(69, "udp", inside=inside or self.one)
        return program


def pool(network, **more):
    """A subnet of kea."""
    router = f"{network}.1"
    return {
        "subnet": f"{network}.0/24", "pools": [{"pool": f"{network}.100 - {network}.150"}],
        "option-data": [{"name": "routers", "data": router}],
    } | more  # fmt: skip


def classes(server):
    """What kea gives to each kind of machine, as MAAS has it: TFTP to PXE, a URL to UEFI HTTP."""
    files = {"0000": "lpxelinux.0", "0007": "bootx64.efi", "000b": "grubaa64.efi"}
    pxe = [
        {"name": f"arch{arch}", "test": f"option[93].hex == 0x{arch}", "next-server": server, "boot-file-name": file} for arch, file in files.items()
    ]  # fmt: skip
    http = [
        {"name": f"arch{arch}", "test": f"option[93].hex == 0x{arch}", "boot-file-name": f"http://{server}/{file}",
         "option-data": [{"name": "vendor-class-identifier", "data": "HTTPClient", "always-send": True}]}
        for arch, file in (("0010", "bootx64.efi"), ("0013", "grubaa64.efi"))
    ]  # fmt: skip
    return [*pxe, *http]


def _boots(file):
    """What firmware takes for a program: of ARM64 where the name says so."""
    if not file.endswith(".efi"):
        return b"\0" * 2048
    return uefi(ARM64 if "aa64" in file else X64)
