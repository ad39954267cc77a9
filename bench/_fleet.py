"""Real servers on one host that answer at every address of 127.1.0.0/16, for sweeps; twelve of them over TCP, for a comparison with nmap."""

import subprocess

from tests.lab.services.certificates import authority, certificate
from tests.lab.services.test_ldap import slapd
from tests.lab.services.test_libvirt import libvirtd
from tests.lab.services.test_ntp import chrony
from tests.lab.services.test_registry import registry
from tests.lab.services.test_ssh import KEYS
from tests.lab.services.test_syslog import SETTINGS
from tests.lab.services.web import nginx, squid
from tests.lab.services.world import SERVER, World

TWELVE = {
    22: "ssh", 53: "dns", 80: "http-boot", 389: "ldap", 443: "https-boot", 514: "syslog", 636: "ldap", 3128: "proxy", 5000: "registry", 5240: "api",
    8443: "redfish", 16509: "libvirt",
}  # fmt: skip
"""TCP port → the flow by whose protocol it is tried."""
VERSION = '{"capabilities": [], "version": "3.5.4", "subversion": ""}'
ROOT = '{"RedfishVersion": "1.16.0", "@odata.id": "/redfish/v1/", "UUID": "0", "Name": "Root"}'
SERVERS = """
server {{ listen 80; root {{root}}; }}
server {{ listen 443 ssl; ssl_certificate {cert}; ssl_certificate_key {key}; root {{root}};
  location = /redfish/v1/ {{ default_type application/json; return 200 '{root}'; }} }}
server {{ listen 8443 ssl; ssl_certificate {cert}; ssl_certificate_key {key};
  location = /redfish/v1/ {{ default_type application/json; return 200 '{root}'; }} }}
server {{ listen 5240;
  location = /MAAS/api/2.0/version/ {{ default_type application/json; return 200 '{version}'; }}
  location /MAAS/metadata/ {{ return 401 'No authorization header received.'; }} }}
"""


class Fleet(World):
    """Use as a context manager; everything has been started, on the server host."""

    def __init__(self) -> None:
        super().__init__()
        self.server.run("ip", "link", "set", "lo", "up")
        issuer = authority(directory=self.directory)
        cert, key = map(str, certificate([SERVER], issuer=issuer, directory=self.directory))
        nginx(self, SERVERS.format(cert=cert, key=key, version=VERSION, root=ROOT).replace("{{root}}", "{root}"))
        squid(self, "http_access allow all")
        for name, kind in KEYS.items():
            bits = ["-b", name[5:]] if name[5:].isdigit() else []
            subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-f", self.directory / name], check=True)
        self._sshd()
        slapd(self, 389, 636, (cert, key))
        registry(self, 5000)
        libvirtd(self, 16509, 'auth_tcp = "none"', "max_clients = 5000", "max_anonymous_clients = 5000")
        chrony(self, "local stratum 8")
        self._syslog()
        self.start(
            "dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=", "--port=53",
            "--enable-tftp", f"--tftp-root={self.directory}/root", "--tftp-max=4000", f"--host-record=rack.example,{SERVER}",
        )  # fmt: skip
        for port in (*TWELVE,):
            self.listens(port)
        for port in (53, 69):
            self.listens(port, "udp")

    def _sshd(self) -> None:
        config = self.directory / "sshd.conf"
        keys = [f"HostKey {self.directory / name}" for name in ("ed25519", "ecdsa", "rsa")]
        # By its own defaults it turns away whoever comes beside ten others; `-r`: without starting itself anew for each connection,
        # which takes it several times as long as its part of the exchange.
        config.write_text("\n".join(["Port 22", "PidFile none", "UsePAM no", "MaxStartups 4096", *keys, ""]))
        self.start("/usr/sbin/sshd", "-D", "-e", "-r", "-f", config)

    def _syslog(self) -> None:
        settings = self.directory / "rsyslog.conf"
        settings.write_text(SETTINGS.format(directory=self.directory))
        self.start("rsyslogd", "-n", "-f", settings, "-i", self.directory / "rsyslog.pid")
