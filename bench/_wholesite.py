"""The rack room of the lab, and beside it what a larger site has: controllers, a directory, a registry and a log host.

Not there: a WebSocket of the region, and the pages of controllers are not for nodes, so that a whole check finds something to tell."""

from tests.lab.services.certificates import authority, certificate
from tests.lab.services.rackroom import Rackroom
from tests.lab.services.test_ipmi import SUITE_0, controller
from tests.lab.services.test_ldap import slapd
from tests.lab.services.test_registry import registry
from tests.lab.services.test_syslog import SETTINGS
from tests.lab.services.web import nginx
from tests.lab.services.world import SERVER

BMC = "10.2.0.3"
ROLES = ("node", "rack", "region")
"""Of the client, for whom all of this has to work."""
MORE = f"""
[role.bmc]
addresses = ["{BMC}"]
[role.log]
addresses = ["{SERVER}"]
[role.directory]
addresses = ["{SERVER}"]
[role.registry]
addresses = ["{SERVER}"]
[probe.registry]
tls = "no"
"""
ROOT = '{"RedfishVersion": "1.16.0", "@odata.id": "/redfish/v1/", "UUID": "0", "Name": "Root"}'
PAGE = "<html><title>Integrated Dell Remote Access Controller 9</title><input name=p type='password'></html>"
CONTROLLER = f"""
server {{{{ listen {BMC}:80; location / {{{{ return 301 https://$host/; }}}} }}}}
server {{{{ listen {BMC}:443 ssl; ssl_certificate {{0}}; ssl_certificate_key {{1}};
  location = /redfish/v1/ {{{{ default_type application/json; return 200 '{ROOT.replace("{", "{{").replace("}", "}}")}'; }}}}
  location / {{{{ default_type text/html; return 200 "{PAGE}"; }}}} }}}}
"""


class WholeSite(Rackroom):
    """Use as a context manager; everything has been started."""

    def __init__(self) -> None:
        super().__init__()
        self.site.write_text(self.site.read_text() + MORE)
        self.server.run("ip", "address", "add", f"{BMC}/24", "dev", "eth0")
        issuer = authority(directory=self.directory)
        files = tuple(map(str, certificate([SERVER, BMC], issuer=issuer, directory=self.directory)))
        nginx(self, CONTROLLER.format(*files), "controller")
        controller(self, address=BMC)
        # ipmi_sim always takes cipher suite 0; this makes a controller of it that has it disabled.
        self.server.run("nft", f"add table inet suite; add chain inet suite c {{ type filter hook input priority 0; }}; add rule inet suite c {SUITE_0} drop")  # fmt: skip
        slapd(self, 389, 636, files)
        registry(self, 5000)
        settings = self.directory / "rsyslog.conf"
        settings.write_text(SETTINGS.format(directory=self.directory))
        self.start("rsyslogd", "-n", "-f", settings, "-i", self.directory / "rsyslog.pid")
        for port in (389, 514, 5000):
            self.listens(port)
