"""A small site that works: a node behind a router with a DHCP relay, and a rack with everything that the node boots from.

The rack is the server host: dnsmasq (DHCP, TFTP, DNS), nginx (boot files, and a MAAS API as nginx can say it), squid, chrony.
"""

from pathlib import Path

from tests.bootfiles import ARM64, X64, uefi
from tests.lab.services.web import nginx, squid
from tests.lab.services.world import ROUTER, SERVER, World

SITE = f"""
title = "Rack room"
[[subnet]]
name = "nodes"
cidr = "10.1.0.0/24"
[role.node]
subnets = ["nodes"]
[role.relay]
addresses = ["{ROUTER}"]
[role.rack]
addresses = ["{SERVER}"]
[role.region]
addresses = ["{SERVER}"]
[role.ntp]
addresses = ["{SERVER}"]
[role.admin]
addresses = ["10.8.0.0/24"]
[probe.tftp]
path = "grubx64.efi"
[probe.http-boot]
path = "/grubx64.efi"
[probe.dns]
names = "rack.example"
"""
"""What everybody of this site is, and what is to be asked of them."""
MAAS = """
server { listen 80; root {root}; }
server { listen 5240;
  location = /MAAS/api/2.0/version/ { default_type application/json; return 200 '{"capabilities": [], "version": "3.5.4", "subversion": ""}'; }
  location /MAAS/metadata/ { return 401 'No authorization header received.'; } }
"""


class Rackroom(World):
    """Use as a context manager; everything has been started."""

    def __init__(self) -> None:
        super().__init__()
        self.site = self.directory / "site.toml"
        self.site.write_text(SITE)
        self.web = nginx(self, MAAS)
        for file, octets in (
            ("lpxelinux.0", b"\xfa\xfc" * 1000),
            ("grubx64.efi", uefi(X64, size=102_400)),
            ("grubaa64.efi", uefi(ARM64)),
        ):
            (self.directory / "root" / file).write_bytes(octets)
        (self.directory / "root").chmod(0o755)
        self.netboot = self._dnsmasq()
        self.clock = self._chrony()
        self.proxy = squid(self, "http_access allow all")
        # The relay hears the client at once only if the router's interface is up for it.
        self.relay = self.start("dhcrelay", "-4", "-d", "--no-pid", "-id", "east", "-iu", "west", SERVER, inside=self.router, says="Socket/fallback")  # fmt: skip
        for port in (80, 5240):
            self.listens(port)
        for port in (53, 67, 69):
            self.listens(port, "udp")

    def _dnsmasq(self):
        hosts = self.directory / "names"
        hosts.write_text(f"{SERVER} rack.example\n")
        return self.start(
            "dnsmasq", "-k", "-C", "/dev/null", "--no-ping", "--no-resolv", "--no-hosts", f"--addn-hosts={hosts}", "--bind-dynamic",
            "--interface=eth0", "--user=root", "--pid-file=", f"--dhcp-leasefile={self.directory}/leases", "--dhcp-authoritative",
            "--dhcp-range=10.1.0.100,10.1.0.150,255.255.255.0,1h", f"--dhcp-option=3,{ROUTER}", f"--dhcp-option=6,{SERVER}",
            f"--dhcp-boot=lpxelinux.0,rack.example,{SERVER}",
            "--dhcp-match=set:x64,option:client-arch,7", f"--dhcp-boot=tag:x64,grubx64.efi,rack.example,{SERVER}",
            "--dhcp-match=set:arm64,option:client-arch,11", f"--dhcp-boot=tag:arm64,grubaa64.efi,rack.example,{SERVER}",
            "--dhcp-match=set:http,option:client-arch,16", f"--dhcp-boot=tag:http,http://{SERVER}/grubx64.efi",
            "--dhcp-match=set:armhttp,option:client-arch,19", f"--dhcp-boot=tag:armhttp,http://{SERVER}/grubaa64.efi",
            "--dhcp-option-force=tag:http,60,HTTPClient", "--dhcp-option-force=tag:armhttp,60,HTTPClient",
            "--enable-tftp", f"--tftp-root={self.directory}/root",
        )  # fmt: skip

    def _chrony(self):
        settings = Path(self.directory) / "chrony.conf"
        settings.write_text(
            f"local stratum 8\nallow all\ncmdport 0\nbindcmdaddress /\npidfile {self.directory}/chrony.pid\n"
        )
        program = self.start("chronyd", "-d", "-x", "-u", "root", "-f", settings)
        self.listens(123, "udp")
        return program
